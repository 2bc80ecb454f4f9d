"""Event times as feeds write them, turned into milliseconds since the epoch, column by column.

Most messages of a feed are written alike: what polars reads at once is read at once, and only the
rest goes through the forms of `time_forms`, each different text once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial
from typing import Literal

import msgspec
import polars as pl

from ingest.time_forms import DAY_MS, EARLIEST_MS, LATEST_MS, FormError, walls
from layers.feed_spec import TimeRule

_OFFSET = r"(Z|[+-]\d{2}:?\d{2})$"
_FIXED = re.compile(r"(?:UTC|GMT)?(?P<sign>[+-])(?P<hours>[01]?\d):?(?P<minutes>[0-5]\d)?")
_WALL = "%Y-%m-%dT%H:%M:%S%.f"
_PLAIN = ({"H", "M"}, {"H", "M", "S"}, {"I", "M", "p"}, {"I", "M", "S", "p"})
"""Directives besides %Y, %m and %d of the patterns that polars reads as we do."""


def to_ms(text: pl.Expr, rule: TimeRule) -> pl.Expr:
    """Turn text into Int64 ms since the epoch; null where it is no time of these forms.

    Args:
        text: String column.
        rule: the forms, the zone of times without an offset, and what to do where its clock is
            put forward or back.
    """
    return text.map_batches(partial(read, rule=rule), return_dtype=pl.Int64)


def read(text: pl.Series, rule: TimeRule) -> pl.Series:
    """Turn texts into ms since the epoch, as `to_ms` does."""
    found = pl.Series([None], dtype=pl.Int64).new_from_index(0, len(text))
    for form in forms_of(rule):
        if form == "iso" or _is_plain(form):
            found = _filled(found, text, partial(_at_once, form=form, rule=rule))
        found = _filled(found, text, partial(_by_parts, form=form, rule=rule), once=True)
    return found


@cache
def _is_plain(form: str) -> bool:
    found = re.findall("%(.)", form)
    rest = set(found) - {"Y", "m", "d"}
    return len(set(found)) == len(found) == len(rest) + 3 and rest in _PLAIN


def forms_of(rule: TimeRule) -> tuple[str, ...]:
    """Give the forms, the first to be tried first."""
    return (rule.form,) if isinstance(rule.form, str) else rule.form


def lost(
    text: pl.Expr, moment: pl.Expr, rule: TimeRule, cause: Literal["gap", "ambiguous"]
) -> pl.Expr:
    """Say where a text is no moment only because the clock was changed.

    Args:
        text: what came.
        moment: what was made of it.
        rule: by which it was read.
        cause: gap: the clock was put forward over it; ambiguous: put back, it shows it twice.
    """
    both = pl.struct(text.alias("text"), moment.alias("moment"))
    return both.map_batches(partial(_lost, rule=rule, cause=cause), return_dtype=pl.Boolean)


def _lost(both: pl.Series, rule: TimeRule, cause: str) -> pl.Series:
    text, moment = both.struct.field("text"), both.struct.field("moment")
    missing = moment.is_null() & text.is_not_null()
    if not missing.any():
        return missing
    kinder = (
        msgspec.structs.replace(rule, gap="shift")
        if cause == "gap"
        else msgspec.structs.replace(rule, ambiguous="earliest")
    )
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, len(text))
    return missing & read(text.zip_with(missing, nothing), kinder).is_not_null()


def check_forms(rule: TimeRule) -> str:
    """Say what is wrong with the forms of a rule; empty: nothing."""
    try:
        for form in forms_of(rule):
            walls(pl.Series([""], dtype=pl.String), form)
    except FormError as error:
        return str(error)
    return "" if forms_of(rule) else "no form is given"


Reader = Callable[[pl.Series], pl.Series]


def _filled(found: pl.Series, text: pl.Series, reader: Reader, *, once: bool = False) -> pl.Series:
    """Read what hasn't been found yet; `once`: each different text one time."""
    missing = found.is_null() & text.is_not_null()
    if not missing.any():
        return found
    if not once:
        return found.zip_with(found.is_not_null(), reader(text))
    texts = text.filter(missing).unique()
    times = reader(texts)
    known = times.is_not_null()
    if not known.any():
        return found
    more = text.replace_strict(
        texts.filter(known), times.filter(known), default=None, return_dtype=pl.Int64
    )
    return found.zip_with(~missing, more)


def _by_parts(text: pl.Series, form: str, rule: TimeRule) -> pl.Series:
    plain = pl.DataFrame({"t": text}).select(pl.col("t").str.normalize("NFKC")).to_series()
    wall = walls(plain, form)
    local = _moments(wall.ms, rule)
    if wall.is_day.any():
        # a day begins when its midnight is skipped, too
        starts = _moments(wall.ms, msgspec.structs.replace(rule, ambiguous="earliest", gap="shift"))
        local = starts.zip_with(wall.is_day, local)
    return wall.ms.zip_with(wall.is_moment.fill_null(value=False), local)


def _at_once(text: pl.Series, form: str, rule: TimeRule) -> pl.Series:
    if form != "iso":
        return _sane(_moments(_parsed(text, form), rule))
    plain = text.str.strip_chars().str.replace(" ", "T", literal=True)
    aware = plain.str.contains(_OFFSET).fill_null(value=False)
    if not aware.any():
        return _sane(_moments(_parsed(plain, _WALL), rule))
    moments = _parsed(plain.str.replace("Z$", "+00:00"), _WALL + "%z")
    if aware.all():
        return _sane(moments)
    return _sane(moments.zip_with(aware, _moments(_parsed(plain, _WALL), rule)))


def _parsed(text: pl.Series, form: str) -> pl.Series:
    return text.str.to_datetime(form, time_unit="ms", strict=False).dt.epoch("ms")


def _sane(ms: pl.Series) -> pl.Series:
    possible = ms.is_between(EARLIEST_MS, LATEST_MS)
    if possible.all():
        return ms
    nothing = pl.Series([None], dtype=pl.Int64).new_from_index(0, len(ms))
    return ms.zip_with(possible.fill_null(value=False), nothing)


def _moments(wall_ms: pl.Series, rule: TimeRule) -> pl.Series:
    """Place times of the wall clock of a zone."""
    twice = rule.ambiguous if rule.ambiguous != "reject" else "null"
    found = _in_zone(wall_ms, rule.zone, twice)
    if rule.gap == "shift" and found.null_count() > wall_ms.null_count():
        # a day before, the clock had not been put forward yet
        before = _in_zone(wall_ms - DAY_MS, rule.zone, "earliest") + DAY_MS
        skipped = _in_zone(wall_ms, rule.zone, "earliest").is_null()
        found = before.zip_with(skipped, found)
    return found


def fixed_offset_ms(zone: str) -> int | None:
    """Give the offset of a zone that is written as one (+08:00, UTC+8, -0530); None for others."""
    found = _FIXED.fullmatch(zone)
    if found is None:
        return None
    minutes = int(found["hours"]) * 60 + int(found["minutes"] or 0)
    return (-1 if found["sign"] == "-" else 1) * minutes * 60_000


def _in_zone(wall_ms: pl.Series, zone: str, twice: str) -> pl.Series:
    offset_ms = fixed_offset_ms(zone)
    if offset_ms is not None:
        return wall_ms - offset_ms
    local = wall_ms.cast(pl.Datetime("ms"))
    placed = local.dt.replace_time_zone(zone, ambiguous=twice, non_existent="null")  # type: ignore[arg-type]
    return placed.dt.epoch("ms")
