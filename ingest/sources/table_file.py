"""Tables in files: their header, if they have one, and records whose quotes hold line feeds."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import islice

from ingest.codecs.csv import names_of, parsed
from ingest.mapping import paths
from ingest.paths import is_special, name_of_column
from layers.feed_spec import CsvRule, FeedSpec

_LONGEST_RECORD = 200
"""Lines of one record; a quote that is not closed within so many is a broken line."""


def records(feed: FeedSpec, rule: CsvRule, text: str) -> Iterator[str]:
    """Give every record as one message.

    Where messages are documents, each is the header with one record. Else a header, if the file has
    one, is left out; and where it names the columns otherwise than the feed, the cells are put in
    the order of the feed's columns.
    """
    found = _records(islice(io.StringIO(text, newline="\n"), rule.skip, None), rule)
    first = next(found, "")
    names = names_of(_cells(first, rule))
    if rule.header:
        head = "\n" * rule.skip + first
        yield from (f"{head}\n{record}" for record in found)
    elif names == list(rule.columns):
        yield from found
    elif _is_header(feed, rule, names):
        yield from (_reordered(record, names, rule) for record in found)
    elif first:
        yield first
        yield from found


def written(cells: Sequence[str], rule: CsvRule) -> str:
    """Write one record as the feed expects it."""
    quote = rule.quote
    if not quote:
        return rule.delimiter.join(cell.replace(rule.delimiter, " ") for cell in cells)
    special = (rule.delimiter, quote, "\n", "\r")
    return rule.delimiter.join(
        quote + cell.replace(quote, quote * 2) + quote if any(s in cell for s in special) else cell
        for cell in cells
    )


def _records(lines: Iterator[str], rule: CsvRule) -> Iterator[str]:
    """Give the records as they are written."""
    ahead: list[str] = []
    while True:
        line = ahead.pop(0) if ahead else next(lines, None)
        if line is None:
            return
        count = 1
        if rule.quote and line.count(rule.quote) % 2:
            ahead += islice(lines, max(0, _LONGEST_RECORD - len(ahead)))
            count = _length([line, *ahead], rule)
        record = "".join([line, *ahead[: count - 1]]).rstrip("\r\n")
        del ahead[: count - 1]
        if record:
            yield record


def _length(lines: Sequence[str], rule: CsvRule) -> int:
    """Give the number of lines of the first record; 1 where its quote is never closed."""
    reader = parsed(iter(lines), rule)
    try:
        next(reader, None)
    except csv.Error:
        return 1
    return reader.line_num


def _cells(record: str, rule: CsvRule) -> list[str]:
    try:
        return next(parsed(iter(io.StringIO(record, newline="")), rule), [])
    except csv.Error:
        return []


def _is_header(feed: FeedSpec, rule: CsvRule, names: Sequence[str]) -> bool:
    """Say whether a first line names columns: all that the feed reads, or most of it the feed's."""
    wide = feed.wide.columns if feed.wide else ()
    read = {name_of_column(p) for p in (*paths(feed), *wide) if not is_special(p)}
    known = sum(name in rule.columns for name in names)
    return bool(read) and (read <= set(names) or 2 * known > max(len(names), 1))


def _reordered(record: str, names: Sequence[str], rule: CsvRule) -> str:
    """Put the cells in the order of the feed's columns; a broken record stays as it is."""
    cells = _cells(record, rule)
    if len(cells) not in {len(names), len(names) + 1}:
        return record
    by_name = dict(zip(reversed(names), reversed(cells[: len(names)]), strict=True))
    return written([by_name.get(column, "") for column in rule.columns], rule)
