"""A played city as a source: the same messages through the same pipeline, without a broker.

Every topic is one partition, 0. Offsets count on from where the state's fences stand, so a demo
that is started again goes on; what it plays twice is told by its event ids. Messages are kept until
they are committed, so the worker can go back to its fences after an outage.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice

from ingest.demo.message import Message
from ingest.demo.play import CHUNK, Cursor, Player
from ingest.sources.base import Slice, make_slice
from layers.times import from_ms

_NAP_S = 0.2


@dataclass(frozen=True, slots=True)
class Playing:
    """How a player is played directly."""

    history: Iterator[list[Message]]
    """What comes first, usually `player.history(hours)`."""
    clock: Callable[[], datetime]
    sleep: Callable[[float], object]


@dataclass
class _Log:
    """One topic: what has been played and not yet committed."""

    next: int
    """Offset of the next message played."""
    at: int
    """Position of the reader."""
    kept: deque[Message] = field(default_factory=deque)
    """Without gaps, up to `next`."""

    @property
    def first(self) -> int:
        """Offset of the oldest message kept."""
        return self.next - len(self.kept)

    def add(self, message: Message) -> None:
        self.kept.append(message)
        self.next += 1

    def seek(self, at: int) -> None:
        if at > self.next:
            self.kept.clear()
            self.next = at
        self.at = self.first if at < 0 else at

    def read(self, most: int) -> tuple[int, list[Message]]:
        """Give the offset of the first and the messages from the position on."""
        begin = max(self.at, self.first)
        skip = begin - self.first
        return begin, list(islice(self.kept, skip, skip + most))

    def forget(self, until: int) -> None:
        while self.kept and self.first < until:
            self.kept.popleft()


class DirectSource:
    """Plays a city into the port of sources.

    Args:
        player: whose messages.
        topics: those that the worker takes; others are left out.
        begin: asked once where to start (`topic:partition` → offset, -1: the first).
        playing: history, clock and sleep.
    """

    def __init__(
        self,
        player: Player,
        topics: Sequence[str],
        begin: Callable[[list[str]], dict[str, int]],
        playing: Playing,
    ) -> None:
        positions = begin([_name(topic) for topic in topics])
        starts = {topic: max(0, positions[_name(topic)]) for topic in topics}
        self._logs = {topic: _Log(next=at, at=at) for topic, at in starts.items()}
        self._playing = playing
        self._cursor = Cursor(player)
        self._is_live = False
        self._played = player.now

    @property
    def settled_until(self) -> datetime | None:
        """Up to where everything has been committed; None while history is being played.

        A later run that begins its history here misses nothing.
        """
        if not self._is_live:
            return None
        waiting = [log.kept[0].at_ms for log in self._logs.values() if log.kept]
        return from_ms(min(waiting)) if waiting else self._played

    def assigned(self) -> frozenset[str]:
        """Give the one partition of each topic."""
        return frozenset(_name(topic) for topic in self._logs)

    def seek(self, positions: dict[str, int]) -> None:
        """Read on there; messages that are played later get offsets from there on at least."""
        for topic, log in self._logs.items():
            if _name(topic) in positions:
                log.seek(positions[_name(topic)])

    def poll(self, timeout_s: float) -> list[Slice]:
        """Give what has been played; waits at most `timeout_s` when nothing has."""
        end = self._playing.clock() + timedelta(seconds=timeout_s)
        while True:
            if not self._waiting():
                self._play()
            slices = [s for topic, log in self._logs.items() if (s := _slice(topic, log))]
            left = (end - self._playing.clock()).total_seconds()
            if slices or left <= 0:
                return slices
            self._playing.sleep(min(left, _NAP_S))

    def commit(self, positions: dict[str, int]) -> None:
        """Forget what has been applied."""
        for topic, log in self._logs.items():
            log.forget(positions.get(_name(topic), 0))

    def lag(self) -> dict[str, int]:
        """Give what has been played and not been read."""
        return {_name(topic): log.next - log.at for topic, log in self._logs.items()}

    def close(self) -> None:
        """Nothing is held open."""

    def _waiting(self) -> bool:
        return any(log.next > log.at for log in self._logs.values())

    def _play(self) -> None:
        """Take the next chunk of the history, or what has happened since."""
        messages = next(self._playing.history, None)
        if messages is None:
            self._is_live = True
            now = self._playing.clock()
            messages = self._cursor.until(now)
            self._played = now
        for message in messages:
            if message.topic in self._logs:
                self._logs[message.topic].add(message)


def _slice(topic: str, log: _Log) -> Slice | None:
    first, found = log.read(CHUNK)
    if not found:
        return None
    start, log.at = log.at, first + len(found)
    part = make_slice(
        topic,
        0,
        range(first, log.at),
        [message.at_ms for message in found],
        [message.value for message in found],
    )
    return replace(part, start=start)  # answers for a gap before it, too


def _name(topic: str) -> str:
    return f"{topic}:0"
