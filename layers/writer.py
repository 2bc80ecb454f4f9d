"""What the rows of a poll change in the city, as one plan for all homes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec
import polars as pl

from layers.batch import ACCEPTED, AGAIN, DUPLICATE, LATE, REJECTED, Batch, Frame
from layers.cases import writes as cases
from layers.feed_spec import Kind
from layers.feeds import NOTED, OUTCOMES
from layers.incidents import writes as incidents
from layers.readings import revisions
from layers.readings import writes as readings
from layers.store import keys
from layers.store.plan import Plan
from layers.warnings import writes as warnings

Writer = Callable[[Plan, Batch, pl.DataFrame, Frame], None]

WRITERS: dict[Kind, Writer] = {
    "observation": readings.write,
    "case": cases.write,
    "incident": incidents.write,
    "warning": warnings.write,
}
"""Kind of record → who writes it; a new layer is one row here."""

_ACCOUNT_H = 26
_LATE_SIGNS = 4_000


def plan_of(batches: Sequence[Batch], frame: Frame) -> Plan:
    """Give all that the batches of one poll change: accounts, ids and the layers' own writes."""
    plan = Plan()
    for number, whole in enumerate(batches):
        _rejects(plan, whole, frame)
        _mends(plan, whole)
        batch = _counted(whole)
        if batch.rows.is_empty():
            continue
        if revisions.are_kept(batch.feed):
            batch = revisions.judged(batch)
            revisions.write(plan, batch, frame, number)
        _accounts(plan, batch)
        _late(plan, batch, frame)
        taken = _taken(batch.rows)
        if not taken.is_empty():
            if not revisions.are_kept(batch.feed):
                _ids(plan, batch, taken, number)
            WRITERS[batch.feed.kind](plan, batch, taken, frame)
    return plan


def _taken(rows: pl.DataFrame) -> pl.DataFrame:
    """Give the rows that change more than the accounts: accepted ones, and late ones that may."""
    accepted = pl.col("outcome") == ACCEPTED
    return rows.filter(accepted | pl.col("late_taken") if _corrects(rows) else accepted)


def _corrects(rows: pl.DataFrame) -> bool:
    return "late_taken" in rows.columns


def _accounts(plan: Plan, batch: Batch) -> None:
    """Count every message once, in the home it lies in: in total and by minute of broker time."""
    feed, cells = batch.feed.id, _tally(batch.rows)
    outcome, by = pl.col("outcome"), pl.col("by")
    totals = cells.group_by("home").agg(
        read=by.sum(),
        accepted=by.filter(outcome == ACCEPTED).sum(),
        duplicate=by.filter(outcome == DUPLICATE).sum(),
        rejected=by.filter(outcome == REJECTED).sum(),
        late=by.filter(outcome == LATE).sum(),
        unmapped=by.filter((outcome == ACCEPTED) & pl.col("unmapped")).sum(),
        unassigned=by.filter((outcome == ACCEPTED) & (pl.col("home") == 0)).sum(),
    )
    tall = totals.unpivot(index="home", variable_name="field", value_name="by")
    plan.counts.append(
        tall.filter(pl.col("by") > 0).select(
            "home",
            suffix=pl.lit(keys.accounts(feed)),
            expire=pl.lit(0, dtype=pl.Int64),
            field="field",
            by="by",
        )
    )
    plan.counts.append(_minutes(feed, cells))
    if any(name in batch.rows.columns for name in NOTED):
        plan.counts.append(_noted(feed, batch.rows))
    marks = cells.group_by("home").agg(
        pl.col("last_message_ms").max(),
        last_event_ms=pl.col("last_event_ms").filter(outcome == ACCEPTED).max(),
    )
    tall = marks.unpivot(index="home", variable_name="field", value_name="value").drop_nulls()
    plan.marks.append(tall.select("home", pl.lit(keys.accounts(feed)).alias("s"), "field", "value"))


