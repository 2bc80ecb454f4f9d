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

    names: list[str]
    reason: str
    """Why it can't be read; empty: it can."""
    rows: list[Cells] = field(default_factory=list)
    places: list[tuple[int, int]] = field(default_factory=list)
    """Number of the message and of the line."""
    texts: list[str] = field(default_factory=list)
    """Each record as a document of its own."""


@dataclass(slots=True)
class _Documents:
    rule: CsvRule
    wanted: _Wanted
    tables: dict[tuple[str, ...], _Table] = field(default_factory=dict)
    broken: dict[tuple[int, int], str] = field(default_factory=dict)

    def table(self, header: Sequence[str]) -> _Table:
        """Give the table with this first line."""
        found = self.tables.get(tuple(header))
        if found is None:
            names = names_of(header)
            reason = "" if names else "it has no header"
            if names and not self.wanted.is_in(names):
                told = ", ".join(names)[:60]
                reason = f"the header names no column of the feed: {told!r}"
            found = self.tables[tuple(header)] = _Table(names, reason)
        return found


def _documents(part: Slice, wanted: _Wanted, rule: CsvRule) -> Decoded:
    """Read every message as a table whose first line names the columns."""
    found = _Documents(rule, wanted)
    for row in range(len(part.offsets)):
        try:
            reason = _read_table(part.value(row), row, found)
        except UnicodeDecodeError as error:
            reason = f"not UTF-8: {error.reason} at byte {error.start}"
        except csv.Error as error:
            reason = f"not CSV: {error}"
        if reason:
            found.broken[row, -1] = reason
    return _put_together(found)


def _read_table(value: bytes, row: int, into: _Documents) -> str:
    """Read one document; say why it has no record, or holds one that can't be read."""
    rule = into.rule
    records = _records(value.decode("utf-8"), rule)
    table = into.table(next(records, []))
    if table.reason:
        return table.reason
    head, number = rule.delimiter.join(table.names), 0
    for number, record in enumerate(records, 1):
        cells, reason = _fitted(record, len(table.names))
        if reason:
            into.broken[row, number] = reason
        table.rows.append(cells)
        table.places.append((row, number))
        table.texts.append(f"{head}\n{rule.delimiter.join(record)}")
    return "" if number else NO_RECORD


def _records(text: str, rule: CsvRule) -> Iterator[list[str]]:
    """Give the cells of every line that isn't blank, after those to be skipped."""
    if rule.quote and rule.quote in text:
        lines = io.StringIO(text, newline="")
        for _ in range(rule.skip):
            next(lines, None)
        return (cells for cells in parsed(lines, rule) if cells)
    plain = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return (line.split(rule.delimiter) for line in plain[rule.skip :] if line)


def _put_together(found: _Documents) -> Decoded:
    """Put the records of all documents in order; one without a record is one row."""
    tables = [table for table in found.tables.values() if table.rows]
    frames = [
        pl.DataFrame(table.rows, schema=_schema(table.names), orient="row").select(
            found.wanted.of(table.names)
        )
        for table in tables
    ]
    whole = [place for place in found.broken if place[1] < 0]
    places = [*(place for table in tables for place in table.places), *whole]
    nothing = pl.DataFrame(schema=dict.fromkeys(found.wanted.paths, pl.String)).clear(len(whole))
    columns = pl.concat([*frames, nothing], how="diagonal")
    order = sorted(range(len(places)), key=places.__getitem__)
    broken = {at: found.broken[p] for at, i in enumerate(order) if (p := places[i]) in found.broken}
    message = np.array([places[i][0] for i in order], dtype=np.int64)
    texts = [text for table in tables for text in table.texts]
    raw = pl.Series([*texts, *[None] * len(whole)], dtype=pl.String)
    return Decoded(columns[order], broken, message, raw[order])
