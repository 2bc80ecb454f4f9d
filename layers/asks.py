"""What is to be read in one round trip, collected first and each thing once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from layers.store.client import Store

Ask = tuple[str, str, str, tuple[Any, ...]]
"""Command, home, suffix, further arguments: what `Store.read` takes."""

Hash = tuple[str, str]
"""Home and suffix of a hash."""

Fields = dict[Hash, dict[str, bytes]]
"""Fields of hashes that exist."""


Source = tuple[str, str]
"""Home and feed."""

Cells = Mapping[str, Mapping[str, bytes | None]]
"""Suffix of a hash of sums → field → cell; None: does not exist."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What was read."""

    plain: Mapping[Ask, Any]
    fields: Fields
    """Every hash that was asked; of its fields those that exist."""
    cells: Mapping[Source, Cells] = field(default_factory=dict)
    """Cells of sums, see `layers.held_cells`."""

    def of(self, asks: Iterable[Ask]) -> list[Any]:
        """Give the answers to these asks, in their order."""
        return [self.plain[ask] for ask in asks]


@dataclass(slots=True)
class Asks:
    """A list of questions to Redis that grows until it is sent."""

    _plain: dict[Ask, None] = field(default_factory=dict)
    _fields: dict[Hash, dict[str, None]] = field(default_factory=dict)
    sums: dict[Source, dict[str, dict[str, None]]] = field(default_factory=dict)
    """Cells of sums that are wanted; `layers.held_cells` decides which of them are asked."""

    def add(self, command: str, home: str, suffix: str, *rest: Any) -> Ask:
        """Ask one command; the returned ask finds the answer."""
        ask = (command, home, suffix, rest)
        self._plain[ask] = None
        return ask

    def add_all(self, asks: Iterable[Ask]) -> None:
        """Ask several commands."""
        self._plain.update(dict.fromkeys(asks))

    def fields(self, home: str, suffix: str, names: Iterable[str]) -> None:
        """Ask for fields of a hash; those of one hash travel as one command."""
        self._fields.setdefault((home, suffix), {}).update(dict.fromkeys(names))

    def cells(self, source: Source, suffix: str, names: Iterable[str]) -> None:
        """Want cells of sums of a feed in a home."""
        found = self.sums.setdefault(source, {}).setdefault(suffix, {})
        found.update(dict.fromkeys(names))

    def send(self, store: Store) -> Answers:
        """Run everything in one round trip, in the order asked, hashes last.

        Nothing is sent when nothing is asked.
        """
        hashes = [(key, list(names)) for key, names in self._fields.items() if names]
        asks: list[Ask] = list(self._plain)
        asks += [("hmget", home, suffix, (names,)) for (home, suffix), names in hashes]
        found: Sequence[Any] = store.read(asks) if asks else []
        fields: Fields = {key: {} for key in self._fields}
        for (key, names), values in zip(hashes, found[len(self._plain) :], strict=True):
            pairs = zip(names, values, strict=True)
            fields[key] = {name: value for name, value in pairs if value is not None}
        return Answers(dict(zip(self._plain, found[: len(self._plain)], strict=True)), fields)
