"""Slices to text columns, as the feed says: encoding, format, wide rows, and what stands beside.

The columns are named by the paths of the feed, so that `ingest.picks` finds them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from ingest.codecs import cap, csv, encoding, json, xml
from ingest.codecs.base import Decoded, broken_by_message
from ingest.codecs.wide import Wide
from ingest.paths import is_of_row, is_special
from ingest.sources.base import Slice
from layers.feed_spec import CsvRule, FeedSpec

_NOTHING = "\x1f"
"""A path that is nowhere, for feeds that read nothing but what stands beside: a row is a row."""

Codec = Callable[[Slice], Decoded]


class Reader:
    """Reads the messages of one feed.

    Args:
        feed: what its YAML file says.
        paths: what is asked of a message (`ingest.mapping.paths`).
    """

    def __init__(self, feed: FeedSpec, paths: Sequence[str]) -> None:
        self._encoding = feed.encoding
        self._is_binary = feed.format in {"avro", "protobuf"}
        self._wide = Wide(feed.wide, feed.values.missing) if feed.wide else None
        self._of_row = [p for p in paths if is_of_row(p)]
        self._beside = [p for p in paths if is_special(p) and not is_of_row(p)]
        self._within = [p for p in paths if not is_special(p)]
        asked = [*(self._within or [_NOTHING]), *(self._wide.listed if self._wide else ())]
        self._decode = _codec(feed, list(dict.fromkeys(asked)), self._wide)

    def read(self, whole: Slice) -> tuple[Slice, Decoded]:
        """Give the messages in UTF-8, and their records as text columns."""
        part, strange = (whole, {}) if self._is_binary else encoding.to_utf8(whole, self._encoding)
        read = self._decode(part)
        if self._wide:
            read = self._wide.take_apart(read, [*self._within, *self._of_row])
        if strange:
            read = replace(read, broken={**read.broken, **broken_by_message(read, strange)})
        if self._beside:
            of = np.arange(len(part.offsets)) if read.message is None else read.message
            beside = [_beside(whole, path)[of] for path in self._beside]
            read = replace(read, columns=_joined(read.columns, beside))
        return part, read


def _codec(feed: FeedSpec, paths: list[str], wide: Wide | None) -> Codec:
    if feed.format == "csv":
        rule = feed.csv or CsvRule(header=True)
        pattern = wide.pattern if wide and not wide.rule.columns else ""
        return lambda part: csv.decode(part, paths, rule, pattern)
    if feed.format == "cap":
        return cap.decode
    if feed.format == "xml":
        return lambda part: xml.decode(part, paths, feed.xml)
    if feed.format == "avro":
        from ingest.codecs.avro import Avro

        return Avro(feed.schema, paths).decode
    if feed.format == "protobuf":
        from ingest.codecs.protobuf import Protobuf

        return Protobuf(feed.schema, paths).decode
    return lambda part: json.decode(part, paths)


def _joined(columns: pl.DataFrame, more: list[pl.Series]) -> pl.DataFrame:
    return columns.hstack(more) if columns.width else pl.DataFrame(more)


def _beside(whole: Slice, path: str) -> pl.Series:
    """Give what stands beside the value of every message."""
    count = len(whole.offsets)
    if path == "$timestamp":
        # a recorded message has no broker's time but the moment of reading, which is negative
        return pl.Series(path, np.abs(whole.times_ms)).cast(pl.String)
    values: list[bytes | None] = [None] * count
    if path == "$key" and whole.keys is not None:
        values = whole.keys.column()
    elif path.startswith("$header.") and whole.headers is not None:
        values = whole.headers.column(path.removeprefix("$header."), count)
    texts = [None if v is None else v.decode("utf-8", "replace") for v in values]
    return pl.Series(path, texts, dtype=pl.String)
