"""The newest readings of sensors, out of Redis into frames, and what indicators make of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from layers.amounts import Coverage
from layers.feed_spec import FeedSpec
from layers.indicators import Indicator
from layers.labels import Label
from layers.scope import Catalogue, Scope, record_href
from layers.snapshot import Priority, SensorRow, State
from layers.store.writes import SEPARATOR
from layers.times import from_ms

SCHEMA = {
    "home": pl.String,
    "feed": pl.String,
    "sensor": pl.String,
    "property": pl.String,
    "observed_ms": pl.Int64,
    "value": pl.Float64,
    "unit": pl.String,
    "lng": pl.Float64,
    "lat": pl.Float64,
    "region": pl.String,
}
"""Columns of a frame of readings; lng and lat are missing where the place is not known, region is
the deepest one."""

_PARTS = ("observed_ms", "value", "unit", "lng", "lat", "region", "partition", "offset", "raw")
_FIELD = r"^([^|]*)\|(.*)\|([^|]*)$"
PRIORITIES: tuple[Priority, ...] = ("P1", "P2", "P3", "P4")


def parse(homes: Mapping[str, Mapping[bytes, bytes]]) -> pl.DataFrame:
    """Read the hashes `latest` of homes; columns as in `SCHEMA`."""
    fields = [name for found in homes.values() for name in found]
    if not fields:
        return pl.DataFrame(schema=SCHEMA)
    texts = pl.DataFrame(
        {
            "home": [home for home, found in homes.items() for _ in found],
            "field": pl.Series(fields, dtype=pl.Binary),
            "text": pl.Series(
                [value for found in homes.values() for value in found.values()], dtype=pl.Binary
            ),
        }
    )
    named = pl.col("field").cast(pl.String, strict=False).str.extract_groups(_FIELD)
    parts = pl.col("text").cast(pl.String, strict=False).str.splitn(SEPARATOR, len(_PARTS))
    split = texts.select(
        "home",
        named.struct.rename_fields(["feed", "sensor", "property"]).alias("named"),
        parts.struct.rename_fields(list(_PARTS)).alias("parts"),
    ).unnest("named", "parts")
    return split.select(
        pl.col(name).cast(kind, strict=False) for name, kind in SCHEMA.items()
    ).drop_nulls(["observed_ms", "value", "region"])


def readings_of(frame: pl.DataFrame, scope: Scope) -> pl.DataFrame:
    """Give the readings in a region, with their band: adds `seconds`, `rank` and `child`.

    Returns:
        The columns of `SCHEMA` and: age in seconds; rank of the band that the reading has passed
        (1 most pressing; missing: none, or the reading is too old to count); code of the child.
    """
    inside = frame if scope.is_city else frame.filter(pl.col("region").str.starts_with(scope.code))
    rules = _rules(scope.city)
    age = (scope.moment.ms - pl.col("observed_ms")) / 1000
    aged = inside.with_columns(
        seconds=age,
        child=pl.col("region").str.slice(0, scope.child_level),
    ).join(rules, on=["feed", "property"], how="left", maintain_order="left")
    passed = [
        pl.when(
            (pl.col("value") > pl.col(f"above_{p}")) | (pl.col("value") < pl.col(f"below_{p}"))
        ).then(pl.lit(rank, dtype=pl.Int8))
        for rank, p in enumerate(PRIORITIES, start=1)
    ]
    counts = pl.col("seconds") <= pl.col("window_s")
    return aged.with_columns(rank=pl.when(counts).then(pl.coalesce(passed))).select(
        *SCHEMA, "seconds", "rank", "child"
    )


def _rules(city: Catalogue) -> pl.DataFrame:
    """Lay out the bands of reading indicators: one row per feed and property, the first wins."""
    rows = [_rule(one) for one in by_property(city).values()]
    limits = {f"{side}_{p}": pl.Float64 for p in PRIORITIES for side in ("above", "below")}
    schema = {"feed": pl.String, "property": pl.String, "window_s": pl.Float64, **limits}
    return pl.DataFrame(rows, schema=schema)


def _rule(one: Indicator) -> dict[str, str | float | None]:
    row: dict[str, str | float | None] = {"feed": one.feed, "property": one.property}
    row["window_s"] = float(one.window_s)
    for priority in PRIORITIES:
        bands = [b for b in one.bands if b.priority == priority]
        above = [b.above for b in bands if b.above is not None]
        below = [b.below for b in bands if b.below is not None]
        row[f"above_{priority}"] = min(above, default=None)
        row[f"below_{priority}"] = max(below, default=None)
    return row


def coverages(
    readings: pl.DataFrame, indicators: Sequence[Indicator]
) -> dict[tuple[str, str], Coverage]:
    """Give the sensors behind each indicator of kind reading or online.

    Args:
        readings: as `readings_of` gives them.
        indicators: kinds other than reading and online are left out.

    Returns:
        Indicator code and child (or, for sensors that lie in none, what is left of the region).
    """
    found: dict[tuple[str, str], Coverage] = {}
    windows = {(i.feed, i.property, i.window_s) for i in indicators if i.kind == "reading"}
    windows |= {(i.feed, "", i.window_s) for i in indicators if i.kind == "online"}
    if not windows or readings.is_empty():
        return found
    grouped = _grouped(readings, sorted(windows))
    for one in indicators:
        asked = one.property if one.kind == "reading" else ""
        for child, coverage in grouped.get((one.feed, asked, one.window_s), {}).items():
            found[one.code, child] = coverage
    return found


def _grouped(
    readings: pl.DataFrame, windows: Sequence[tuple[str, str, int]]
) -> dict[tuple[str, str, int], dict[str, Coverage]]:
    asked = pl.DataFrame(
        windows,
        schema={"feed": pl.String, "property": pl.String, "window_s": pl.Int64},
        orient="row",
    )
    # a sensor reports when any of its properties does
    whole = readings.group_by("feed", "sensor", "child").agg(
        pl.col("seconds").min(), pl.col("observed_ms").max(), value=pl.lit(0.0)
    )
    columns = ["feed", "property", "child", "seconds", "observed_ms", "value"]
    both = pl.concat(
        [readings.select(columns), whole.with_columns(property=pl.lit("")).select(columns)]
    )
    reports = pl.col("seconds") <= pl.col("window_s")
    sums = (
        both.join(asked, on=["feed", "property"])
        .group_by("feed", "property", "window_s", "child")
        .agg(
            reports.sum().cast(pl.Int64).alias("reporting"),
            pl.len().cast(pl.Int64).alias("expected"),
            pl.col("value").filter(reports).sum().alias("total"),
            pl.col("observed_ms").max().alias("newest"),
        )
    )
    found: dict[tuple[str, str, int], dict[str, Coverage]] = {}
    for feed, name, window_s, child, reporting, expected, added, newest in sums.iter_rows():
        coverage = Coverage(reporting, expected, added, from_ms(newest))
        found.setdefault((feed, name, window_s), {})[child] = coverage
    return found


def by_property(city: Catalogue) -> dict[tuple[str, str], Indicator]:
    """Give feed and property → the first reading indicator of it."""
    found = [i for i in city.indicators.values() if i.kind == "reading"]
    return {(i.feed, i.property): i for i in reversed(found)}


def sensor_rows(frame: pl.DataFrame, city: Catalogue) -> list[SensorRow]:
    """Give readings (as `readings_of` gives them) as rows, in their order."""
    indicators = by_property(city)
    return [
        _row(row, indicators.get((row["feed"], row["property"])), city)
        for row in frame.iter_rows(named=True)
        if row["feed"] in city.feeds
    ]


def _row(row: Mapping[str, Any], one: Indicator | None, city: Catalogue) -> SensorRow:
    feed = city.feeds[row["feed"]]
    stale_after_s = one.stale_after_s if one else feed.expect.silent_after_s
    return SensorRow(
        sensor=row["sensor"],
        property=row["property"],
        title=one.title if one else Label(row["property"], row["property"]),
        value=row["value"],
        unit=row["unit"] or "",
        observed_at=datetime.fromtimestamp(row["observed_ms"] / 1000, tz=UTC),
        state=sensor_state(feed, stale_after_s, row["seconds"]),
        stale_after_s=stale_after_s,
        breach=PRIORITIES[row["rank"] - 1] if row["rank"] else None,
        region=city.region(row["region"]),
        lng=row["lng"],
        lat=row["lat"],
        feed=feed.id,
        href=record_href(
            "sensor", row["home"], "|".join((feed.id, row["sensor"], row["property"]))
        ),
        generated=feed.generated,
    )


def sensor_state(feed: FeedSpec, stale_after_s: int, age_s: float) -> State:
    """Say how one sensor is: silent beyond the limit of its feed, stale beyond the indicator's."""
    if age_s > max(feed.expect.silent_after_s, stale_after_s):
        return "silent"
    return "stale" if age_s > stale_after_s else "live"


def sources(frame: pl.DataFrame, city: Catalogue, now_ms: int) -> dict[str, tuple[int, int]]:
    """Count the sensors of each feed of observations: reporting within its limit, and known."""
    limits = pl.DataFrame(
        [(feed.id, feed.expect.silent_after_s * 1000) for feed in city.feeds_of("observation")],
        schema={"feed": pl.String, "limit_ms": pl.Int64},
        orient="row",
    )
    newest = frame.group_by("feed", "sensor").agg(pl.col("observed_ms").max())
    counted = (
        newest.join(limits, on="feed")
        .group_by("feed")
        .agg(
            reporting=(now_ms - pl.col("observed_ms") <= pl.col("limit_ms")).sum(),
            known=pl.len(),
        )
    )
    return {feed: (reporting, known) for feed, reporting, known in counted.iter_rows()}
