"""The messages that a feed is tried on: those of a file, or the newest of a topic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ingest.mending.listing import settings_of
from ingest.sources.base import Slice
from ingest.sources.file import FileSource
from ingest.sources.kafka_range import KafkaRanges
from layers.config import Config
from layers.feed_spec import FeedSpec


class NothingToTryError(Exception):
    """There is no message."""

    def __init__(self, where: str) -> None:
        super().__init__(f"{where}: 没有消息 holds no message. Name another file or topic.")


def of_file(feed: FeedSpec, file: Path, now_ms: int) -> list[Slice]:
    """Give the messages of a recorded file.

    Raises:
        ingest.sources.file.FileError: it can't be read.
        NothingToTryError: it is empty.
    """
    source = FileSource(feed, file, lambda names: dict.fromkeys(names, -1), now_ms)
    found = []
    while part := source.poll(0):
        found += part
    if not found:
        raise NothingToTryError(str(file))
    return found


def of_topic(config: Config, feed: FeedSpec, topic: str, limit: int) -> list[Slice]:
    """Give the newest messages of a topic, about as many of each partition.

    Raises:
        kafka.errors.KafkaError: Kafka does not answer.
        NothingToTryError: there is no such topic, or it is empty.
    """
    found: list[Slice] = []
    with KafkaRanges(settings_of(config), [topic]) as ranges:
        logs = [log for log in ranges.logs.values() if log.end > log.start]
        for log in logs:
            start = max(log.start, log.end - -(-limit // len(logs)))
            found += ranges.read(log, start, log.end)
    if not found:
        raise NothingToTryError(topic)
    # whatever topic they come from, they are tried as the feed's
    return [replace(part, topic=feed.topic_name) for part in found]


class SliceSource:
    """Gives slices one after the other, behind the port of sources."""

    def __init__(
        self, slices: Sequence[Slice], begin: Callable[[Sequence[str]], dict[str, int]]
    ) -> None:
        self._slices = list(slices)
        self._names = frozenset(part.name for part in slices)
        begin(sorted(self._names))

    def assigned(self) -> frozenset[str]:
        """Give the logs."""
        return self._names

    def seek(self, positions: dict[str, int]) -> None:
        """Go on: nobody else writes to the state that is tried."""

    def poll(self, timeout_s: float) -> list[Slice]:
        """Give the next slice."""
        del timeout_s
        return [self._slices.pop(0)] if self._slices else []

    def commit(self, positions: dict[str, int]) -> None:
        """Tell nobody."""

    def lag(self) -> dict[str, int]:
        """Report nothing."""
        return {}

    def close(self) -> None:
        """Hold nothing open."""
