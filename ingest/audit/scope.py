"""What of the state an audit can prove: which feeds, and from which moment on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ingest.sources.kafka_range import KafkaRanges, Log
from layers.feed_spec import FeedSpec

_FILES_FROM = 1 << 31
"""Recorded files are partitions from this number on (`ingest/sources/file.py`)."""


@dataclass(frozen=True, slots=True)
class Gap:
    """What of a feed can't be computed again, and why."""

    feed: str
    log: str
    why: str
    since_ms: int | None
    """What happened from then on can be proven; None: nothing of the feed."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The feeds under audit."""

    feeds: Mapping[str, FeedSpec]
    logs: Mapping[str, Log]
    """The logs that are read again, by name."""
    gaps: tuple[Gap, ...] = ()
    floors: Mapping[str, float] = field(default_factory=dict)
    """Feed → from which ms on it is compared; 0: from the beginning; inf: not at all."""

    def floor(self, feed: str) -> float:
        """Say from when on a feed is compared; a feed without a YAML is not."""
        return self.floors.get(feed, float("inf"))


def scope_of(feeds: Mapping[str, FeedSpec], held: Iterable[str], ranges: KafkaRanges) -> Scope:
    """Find out what can be proven.

    Args:
        feeds: of the city pack.
        held: names of all logs that any home has a fence of.
        ranges: the logs as Kafka holds them now.
    """
    by_topic: dict[str, list[str]] = {}
    for feed in feeds.values():
        for topic in feed.all_topics:
            by_topic.setdefault(topic, []).append(feed.id)
    gaps = [
        Gap(feed, name, why, since)
        for name in sorted(held)
        for feed in by_topic.get(name.rpartition(":")[0], ())
        for why, since in _gap(name, ranges)
    ]
    floors: dict[str, float] = dict.fromkeys(feeds, 0.0)
    for gap in gaps:
        floor = float("inf") if gap.since_ms is None else float(gap.since_ms)
        floors[gap.feed] = max(floors[gap.feed], floor)
    logs = {name: log for name, log in ranges.logs.items() if log.topic in by_topic}
    return Scope(feeds, logs, tuple(gaps), floors)


def _gap(name: str, ranges: KafkaRanges) -> Iterable[tuple[str, int | None]]:
    log = ranges.logs.get(name)
    if log is None:
        topic, _, number = name.rpartition(":")
        if int(number.partition("@")[0]) >= _FILES_FROM:
            yield (
                "录制文件直接写入，不在 Kafka 中 a recorded file, read straight into the state",
                None,
            )
            return
        later = [
            other.start
            for other in ranges.logs.values()
            if other.topic == topic and other.end > other.start
        ]
        why = "主题已删除或重建 the topic was deleted or made again"
        yield why, (_first_ms(ranges, topic) if later else None)
    elif log.start > 0 and log.end > log.start:
        why = f"Kafka 已删除位点 {log.start} 之前的消息 Kafka no longer holds what is before it"
        first = next(ranges.read(log, log.start, log.end))
        yield why, int(first.times_ms[0])
    elif log.start > 0:
        yield "Kafka 已删除全部消息 Kafka no longer holds any of it", None


def _first_ms(ranges: KafkaRanges, topic: str) -> int:
    logs = [g for g in ranges.logs.values() if g.topic == topic and g.end > g.start]
    return max(int(next(ranges.read(g, g.start, g.end)).times_ms[0]) for g in logs)
