"""The alert panel: official warnings in force first, then readings beyond their band."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import polars as pl

from layers.indicators import Indicator, worst_band
from layers.labels import Label
from layers.readings import reads as readings
from layers.scope import Scope
from layers.snapshot import Alert, SensorRow
from layers.stored import Key
from layers.warnings import reads as warnings
from layers.warnings.reads import Warned

READINGS = 100
"""Most readings of the panel."""


def alerts(
    holding: Sequence[tuple[Key, Warned]], frame: pl.DataFrame, scope: Scope
) -> tuple[Alert, ...]:
    """Give the alerts of a scope.

    Args:
        holding: warnings in force in the city.
        frame: the scope's readings, with their rank.
        scope: the region.
    """
    beyond = frame.filter(pl.col("rank").is_not_null())
    newest = beyond.sort("observed_ms", descending=True, maintain_order=True).head(READINGS)
    rules = readings.by_property(scope.city)
    rows = readings.sensor_rows(newest, scope.city)
    found = [_reading(row, rules[row.feed, row.property]) for row in rows]
    return (*warnings.alerts(holding, scope), *found)


def _reading(row: SensorRow, one: Indicator) -> Alert:
    band = worst_band(one.bands, row.value)
    limit = f"({band.text})" if band else ""
    number = f"{row.value:.{one.decimals}f}"
    return Alert(
        kind="reading",
        id=f"{row.feed}|{row.sensor}|{row.property}",
        title=one.title,
        detail=Label(
            f"{row.sensor} {number} {one.unit.zh} {limit}",
            f"{row.sensor} {number} {one.unit.en} {limit}",
        ),
        priority=row.breach,
        region=row.region,
        since=row.observed_at,
        href=row.href,
        generated=row.generated,
    )


def counts(
    holding: Sequence[tuple[Key, Warned]], frame: pl.DataFrame, scope: Scope
) -> Counter[str]:
    """Count the alerts of each child as its own page shows them, exercises left out."""
    beyond = frame.filter(pl.col("rank").is_not_null()).group_by("child").len()
    found: Counter[str] = Counter(dict(beyond.iter_rows()))
    for _, one in holding:
        if one.status == "Exercise":
            continue
        codes = warnings.covered(one, scope.city)
        found.update(c.code for c in scope.children if warnings.concerns(codes, c.code))
    return found
