"""What cases, incidents and warnings have in common: a stored record and where it counts.

A record contributes to cells and ranks; a newer version takes the contribution of the stored one
back (docs/adr/0003). Cells and ranks are spelled for the deepest region; the script adds the levels
above it.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from layers.batch import Batch, Frame
from layers.store import keys
from layers.store.plan import Plan
from layers.store.writes import SEPARATOR

_DAY_S = 86_400
_BETWEEN = "\x1e"
"""As little as `SEPARATOR` can it stand in a text of a feed."""
OPEN_END = "closed", "void", "rejected"
"""States of a case in which nothing is left to do."""


def with_where(batch: Batch, rows: pl.DataFrame, frame: Frame) -> pl.DataFrame:
    """Add `code` (deepest region) and `partition` to the rows."""
    return rows.with_columns(
        code=frame.codes.gather(rows["region"]),
        partition=pl.Series([s.partition for s in batch.spans]).gather(rows["part"]),
    )


def store(plan: Plan, kind: str, rows: pl.DataFrame, *, moves: bool = False) -> None:
    """Add records to the plan; of several versions of one only the newest, of equals the first.

    Args:
        plan: what the poll changes.
        kind: case | incident | warning.
        rows: home, id, version, body, cells, ranks, raw, expiry.
        moves: the same id may turn up in another home; what it gave here is taken back there.
    """
    newest = rows.sort("version", descending=True, maintain_order=True).unique(
        ["id"], keep="first", maintain_order=True
    )
    columns = ("home", "suffix", "id", "version", "body", "cells", "ranks", "raw", "expiry")
    plan.records.append(newest.with_columns(suffix=pl.lit(keys.records(kind))).select(columns))
    if moves:
        plan.moved.append(newest.select("home", "id", "version", suffix=pl.lit(keys.records(kind))))


def body(feed: str, names: Mapping[str, str | pl.Expr]) -> pl.Expr:
    """Encode the canonical fields of a record as JSON: name → column."""
    fields = [pl.lit(feed).alias("feed")]
    fields += [(pl.col(c) if isinstance(c, str) else c).alias(n) for n, c in names.items()]
    return pl.struct(fields).struct.json_encode()


def sum_cells(series: pl.Expr, at_ms: pl.Expr, frame: Frame, widths: str) -> list[pl.Expr]:
    """Spell the cells in which a record counts at a moment, null where series or moment is.

    Args:
        series: name of the series.
        at_ms: the moment.
        frame: zone and retention.
        widths: any of "m", "h" and "d".
    """
    keep = frame.retention
    local = pl.from_epoch(at_ms, time_unit="ms").dt.replace_time_zone("UTC")
    local = local.dt.convert_time_zone(frame.timezone)
    second = at_ms // 1000
    spelled = {
        "m": (
            pl.concat_str(pl.lit(keys.minutes("")), at_ms // 3_600_000),
            at_ms // 60_000 % 60,
            (second // 3600 + 1) * 3600 + keep.minute_h * 3600,
        ),
        "h": (
            pl.concat_str(pl.lit(keys.hours("")), local.dt.strftime("%Y%m%d")),
            local.dt.hour(),
            (second // _DAY_S + 1 + keep.hour_d) * _DAY_S,
        ),
        "d": (
            pl.concat_str(pl.lit(keys.days("")), local.dt.strftime("%Y%m")),
            local.dt.day(),
            (second // _DAY_S + 31 + keep.day_d) * _DAY_S,
        ),
    }
    return [_cell(spelled[width], series) for width in widths]


def _cell(spelled: tuple[pl.Expr, pl.Expr, pl.Expr], series: pl.Expr) -> pl.Expr:
    suffix, inner, expire = spelled
    return pl.concat_str(
        suffix,
        pl.concat_str(series, pl.lit("|")),
        "code",
        pl.concat_str(pl.lit("|"), inner),
        expire,
        pl.lit("s"),
        separator=SEPARATOR,
    )


def stage_cell(feed: str) -> pl.Expr:
    """Spell the cell that counts a case in its state."""
    return pl.concat_str(
        pl.lit(keys.stages(feed)),
        pl.lit(""),
        "code",
        pl.concat_str(pl.lit("|"), "status"),
        pl.lit("0"),
        pl.lit("c"),
        separator=SEPARATOR,
    )


def rank(stem: str, member: pl.Expr, score: pl.Expr, bound: str = "") -> pl.Expr:
    """Spell a rank, null where the score is."""
    return pl.concat_str(pl.lit(stem), "code", member, score, pl.lit(bound), separator=SEPARATOR)


def listed(parts: list[pl.Expr]) -> pl.Expr:
    """Join spelled parts into one list a row, without the nulls.

    By way of one text, parted again: many times as fast as joining columns into lists.
    """
    joined = pl.concat_str(parts, separator=_BETWEEN, ignore_nulls=True)
    return joined.map_batches(_parted, return_dtype=pl.List(pl.String))


def _parted(joined: pl.Series) -> pl.Series:
    parted = joined.str.split(_BETWEEN)
    nothing = joined == ""
    return parted.set(nothing, []) if nothing.any() else parted
