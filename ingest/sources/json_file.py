"""JSON files: one value a line, or one array, alone or within an object."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

import msgspec

from ingest.mapping import paths
from ingest.paths import Step, is_special, parse
from layers.feed_spec import FeedSpec

_AROUND = b"\x1e\r\n"
"""Line ends, and what RFC 7464 puts before each value."""


def values(feed: FeedSpec, data: bytes) -> Iterator[bytes]:
    """Give each line that isn't blank, or the parts of the one value that the file is."""
    lines = _lines(data)
    first, second = next(lines, b""), next(lines, b"")
    if not (second and _is_json(first)):
        try:
            parts = _parts(feed, data.strip(_AROUND))
        except msgspec.DecodeError:
            parts = []
        if parts:
            yield from parts
            return
    yield from _lines(data)


def _lines(data: bytes) -> Iterator[bytes]:
    return (m for line in io.BytesIO(data) if (m := line.strip(_AROUND)).strip())


def _is_json(data: bytes) -> bool:
    try:
        msgspec.json.decode(data)
    except msgspec.DecodeError:
        return False
    return True


def _parts(feed: FeedSpec, data: bytes) -> list[bytes]:
    """Give a JSON value as the messages it stands for.

    An array that no path takes apart is a row of messages. So is the one within an object whose
    elements have more of what the paths start with than the object itself.

    Raises:
        msgspec.DecodeError: it is no JSON, or neither array nor object.
    """
    starts = {parse(path)[0] for path in paths(feed) if not is_special(path)}
    msgspec.json.decode(data)
    if any(not isinstance(start, str) for start in starts):
        return [data]
    if data.lstrip()[:1] == b"[":
        return _elements(data)
    members = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    arrays = [_elements(bytes(raw)) for raw in members.values() if bytes(raw)[:1] == b"["]
    best = max(arrays, key=lambda found: _known(found, starts), default=[])
    return best if _known(best, starts) > len(starts & set(members)) else [data]


def _elements(data: bytes) -> list[bytes]:
    return [bytes(raw) for raw in msgspec.json.decode(data, type=list[msgspec.Raw])]


def _known(elements: Sequence[bytes], names: set[Step]) -> int:
    """Give how many of the names the first element has, if it is an object."""
    try:
        first = msgspec.json.decode(elements[0], type=dict[str, msgspec.Raw]) if elements else {}
    except msgspec.DecodeError:
        return 0
    return len(names & set(first))
