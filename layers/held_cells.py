"""Cells of sums, read again only when their feed has moved in their home.

A city's snapshot needs thousands of cells, nearly all of hours that are over. Between two
snapshots a few homes have taken a few records; the cells of all others are still what they were.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from layers import marks
from layers.asks import Answers, Asks, Fields, Source
from layers.marks import Mark
from layers.store.client import Store

Names = Mapping[str, Mapping[str, None]]
"""Suffix of a hash → names of fields, each once."""

Missing = Mapping[str, AbstractSet[str]]
"""The same, of those that are to be read."""

MOST = 20_000
"""Cells that are held of one feed in one home; beyond it they are forgotten and read again."""


@dataclass(slots=True)
class _Held:
    mark: Mark | None = None
    cells: dict[str, dict[str, bytes | None]] = field(default_factory=dict)

    def lacks(self, names: Names) -> Missing:
        """Give what is not held."""
        found: dict[str, AbstractSet[str]] = {}
        for suffix, wanted in names.items():
            held = self.cells.get(suffix)
            missing = wanted.keys() if held is None else wanted.keys() - held.keys()
            if missing:
                found[suffix] = missing
        return found

    def put(self, home: str, names: Missing, fields: Fields) -> None:
        """Hold what was asked; a name without an answer does not exist."""
        for suffix, asked in names.items():
            found = fields[home, suffix]
            # a new dict: another thread may be reading the one before
            self.cells[suffix] = self.cells.get(suffix, {}) | {n: found.get(n) for n in asked}


class HeldCells:
    """The cells of all feeds and homes that were needed lately. Threads may share it."""

    def __init__(self) -> None:
        self._held: dict[Source, _Held] = {}

    def send(self, asks: Asks, store: Store) -> Answers:
        """Send asks together with the cells that are not held; marks must have been asked for.

        Cells of feeds that have moved since they were held are read in a second round trip.
        """
        before = {source: self._held.get(source, _Held()) for source in asks.sums}
        lacking = {s: before[s].lacks(names) for s, names in asks.sums.items()}
        _ask(asks, lacking)
        answers = asks.send(store)
        now = {s: _still_good(before[s], answers, s) for s in asks.sums}
        for source, names in lacking.items():
            now[source].put(source[0], names, answers.fields)
        again = Asks()
        moved = {s: now[s].lacks(names) for s, names in asks.sums.items()}
        _ask(again, moved)
        late = again.send(store)
        for source, names in moved.items():
            now[source].put(source[0], names, late.fields)
            self._keep(source, now[source])
        return dataclasses.replace(answers, cells={s: held.cells for s, held in now.items()})

    def _keep(self, source: Source, held: _Held) -> None:
        if held.mark is None or sum(map(len, held.cells.values())) > MOST:
            self._held.pop(source, None)
        else:
            self._held[source] = held


def _still_good(held: _Held, answers: Answers, source: Source) -> _Held:
    home, feed = source
    mark = marks.mark(answers, feed, home)
    is_good = mark is not None and held.mark == mark
    return _Held(mark, dict(held.cells) if is_good else {})


def _ask(asks: Asks, names: Mapping[Source, Missing]) -> None:
    for (home, _), wanted in names.items():
        for suffix, asked in wanted.items():
            asks.fields(home, suffix, asked)
