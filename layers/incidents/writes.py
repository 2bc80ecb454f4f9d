"""Incidents (110/119/120 and the like): the stored record and where it counts."""

from __future__ import annotations

import polars as pl

from layers import records
from layers.batch import Batch, Frame
from layers.store import keys
from layers.store.plan import Plan

_BODY = (
    "incident_id", "category", "title", "address", "lng", "lat", "partition", "offset",
)  # fmt: skip


def write(plan: Plan, batch: Batch, rows: pl.DataFrame, frame: Frame) -> None:
    """Add accepted incidents to the plan; arguments as in `readings.writes.write`."""
    feed = batch.feed.id
    named = records.with_where(batch, rows, frame).with_columns(
        id=pl.concat_str(pl.lit(feed + "|"), "incident_id")
    )
    fields = {name: name for name in _BODY}
    fields |= {"outcome": "ending", "region": "code", "occurred_at": "event_ms", "at": "event_ms"}
    member = pl.concat_str(pl.lit("incident|"), "id")
    bound = str(frame.retention.recent_cases)
    full = named.with_columns(
        body=records.body(feed, fields),
        cells=records.listed(_cells(feed, frame)),
        ranks=records.listed([records.rank(keys.recent(), member, pl.col("event_ms"), bound)]),
        expiry=pl.col("event_ms") + frame.retention.record_d * 86_400_000,
    )
    records.store(plan, "incident", full)


def _cells(feed: str, frame: Frame) -> list[pl.Expr]:
    at = pl.col("event_ms")
    category = pl.concat_str(pl.lit(f"{feed}.received."), "category")
    outcome = pl.concat_str(pl.lit(f"{feed}.outcome."), "ending")
    return [
        *records.sum_cells(pl.lit(f"{feed}.received"), at, frame, "mhd"),
        *records.sum_cells(category, at, frame, "hd"),
        *records.sum_cells(outcome, at, frame, "hd"),
    ]
