"""Observations that may be revised: the state is that of the newest value of each of them.

What every reading gives to the sums is remembered beside them, in its home, as an **entry**: value
in millionths, minute, region, property. A reading with the identity of an earlier one and another
value takes that entry back. The store is asked as it is for ids: a call says which entry it expects
of each identity, and a script that holds another one names it and writes nothing.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from layers import buckets
from layers.batch import ACCEPTED, DUPLICATE, Batch, Frame
from layers.feed_spec import FeedSpec
from layers.store import keys
from layers.store.plan import Plan

_HELD = {"home": pl.Int32, "id": pl.UInt64, "held": pl.String}
_ENTRY = ("v", "minute", "code", "property")


def are_kept(feed: FeedSpec) -> bool:
    """Say whether the values of a feed are remembered to be revised."""
    return feed.kind == "observation" and feed.dedupe.revised == "replace"


def judged(batch: Batch) -> Batch:
    """Tell new readings, repetitions and revisions apart, in the order in which they came.

    Adds `revised` and, for `write`, `candidate`, `same`, `v` and `held`. A repetition is a
    duplicate; one that is late stays late and has no effect.
    """
    rows = batch.rows
    late = pl.col("late_taken") if "late_taken" in rows.columns else pl.lit(value=False)
    held = pl.DataFrame(schema=_HELD) if batch.held is None else batch.held
    asked = rows.with_columns(
        candidate=(pl.col("outcome") == ACCEPTED) | late,
        v=(pl.col("value") * buckets.MILLIONTHS).round().cast(pl.Int64, strict=False),
    ).join(held, on=["home", "id"], how="left", maintain_order="left")
    stored = pl.col("held").str.extract(r"^(-?\d+) ", 1).cast(pl.Int64)
    before = pl.coalesce(pl.col("v").shift(1).over("home", "id", "candidate"), stored)
    same = (pl.col("candidate") & (pl.col("v") == before)).fill_null(value=False)
    told = asked.with_columns(
        same=same, revised=(pl.col("candidate") & (pl.col("v") != before)).fill_null(value=False)
    )
    repeated = pl.col("same") & (pl.col("outcome") == ACCEPTED)
    outcome = pl.when(repeated).then(pl.lit(DUPLICATE, dtype=pl.Int8)).otherwise("outcome")
    found = told.with_columns(outcome=outcome)
    if "late_taken" in rows.columns:
        found = found.with_columns(late_taken=pl.col("late_taken") & ~pl.col("same"))
    return replace(batch, rows=found)


def write(plan: Plan, batch: Batch, frame: Frame, number: int) -> None:
    """Add to the plan what the identities of a judged batch give, and what they gave before.

    Args:
        plan: what the poll changes.
        batch: as `judged` gives it.
        frame: homes and regions.
        number: of the batch in the poll.
    """
    named = _identities(batch, frame)
    if named.is_empty():
        return
    feed = batch.feed
    hour = buckets.local_hour(pl.col("event_ms") // 60_000, frame.timezone)
    plan.values.append(
        named.select(
            "home",
            "id",
            suffix=pl.concat_str(pl.lit(keys.values(feed.id)), hour),
            # a local hour may span two of the epoch
            expire=(pl.col("event_ms") // 3_600_000 + 3) * 3600 + feed.remembered_s,
            keep=pl.lit(feed.remembered_s + 3600),
            was=pl.col("held").fill_null(""),
            entry="entry",
            batch=pl.lit(number, dtype=pl.Int32),
        )
    )
    changed = named.filter(pl.col("entry") != pl.col("held").fill_null(""))
    given = _cells(changed.select("home", "entry"), feed.id, frame)
    back = changed.filter(pl.col("held").is_not_null()).select("home", entry="held")
    plan.sums += buckets.sums(given, frame)
    plan.taken += buckets.taken(_cells(back, feed.id, frame), frame, feed.id)


def _identities(batch: Batch, frame: Frame) -> pl.DataFrame:
    """Give home, id, event_ms, held and entry (what is to be held) of each identity."""
    rows = batch.rows.filter(pl.col("candidate"))
    code = pl.Series("code", frame.codes.gather(rows["region"]), dtype=pl.String)
    minute = (pl.col("event_ms") // 60_000).alias("minute")
    spelled = rows.with_columns(code, minute).with_columns(
        entry=pl.concat_str([pl.col(part) for part in _ENTRY], separator=" ")
    )
    named = spelled.group_by("home", "id", maintain_order=True).agg(
        pl.col("event_ms", "held").first(), pl.col("entry").filter(~pl.col("same")).last()
    )
    return named.with_columns(pl.coalesce("entry", "held").alias("entry"))


def _cells(entries: pl.DataFrame, feed: str, frame: Frame) -> pl.DataFrame:
    """Lay entries out as cells, one each (see `buckets.base_cells`)."""
    parts = pl.col("entry").str.splitn(" ", len(_ENTRY)).struct.rename_fields(list(_ENTRY))
    split = entries.select("home", parts.alias("parts")).unnest("parts")
    region = frame.geography.index_of(split["code"].to_list())
    value = pl.col("v").cast(pl.Int64)
    return split.select(
        "home",
        pl.Series("region", region, dtype=pl.Int32),
        pl.concat_str(pl.lit(feed + "."), "property").cast(pl.Categorical).alias("series"),
        pl.col("minute").cast(pl.Int64),
        n=pl.lit(1, dtype=pl.Int64),
        total=value,
        lo=value,
        hi=value,
    )
