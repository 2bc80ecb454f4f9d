"""A recorded file as a source: each line, row or document a message.

A file is a partition of its own, numbered by its content. So the fences make a file that is read
again, or read on after an interruption, change nothing that it has changed already.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path

from polars.exceptions import PolarsError
from zstandard import ZstdError

from ingest.sources.base import Slice, make_slice
from ingest.sources.content import messages
from ingest.sources.sheets import SheetError
from layers.feed_spec import FeedSpec

_BLOCK = 20_000
_BYTES = 32 << 20
"""Of one poll."""


class FileError(Exception):
    """A file can't be played."""

    def __init__(self, file: Path, problem: object) -> None:
        super().__init__(f"{file} can't be read ({problem}). Check the path and its permissions.")


class FileSource:
    """Plays one file.

    Args:
        feed: whose messages they are.
        file: any that `ingest.sources.content` reads.
        begin: asked once where to start (`topic:partition` → offset, -1: the first).
        now_ms: the moment of reading; a recorded message has no broker time of its own, so its
            event time stands for it, and this moment where it has none (see `Slice.times_ms`).
    """

    def __init__(
        self,
        feed: FeedSpec,
        file: Path,
        begin: Callable[[list[str]], dict[str, int]],
        now_ms: int,
    ) -> None:
        self._feed = feed
        self._now_ms = now_ms
        self._values = list(read_messages(feed, file))
        digest = hashlib.sha256(b"\n".join(self._values)).digest()
        self._partition = int.from_bytes(digest[:4], "big") | 1 << 31
        self._name = f"{feed.topic_name}:{self._partition}"
        self._at = max(0, begin([self._name])[self._name])

    @property
    def total(self) -> int:
        """Number of messages in the file."""
        return len(self._values)

    @property
    def position(self) -> int:
        """Number of messages given so far, those of earlier readings included."""
        return self._at

    def assigned(self) -> frozenset[str]:
        """Give the one partition that the file is."""
        return frozenset({self._name})

    def seek(self, positions: dict[str, int]) -> None:
        """Go on reading there."""
        self._at = max(0, positions.get(self._name, self._at))

    def poll(self, timeout_s: float) -> list[Slice]:
        """Give the next block of lines; nothing at the end. A file never keeps anyone waiting."""
        del timeout_s
        values = _first_bytes(self._values[self._at : self._at + _BLOCK])
        if not values:
            return []
        offsets = range(self._at, self._at + len(values))
        self._at += len(values)
        times = [-self._now_ms] * len(values)
        return [make_slice(self._feed.topic_name, self._partition, offsets, times, values)]

    def commit(self, positions: dict[str, int]) -> None:
        """Nobody else reads a file, so there is nobody to tell."""

    def lag(self) -> dict[str, int]:
        """A file has no end that moves."""
        return {}

    def close(self) -> None:
        """Nothing is held open."""


def _first_bytes(values: list[bytes]) -> list[bytes]:
    """Give the first values that together are not too large, at least one."""
    sizes = accumulate(map(len, values))
    return values[: max(1, sum(size <= _BYTES for size in sizes))]


def read_messages(feed: FeedSpec, file: Path) -> Iterator[bytes]:
    """Give the messages of a file (`ingest.sources.content`).

    Raises:
        FileError: the file can't be read.
    """
    try:
        yield from messages(feed, file)
    except (OSError, EOFError, zlib.error, ZstdError, PolarsError, SheetError) as error:
        raise FileError(file, error) from error
