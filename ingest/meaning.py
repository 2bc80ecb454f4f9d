"""From the texts of a message to what they mean: canonical names, codes, numbers, units, times."""

from __future__ import annotations

import polars as pl

from ingest import times
from ingest.codes import coded, column_of
from ingest.identity import key_columns
from ingest.mapping import CASE_TIMES, OPTIONAL, REQUIRED
from ingest.picks import text_of
from ingest.placer import place_texts
from ingest.values import unit_columns, value_columns
from layers.feed_spec import FeedSpec, TimeRule

_CAP_TIME = TimeRule("sent")
_CAP_TIMES = ("effective", "onset", "expires")


def texts(feed: FeedSpec) -> list[pl.Expr]:
    """Give the texts of every canonical field, of the place and of the time, from paths."""
    rule = _time(feed)
    fields = dict(feed.fields)
    if feed.place.address and "address" in OPTIONAL[feed.kind]:
        fields.setdefault("address", feed.place.address)
    every = (*REQUIRED[feed.kind], *OPTIONAL[feed.kind])
    return [
        *[text_of(fields.get(name, "")).alias(column_of(name)) for name in every],
        *[text_of(where).alias(name) for name, where in place_texts(feed).items()],
        text_of(rule.field).alias("event_text"),
        *[pl.col(p).alias(c) for p, c in zip(feed.dedupe.key, key_columns(feed), strict=True)],
    ]


def understood(feed: FeedSpec, rows: pl.DataFrame) -> pl.DataFrame:
    """Map codes, then read times and numbers, then what depends on them.

    The text of what is checked stays beside it, in a column that ends in `_text`.
    """
    rule = _time(feed)
    moments = [times.to_ms(pl.col("event_text"), rule).alias("event_ms")]
    if feed.kind == "observation":
        moments += value_columns(feed)
    if feed.kind == "case":
        moments += [pl.col(name).alias(f"{name}_text") for name in CASE_TIMES]
        moments += [times.to_ms(pl.col(n), rule).alias(n) for n in CASE_TIMES]
    known = rows.with_columns(coded(feed)).with_columns(moments)
    return known.with_columns(_dependent(feed, rule))


def alerts(rows: pl.DataFrame) -> pl.DataFrame:
    """Read the times of CAP alerts, whose fields have their names already."""
    sent = times.to_ms(pl.col("sent"), _CAP_TIME).alias("event_ms")
    read = [times.to_ms(pl.col(n), _CAP_TIME).alias(n) for n in _CAP_TIMES]
    return rows.with_columns(sent, *read, pl.col("sent").alias("event_text"))


def _dependent(feed: FeedSpec, rule: TimeRule) -> list[pl.Expr]:
    if feed.kind == "observation":
        return unit_columns(feed)
    if feed.kind == "case":
        number = pl.col("version").cast(pl.Float64, strict=False).round()
        told = times.to_ms(pl.col("version"), rule)
        version = pl.coalesce(number.cast(pl.Int64, strict=False), told, "event_ms")
        return [version.alias("version")]
    return [pl.lit(1, dtype=pl.Int64).alias("version")]


def _time(feed: FeedSpec) -> TimeRule:
    assert feed.time is not None, "checked by ingest.mapping"  # noqa: S101
    return feed.time
