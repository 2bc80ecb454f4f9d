"""Keys of messages: where each stands in what was fetched; copied only when somebody asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of a run of messages, in pieces that follow each other."""

    pieces: tuple[tuple[Bytes, Ints, Ints], ...] = ()
    """Bytes, and where the key of each message begins and ends in them; an end of −1: no key."""

    def __len__(self) -> int:
        return sum(len(begin) for _, begin, _ in self.pieces)

    def column(self) -> list[bytes | None]:
        """Give the key of every message, None where it has none."""
        return [
            None if last < 0 else data[first:last].tobytes()
            for data, begin, end in self.pieces
            for first, last in zip(begin.tolist(), end.tolist(), strict=True)
        ]

    def cut(self, first: int, last: int) -> Keys:
        """Give the keys of the messages first … last − 1."""
        found, at = [], 0
        for data, begin, end in self.pieces:
            part = slice(max(0, first - at), max(0, last - at))
            if len(begin[part]):
                found.append((data, begin[part], end[part]))
            at += len(begin)
        return Keys(tuple(found))


def keys_of(keys: Sequence[bytes | None]) -> Keys:
    """Turn single keys into a column."""
    lengths = np.fromiter((len(key or b"") for key in keys), np.int64, len(keys))
    end = np.cumsum(lengths)
    data = np.frombuffer(b"".join(key or b"" for key in keys), dtype=np.uint8)
    absent = np.array([key is None for key in keys], dtype=np.bool_)
    return Keys(((data, end - lengths, np.where(absent, -1, end)),))


def join_keys(parts: Sequence[Keys]) -> Keys:
    """Join runs that follow each other."""
    return Keys(tuple(piece for part in parts for piece in part.pieces))
