"""Delimited text: one line a message whose columns the feed names, or a table with a header."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import polars as pl

from ingest.codecs.base import Decoded
from ingest.codecs.explode import NO_RECORD
from ingest.paths import name_of_column
from ingest.sources.base import Slice
from layers.feed_spec import CsvRule

_PARTED = "\x1f"
"""Stands for a delimiter of several signs."""

Cells = list[str | None]


class Records(Protocol):
    """What reads the cells of one record after the other."""

    line_num: int
    """Lines read so far."""

    def __iter__(self) -> Iterator[list[str]]: ...
    def __next__(self) -> list[str]: ...


def decode(part: Slice, paths: Sequence[str], rule: CsvRule, pattern: str = "") -> Decoded:
    """Read columns of every record as text; an empty cell is null.

    Args:
        part: the messages.
        paths: names of columns.
        rule: how they are written.
        pattern: further columns whose whole name it matches, under their own names.
    """
    wanted = _Wanted(paths, re.compile(pattern) if pattern else None)
    if rule.header:
        return _documents(part, wanted, rule)
    count = len(part.offsets)
    quotes = bool(rule.quote) and rule.quote.encode() in part.buffer
    if not quotes and len(rule.delimiter.encode()) == 1 and part.buffer.count(b"\n") == count:
        columns = _block(part.buffer, rule)
        if columns is not None and columns.height == count and _is_whole(part, rule):
            return Decoded(columns.select(wanted.of(rule.columns)), {})
    return _line_by_line(part, wanted, rule)


def parsed(lines: Iterator[str], rule: CsvRule) -> Records:
    """Give the cells of every record.

    Raises:
        csv.Error: a record is no delimited text as the rule has it.
    """
    if len(rule.delimiter) > 1:
        lines = (line.replace(rule.delimiter, _PARTED) for line in lines)
    return csv.reader(
        lines,
        delimiter=rule.delimiter if len(rule.delimiter) == 1 else _PARTED,
        quotechar=rule.quote or None,
        quoting=csv.QUOTE_MINIMAL if rule.quote else csv.QUOTE_NONE,
        strict=True,
    )


def names_of(header: Sequence[str]) -> list[str]:
    """Give the names of a header's columns."""
    return [name.strip().removeprefix("\ufeff").strip() for name in header]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The columns that are read."""

    paths: Sequence[str]
    pattern: re.Pattern[str] | None

    def of(self, names: Sequence[str]) -> list[pl.Expr]:
        """Pick them from a table with these columns."""
        found = []
        for path in self.paths:
            name = path if path in names else name_of_column(path)
            known = name in names
            here = pl.nth(names.index(name)) if known else pl.lit(None, dtype=pl.String)
            found.append(here.alias(path))
        return found + [pl.nth(names.index(n)).alias(n) for n in self.matched(names)]

    def matched(self, names: Sequence[str]) -> list[str]:
        """Give the further columns that the pattern names."""
        if self.pattern is None:
            return []
        known = {*self.paths, *map(name_of_column, self.paths)}
        found = (n for n in names if n not in known and self.pattern.fullmatch(n))
        return list(dict.fromkeys(found))

    def is_in(self, names: Sequence[str]) -> bool:
        """Say whether a table has any of them."""
        known = set(names)
        wanted = any(p in known or name_of_column(p) in known for p in self.paths)
        return wanted or bool(self.matched(names))


def _schema(names: Sequence[str]) -> dict[str, pl.DataType]:
    """Give text columns; of several that are called the same, the first is the one that is read."""
    return {f"{at}{_PARTED}{name}": pl.String() for at, name in enumerate(names)}


def _block(lines: bytes, rule: CsvRule) -> pl.DataFrame | None:
    try:
        return pl.read_csv(
            lines,
            has_header=False,
            separator=rule.delimiter,
            quote_char=None,
            schema=_schema(rule.columns),
        )
    except (pl.exceptions.PolarsError, ValueError):
        return None


def _is_whole(part: Slice, rule: CsvRule) -> bool:
    """Say whether the block has as many delimiters as its lines must have."""
    wanted = (len(rule.columns) - 1) * len(part.offsets)
    return part.buffer.count(rule.delimiter.encode()) == wanted


def _line_by_line(part: Slice, wanted: _Wanted, rule: CsvRule) -> Decoded:
    broken: dict[int, str] = {}
    rows: list[Cells] = []
    for row in range(len(part.offsets)):
        cells, reason = _cells(part.value(row), rule)
        if reason:
            broken[row] = reason
        rows.append(cells)
    columns = pl.DataFrame(rows, schema=_schema(rule.columns), orient="row")
    return Decoded(columns.select(wanted.of(rule.columns)), broken)


def _cells(value: bytes, rule: CsvRule) -> tuple[Cells, str]:
    nothing: Cells = [None] * len(rule.columns)
    try:
        lines = list(parsed(io.StringIO(value.decode("utf-8"), newline=""), rule))
    except UnicodeDecodeError as error:
        return nothing, f"not UTF-8: {error.reason} at byte {error.start}"
    except csv.Error as error:
        return nothing, f"not CSV: {error}"
    if len(lines) != 1:
        got = sum(map(len, lines))
        return nothing, f"{len(rule.columns)} cells are expected, {got} came"
    return _fitted(lines[0], len(rule.columns))


def _fitted(cells: list[str], count: int) -> tuple[Cells, str]:
    """Give as many cells as there are columns; a delimiter may also end the line."""
    if len(cells) == count + 1 and not cells[-1]:
        cells = cells[:-1]
    if len(cells) != count:
        return [None] * count, f"{count} cells are expected, {len(cells)} came"
    return [cell or None for cell in cells], ""


@dataclass(slots=True)
class _Table:
    """Records of all documents that have the same header."""

    rows: list[Cells] = field(default_factory=list)
    places: list[tuple[int, int]] = field(default_factory=list)
    """Number of the message and of the line."""
    texts: list[str] = field(default_factory=list)
    """Each record as a document of its own."""


@dataclass(slots=True)
class _Documents:
    tables: dict[tuple[str, ...], _Table] = field(default_factory=dict)
    broken: dict[tuple[int, int], str] = field(default_factory=dict)


def _documents(part: Slice, wanted: _Wanted, rule: CsvRule) -> Decoded:
    """Read every message as a table whose first line names the columns."""
    found = _Documents()
    for row in range(len(part.offsets)):
        try:
            reason = _read_table(part.value(row), row, (rule, wanted), found)
        except UnicodeDecodeError as error:
            reason = f"not UTF-8: {error.reason} at byte {error.start}"
        except csv.Error as error:
            reason = f"not CSV: {error}"
        if reason:
            found.broken[row, -1] = reason
    return _put_together(found, wanted)


def _read_table(value: bytes, row: int, how: tuple[CsvRule, _Wanted], into: _Documents) -> str:
    """Read one document; say why it has no record, or holds one that can't be read."""
    rule, wanted = how
    lines = io.StringIO(value.decode("utf-8"), newline="")
    for _ in range(rule.skip):
        next(lines, None)
    records = parsed(lines, rule)
    names = tuple(names_of(next((cells for cells in records if cells), [])))
    if not wanted.is_in(names):
        told = f"the header names no column of the feed: {', '.join(names)[:60]!r}"
        return told if names else "it has no header"
    head = rule.delimiter.join(names)
    table, number = into.tables.setdefault(names, _Table()), 0
    for number, record in enumerate((cells for cells in records if cells), 1):
        cells, reason = _fitted(record, len(names))
        if reason:
            into.broken[row, number] = reason
        table.rows.append(cells)
        table.places.append((row, number))
        table.texts.append(f"{head}\n{rule.delimiter.join(record)}")
    return "" if number else NO_RECORD


def _put_together(found: _Documents, wanted: _Wanted) -> Decoded:
    """Put the records of all documents in order; one without a record is one row."""
    frames = [
        pl.DataFrame(table.rows, schema=_schema(names), orient="row").select(wanted.of(names))
        for names, table in found.tables.items()
    ]
    places = [place for table in found.tables.values() for place in table.places]
    whole = [place for place in found.broken if place[1] < 0]
    nothing = pl.DataFrame(schema=dict.fromkeys(wanted.paths, pl.String)).clear(len(whole))
    columns = pl.concat([*frames, nothing], how="diagonal")
    order = sorted(range(len(places) + len(whole)), key=[*places, *whole].__getitem__)
    placed = [[*places, *whole][i] for i in order]
    broken = {at: found.broken[p] for at, p in enumerate(placed) if p in found.broken}
    message = np.array([p[0] for p in placed], dtype=np.int64)
    texts = [text for table in found.tables.values() for text in table.texts]
    raw = pl.Series([*texts, *[None] * len(whole)], dtype=pl.String)
    return Decoded(columns[order], broken, message, raw[order])
