"""What a recorded file holds, as the messages that a topic would carry.

A file may be packed (.gz, .zst), begin with a mark of byte order, be in any encoding of the
grammar, carry a header and quoted line feeds, be a spreadsheet, Parquet, or one JSON array.
Messages come out in the encoding of the feed, as they would from Kafka.
"""

from __future__ import annotations

import codecs
import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.parsers import expat

import msgspec
import polars as pl
import zstandard

from ingest.codecs.csv import names_of
from ingest.sources import json_file, table_file
from ingest.sources.sheets import SHEETS, rows_of
from layers.feed_spec import CsvRule, FeedSpec

_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def messages(feed: FeedSpec, file: Path) -> Iterator[bytes]:
    """Give the messages of a file.

    Raises:
        OSError, zstandard.ZstdError, polars.exceptions.PolarsError,
        ingest.sources.sheets.SheetError: it can't be read.
    """
    if file.suffix.lower() in SHEETS:
        serial = feed.time is not None and "excel" in feed.time.form
        yield from _of_rows(feed, rows_of(file, dates_as_numbers=serial))
        return
    if file.suffix.lower() == ".parquet":
        yield from _of_frame(feed, file)
        return
    data = _unpacked(file)
    if feed.format in {"xml", "cap"}:
        yield from _documents(data)
    elif feed.format == "csv":
        rule = feed.csv or CsvRule(header=True)
        yield from _encoded(table_file.records(feed, rule, _text(data, feed.encoding)), feed)
    elif feed.format == "json":
        yield from _json(feed, data)
    elif data:
        yield data


def _unpacked(file: Path) -> bytes:
    data = file.read_bytes()
    if file.suffix == ".gz":
        return gzip.decompress(data)
    if file.suffix == ".zst":
        with zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True) as reader:
            return bytes(reader.read())
    return data


def _text(data: bytes, encoding: str) -> str:
    """Decode a file; bytes that are no text are kept as they are, and break their line."""
    if encoding == "utf-16" or data.startswith(_MARKS):
        return data.decode("utf-16" if data.startswith(_MARKS) else "utf-16-le", "replace")
    if data.startswith(codecs.BOM_UTF8):
        data, encoding = data[len(codecs.BOM_UTF8) :], "utf-8"
    return data.decode(encoding, "surrogateescape")


def _encoded(texts: Iterator[str], feed: FeedSpec) -> Iterator[bytes]:
    if feed.encoding == "utf-16":
        yield from (text.encode("utf-16-le", "replace") for text in texts)
    elif feed.encoding == "latin-1":
        yield from (text.encode("latin-1", "replace") for text in texts)
    else:
        yield from (text.encode(feed.encoding, "surrogateescape") for text in texts)


def _json(feed: FeedSpec, data: bytes) -> Iterator[bytes]:
    if feed.encoding == "utf-8" and not data.startswith((codecs.BOM_UTF8, *_MARKS)):
        yield from json_file.values(feed, data)
        return
    whole = _text(data, feed.encoding).encode("utf-8", "surrogateescape")
    found = json_file.values(feed, whole)
    yield from _encoded((m.decode("utf-8", "surrogateescape") for m in found), feed)


def _of_rows(feed: FeedSpec, rows: Sequence[Sequence[str]]) -> Iterator[bytes]:
    """Give rows as lines, or as objects by the names in the first of them."""
    if feed.format == "csv":
        rule = feed.csv or CsvRule(header=True)
        text = "\n".join(table_file.written(row, rule) for row in rows)
        yield from _encoded(table_file.records(feed, rule, text), feed)
        return
    names = names_of(rows[0]) if rows else []
    for row in rows[1:]:
        body = {name: cell for name, cell in zip(names, row, strict=False) if name and cell}
        yield from _encoded(iter([msgspec.json.encode(body).decode()]), feed)


def _of_frame(feed: FeedSpec, file: Path) -> Iterator[bytes]:
    frame = pl.read_parquet(file)
    if feed.format == "json":
        yield from _json(feed, frame.write_ndjson().encode())
        return
    texts = frame.with_columns(pl.all().cast(pl.String, strict=False).fill_null(""))
    yield from _of_rows(feed, [frame.columns, *texts.rows()])


def _documents(data: bytes) -> Iterator[bytes]:
    """Give the XML documents of a file: one, several after each other, or one a line."""
    if data.count(b"<?xml") > 1:
        yield from (b"<?xml" + part for part in data.split(b"<?xml")[1:])
        return
    lines = [line for line in data.splitlines() if line.strip()]
    if len(lines) > 1 and _is_document(lines[0]):
        yield from lines
    elif lines:
        yield data


def _is_document(data: bytes) -> bool:
    try:
        expat.ParserCreate().Parse(data, True)
    except (expat.ExpatError, ValueError):
        return False
    return True
