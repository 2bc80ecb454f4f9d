"""The forms in which feeds write times: text → parts → milliseconds of the wall clock.

A form is a list of regular expressions whose named groups are the parts of a moment; the parts are
put together as numbers, column by column.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import polars as pl

DAY_MS = 86_400_000
EXCEL_ZERO_MS = -25_569 * DAY_MS
"""1899-12-30, the day 0 of serial numbers, in ms since the epoch."""
EARLIEST_MS, LATEST_MS = -2_208_988_800_000, 253_402_300_799_999
"""1900 … 9999: what lies outside is no time that a city could have sent."""

_OFFSET = r"(?P<offset>Z|(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?|UTC|GMT)"
_ZONED = rf"(?:\s*{_OFFSET}(?:\[[^\]]*\])?)?"
_SECONDS = r"(?::?(?P<second>\d{2})(?:[.,](?P<fraction>\d+))?)?"
_CLOCK = rf"(?:[T\s]\s*(?P<hour>\d{{1,2}})(?::?(?P<minute>\d{{2}}){_SECONDS})?)?{_ZONED}"
_CLOCK_COMPACT = rf"(?:[T\s]?(?P<hour>\d{{2}})(?::?(?P<minute>\d{{2}}){_SECONDS})?)?{_ZONED}"
_ISO = (
    rf"(?P<year>\d{{4}})[-/](?P<month>\d{{1,2}})[-/](?P<day>\d{{1,2}}){_CLOCK}",
    rf"(?P<year>\d{{4}})(?P<month>\d{{2}})(?P<day>\d{{2}}){_CLOCK_COMPACT}",
    rf"(?P<weekyear>\d{{4}})-?W(?P<week>\d{{2}})(?:-?(?P<weekday>[1-7]))?{_CLOCK}",
    rf"(?P<year>\d{{4}})-?(?P<yearday>\d{{3}}){_CLOCK}",
)

_NUMBERS = {"epoch_s": 1000.0, "epoch_ms": 1.0, "epoch_us": 0.001, "excel": float(DAY_MS)}
"""Forms that are numbers, and how many ms one of them is."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WHOLE = {"T": "%H:%M:%S", "F": "%Y-%m-%d", "D": "%m/%d/%y", "R": "%H:%M", "r": "%I:%M:%S %p"}
_DIRECTIVES = {
    "Y": r"(?P<year>\d{4})",
    "y": r"(?P<short>\d{2})",
    "m": r"(?P<month>\d{1,2})",
    "d": r" ?(?P<day>\d{1,2})",
    "H": r" ?(?P<hour>\d{1,2})",
    "I": r" ?(?P<twelve>\d{1,2})",
    "M": r"(?P<minute>\d{1,2})",
    "S": r"(?P<second>\d{1,2})",
    "f": r"(?P<fraction>\d{1,9})",
    "p": r"(?P<half>[AP]\.?M\.?|上午|下午|凌晨|早上|中午|晚上)",
    "b": rf"(?P<named>{'|'.join(_MONTHS)})[a-z]*\.?",
    "a": r"\p{L}+\.?",
    "j": r"(?P<yearday>\d{1,3})",
    "G": r"(?P<weekyear>\d{4})",
    "V": r"(?P<week>\d{1,2})",
    "u": r"(?P<weekday>[1-7])",
    "z": _OFFSET,
    "Z": r"\p{L}*",
    "s": r"(?P<epoch>\d+)",
    "%": "%",
}
_DIRECTIVES |= {"e": _DIRECTIVES["d"], "k": _DIRECTIVES["H"], "l": _DIRECTIVES["I"]}
_DIRECTIVES |= {"P": _DIRECTIVES["p"], "B": _DIRECTIVES["b"], "h": _DIRECTIVES["b"]}
_DIRECTIVES |= {"A": _DIRECTIVES["a"], "n": r"\s+", "t": r"\s+"}
_TOKEN = re.compile(r"%[-_0^#:]?(?P<dot>\.?)(?P<width>\d?)(?P<letter>[A-Za-z%])|(?P<text>[\s\S])")

_PARTS = (
    "year", "short", "month", "named", "day", "yearday", "weekyear", "week", "weekday", "hour",
    "twelve", "half", "minute", "second", "fraction", "offset", "epoch",
)  # fmt: skip


class FormError(ValueError):
    """A form that nobody can write times in."""


