"""Time limits of cases as they are written in filing standards: text → number and clock.

Errors: LimitError. It names the value and what to write instead, in both languages.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Literal

import msgspec

from layers.labels import Label

ClockKind = Literal[
    "work_hour", "work_day", "emergency_hour", "emergency_day", "natural_hour", "natural_day"
]

Plain = Literal["work", "natural"]
"""What hours and days mean that don't say: one real table writes 「4小时」 for 4工作时."""

KINDS: Mapping[ClockKind, Label] = {
    "work_hour": Label("工作时", "working hours"),
    "work_day": Label("工作日", "working days"),
    "emergency_hour": Label("紧急工作时", "emergency hours"),
    "emergency_day": Label("紧急工作日", "emergency days"),
    "natural_hour": Label("小时（自然）", "hours, day and night"),
    "natural_day": Label("自然日", "calendar days"),
}

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

MOST_DAYS = 3660
"""A limit of more than ten years is a slip of the pen."""


class Limit(msgspec.Struct, frozen=True):
    """How long something may take, and on which clock."""

    count: float
    """How many of `kind`, above 0."""
    kind: ClockKind
    note: str = ""
    """What was written besides (制止, 种植季节)."""
    then: Limit | None = None
    """A limit that follows, written in brackets (后续修复5日); it has no clock of its own."""

    @property
    def is_working(self) -> bool:
        """True when it runs in working time alone."""
        return self.kind in ("work_hour", "work_day")

    @property
    def label(self) -> Label:
        """The limit in words."""
        name = KINDS[self.kind]
        return Label(f"{self.count:g}{name.zh}", f"{self.count:g} {name.en}")

    def amount_ms(self, workday_ms: int) -> int:
        """Give its length on its own clock.

        Args:
            workday_ms: working time of one 工作日.
        """
        day = workday_ms if self.kind == "work_day" else DAY_MS
        return round(self.count * (day if self.kind.endswith("day") else HOUR_MS))


class LimitError(ValueError):
    """A time limit can't be read."""

    def __init__(self, value: str, problem: Label) -> None:
        shown = " ".join(value.split())[:60]
        self.value = value
        self.problem = Label(f"时限“{shown}”{problem.zh}", f"time limit {shown!r} {problem.en}")
        self.remedy = REMEDY
        super().__init__(f"{self.problem.en}. {self.remedy.en}")


REMEDY = Label(
    "请写一个数和一个单位：4工作时、2工作日、2紧急工作时、1紧急工作日、3自然日、24小时。",
    "Write one number and one unit: 4 working hours (4工作时), 2 working days (2工作日), "
    "2 emergency hours (2紧急工作时), 1 emergency day (1紧急工作日), 3 calendar days (3自然日).",
)

_EMPTY = Label("为空", "is empty")
_NO_LIMIT = Label("中没有数和单位", "has no number with a unit")
_SEVERAL = Label("含有不止一个时限", "holds more than one limit")
_UNSURE = Label("前后还有数字或范围，不能确定", "has other numbers or a range around it")
_BOUNDS = Label("不在一分钟与十年之间", "is not between one minute and ten years")

_UNITS: tuple[tuple[str, str], ...] = (
    (r"紧急工作(?:小时|时)|紧急小?时|应急(?:工作)?小?时", "emergency_hour"),
    (r"紧急工作[日天]|紧急[日天]|应急(?:工作)?[日天]", "emergency_day"),
    (r"emergency (?:working )?hours?", "emergency_hour"),
    (r"emergency (?:working )?days?", "emergency_day"),
    (r"工作(?:小时|时)|(?:working|business|work) hours?", "work_hour"),
    (r"工作[日天]|(?:working|business|work) ?days?", "work_day"),
    (r"自然小?时|(?:natural|calendar|running) hours?", "natural_hour"),
    (r"自然[日天]|日历[日天]|(?:natural|calendar|running) days?", "natural_day"),
    (r"分钟?|minutes?|mins?", "minute"),
    (r"小时|时|hours?|hrs?|h(?![a-z])", "hour"),
    (r"天|日|days?|d(?![a-z])", "day"),
)

