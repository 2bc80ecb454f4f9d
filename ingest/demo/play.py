"""A city played: what its sources would send, from some hours ago until now and on from now.

At `speed` 1 the city's time is the time of the clock. At a higher speed it runs ahead, and every
time in a message is taken back by the lead, so that what arrives is always of now: a day of work
passes in an hour, and no message comes from the future.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from ingest.demo.clocks import HOUR_MS
from ingest.demo.kinds import open_stream
from ingest.demo.message import Message, PlayError, Setting, Stream
from ingest.demo.places import load_places
from layers import documents
from layers.feed_spec import FeedSpec
from layers.pack import CityFile
from layers.times import to_ms

__all__ = ["CHUNK", "Cursor", "Message", "PlayError", "Player"]

CHUNK = 5_000
"""Most messages in one list."""

_WINDOW_MS = HOUR_MS
_LEAST_TICK_S = 0.2
_TICK_S = 0.5
_MOST_BEHIND_MS = HOUR_MS
"""A clock that jumped (a machine that slept) is followed hour by hour."""


class Player:
    """Plays all feeds of a city that say how.

    The same (seed, day) gives the same messages: cases that began in the history go on in the live
    stream, and a player started anew says the same again, with the same ids.

    Args:
        folder: the city pack.
        feeds: feed id → feed; those without `play` are left out.
        now: the moment up to which there is history.
        speed: how many times faster than the clock the live stream goes.
        seed: another one makes another city of the generated feeds.
    """

    def __init__(
        self,
        folder: Path,
        feeds: Mapping[str, FeedSpec],
        now: datetime,
        *,
        speed: float = 1.0,
        seed: int = 1987,
    ) -> None:
        city = documents.load(folder / "city.yaml", CityFile)
        setting = Setting(folder, load_places(folder), city.timezone, now, seed)
        self.now = now
        self.speed = speed
        self._streams: tuple[Stream, ...] = tuple(
            open_stream(feed, setting) for feed in feeds.values() if feed.play
        )

    def history(self, hours: float, since: datetime | None = None) -> Iterator[list[Message]]:
        """Give what was produced in the last hours, in order, at most `CHUNK` at a time.

        First comes the newest message of everything older that was still open then, with the time
        at which it was produced; so each open case and each warning in force is told.

        Args:
            hours: length of the history.
            since: all before was given in an earlier run; only what came after is given, when that
                is within the hours.
        """
        end = to_ms(self.now)
        start = end - round(hours * HOUR_MS)
        if since is None or to_ms(since) < start:
            yield from _chunks(_merged([s.standing(start) for s in self._streams]))
        else:
            start = to_ms(since)
        while start < end:
            stop = min(end, (start // _WINDOW_MS + 1) * _WINDOW_MS)
            yield from _chunks(self.between(start, stop))
            start = stop

    def live(
        self, clock: Callable[[], datetime], sleep: Callable[[float], object]
    ) -> Iterator[list[Message]]:
        """Give what is produced from `now` on, each list as soon as its time has come, for ever."""
        cursor = Cursor(self)
        while True:
            messages = cursor.until(clock())
            yield from _chunks(messages)
            sleep(_LEAST_TICK_S if len(messages) > CHUNK else _TICK_S)

    def between(self, start_ms: int, end_ms: int, shift_ms: int = 0) -> list[Message]:
        """Give what all streams produce in `start_ms <= time < end_ms`, in order."""
        return _merged([s.between(start_ms, end_ms, shift_ms) for s in self._streams])


class Cursor:
    """How far the live stream of a player has come.

    Args:
        player: whose stream; it begins at the player's `now`.
    """

    def __init__(self, player: Player) -> None:
        self._player = player
        self._begun_ms = to_ms(player.now)
        self._city_ms = self._begun_ms

    def until(self, moment: datetime) -> list[Message]:
        """Give what has been produced since the last call; at most an hour of the city's time."""
        wall_ms = to_ms(moment)
        city_ms = self._begun_ms + round((wall_ms - self._begun_ms) * self._player.speed)
        city_ms = min(city_ms, self._city_ms + _MOST_BEHIND_MS)
        if city_ms <= self._city_ms:
            return []
        shift_ms = city_ms - wall_ms if self._player.speed != 1.0 else 0
        messages = self._player.between(self._city_ms, city_ms, shift_ms)
        self._city_ms = city_ms
        return messages


def _merged(streams: Sequence[list[Message]]) -> list[Message]:
    return list(heapq.merge(*streams, key=lambda message: message.at_ms))


def _chunks(messages: list[Message]) -> Iterator[list[Message]]:
    for first in range(0, len(messages), CHUNK):
        yield messages[first : first + CHUNK]