@dataclass(frozen=True, slots=True)
class Walls:
    """Moments as they were written, one row a text, null where the text doesn't fit."""

    ms: pl.Series
    """Int64: of the wall clock, or since the epoch where `is_moment`."""
    is_moment: pl.Series
    """An offset was named, or the form counts from the epoch: no zone is needed."""
    is_day: pl.Series
    """Only a day was named, without an hour."""


def walls(text: pl.Series, form: str) -> Walls:
    """Read texts of one form.

    Raises:
        FormError: no such form.
    """
    if form in _NUMBERS:
        return _counted(text, form)
    found = _no_walls(len(text))
    for expression in expressions(form):
        # putting parts together costs some milliseconds; a few texts that are no time shall not
        if text.str.contains(expression).any():
            found = _either(found, _matched(text, expression))
    return found


def _no_walls(count: int) -> Walls:
    no = pl.Series([False]).new_from_index(0, count)
    return Walls(pl.Series([None], dtype=pl.Int64).new_from_index(0, count), no, no)


@cache
def expressions(form: str) -> tuple[str, ...]:
    """Give the regular expressions of a form, the likeliest first.

    Raises:
        FormError: it holds a directive that means nothing, or names no day.
    """
    if form == "iso":
        return tuple(rf"(?i)^\s*{body}\s*$" for body in _ISO)
    body = _body(form)
    try:
        groups = re.compile(body.replace(r"\p{L}", r"\w")).groupindex
    except re.error as error:
        raise FormError(f"a directive stands twice in {form!r} ({error})") from error
    names = set(groups)
    dated = names & {"epoch"} or (
        names & {"year", "short"} and ({"day"} <= names or "yearday" in names)
    )
    if not dated and not {"weekyear", "week"} <= names:
        raise FormError(f"{form!r} is no form of a time: it names no day of a year")
    if "twelve" in names and "half" not in names:
        raise FormError(f"{form!r} has %I without %p: morning or afternoon is not told")
    return (rf"(?i)^\s*{body}\s*$",)


def _body(form: str) -> str:
    whole = re.sub(r"%([TFDRr])", lambda found: _WHOLE[found[1]], form)
    parts = []
    for token in _TOKEN.finditer(whole):
        letter = token["letter"]
        if letter is None:
            parts.append(_literal(token["text"], form))
        elif letter not in _DIRECTIVES:
            raise FormError(f"%{letter} in {form!r} means nothing")
        elif letter == "f" and token["dot"]:
            parts.append(r"(?:[.,](?P<fraction>\d{1,9}))?")
        else:
            parts.append(_DIRECTIVES[letter])
    return re.sub(r"(?:\\s\+)+", r"\\s+", "".join(parts))


def _literal(char: str, form: str) -> str:
    if char == "%":
        raise FormError(f"a percent sign in {form!r} stands alone")
    if char.isspace():
        return r"\s+"
    return "\\" + char if char.isascii() and not char.isalnum() and char not in "<>" else char


def _counted(text: pl.Series, form: str) -> Walls:
    number = text.str.strip_chars().cast(pl.Float64, strict=False)
    moved = number * _NUMBERS[form] + (EXCEL_ZERO_MS if form == "excel" else 0)
    # beyond any time, and NaN: a cast of those would raise or wrap round
    possible = (moved >= EARLIEST_MS) & (moved <= LATEST_MS)
    ms = moved.zip_with(possible.fill_null(value=False), _nulls(moved)).round().cast(pl.Int64)
    counted = pl.Series([form != "excel"]).new_from_index(0, len(text))
    return Walls(ms, counted, pl.Series([False]).new_from_index(0, len(text)))


def _nulls(like: pl.Series) -> pl.Series:
    return pl.Series([None], dtype=like.dtype).new_from_index(0, len(like))


def _either(one: Walls, two: Walls) -> Walls:
    first = one.ms.is_not_null()
    return Walls(
        one.ms.zip_with(first, two.ms),
        one.is_moment.zip_with(first, two.is_moment),
        one.is_day.zip_with(first, two.is_day),
    )


def _matched(text: pl.Series, expression: str) -> Walls:
    parts = pl.DataFrame({"text": text}).select(
        pl.col("text").str.extract_groups(expression).alias("parts")
    )
    named = parts.unnest("parts")
    blank = pl.lit(None, dtype=pl.String)
    whole = named.with_columns(blank.alias(p) for p in _PARTS if p not in named.columns)
    counted = "epoch" in named.columns
    found = whole.select(
        ms=_epoch() if counted else _day() * DAY_MS + _clock() - _offset_ms().fill_null(0),
        is_moment=pl.lit(value=True) if counted else pl.col("offset").is_not_null(),
        is_day=pl.col("hour").is_null() & pl.col("twelve").is_null(),
    )
    sane = found.with_columns(
        pl.when(pl.col("ms").is_between(EARLIEST_MS, LATEST_MS)).then("ms").alias("ms")
    )
    return Walls(sane["ms"], sane["is_moment"], sane["is_day"])