_PLAIN: Mapping[tuple[str, Plain], ClockKind] = {
    ("minute", "work"): "work_hour",
    ("minute", "natural"): "natural_hour",
    ("hour", "work"): "work_hour",
    ("hour", "natural"): "natural_hour",
    ("day", "work"): "work_day",
    ("day", "natural"): "natural_day",
}

_NUMERALS = "零〇一二两三四五六七八九十百半"
_FOUND = re.compile(
    rf"(?P<number>\d+(?:\.\d+)?|[{_NUMERALS}]+)\s*个?\s*(?:"
    + "|".join(f"(?P<u{n}>{pattern})" for n, (pattern, _) in enumerate(_UNITS))
    + ")"
)
_BRACKET = re.compile(r"(?P<main>[^()]*)\((?P<inner>[^()]*)\)(?P<after>[^()]*)")
_WITHIN = re.compile(r"^(?:之内|以内|内)")
_EDGES = re.compile(r"^[\s,;。.]+|[\s,;。.]+$")
_RANGE = re.compile(r"以上|至少|不少于|超过|或|\d|[-~—至]$|[−-]\s*$")


def parse_limit(text: str, plain: Plain = "work") -> Limit:
    """Read a time limit.

    Args:
        text: as in a table: 「2紧急工作时」「4小时」「2天」「1紧急工作时制止」「2 working days」;
            full-width digits, Chinese numerals, blanks and line ends make no difference.
        plain: the clock of hours and days that name none.

    Raises:
        LimitError: there is no limit in it, or more than one, or it is not sure which.
    """
    clean = unicodedata.normalize("NFKC", text).strip().casefold()
    if not clean:
        raise LimitError(text, _EMPTY)
    bracket = _BRACKET.fullmatch(clean)
    if bracket is None:
        return _alternatives(clean, text, plain)
    first = _alternatives((bracket["main"] + bracket["after"]).strip(), text, plain)
    inner = bracket["inner"].strip()
    if _FOUND.search(inner):
        return msgspec.structs.replace(first, then=_alternatives(inner, text, plain))
    return msgspec.structs.replace(first, note=f"{first.note} {inner}".strip())


def _alternatives(clean: str, text: str, plain: Plain) -> Limit:
    """Read spellings of one limit that are divided by a slash (2天/2工作日)."""
    found = [_single(part, text, plain) for part in clean.split("/")]
    if len({(limit.count, limit.kind) for limit in found}) > 1:
        raise LimitError(text, _SEVERAL)
    return found[0]


def _single(clean: str, text: str, plain: Plain) -> Limit:
    found = list(_FOUND.finditer(clean))
    if not found:
        raise LimitError(text, _NO_LIMIT)
    if len(found) > 1:
        raise LimitError(text, _SEVERAL)
    (match,) = found
    before, after = clean[: match.start()].strip(), _WITHIN.sub("", clean[match.end() :].strip())
    if _RANGE.search(before) or _RANGE.search(after) or before[-1:] in tuple(_NUMERALS):
        raise LimitError(text, _UNSURE)
    unit = next(name for n, (_, name) in enumerate(_UNITS) if match[f"u{n}"])
    count = _number(match["number"]) / (60 if unit == "minute" else 1)
    limit = Limit(count, _kind(unit, plain), _EDGES.sub("", f"{before} {after}"))
    if not HOUR_MS // 60 <= limit.amount_ms(DAY_MS) <= MOST_DAYS * DAY_MS:
        raise LimitError(text, _BOUNDS)
    return limit


def _kind(unit: str, plain: Plain) -> ClockKind:
    known = {name: name for name in KINDS}
    return known[unit] if unit in known else _PLAIN[unit, plain]


def _number(text: str) -> float:
    """Give the value of digits, or of a Chinese numeral up to 999 (半 is a half)."""
    if text[0].isdigit():
        return float(text)
    digits = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
    total, digit = 0.0, 0.0
    for character in text:
        if character == "半":
            total += 0.5
        elif character in "十百":
            total += (digit or 1) * (10 if character == "十" else 100)
            digit = 0
        else:
            digit = digits[character]
    return total + digit
