"""What one home is to be told at once: the parts of one atomic call."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgpack
import numpy as np

SEPARATOR = "\x1f"
"""Between the parts of a cell, a rank and a reading; no text of a feed can carry it (control
characters are removed at the door)."""

_LONG_LIST, _EIGHT_BYTES = b"\xdd", 0xA8
"""MessagePack: what stands before the length of a list, and before eight bytes."""


def _listed(ids: bytes) -> bytes:
    """Encode ids of 8 bytes as a list of MessagePack: the script takes it apart in one call."""
    each = np.frombuffer(ids, dtype=np.uint8).reshape(-1, 8)
    told = np.empty((len(each), 9), dtype=np.uint8)
    told[:, 0] = _EIGHT_BYTES
    told[:, 1:] = each
    return _LONG_LIST + len(each).to_bytes(4, "big") + told.tobytes()


@dataclass(slots=True)
class Fence:
    """The claim of one call: these offsets of this partition, and no others, are being applied."""

    partition: str
    """`topic:partition`."""
    expected: str
    """What the home must hold for the call to count; empty: nothing yet."""
    next: int
    """The first offset after the claim."""


@dataclass(slots=True)
class Writes:
    """The share of one home in one poll; see `apply.lua` for what each part does."""

    fences: list[Fence] = field(default_factory=list)
    seen: list[tuple[str, int, bytes, int, int, str]] = field(default_factory=list)
    """suffix, expire at (s), ids of 8 bytes each, position of the first id in the home's rows, for
    how long (s) from now on they are kept at least, and a further suffix under which ids may be
    known (empty: none)."""
    sums: list[tuple[str, int, list[str], list[int], list[int], list[int], list[int]]] = field(
        default_factory=list
    )
    """suffix, expire at (s), fields, counts, sums, minima, maxima (scaled integers)."""
    latest: list[tuple[str, list[str], list[str]]] = field(default_factory=list)
    """suffix, fields, values that start with 13 digits of ms."""
    records: list[tuple[str, str, int, str, list[str], list[str], str, int]] = field(
        default_factory=list
    )
    """suffix, id, version, JSON, cells, ranks, raw message, expiry (ms; 0: keep)."""
    moved: list[tuple[str, list[str], list[int]]] = field(default_factory=list)
    """suffix, ids, versions of records that stand in another home now."""
    counts: list[tuple[str, int, list[str], list[int]]] = field(default_factory=list)
    """suffix, expire at (s; 0: never), fields, increments."""
    marks: list[tuple[str, str, int]] = field(default_factory=list)
    """suffix, field, value; the larger one stays."""
    lists: list[tuple[str, int, list[str]]] = field(default_factory=list)
    """suffix, bound, values; newest first."""
    values: list[tuple[str, int, int, list[str], list[str], list[str], int]] = field(
        default_factory=list
    )
    """suffix, expire at (s), for how long (s) from now on at least, ids, entries that are expected
    (empty: none), entries, position of the first id; see `revisions.lua`."""
    taken: list[tuple[str | int, ...]] = field(default_factory=list)
    """suffix, field, count, sum, minimum, maximum, width, source, match: what is taken back."""
    mends: list[tuple[str, ...]] = field(default_factory=list)
    """Suffixes of the set of mended rejects, of the accounts and of their minutes, the field of the
    minutes, and the id of a reject that is taken back if it was not before."""

    def pack(self, home: str, channel: str, now_s: int) -> bytes:
        """Encode the writes for the script; `now_s` is seconds since the epoch."""
        fences = [(f.partition, f.expected, str(f.next)) for f in self.fences]
        seen = [(suffix, at, _listed(ids), *rest) for suffix, at, ids, *rest in self.seen]
        packed: bytes = msgpack.packb(
            {
                "fences": fences,
                "seen": seen,
                "sums": self.sums,
                "latest": self.latest,
                "records": self.records,
                "moved": self.moved,
                "counts": self.counts,
                "marks": self.marks,
                "lists": self.lists,
                "values": self.values,
                "taken": self.taken,
                "mends": self.mends,
                "channel": channel if self.says_something else None,
                "home": home,
                "now": now_s,
            },
            use_bin_type=False,  # Redis' cmsgpack reads only the older form of text and bytes
            unicode_errors="surrogateescape",
        )
        return packed

    @property
    def says_something(self) -> bool:
        """Say whether anything but fences moves; only then is the change announced."""
        return any(
            (
                self.sums,
                self.latest,
                self.records,
                self.moved,
                self.counts,
                self.lists,
                self.mends,
            )
        )