def _noted(feed: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Count what is worth knowing of taken rows, where it occurs at all."""
    columns = [name for name in NOTED if name in rows.columns]
    totals = _taken(rows).group_by("home").agg(pl.col(columns).sum().cast(pl.Int64))
    tall = totals.unpivot(index="home", variable_name="field", value_name="by")
    return tall.filter(pl.col("by") > 0).select(
        "home",
        suffix=pl.lit(keys.accounts(feed)),
        expire=pl.lit(0, dtype=pl.Int64),
        field="field",
        by="by",
    )


def _tally(rows: pl.DataFrame) -> pl.DataFrame:
    """Count the rows once; what the accounts say further is said of these few counts."""
    minute = (pl.col("broker_ms") // 60_000).alias("minute")
    return rows.group_by("home", minute, "outcome", "unmapped").agg(
        by=pl.len().cast(pl.Int64),
        last_message_ms=pl.col("broker_ms").max(),
        last_event_ms=pl.col("event_ms").max(),
    )


def _minutes(feed: str, counted: pl.DataFrame) -> pl.DataFrame:
    cells = counted.group_by("home", "minute", "outcome").agg(pl.col("by").sum())
    hour = pl.col("minute") // 60
    names = pl.Series(OUTCOMES).gather(cells["outcome"])
    return cells.with_columns(name=names).select(
        "home",
        suffix=pl.concat_str(pl.lit(keys.account_minutes(feed, "")), hour),
        expire=(hour + 1 + _ACCOUNT_H) * 3600,
        field=pl.concat_str(pl.col("minute") % 60, pl.lit("|"), "name"),
        by="by",
    )


def _rejects(plan: Plan, batch: Batch, frame: Frame) -> None:
    if not batch.rejects:
        return
    bound = frame.retention.rejects
    why = dict(batch.rejects)
    rejected = batch.rows.select("row", "home").filter(pl.col("row").is_in(list(why)))
    rows = _newest(rejected, bound)
    if rows.is_empty():
        return
    plan.lists.append(
        pl.DataFrame(
            {
                "home": rows["home"],
                "suffix": keys.REJECTS,
                "bound": bound,
                "value": [msgspec.json.encode(why[row]).decode() for row in rows["row"]],
            }
        )
    )


def _newest(rows: pl.DataFrame, bound: int) -> pl.DataFrame:
    """Give the last rows of each home, so many as its list holds."""
    return rows.group_by("home", maintain_order=True).tail(bound)


def _late(plan: Plan, batch: Batch, frame: Frame) -> None:
    """Keep the newest messages that came too late, in the list of their home."""
    bound = frame.retention.rejects
    rows = _newest(batch.rows.filter(pl.col("outcome") == LATE), bound)
    if rows.is_empty():
        return
    partition = pl.Series("partition", [s.partition for s in batch.spans]).gather(rows["part"])
    applied = pl.col("late_taken") if _corrects(rows) else pl.lit(value=False)
    whole = pl.struct(
        pl.lit(batch.feed.id).alias("feed"),
        pl.lit(partition),
        pl.col("offset"),
        pl.col("broker_ms").alias("at_ms"),
        pl.col("event_ms"),
        applied.alias("applied"),
        pl.col("raw").str.slice(0, _LATE_SIGNS),
    )
    value = whole.struct.json_encode()
    kept = rows.select("home", suffix=pl.lit(keys.LATE), bound=pl.lit(bound), value=value)
    plan.lists.append(kept)


def _counted(batch: Batch) -> Batch:
    """Leave out what is counted already: replayed rejects that are rejected again."""
    if batch.mends is None:
        return batch
    return replace(batch, rows=batch.rows.filter(pl.col("outcome") != AGAIN))


def _mends(plan: Plan, batch: Batch) -> None:
    """Take rejects back where they are counted: what mends them is counted in its own home."""
    if batch.mends is None or batch.mends.is_empty():
        return
    feed, minute = batch.feed.id, pl.col("minute")
    rejected = pl.concat_str(minute % 60, pl.lit(f"|{OUTCOMES[REJECTED]}"))
    plan.mends.append(
        batch.mends.select(
            "home",
            suffix=pl.lit(keys.mended(feed)),
            accounts=pl.lit(keys.accounts(feed)),
            minutes=pl.concat_str(pl.lit(keys.account_minutes(feed, "")), minute // 60),
            field=rejected,
            id="id",
        )
    )


def _ids(plan: Plan, batch: Batch, accepted: pl.DataFrame, number: int) -> None:
    """Remember the ids of accepted records for as long as a duplicate may still come in time."""
    feed, stem = batch.feed, pl.lit(keys.seen(batch.feed.id))
    hour, known_s = pl.col("event_ms") // 3_600_000, feed.remembered_s
    if feed.dedupe.key:
        # such a key needn't name the time: repetitions are looked for where they may have arrived
        span = (pl.col("broker_ms") // (known_s * 1000)).cast(pl.Int64)
        suffix, also = (pl.concat_str(stem, pl.lit("k"), at) for at in (span, span - 1))
        expire, keep_s = (span + 2) * known_s, 2 * known_s + 3600
    else:
        suffix, also = pl.concat_str(stem, hour), pl.lit("")
        expire, keep_s = (hour + 2) * 3600 + known_s, known_s + 3600
    plan.seen.append(
        accepted.select(
            "home",
            "id",
            "row",
            suffix=suffix,
            expire=expire,
            keep=pl.lit(keep_s),
            also=also,
            batch=pl.lit(number, dtype=pl.Int32),
        )
    )
