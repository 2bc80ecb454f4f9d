"""CSV, one line a message, without a header: the feed names the columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import polars as pl

from ingest.codecs.base import Decoded
from ingest.sources.base import Slice
from layers.feed_spec import CsvRule


def decode(part: Slice, paths: Sequence[str], rule: CsvRule) -> Decoded:
    """Read the named columns of every line as text; an empty cell is null."""
    count = len(part.offsets)
    if part.buffer.count(b"\n") == count and b'"' not in part.buffer:
        columns = _block(part.buffer, rule)
        if columns is not None and columns.height == count and _is_whole(part, rule):
            return Decoded(columns.select(paths), {})
    return _line_by_line(part, paths, rule)


def _block(lines: bytes, rule: CsvRule) -> pl.DataFrame | None:
    try:
        return pl.read_csv(
            lines,
            has_header=False,
            separator=rule.delimiter,
            quote_char=None,
            schema=dict.fromkeys(rule.columns, pl.String),
        )
    except (pl.exceptions.PolarsError, ValueError):
        return None


def _is_whole(part: Slice, rule: CsvRule) -> bool:
    """Say whether the block has as many delimiters as its lines must have."""
    wanted = (len(rule.columns) - 1) * len(part.offsets)
    return part.buffer.count(rule.delimiter.encode()) == wanted


def _line_by_line(part: Slice, paths: Sequence[str], rule: CsvRule) -> Decoded:
    broken: dict[int, str] = {}
    rows: list[list[str | None]] = []
    for row in range(len(part.offsets)):
        cells, reason = _cells(part.value(row), rule)
        if reason:
            broken[row] = reason
        rows.append(cells)
    columns = pl.DataFrame(rows, schema=dict.fromkeys(rule.columns, pl.String), orient="row")
    return Decoded(columns.select(paths), broken)


def _cells(value: bytes, rule: CsvRule) -> tuple[list[str | None], str]:
    nothing: list[str | None] = [None] * len(rule.columns)
    try:
        text = value.decode("utf-8")
        lines = list(csv.reader(io.StringIO(text), delimiter=rule.delimiter, strict=True))
    except UnicodeDecodeError as error:
        return nothing, f"not UTF-8: {error.reason} at byte {error.start}"
    except csv.Error as error:
        return nothing, f"not CSV: {error}"
    if len(lines) != 1 or len(lines[0]) != len(rule.columns):
        got = len(lines[0]) if lines else 0
        return nothing, f"{len(rule.columns)} cells are expected, {got} came"
    return [cell or None for cell in lines[0]], ""
