"""The newest readings of homes, read again only when a home has accepted more of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from layers import marks
from layers.asks import Answers, Asks
from layers.marks import Mark
from layers.readings import reads
from layers.store import keys
from layers.store.client import Store

Marks = tuple[Mark | None, ...]

_NOTHING = pl.DataFrame(schema=reads.SCHEMA)


class Latest:
    """Frames of readings by home.

    A frame is good as long as the marks of all feeds of observations in its home are the same.

    Args:
        feeds: ids of the feeds of observations.
    """

    def __init__(self, feeds: Sequence[str]) -> None:
        self._feeds = tuple(feeds)
        self._held: dict[str, tuple[Marks, pl.DataFrame]] = {}

    def drop(self, homes: Iterable[str]) -> None:
        """Forget homes that are known to have moved, which saves the second round trip."""
        for home in homes:
            self._held.pop(home, None)

    def need(self, asks: Asks, homes: Iterable[str]) -> None:
        """Ask for the readings of homes that are not held; their marks must come before."""
        for home in homes:
            if home not in self._held:
                asks.add("hgetall", home, keys.latest())

    def take(self, answers: Answers, homes: Sequence[str], store: Store) -> pl.DataFrame:
        """Give the readings of homes; those that have moved since are read now."""
        now = {home: self._marks(answers, home) for home in homes}
        found = {
            home: answers.plain[ask]
            for home in homes
            if (ask := ("hgetall", home, keys.latest(), ())) in answers.plain
        }
        held = {home: self._held.get(home) for home in homes if home not in found}
        frames = {
            h: frame for h, kept in held.items() if (frame := _good(kept, now[h])) is not None
        }
        moved = [home for home in held if home not in frames]
        late = Asks()
        asks = [late.add("hgetall", home, keys.latest()) for home in moved]
        found |= dict(zip(moved, late.send(store).of(asks), strict=True))
        fresh = reads.parse(found).partition_by("home", as_dict=True)
        for home in found:
            frames[home] = fresh.get((home,), _NOTHING)
            self._held[home] = (now[home], frames[home])
        return pl.concat([frames[home] for home in homes])

    def _marks(self, answers: Answers, home: str) -> Marks:
        return tuple(marks.mark(answers, feed, home) for feed in self._feeds)


def _good(kept: tuple[Marks, pl.DataFrame] | None, now: Marks) -> pl.DataFrame | None:
    """Give the frame that is held if nothing has moved; without any mark nothing can be said."""
    return kept[1] if kept is not None and kept[0] == now and any(now) else None
