"""The port through which messages come in: columns, never single messages.

A source yields polls. A poll is a tuple of slices, one per topic-partition touched; a slice is a
contiguous run of the log, as arrays of offsets and times and one buffer of values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ingest.sources.headers import Headers, join_headers
from ingest.sources.record_keys import Keys, join_keys


@dataclass(frozen=True, slots=True)
class Slice:
    """A run of one topic-partition, in the order of the log."""

    topic: str
    partition: int
    offsets: npt.NDArray[np.int64]
    """Ascending; gaps are those of the log itself (compaction, transaction markers)."""
    times_ms: npt.NDArray[np.int64]
    """Broker time of each message, ms since the epoch. Negative: it has none, its event time stands
    for it; the moment of reading, negated."""
    buffer: bytes
    """All values, each followed by one line feed; an absent value (tombstone) is empty."""
    bounds: npt.NDArray[np.int64]
    """n + 1 positions: value i is buffer[bounds[i] : bounds[i + 1] - 1]."""
    start: int
    """First offset the slice answers for: the position of the source before the poll."""
    next: int
    """Position after the slice: the first offset it does not answer for."""
    log: str = ""
    """Which of all topics that have borne this name, where the source can tell."""
    headers: Headers | None = None
    """The messages' own headers, where the source has such and was asked for them."""
    keys: Keys | None = None
    """The messages' keys, where it has such and was asked for headers."""

    @property
    def name(self) -> str:
        """`topic:partition` or `topic:partition@log`, as fences spell it."""
        return f"{self.topic}:{self.partition}" + (f"@{self.log}" if self.log else "")

    def value(self, row: int) -> bytes:
        """Give one value; for the few that are rejected or looked at."""
        return self.buffer[int(self.bounds[row]) : int(self.bounds[row + 1]) - 1]


class Source(Protocol):
    """Where messages come from.

    Contract (run by one suite for every implementation): slices of a partition follow each other
    without overlap; `start` of one is `next` of the one before unless `seek` moved it; `poll`
    blocks at most `timeout_s`; after `seek` the next slice starts there; `commit` is a hint only.
    """

    def assigned(self) -> frozenset[str]:
        """Give the partitions this worker holds now, by the names of their slices."""
        ...

    def seek(self, positions: dict[str, int]) -> None:
        """Go on reading the named partitions at these offsets; -1: the oldest that there is."""
        ...

    def poll(self, timeout_s: float) -> Sequence[Slice]:
        """Give what has come, at most the bound of one poll; empty when nothing has."""
        ...

    def commit(self, positions: dict[str, int]) -> None:
        """Tell where to start looking next time."""
        ...

    def lag(self) -> dict[str, int]:
        """Give the messages not yet read per partition, where known."""
        ...

    def close(self) -> None:
        """Leave in good order."""
        ...


def make_slice(
    topic: str,
    partition: int,
    offsets: Sequence[int],
    times_ms: Sequence[int],
    values: Sequence[bytes],
) -> Slice:
    """Join single values into a slice that starts at its first offset."""
    lengths = np.fromiter(map(len, values), dtype=np.int64, count=len(values))
    bounds = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(lengths + 1, out=bounds[1:])
    return Slice(
        topic=topic,
        partition=partition,
        offsets=np.asarray(offsets, dtype=np.int64),
        times_ms=np.asarray(times_ms, dtype=np.int64),
        buffer=b"\n".join(values) + b"\n",
        bounds=bounds,
        start=int(offsets[0]),
        next=int(offsets[-1]) + 1,
    )


def join(slices: Sequence[Slice]) -> tuple[Slice, npt.NDArray[np.int32]]:
    """Join the slices of one topic into one, and say of each message whose slice it is of."""
    part = np.repeat(
        np.arange(len(slices), dtype=np.int32), [len(s.offsets) for s in slices]
    ).astype(np.int32)
    if len(slices) == 1:
        return slices[0], part
    ends = np.cumsum([0, *(len(s.buffer) for s in slices)])
    bounds = [s.bounds[:-1] + end for s, end in zip(slices, ends, strict=False)]
    headers = [(s.headers, len(s.offsets)) for s in slices if s.headers is not None]
    keys = [s.keys for s in slices if s.keys is not None]
    return (
        Slice(
            topic=slices[0].topic,
            partition=-1,
            offsets=np.concatenate([s.offsets for s in slices]),
            times_ms=np.concatenate([s.times_ms for s in slices]),
            buffer=b"".join(s.buffer for s in slices),
            bounds=np.concatenate([*bounds, ends[-1:]]),
            start=-1,
            next=-1,
            headers=join_headers(headers) if len(headers) == len(slices) else None,
            keys=join_keys(keys) if len(keys) == len(slices) else None,
        ),
        part,
    )
