"""The newest readings of homes, read again only when a home has accepted more of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from layers.asks import Answers, Asks
from layers.readings import reads
from layers.store import keys
from layers.store.client import Store

Mark = tuple[bytes | None, ...]


class Latest:
    """Frames of readings by home.

    A frame is good as long as the home's accounts say that nothing more was accepted: they move
    in the same atomic script as the readings, so an equal account means equal readings. Accounts
    are asked for before the readings, so a frame is never older than its mark.

    Args:
        feeds: ids of the feeds of observations.
    """

    def __init__(self, feeds: Sequence[str]) -> None:
        self._feeds = tuple(feeds)
        self._held: dict[str, tuple[Mark, pl.DataFrame]] = {}

    def drop(self, homes: Iterable[str]) -> None:
        """Forget homes that are known to have moved, which saves the second round trip."""
        for home in homes:
            self._held.pop(home, None)

    def need(self, asks: Asks, homes: Iterable[str]) -> None:
        """Ask for the accounts of homes, and for the readings of those that are not held."""
        for home in homes:
            for feed in self._feeds:
                asks.add("hgetall", home, keys.accounts(feed))
            if home not in self._held:
                asks.add("hgetall", home, keys.latest())

    def take(self, answers: Answers, homes: Sequence[str], store: Store) -> pl.DataFrame:
        """Give the readings of homes; those that have moved since are read now."""
        marks = {home: self._mark(answers, home) for home in homes}
        asked = {
            home: answers.plain[ask]
            for home in homes
            if (ask := ("hgetall", home, keys.latest(), ())) in answers.plain
        }
        moved = [h for h in homes if h not in asked and not self._is_good(h, marks[h])]
        late = Asks()
        asks = [late.add("hgetall", home, keys.latest()) for home in moved]
        asked |= dict(zip(moved, late.send(store).of(asks), strict=True))
        fresh = reads.parse(asked).partition_by("home", as_dict=True)
        empty = pl.DataFrame(schema=reads.SCHEMA)
        frames = {home: fresh.get((home,), empty) for home in asked}
        for home, frame in frames.items():
            self._held[home] = (marks[home], frame)
        for home in homes:
            if home not in frames:
                held = self._held.get(home)
                frames[home] = held[1] if held else empty
        return pl.concat([frames[home] for home in homes])

    def _is_good(self, home: str, mark: Mark) -> bool:
        held = self._held.get(home)
        return held is not None and held[0] == mark and any(mark)

    def _mark(self, answers: Answers, home: str) -> Mark:
        asks = [("hgetall", home, keys.accounts(feed), ()) for feed in self._feeds]
        return tuple(found.get(b"accepted") for found in answers.of(asks))
