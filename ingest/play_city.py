"""Play a city pack's streams: what has gone by first, then on as the clock goes.

Into Kafka, as the city's sources would; or, where there is no Kafka, straight into the pipeline.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from ingest import mapping
from ingest.consumer import Intake, Worker
from ingest.demo.clocks import HOUR_MS
from ingest.demo.direct import DirectSource, Playing
from ingest.demo.play import Message, Player
from ingest.worker import NoTopic, frame_of, open_store, pace_of
from layers.config import Config
from layers.pack import load_pack
from layers.times import from_ms, to_ms

log = logging.getLogger(__name__)

_RECENT_H = 2.0
_NOTE_EVERY = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Play:
    """How a city is played."""

    hours: float = 50.0
    """Length of the history that is loaded first."""
    speed: float = 1.0
    """1: at the pace of the clock."""
    mark: Path | None = None
    """File that remembers how far earlier runs have played; None: nothing is remembered."""


class Sink(Protocol):
    """Where played messages go."""

    def send(self, messages: Sequence[Message]) -> None:
        """Take messages, in order."""
        ...

    def flush(self) -> None:
        """Return when all that was sent has arrived."""
        ...


class _StoppedError(Exception):
    """Ends the live stream, which by itself goes on for ever."""


class Mark:
    """The moment up to which messages have been sent, kept in a file between runs."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def read(self) -> datetime | None:
        """Give the moment; None when nothing has been played."""
        if self._file is None or not self._file.exists():
            return None
        return from_ms(int(json.loads(self._file.read_text())["until_ms"]))

    def write(self, moment: datetime) -> None:
        """Remember the moment; a reader sees the old or the new one, never half of it."""
        if self._file is None:
            return
        passing = self._file.with_suffix(".new")
        passing.write_text(json.dumps({"until_ms": to_ms(moment)}))
        passing.replace(self._file)


def open_player(config: Config, speed: float, now: datetime) -> Player:
    """Give the player of the configured city."""
    pack = load_pack(config.city.pack)
    return Player(pack.folder, mapping.load_feeds(pack.feeds_dir), now, speed=speed)


def newest_first(player: Player, hours: float, since: datetime | None) -> Iterator[list[Message]]:
    """Give the history, its last hours before all that is older: each message once.

    So screens soon show how the city is, and fill up with how it came to be; the state does not
    depend on the order.
    """
    end_ms = to_ms(player.now)
    recent_ms = end_ms - round(_RECENT_H * HOUR_MS)
    if hours <= _RECENT_H or (since is not None and to_ms(since) > recent_ms):
        yield from player.history(hours, since)
        return
    yield player.between(recent_ms, end_ms)
    for messages in player.history(hours, since):
        older = [m for m in messages if m.at_ms < recent_ms]
        if messages and not older:
            return  # in order: all that follows has been given
        yield older


def play_history(
    player: Player, play: Play, sink: Sink, stop: threading.Event, progress: Callable[[int], None]
) -> int:
    """Send what has gone by since the last run, at most `play.hours`; give the number of messages.

    Args:
        player: the city's player; the history ends at its `now`.
        play: how much, and where the mark is.
        sink: takes the messages.
        stop: ends it early; the mark is not moved then.
        progress: told the number sent so far.
    """
    mark = Mark(play.mark)
    count = 0
    for messages in newest_first(player, play.hours, mark.read()):
        if stop.is_set():
            return count
        sink.send(messages)
        count += len(messages)
        progress(count)
    sink.flush()
    mark.write(player.now)
    return count


def play_live(
    player: Player,
    play: Play,
    sink: Sink,
    stop: threading.Event,
    clock: Callable[[], datetime],
) -> None:
    """Send what happens from the player's `now` on, until told to stop."""

    def sleep(seconds: float) -> None:
        if stop.wait(seconds):
            raise _StoppedError

    mark, noted = Mark(play.mark), player.now
    try:
        for messages in player.live(clock, sleep):
            now = clock()
            sink.send(messages)
            if now - noted > _NOTE_EVERY:
                sink.flush()
                mark.write(now)
                noted = now
    except _StoppedError:
        sink.flush()
        mark.write(clock())


class _MarkedSource(DirectSource):
    """Notes how far the state has come, so that the next run begins its history there."""

    def __init__(
        self,
        player: Player,
        worker: Worker,
        playing: Playing,
        mark: Mark,
    ) -> None:
        super().__init__(player, worker.topics, worker.begin_anew, playing)
        self._mark = mark
        self._noted: datetime | None = None

    def commit(self, positions: dict[str, int]) -> None:
        """Forget what has been applied, and note it now and then."""
        super().commit(positions)
        settled = self.settled_until
        if settled is None:
            return
        if self._noted is None:
            log.info("event=history_loaded until=%s", settled.isoformat())
        if self._noted is None or settled - self._noted > _NOTE_EVERY:
            self._mark.write(settled)
            self._noted = settled


def play_direct(
    config: Config, play: Play, stop: threading.Event, clock: Callable[[], datetime]
) -> None:
    """Play history and live stream through the pipeline in this process, until told to stop.

    Args:
        config: city and Redis.
        play: how much, how fast, and where the mark is.
        stop: ends it.
        clock: the time now.
    """
    pack = load_pack(config.city.pack)
    feeds = mapping.load_feeds(pack.feeds_dir)
    player = Player(pack.folder, feeds, clock(), speed=play.speed)
    intake = Intake(feeds, frame_of(config, pack))
    worker = Worker(
        intake, open_store(config), NoTopic(), pace_of(config), lambda: clock().timestamp()
    )

    def sleep(seconds: float) -> None:
        stop.wait(seconds)

    mark = Mark(play.mark)
    playing = Playing(newest_first(player, play.hours, mark.read()), clock, sleep)
    worker.run(_MarkedSource(player, worker, playing, mark), stop)


class KafkaSink:
    """Produces into the topics of the feeds, each message at its own time."""

    def __init__(self, config: Config) -> None:
        from kafka import KafkaProducer

        self._producer = KafkaProducer(
            bootstrap_servers=config.kafka.bootstrap,
            acks="all",
            linger_ms=50,
            batch_size=256 << 10,
            compression_type="lz4",
            **config.kafka.security,
        )

    def send(self, messages: Sequence[Message]) -> None:
        """Hand messages to the producer; blocks while its buffer is full."""
        send = self._producer.send
        for m in messages:
            send(m.topic, key=m.key, value=m.value, timestamp_ms=m.at_ms)

    def flush(self) -> None:
        """Wait until the broker has all of them."""
        self._producer.flush()

    def close(self) -> None:
        """Part; what has not arrived by then is played by the next run."""
        self._producer.close(timeout=2)
