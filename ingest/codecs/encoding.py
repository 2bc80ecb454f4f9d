"""Texts in other encodings than UTF-8, and marks of byte order: turned into plain UTF-8."""

from __future__ import annotations

import codecs
from dataclasses import replace

import numpy as np

from ingest.sources.base import Slice, make_slice

_FEED = 10
_MARK = codecs.BOM_UTF8
_NAMES = {"gb18030": "GB18030", "utf-16": "UTF-16", "latin-1": "Latin-1", "utf-8": "UTF-8"}


def to_utf8(part: Slice, encoding: str) -> tuple[Slice, dict[int, str]]:
    """Give the slice in UTF-8, and of each message that is no text of the encoding, why.

    Those keep their bytes. UTF-8 is not looked through here: its codecs find what is wrong with it.
    """
    if encoding == "utf-8":
        return _singly(part, encoding) if _MARK in part.buffer else (part, {})
    if encoding != "utf-16":  # in which a line feed is no single byte
        try:
            whole = part.buffer.decode(encoding).encode()
        except UnicodeDecodeError:
            return _singly(part, encoding)
        if _MARK not in whole:
            return _moved(part, whole), {}
    return _singly(part, encoding)


def to_text(value: bytes, encoding: str) -> str:
    """Decode one message or file; a mark of byte order is left out, and tells UTF-16 from others.

    Raises:
        UnicodeDecodeError: it is no text of the encoding.
    """
    if value.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and encoding != "latin-1":
        return value.decode("utf-16")
    if encoding == "utf-16":
        is_big = value[:1] == b"\0" and value[1:2] != b"\0"
        return value.decode("utf-16-be" if is_big else "utf-16-le")
    return value.decode("utf-8" if value.startswith(_MARK) else encoding).removeprefix("\ufeff")


def _moved(part: Slice, buffer: bytes) -> Slice:
    """Give the bounds of the messages in a buffer with the same line feeds in other places."""
    old = np.flatnonzero(np.frombuffer(part.buffer, dtype=np.uint8) == _FEED)
    new = np.flatnonzero(np.frombuffer(buffer, dtype=np.uint8) == _FEED)
    ends = new[np.searchsorted(old, part.bounds[1:] - 1)] + 1
    return replace(part, buffer=buffer, bounds=np.concatenate([part.bounds[:1], ends]))


def _singly(part: Slice, encoding: str) -> tuple[Slice, dict[int, str]]:
    values: list[bytes] = []
    broken: dict[int, str] = {}
    for row in range(len(part.offsets)):
        value = part.value(row)
        try:
            value = to_text(value, encoding).encode()
        except UnicodeError as error:
            told = getattr(error, "start", 0)
            broken[row] = f"not {_NAMES[encoding]}: it can't be decoded at byte {told}"
        values.append(value)
    made = make_slice(part.topic, part.partition, list(part.offsets), list(part.times_ms), values)
    return replace(part, buffer=made.buffer, bounds=made.bounds), broken
