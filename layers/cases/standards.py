"""Filing standards: category × filing condition → time limit, closing condition, lead department.

A table is versioned data, one CSV a feed in `standards/` of the pack. Each row has the days on
which it holds; a case keeps the row it was filed under. The columns are `COLUMNS`.

Errors: DocumentError for a file that can't be read at all; every bad row is a `RowFinding`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import msgspec

from layers import tables
from layers.cases.limits import Limit, LimitError, Plain, parse_limit
from layers.labels import Label

COLUMNS = (
    "code", "row", "zh", "en", "condition_zh", "condition_en", "limit", "closing_zh", "closing_en",
    "lead_zh", "lead_en", "valid_from", "valid_to",
)  # fmt: skip
"""code: category; row: number of the condition within it; limit: as people write it; valid_to: the
last day, empty for a row that still holds. The English may be left out."""


class FilingRule(msgspec.Struct, frozen=True):
    """One row: when a case of a category is filed, how long it has, when it is done."""

    code: str
    row: str
    name: Label
    condition: Label
    limit: Limit
    closing: Label
    lead: Label
    valid_from: date
    valid_to: date | None = None

    @property
    def id(self) -> str:
        """Category and row, as events name it: E0506-1."""
        return f"{self.code}-{self.row}"

    def holds(self, day: date) -> bool:
        """Say whether it is in force on a day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class RowFinding(msgspec.Struct, frozen=True):
    """What is wrong with one cell of a table."""

    file: str
    line: int
    column: str
    value: str
    problem: Label
    remedy: Label

    def sentence(self, lang: str = "en") -> str:
        """The finding as one line."""
        shown = " ".join(self.value.split())[:60]
        return (
            f"{self.file}:{self.line}: {self.column} {shown!r} {self.problem.of(lang)}. "
            f"{self.remedy.of(lang)}"
        )


@dataclass(frozen=True)
class Standards:
    """A table of filing standards with all its versions."""

    rows: tuple[FilingRule, ...] = ()

    @cached_property
    def by_id(self) -> Mapping[str, tuple[FilingRule, ...]]:
        """Id → its versions, the oldest first."""
        return _grouped(self.rows, lambda rule: rule.id)

    @cached_property
    def by_code(self) -> Mapping[str, tuple[FilingRule, ...]]:
        """Category → its rows of all versions."""
        return _grouped(self.rows, lambda rule: rule.code)

    def rule(self, rule_id: str, day: date) -> FilingRule | None:
        """Give the row of an id that is in force on a day."""
        return next((r for r in self.by_id.get(rule_id, ()) if r.holds(day)), None)

    def of_category(self, code: str, day: date) -> tuple[FilingRule, ...]:
        """Give the conditions under which a case of a category can be filed on a day."""
        return tuple(r for r in self.by_code.get(code, ()) if r.holds(day))


def _grouped(
    rows: Iterable[FilingRule], key: Callable[[FilingRule], str]
) -> dict[str, tuple[FilingRule, ...]]:
    found: dict[str, list[FilingRule]] = {}
    for rule in sorted(rows, key=lambda r: (r.valid_from, r.id)):
        found.setdefault(key(rule), []).append(rule)
    return {name: tuple(rules) for name, rules in found.items()}


def read_standards(
    file: Path, categories: Iterable[str] = (), plain: Plain = "work"
) -> tuple[Standards, tuple[RowFinding, ...]]:
    """Read a table: the good rows, and what is wrong with the others.

    Args:
        file: CSV with a header, UTF-8 or GB 18030.
        categories: known codes; empty: any.
        plain: the clock of limits that name none.

    Raises:
        DocumentError: the file can't be read, or a column is missing.
    """
    good: list[FilingRule] = []
    bad: list[RowFinding] = []
    known = tuple(categories)
    for line, cells in tables.numbered_rows(file, COLUMNS):
        row = _Row(file, line, {name: text.strip() for name, text in cells.items()})
        found = [*_required(row), *_category(row, known), *_dates(row)]
        limit, first = _limit(row, plain), _day(row.cells["valid_from"])
        if isinstance(limit, RowFinding):
            found.append(limit)
        elif limit is not None and first is not None and not found:
            rule = _rule(row.cells, limit, first)
            if any(r.id == rule.id and _overlap(r, rule) for r in good):
                found.append(row.finding("row", *_TWICE))
            else:
                good.append(rule)
        bad += found
    return Standards(tuple(good)), tuple(bad)


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of a table, as text."""

    file: Path
    line: int
    cells: Mapping[str, str]

    def finding(self, column: str, problem: Label, remedy: Label) -> RowFinding:
        return RowFinding(str(self.file), self.line, column, self.cells[column], problem, remedy)


_NEEDED = ("code", "row", "zh", "condition_zh", "limit", "closing_zh", "valid_from")
_MISSING = Label("为空", "is empty"), Label("请填写此格。", "Fill in the cell.")
_TWICE = (
    Label("在同一类别中重复，且有效期重叠", "stands twice in its category on the same days"),
    Label("请换一个行号，或写明有效期。", "Give it another number, or days that do not overlap."),
)
_NOT_A_DAY = (
    Label("不是日期", "is not a day"),
    Label("请写作 2026-01-31。", "Write it like 2026-01-31."),
)
_BACKWARDS = (
    Label("早于 valid_from", "is before valid_from"),
    Label("请更正两个日期之一。", "Correct one of the two days."),
)


def _required(row: _Row) -> list[RowFinding]:
    return [row.finding(name, *_MISSING) for name in _NEEDED if not row.cells[name]]


def _category(row: _Row, known: tuple[str, ...]) -> list[RowFinding]:
    code = row.cells["code"]
    if not code or not known or code in known:
        return []
    near = difflib.get_close_matches(code, known, 1, 0.4)
    remedy = (
        Label(f"是否为 {near[0]}？", f"Did you mean {near[0]}?")
        if near
        else Label("请先写入 codes/ 的类别表。", "Add it to the table in codes/ first.")
    )
    return [row.finding("code", Label("不在类别表中", "is not a known category"), remedy)]


def _dates(row: _Row) -> list[RowFinding]:
    found = [
        row.finding(name, *_NOT_A_DAY)
        for name in ("valid_from", "valid_to")
        if row.cells[name] and _day(row.cells[name]) is None
    ]
    first, last = _day(row.cells["valid_from"]), _day(row.cells["valid_to"])
    if first is not None and last is not None and last < first:
        found.append(row.finding("valid_to", *_BACKWARDS))
    return found


def _limit(row: _Row, plain: Plain) -> Limit | RowFinding | None:
    text = row.cells["limit"]
    if not text:
        return None
    try:
        return parse_limit(text, plain)
    except LimitError as error:
        return row.finding("limit", _UNREADABLE, error.remedy)


_UNREADABLE = Label("不是可读的时限", "is not a time limit that can be read")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _rule(cells: Mapping[str, str], limit: Limit, first: date) -> FilingRule:
    return FilingRule(
        code=cells["code"],
        row=cells["row"],
        name=_label(cells, ""),
        condition=_label(cells, "condition_"),
        limit=limit,
        closing=_label(cells, "closing_"),
        lead=_label(cells, "lead_"),
        valid_from=first,
        valid_to=_day(cells["valid_to"]),
    )


def _label(cells: Mapping[str, str], stem: str) -> Label:
    zh = cells[f"{stem}zh"]
    return Label(zh, cells[f"{stem}en"] or zh)


def _overlap(a: FilingRule, b: FilingRule) -> bool:
    return a.valid_from <= (b.valid_to or date.max) and b.valid_from <= (a.valid_to or date.max)
