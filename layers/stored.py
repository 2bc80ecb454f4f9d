"""A stored record, as `apply.lua` packs it: version, body, cells, ranks, raw message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgpack
import msgspec

from layers.asks import Answers, Asks
from layers.store import keys

T = TypeVar("T")

Key = tuple[str, str]
"""Home and id (`feed|source id`)."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The newest version of a record."""

    body: bytes
    """Canonical fields, JSON."""
    raw: bytes
    """The message as it came."""

    @classmethod
    def unpack(cls, packed: bytes) -> Stored:
        """Read what the script has packed."""
        parts = msgpack.unpackb(packed, raw=True, strict_map_key=False)
        return cls(parts[1], parts[4])


def need(asks: Asks, kind: str, wanted: Iterable[Key]) -> None:
    """Ask for records by home and id."""
    by_home: dict[str, list[str]] = {}
    for home, identity in wanted:
        by_home.setdefault(home, []).append(identity)
    for home, ids in by_home.items():
        asks.fields(home, keys.records(kind), ids)


def bodies(answers: Answers, kind: str, body: type[T]) -> Mapping[Key, T]:
    """Give the records that were asked for and exist."""
    decoder = msgspec.json.Decoder(body)
    return {
        (home, identity): decoder.decode(Stored.unpack(packed).body)
        for (home, suffix), found in answers.fields.items()
        if suffix == keys.records(kind)
        for identity, packed in found.items()
    }
