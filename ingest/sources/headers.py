"""Headers of messages as columns: read only for the topics whose feeds ask for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Header = tuple[str, bytes | None]


@dataclass(frozen=True, slots=True)
class Headers:
    """The headers of a run of messages: one entry each, in the order of the messages."""

    rows: Ints
    """Ascending; the message an entry belongs to, counted from the first of the run."""
    names: Ints
    """m × 2: where the name begins and ends in `buffer`, UTF-8."""
    values: Ints
    """m × 2: where the value begins and ends in `buffer`; −1, −1: it is null."""
    buffer: bytes

    def of(self, row: int) -> list[Header]:
        """Give the headers of one message, in the order in which it carries them."""
        first, last = np.searchsorted(self.rows, (row, row + 1))
        return [
            (
                self.buffer[self.names[at, 0] : self.names[at, 1]].decode(),
                None
                if self.values[at, 0] < 0
                else self.buffer[self.values[at, 0] : self.values[at, 1]],
            )
            for at in range(int(first), int(last))
        ]

    def column(self, name: str, count: int) -> list[bytes | None]:
        """Give the value of one header of every message.

        Args:
            name: of the header, to the letter.
            count: messages of the run.

        Returns:
            None where a message has no such header, or a null one; of several the last.
        """
        found: list[bytes | None] = [None] * count
        at = self._called(name.encode())
        at = at[self.values[at, 0] >= 0]
        # where a name comes twice in a message, the later one takes the place
        for row, begin, end in zip(
            self.rows[at].tolist(),
            self.values[at, 0].tolist(),
            self.values[at, 1].tolist(),
            strict=True,
        ):
            found[row] = self.buffer[begin:end]
        return found

    def _called(self, name: bytes) -> Ints:
        """Give the entries of this name."""
        at = np.flatnonzero(self.names[:, 1] - self.names[:, 0] == len(name))
        data = np.frombuffer(self.buffer, dtype=np.uint8)
        for place, letter in enumerate(name):
            at = at[data[self.names[at, 0] + place] == letter]
        return at

    def cut(self, first: int, last: int) -> Headers:
        """Give the headers of the messages first … last − 1, counted anew."""
        low, high = np.searchsorted(self.rows, (first, last))
        part = slice(int(low), int(high))
        return Headers(self.rows[part] - first, self.names[part], self.values[part], self.buffer)


def headers_of(messages: Sequence[Sequence[Header]]) -> Headers:
    """Turn the headers of single messages into columns."""
    rows, names, values = [], [], []
    pieces: list[bytes] = []
    at = 0
    for row, headers in enumerate(messages):
        for name, value in headers:
            text = name.encode()
            middle = at + len(text)
            after = middle + len(value or b"")
            rows.append(row)
            names.append((at, middle))
            values.append((-1, -1) if value is None else (middle, after))
            pieces += (text, value or b"")
            at = after
    return Headers(
        np.array(rows, dtype=np.int64),
        np.array(names, dtype=np.int64).reshape(-1, 2),
        np.array(values, dtype=np.int64).reshape(-1, 2),
        b"".join(pieces),
    )


def join_headers(parts: Sequence[tuple[Headers, int]]) -> Headers:
    """Join runs that follow each other; each with its number of messages."""
    row, place = 0, 0
    rows, names, values = [], [], []
    for part, count in parts:
        rows.append(part.rows + row)
        names.append(part.names + place)
        values.append(np.where(part.values < 0, part.values, part.values + place))
        row += count
        place += len(part.buffer)
    return Headers(
        np.concatenate(rows),
        np.concatenate(names),
        np.concatenate(values),
        b"".join(part.buffer for part, _ in parts),
    )
