"""What the rows of a poll change in the city, as one plan for all homes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec
import polars as pl

from layers.batch import ACCEPTED, AGAIN, DUPLICATE, LATE, REJECTED, Batch, Frame
from layers.cases import writes as cases
from layers.feed_spec import Kind
from layers.feeds import OUTCOMES
from layers.incidents import writes as incidents
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


def plan_of(batches: Sequence[Batch], frame: Frame) -> Plan:
    """Give all that the batches of one poll change: accounts, ids and the layers' own writes."""
    plan = Plan()
    for number, whole in enumerate(batches):
        _rejects(plan, whole, frame)
        _mends(plan, whole)
        batch = _counted(whole)
        if batch.rows.is_empty():
            continue
        _accounts(plan, batch)
        accepted = batch.rows.filter(pl.col("outcome") == ACCEPTED)
        if not accepted.is_empty():
            _ids(plan, batch, accepted, number)
            WRITERS[batch.feed.kind](plan, batch, accepted, frame)
    return plan


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
    marks = cells.group_by("home").agg(
        pl.col("last_message_ms").max(),
        last_event_ms=pl.col("last_event_ms").filter(outcome == ACCEPTED).max(),
    )
    tall = marks.unpivot(index="home", variable_name="field", value_name="value").drop_nulls()
    plan.marks.append(tall.select("home", pl.lit(keys.accounts(feed)).alias("s"), "field", "value"))


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
    newest = dict(batch.rejects[-bound:])
    rows = batch.rows.filter(pl.col("row").is_in(list(newest))).select("row", "home")
    if rows.is_empty():
        return
    plan.lists.append(
        pl.DataFrame(
            {
                "home": rows["home"],
                "suffix": keys.REJECTS,
                "bound": bound,
                "value": [msgspec.json.encode(newest[row]).decode() for row in rows["row"]],
            }
        )
    )


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
    hour = pl.col("event_ms") // 3_600_000
    plan.seen.append(
        accepted.select(
            "home",
            "id",
            "row",
            suffix=pl.concat_str(pl.lit(keys.seen(batch.feed.id)), hour),
            expire=(hour + 2) * 3600 + batch.feed.late_after_s,
            keep=pl.lit(batch.feed.late_after_s + 3600),
            batch=pl.lit(number, dtype=pl.Int32),
        )
    )
