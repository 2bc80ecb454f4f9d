"""Observations: the newest reading of each sensor, and sums over minutes, hours and days."""

from __future__ import annotations

import polars as pl

from layers import buckets
from layers.batch import Batch, Frame
from layers.readings import revisions
from layers.store.plan import Plan
from layers.store.writes import SEPARATOR


def write(plan: Plan, batch: Batch, rows: pl.DataFrame, frame: Frame) -> None:
    """Add accepted observations to the plan.

    Args:
        plan: what the poll changes.
        batch: where the rows come from.
        rows: those of the batch that are accepted.
        frame: homes and regions.
    """
    plan.latest.append(_latest(batch, rows, frame))
    if revisions.are_kept(batch.feed):
        return  # their sums depend on what is held of them
    series = pl.concat_str(pl.lit(batch.feed.id + "."), "property").alias("series")
    base = buckets.base_cells(rows.select("home", "region", "event_ms", "value", series))
    plan.sums += buckets.sums(base, frame)


def _latest(batch: Batch, rows: pl.DataFrame, frame: Frame) -> pl.DataFrame:
    newest = rows.sort("event_ms", maintain_order=True).unique(
        ["home", "sensor_id", "property"], keep="last", maintain_order=True
    )
    partition = pl.Series([s.partition for s in batch.spans]).gather(newest["part"])
    region = frame.codes.gather(newest["region"])
    return newest.select(
        "home",
        field=pl.concat_str(pl.lit(batch.feed.id), "sensor_id", "property", separator="|"),
        value=pl.concat_str(
            pl.col("event_ms").cast(pl.String).str.zfill(13),
            pl.col("value"),
            pl.col("unit").fill_null(""),
            pl.col("lng").cast(pl.String).fill_null(""),
            pl.col("lat").cast(pl.String).fill_null(""),
            pl.lit(region),
            pl.lit(partition),
            pl.col("offset"),
            pl.col("raw"),
            separator=SEPARATOR,
        ),
    )
