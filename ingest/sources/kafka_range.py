"""Parts of logs of Apache Kafka read outside any group: for audits, and for single messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from kafka import KafkaConsumer, TopicPartition

from ingest.sources.base import Slice
from ingest.sources.columnar_fetch import columns_of, read_columns
from ingest.sources.kafka import KafkaSettings

_WAIT_MS = 500
_PATIENCE = 60
"""Empty polls in a row before a log that should hold more is given up."""


class LogStalledError(Exception):
    """The broker gives no more of a log that must go on."""

    def __init__(self, log: str, at: int, end: int) -> None:
        super().__init__(
            f"{log} 读到位点 {at} 后不再有数据，应有到 {end}。"
            f"{log} gives nothing after offset {at}, but should up to {end}. "
            "Check that the partition has a leader (kafka-topics.sh --describe)."
        )


@dataclass(frozen=True, slots=True)
class Log:
    """One partition as the broker holds it now."""

    topic: str
    partition: int
    id: str
    """Which of all topics that have borne the name; empty before Kafka 2.8."""
    start: int
    """The oldest offset that is there."""
    end: int
    """The first offset that is not there yet."""

    @property
    def name(self) -> str:
        """`topic:partition@id`, as fences spell it."""
        return f"{self.topic}:{self.partition}" + (f"@{self.id}" if self.id else "")


@dataclass(frozen=True, slots=True)
class Message:
    """One message with all that came with it."""

    at_ms: int
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


class KafkaRanges:
    """Reads any part of any log, in no group and without a trace.

    Args:
        settings: the cluster; its group is not used.
        topics: whose logs may be read.
    """

    def __init__(self, settings: KafkaSettings, topics: Sequence[str]) -> None:
        self._settings = settings
        self._options: dict[str, Any] = {
            "bootstrap_servers": settings.bootstrap,
            "enable_auto_commit": False,
            "auto_offset_reset": "earliest",
            "fetch_max_wait_ms": 100,
            "max_partition_fetch_bytes": 4 << 20,
            **settings.security,
        }
        self._consumer = KafkaConsumer(**self._options, max_poll_records=settings.max_poll_records)
        read_columns(self._consumer, frozenset(topics))
        self.logs = self._find(topics)
        """Name → log, of every topic that exists."""

    def _find(self, topics: Sequence[str]) -> dict[str, Log]:
        partitions = [
            TopicPartition(topic, number)
            for topic in dict.fromkeys(topics)
            for number in sorted(self._consumer.partitions_for_topic(topic) or ())
        ]
        if not partitions:
            return {}
        starts = self._consumer.beginning_offsets(partitions)
        ends = self._consumer.end_offsets(partitions)
        cluster = self._consumer._manager.cluster  # noqa: SLF001  no public way to a topic's id
        found = {}
        for p in partitions:
            known = cluster.topic_id(p.topic)
            made = known.hex[:12] if known and known.int else ""
            log = Log(p.topic, p.partition, made, starts[p], ends[p])
            found[log.name] = log
        return found

    def read(self, log: Log, start: int, end: int) -> Iterator[Slice]:
        """Give the messages with offsets start … end − 1, in order, with their headers.

        Raises:
            LogStalledError: the broker does not give what it should hold.
        """
        partition = TopicPartition(log.topic, log.partition)
        self._consumer.assign([partition])
        self._consumer.seek(partition, start)
        at, empty = start, 0
        while at < end:
            items = self._consumer.poll(timeout_ms=_WAIT_MS).get(partition)
            after = min(end, int(self._consumer.position(partition)))
            if not items:
                empty += 1
                if empty > _PATIENCE:
                    raise LogStalledError(log.name, at, end)
                at = max(at, after)
                continue
            empty = 0
            columns = columns_of(items, headers=True)
            found = Slice(
                topic=log.topic,
                partition=log.partition,
                offsets=columns.offsets,
                times_ms=columns.times_ms,
                buffer=columns.buffer,
                bounds=columns.bounds,
                start=at,
                next=int(columns.offsets[-1]) + 1,
                log=log.id,
                headers=columns.headers,
            )
            if found.next > end:
                found = cut(found, end)[0]
            at = found.next if len(found.offsets) else end
            yield found

    def message(self, log: Log, offset: int) -> Message | None:
        """Give one message with key and headers; None when the log no longer holds it."""
        if not log.start <= offset < log.end:
            return None
        partition = TopicPartition(log.topic, log.partition)
        single = KafkaConsumer(**self._options, max_poll_records=1)
        try:
            single.assign([partition])
            single.seek(partition, offset)
            for _ in range(_PATIENCE):
                for record in single.poll(timeout_ms=_WAIT_MS).get(partition, ()):
                    if record.offset != offset:
                        return None
                    headers = tuple((name, value or b"") for name, value in record.headers)
                    return Message(record.timestamp, record.key, record.value or b"", headers)
        finally:
            single.close(autocommit=False)
        raise LogStalledError(log.name, offset, offset + 1)

    def close(self) -> None:
        """Let go of the broker."""
        self._consumer.close(autocommit=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def cut(part: Slice, at: int) -> tuple[Slice, Slice]:
    """Part a slice: what lies below an offset, and the rest."""
    row = int(part.offsets.searchsorted(at))
    middle = int(part.bounds[row])
    count = len(part.offsets)
    first = replace(
        part,
        offsets=part.offsets[:row],
        times_ms=part.times_ms[:row],
        buffer=part.buffer[:middle],
        bounds=part.bounds[: row + 1],
        next=at,
        headers=part.headers.cut(0, row) if part.headers else None,
    )
    rest = replace(
        part,
        offsets=part.offsets[row:],
        times_ms=part.times_ms[row:],
        buffer=part.buffer[middle:],
        bounds=part.bounds[row:] - middle,
        start=at,
        headers=part.headers.cut(row, count) if part.headers else None,
    )
    return first, rest
