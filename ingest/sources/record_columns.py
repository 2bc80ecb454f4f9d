"""Records of Kafka's message format v2 as columns: bytes to arrays, no Python once per record.

A record is: length (varint), attributes (one byte, 0), time delta, offset delta, key length, key,
value length, value, number of headers, headers; numbers are zigzag varints. Records lie end to end,
so where one begins is known only when all before it are measured. Two facts make it a vector
operation: the attributes byte is 0, so every record begins 1 … 5 bytes before a zero byte, and a
chain of such places that leads from the first byte to the last in as many steps as the batch has
records is the only one there is. Whatever does not fit raises `ShapeError`, and the caller asks
kafka-python, whose word is final.

Source: https://kafka.apache.org/documentation/#recordbatch (read 2026-11-24), KIP-98.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from ingest.sources.headers import Headers, Ints, headers_of, join_headers
from ingest.sources.record_keys import Keys, join_keys

Bytes = npt.NDArray[np.uint8]

_FEED = 10
_MORE = 0x80
_PAD = bytes(16)
"""Behind the last record, so that a varint that is cut off is read in bounds, then refused."""
_SHORTEST = 6
"""Bytes of a record without key, value and headers, less its length."""
_CROWDED = 16
"""Zero bytes per record above which the values are no text, and finding the chain costs more."""
_MOST_HEADERS = 64
"""Headers of one message are read in steps over all messages; one that has more is read singly."""


class ShapeError(Exception):
    """The bytes are no records as this reader knows them; ask the stock reader."""


@dataclass(frozen=True, slots=True)
class Payload:
    """The records of one batch, uncompressed, and what its header says of them."""

    data: memoryview
    count: int
    """Records, ≥ 1."""
    base_offset: int
    first_ms: int
    """What time deltas count from, ms since the epoch."""
    append_ms: int | None
    """The broker's time of all records, ms since the epoch; None: each has its producer's."""


@dataclass(frozen=True, slots=True)
class Columns:
    """A run of records in the order of the log."""

    offsets: Ints
    times_ms: Ints
    buffer: bytes
    """All values, each followed by one line feed; null is empty."""
    bounds: Ints
    """n + 1 positions: value i is buffer[bounds[i] : bounds[i + 1] - 1]."""
    headers: Headers | None = None
    """None: they were not asked for."""
    keys: Keys | None = None
    """None: headers and keys were not asked for."""

    def __len__(self) -> int:
        return len(self.offsets)

    def cut(self, first: int, last: int) -> Columns:
        """Give the records first … last − 1."""
        bounds = self.bounds[first : last + 1]
        return Columns(
            self.offsets[first:last],
            self.times_ms[first:last],
            self.buffer[bounds[0] : bounds[-1]],
            bounds - bounds[0],
            None if self.headers is None else self.headers.cut(first, last),
            None if self.keys is None else self.keys.cut(first, last),
        )


def join_columns(parts: Sequence[Columns]) -> Columns:
    """Join runs that follow each other."""
    if len(parts) == 1:
        return parts[0]
    ends = list(accumulate((len(p.buffer) for p in parts), initial=0))
    bounds = [p.bounds[:-1] + end for p, end in zip(parts, ends, strict=False)]
    headers = [(p.headers, len(p)) for p in parts if p.headers is not None]
    keys = [p.keys for p in parts if p.keys is not None]
    return Columns(
        np.concatenate([p.offsets for p in parts]),
        np.concatenate([p.times_ms for p in parts]),
        b"".join(p.buffer for p in parts),
        np.concatenate([*bounds, ends[-1:]]),
        join_headers(headers) if len(headers) == len(parts) else None,
        join_keys(keys) if len(keys) == len(parts) else None,
    )


def decode(payloads: Sequence[Payload], *, headers: bool = False) -> Columns:
    """Read the records of batches that follow each other.

    Args:
        payloads: at least one batch.
        headers: read the headers and keys too; otherwise nothing of them is looked at.

    Raises:
        ShapeError: anything that this reader doesn't take; nothing has been read then.
    """
    edges = np.cumsum([0, *(len(p.data) for p in payloads)])
    counts = np.array([p.count for p in payloads])
    size, count = int(edges[-1]), int(counts.sum())
    joined = bytearray().join([*(p.data for p in payloads), _PAD])
    data: Bytes = np.frombuffer(joined, dtype=np.uint8)
    begin, at, end = _records(data, size, count)
    if not np.array_equal(begin[np.cumsum(counts) - counts], edges[:-1]):
        raise ShapeError("a batch does not end where its records end")
    delta_ms, at = _varints(data, at + 1, 9)
    delta, at = _varints(data, at, 5)
    key, at = _varints(data, at, 5)
    keys = Keys(((data, at, np.where(key < 0, -1, at + key)),)) if headers else None
    at = at + np.maximum(key, 0)
    _all(at < end, "a key is longer than its record")
    length, begin = _varints(data, at, 5)
    finish = begin + np.maximum(length, 0)
    _all(finish < end, "a value is longer than its record")
    number, at = _varints(data, finish, 5)
    _all((number > 0) | ((number == 0) & (at == end)), "bytes after a record")
    found = _headers(data, number, at, end) if headers else None
    buffer, bounds = _values(data, size, begin, finish)
    base = np.array([p.base_offset for p in payloads])
    offsets = np.repeat(base, counts) + delta
    return Columns(offsets, _times(payloads, counts, delta_ms), buffer, bounds, found, keys)


def _all(holds: npt.NDArray[np.bool_], otherwise: str) -> None:
    if not holds.all():
        raise ShapeError(otherwise)


def _times(payloads: Sequence[Payload], counts: Ints, delta_ms: Ints) -> Ints:
    first = np.array([p.first_ms if p.append_ms is None else p.append_ms for p in payloads])
    if np.abs(first).max() >= 1 << 61:
        raise ShapeError("a time beyond all clocks")
    times: Ints = np.repeat(first, counts)
    own = np.repeat([p.append_ms is None for p in payloads], counts)
    return np.where(own, times + delta_ms, times)


def _records(data: Bytes, size: int, count: int) -> tuple[Ints, Ints, Ints]:
    """Find where each record begins, where its attributes stand, and where it ends."""
    begin, body, end = _candidates(data, size, count)
    if not len(begin) or begin[0]:
        raise ShapeError("no record at the beginning")
    if len(begin) != count or not np.array_equal(begin[1:], end[:-1]):
        chain = _chain(begin, end)
        begin, body, end = begin[chain], body[chain], end[chain]
    if len(begin) != count or end[-1] != size:
        raise ShapeError("the records are not as many, or not as long, as the batch says")
    return begin, body, end


def _candidates(data: Bytes, size: int, count: int) -> tuple[Ints, Ints, Ints]:
    """Find all places where a record may begin: a varint, a zero byte, and room for its length."""
    zero = np.flatnonzero(data[:size] == 0)
    if len(zero) > _CROWDED * count:
        raise ShapeError("binary values")
    zero = zero[zero > 0]
    byte = data[zero - 1]
    ends = byte < _MORE
    zero, length = zero[ends], byte[ends].astype(np.int64)
    found = []
    for width in range(1, 6):
        end = zero + (length >> 1)
        fits = (length & 1 == 0) & (length >= 2 * _SHORTEST) & (end <= size)
        found.append((zero[fits] - width, zero[fits], end[fits]))
        known = zero > width
        zero, length = zero[known], length[known]
        byte = data[zero - width - 1]
        longer = byte >= _MORE
        zero, length = zero[longer], (length[longer] << 7) | (byte[longer] & 0x7F)
    begin, body, end = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.argsort(begin, kind="stable")
    return begin[order], body[order], end[order]


def _chain(begin: Ints, end: Ints) -> Ints:
    """Follow the records from the first on, in doubling steps; give the places that are met.

    `after` is the place that lies 1, 2, 4, … records further; one that leads nowhere leads to
    `nowhere`.
    """
    nowhere = len(begin)
    after = np.searchsorted(begin, end)
    lost = begin[np.minimum(after, nowhere - 1)] != end
    after = np.append(np.where(lost, nowhere, after), nowhere)
    chain = np.zeros(1, dtype=np.int64)
    while True:
        more = after[chain]
        chain = np.concatenate([chain, more[more < nowhere]])
        if more[-1] == nowhere:
            return chain
        after = after[after]


def _varints(data: Bytes, at: Ints, most: int) -> tuple[Ints, Ints]:
    """Read a zigzag varint of at most `most` bytes at each place; give also the places after it."""
    byte = data[at]
    value = byte.astype(np.int64)
    after = at + 1
    more = np.flatnonzero(byte & _MORE)
    value[more] &= 0x7F
    for shift in range(7, 7 * most, 7):
        if not len(more):
            break
        byte = data[after[more]]
        value[more] |= (byte & 0x7F).astype(np.int64) << shift
        after[more] += 1
        more = more[byte >= _MORE]
    if len(more):
        raise ShapeError("a number has no end")
    return (value >> 1) ^ -(value & 1), after


def _values(data: Bytes, size: int, begin: Ints, finish: Ints) -> tuple[bytes, Ints]:
    """Copy the values, each with a line feed: it is written over the byte that follows the value.

    That byte exists always: it begins the number of headers.
    """
    data[finish] = _FEED
    return _kept(data[:size], begin, finish + 1)


def _kept(data: Bytes, begin: Ints, end: Ints) -> tuple[bytes, Ints]:
    """Copy these parts, and nothing of what lies between them; give also where each lies now."""
    bounds = np.zeros(len(begin) + 1, dtype=np.int64)
    np.cumsum(end - begin, out=bounds[1:])
    gap = np.append(0, end)
    length = np.append(begin, len(data)) - gap
    before = np.cumsum(length) - length
    keep = np.ones(len(data), dtype=np.bool_)
    keep[np.repeat(gap - before, length) + np.arange(int(length.sum()))] = False
    return data[keep].tobytes(), bounds


def _headers(data: Bytes, number: Ints, at: Ints, end: Ints) -> Headers:
    """Read the headers of all messages: the first of each, then the second, and so on."""
    if not number.any():
        return headers_of(())
    if number.max() > _MOST_HEADERS:
        raise ShapeError("very many headers")
    row = np.flatnonzero(number)
    at, end, number = at[row], end[row], number[row]
    buffer, bounds = _kept(data, at, end)
    shift = bounds[:-1] - at
    found = [np.empty((0, 5), dtype=np.int64)]
    while len(row):
        length, name = _varints(data, at, 5)
        _all(length >= 0, "a header without a name")
        middle = name + length
        _all(middle < end, "a header is longer than its record")
        length, value = _varints(data, middle, 5)
        at = value + np.maximum(length, 0)
        number = number - 1
        _all(np.where(number > 0, at < end, at == end), "bytes after the headers")
        null = length < 0
        places = (name + shift, middle + shift, value + shift, at + shift)
        found.append(np.column_stack([row, *places]))
        found[-1][null, 3:] = -1
        more = number > 0
        row, at, end, number, shift = row[more], at[more], end[more], number[more], shift[more]
    tall = np.concatenate(found)
    foreign = np.cumsum(np.append(0, np.frombuffer(buffer, dtype=np.uint8) >= _MORE))
    _all(foreign[tall[:, 1]] == foreign[tall[:, 2]], "a name of a header is not ASCII")
    tall = tall[np.argsort(tall[:, 0], kind="stable")]
    return Headers(tall[:, 0], tall[:, 1:3], tall[:, 3:], buffer)
