"""Cases (12345 tickets, 城管 cases, 网格员 reports): the stored record and where it counts."""

from __future__ import annotations

import polars as pl

from layers import records
from layers.batch import Batch, Frame
from layers.store import keys
from layers.store.plan import Plan

NEAR = 0.7
"""Share of the limit after which an open case is 临期 (domain: 70 %)."""

_BODY = (
    "case_id", "version", "category", "title", "status", "reported_at", "due_at", "closed_at",
    "lead", "address", "channel", "lng", "lat", "partition", "offset",
)  # fmt: skip


def write(plan: Plan, batch: Batch, rows: pl.DataFrame, frame: Frame) -> None:
    """Add accepted versions of cases to the plan; arguments as in `readings.writes.write`."""
    feed = batch.feed.id
    named = records.with_where(batch, rows, frame).with_columns(
        id=pl.concat_str(pl.lit(feed + "|"), "case_id"),
        is_open=~pl.col("status").is_in(records.OPEN_END),
        # a case that ends without its own time of ending ended when it was told
        closed_at=pl.when(pl.col("status") == "closed").then(pl.coalesce("closed_at", "event_ms")),
    )
    fields = {name: name for name in _BODY}
    fields |= {"region": "code", "updated_at": "event_ms", "at": "event_ms"}
    kept_ms = frame.retention.record_d * 86_400_000
    full = named.with_columns(
        body=records.body(feed, fields),
        cells=records.listed(_cells(feed, frame)),
        ranks=records.listed(_ranks(feed, frame)),
        expiry=pl.when("is_open").then(0).otherwise(pl.col("event_ms") + kept_ms),
    )
    records.store(plan, "case", full, moves=True)


def _cells(feed: str, frame: Frame) -> list[pl.Expr]:
    received = pl.lit(f"{feed}.received")
    category = pl.concat_str(pl.lit(f"{feed}.received."), "category")
    in_time = (pl.col("closed_at") <= pl.col("due_at")) | pl.col("due_at").is_null()
    on_time = pl.when(pl.col("closed_at").is_not_null() & in_time).then(pl.col("closed_at"))
    return [
        records.stage_cell(feed),
        *records.sum_cells(received, pl.col("reported_at"), frame, "mhd"),
        *records.sum_cells(category, pl.col("reported_at"), frame, "hd"),
        *records.sum_cells(pl.lit(f"{feed}.closed"), pl.col("closed_at"), frame, "hd"),
        *records.sum_cells(pl.lit(f"{feed}.ontime"), on_time, frame, "hd"),
    ]


def _ranks(feed: str, frame: Frame) -> list[pl.Expr]:
    due = pl.when("is_open").then(pl.col("due_at").cast(pl.String).fill_null("+inf"))
    span = pl.col("due_at") - pl.col("reported_at")
    near = pl.when("is_open").then((pl.col("reported_at") + NEAR * span).round().cast(pl.Int64))
    member = pl.concat_str(pl.lit("case|"), "id")
    bound = str(frame.retention.recent_cases)
    return [
        records.rank(keys.open_cases(feed), pl.col("id"), due),
        records.rank(keys.near_cases(feed), pl.col("id"), near),
        records.rank(keys.recent(), member, pl.col("event_ms"), bound),
    ]