def _number(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Int64, strict=False)


def _epoch() -> pl.Expr:
    return _number("epoch") * 1000


def _day() -> pl.Expr:
    """Give the day since the epoch, null where there is no such day."""
    short = _number("short") + pl.when(_number("short") >= 69).then(1900).otherwise(2000)
    year = pl.coalesce(_number("year"), short)
    named = (
        pl.col("named")
        .str.to_lowercase()
        .replace_strict(list(_MONTHS), list(range(1, 13)), default=None, return_dtype=pl.Int64)
    )
    month, day = pl.coalesce(_number("month"), named), _number("day")
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    length = (
        pl.when(month == 2)
        .then(28 + leap.cast(pl.Int64))
        .otherwise(pl.when(month.is_in([4, 6, 9, 11])).then(30).otherwise(31))
    )
    exists = month.is_between(1, 12) & day.is_between(1, length)
    yearday = _number("yearday")
    in_year = yearday.is_between(1, 365 + leap.cast(pl.Int64))
    return pl.coalesce(
        pl.when(exists).then(_civil(year, month, day)),
        pl.when(in_year).then(_civil(year, pl.lit(1), pl.lit(1)) + yearday - 1),
        _week_day(),
    )


def _week_day() -> pl.Expr:
    """Give the day of a week date (ISO 8601): week 1 is that of the fourth of January."""
    fourth = _civil(_number("weekyear"), pl.lit(1), pl.lit(4))
    monday = fourth - (fourth + 3) % 7  # the epoch was a Thursday
    weeks = _number("week")
    day = monday + (weeks - 1) * 7 + pl.coalesce(_number("weekday"), pl.lit(1)) - 1
    return pl.when(weeks.is_between(1, 53)).then(day)


def _civil(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Count the days from the epoch to a day of the Gregorian calendar."""
    moved = year - (month <= 2).cast(pl.Int64)
    since_march = (month + 9) % 12
    in_year = (153 * since_march + 2) // 5 + day - 1
    return 365 * moved + moved // 4 - moved // 100 + moved // 400 + in_year - 719_468


def _clock() -> pl.Expr:
    """Give ms since midnight; 24:00 is the midnight that ends the day; null where impossible."""
    noon = pl.col("half").str.contains(r"(?i)^p|下午|中午|晚上").fill_null(value=False)
    twelve = _number("twelve")
    told = pl.when(twelve.is_between(1, 12)).then(twelve % 12 + 12 * noon.cast(pl.Int64))
    of_day = _number("hour")
    moved = pl.when(noon & (of_day < 12)).then(of_day + 12).otherwise(of_day)
    hour = (
        pl.when(pl.col("hour").is_null() & pl.col("twelve").is_null())
        .then(pl.lit(0, dtype=pl.Int64))
        .otherwise(pl.coalesce(told, moved))
    )
    minute, second = (
        pl.when(pl.col(p).is_null()).then(pl.lit(0, dtype=pl.Int64)).otherwise(_number(p))
        for p in ("minute", "second")
    )
    thousandths = pl.concat_str(pl.col("fraction"), pl.lit("000")).str.slice(0, 3)
    fraction = thousandths.cast(pl.Int64, strict=False).fill_null(0)
    since = hour * 3_600_000 + minute * 60_000 + second * 1000 + fraction
    # a second 60 is a leap second
    possible = hour.is_between(0, 23) & (minute <= 59) & (second <= 60)
    return pl.when(possible | (since == DAY_MS) & (hour == 24)).then(since)


def _offset_ms() -> pl.Expr:
    text = pl.col("offset").str.replace(r"(?i)^(?:UTC|GMT)", "")
    hours, minutes = (
        text.str.extract(r"^[+-](\d{1,2}?)(?::?(\d{2}))?$", group)
        .cast(pl.Int64, strict=False)
        .fill_null(0)
        for group in (1, 2)
    )
    sign = pl.when(text.str.starts_with("-")).then(-1).otherwise(1)
    return pl.when(text.is_not_null()).then(sign * (hours * 3_600_000 + minutes * 60_000))
