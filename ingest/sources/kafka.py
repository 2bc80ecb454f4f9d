"""Messages from Apache Kafka by kafka-python's consumer: group membership, codecs, TLS and all."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from ingest.sources.base import Slice
from ingest.sources.columnar_fetch import columns_of, read_columns
from ingest.sources.record_columns import Columns

log = logging.getLogger(__name__)

_KNOWS_IDS = (2, 8)
"""The first broker that gives every topic an id (KIP-516)."""


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """How to reach the cluster."""

    bootstrap: str
    group: str
    max_poll_records: int = 20_000
    security: dict[str, Any] = field(default_factory=dict)
    """Passed to kafka-python as it is (security_protocol, sasl_mechanism, ssl_cafile, …)."""


class _EveryTopic(frozenset[str]):
    """Holds every topic, also those that a later subscription brings."""

    def __contains__(self, topic: object) -> bool:
        return True


EVERY_TOPIC: frozenset[str] = _EveryTopic()
"""For `with_headers`."""


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Holds back the partitions that have just come.

    kafka-python calls it on the thread that also sends heartbeats, so nothing here may wait: the
    partitions are paused before anything of them is fetched, and `KafkaSource.poll` sees to them.
    """

    def __init__(self) -> None:
        self.consumer: KafkaConsumer | None = None
        self.gained: set[TopicPartition] = set()

    def on_partitions_revoked(self, revoked: Any) -> None:
        log.info("event=partitions_revoked partitions=%s", len(revoked))
        if self.consumer is not None:
            # A rebalance that new metadata has begun is forgotten by kafka-python when a poll ends
            # before it (KAFKA-9815 of the Java client): no partition comes, for ever. One that was
            # asked for is not.
            self.consumer._coordinator.request_rejoin()  # noqa: SLF001  no public way
        self.gained -= set(revoked)

    def on_partitions_assigned(self, assigned: Any) -> None:
        log.info("event=partitions_assigned partitions=%s", len(assigned))
        if assigned and self.consumer is not None:
            self.consumer.pause(*assigned)
        self.gained |= set(assigned)


class KafkaSource:
    """A member of a consumer group.

    Args:
        settings: cluster and group.
        topics: the topics of the feeds.
        on_gain: called inside `poll` with the logs that came to this worker and the end of each
            (name → offset), before any of their messages is read; it answers where to start
            (name → offset, -1: oldest).
        with_headers: the topics whose slices carry the headers and keys of their messages.
        on_lost: called with the logs that are read again from the oldest message because the state
            of what was read before is gone.

    A log is named `topic:partition@id`, id being that of the topic: a topic that was deleted and
    made again under its old name is another log, of which nothing has been read yet. A broker
    before 2.8 knows no ids; there a log is named `topic:partition`.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        topics: Sequence[str],
        on_gain: Callable[[list[str], dict[str, int]], dict[str, int]],
        with_headers: frozenset[str] = frozenset(),
        on_lost: Callable[[list[str]], None] = lambda _logs: None,
    ) -> None:
        self._on_gain = on_gain
        self._on_lost = on_lost
        self._with_headers = with_headers
        self._positions: dict[TopicPartition, int] = {}
        self._logs: dict[TopicPartition, str] = {}
        """The logs taken over, with the id that each topic had then."""
        self._consumer = KafkaConsumer(
            bootstrap_servers=settings.bootstrap,
            group_id=settings.group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_records=settings.max_poll_records,
            session_timeout_ms=10_000,  # a killed worker's partitions wait no longer than this
            heartbeat_interval_ms=3_000,
            metadata_max_age_ms=5_000,  # topics made, deleted or grown are noticed within this
            fetch_max_wait_ms=100,
            max_partition_fetch_bytes=4 << 20,
            fetch_max_bytes=32 << 20,
            **settings.security,
        )
        read_columns(self._consumer, with_headers)
        self._listener = _Listener()
        self._listener.consumer = self._consumer
        self._consumer.subscribe(list(topics), listener=self._listener)

    def subscribe(self, topics: Sequence[str]) -> None:
        """Read these topics from now on; the group shares the partitions out anew."""
        self._consumer.subscribe(list(topics), listener=self._listener)

    def assigned(self) -> frozenset[str]:
        """Give the logs of this member that it has taken over."""
        held = self._consumer.assignment()
        return frozenset(self._name(p) for p, _ in self._logs.items() if p in held)

    def seek(self, positions: dict[str, int]) -> None:
        """Move the named partitions; -1: the oldest offset that there is."""
        for name, offset in positions.items():
            partition = _partition(name)
            if offset < 0:
                self._consumer.seek_to_beginning(partition)
                self._positions[partition] = self._consumer.position(partition)
            else:
                self._consumer.seek(partition, offset)
                self._positions[partition] = offset

    def poll(self, timeout_s: float) -> list[Slice]:
        """Give the next slices; blocks at most `timeout_s`."""
        found = self._consumer.poll(timeout_ms=int(timeout_s * 1000))
        runs = [
            (p, columns_of(items, headers=p.topic in self._with_headers))
            for p, items in found.items()
            if items
        ]
        slices = [self._slice(p, c) for p, c in runs if self._goes_on(p, int(c.offsets[0]))]
        for partition in self._consumer.assignment() - self._listener.gained:
            self._goes_on(partition, self._positions.get(partition, 0))
        if self._listener.gained:
            self._take_over()
        return slices

    def commit(self, positions: dict[str, int]) -> None:
        """Commit to Kafka, for the tools that show lag; failure is no loss."""
        from kafka import OffsetAndMetadata

        held = self._consumer.assignment()
        offsets = {
            _partition(name): OffsetAndMetadata(offset, "", -1)
            for name, offset in positions.items()
            if _partition(name) in held
        }
        try:
            if offsets:
                self._consumer.commit_async(offsets)
        except KafkaError as error:
            log.info("event=commit_failed error=%r", error)

    def lag(self) -> dict[str, int]:
        """Give end of log less position, where the client has seen the end."""
        found = {}
        for partition, position in self._positions.items():
            end = self._consumer.highwater(partition)
            if end is not None:
                found[self._name(partition)] = max(0, end - position)
        return found

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close(autocommit=False)

    def _take_over(self) -> None:
        """Start reading the logs that have come, where their homes stand."""
        new, self._listener.gained = self._listener.gained, set()
        held = self._consumer.assignment()
        for known in (self._positions, self._logs):
            for partition in set(known) - (held - new):
                del known[partition]
        mine = sorted(new & held)
        if not mine:
            return
        ids = {p: self._log_id(p.topic) for p in mine}
        try:
            ends = self._consumer.end_offsets(mine)
        except KafkaError as error:  # its leader is being chosen: ask again at the next poll
            log.info("event=end_of_log_unknown error=%r", error)
            self._listener.gained |= set(mine)
            return
        if "" in ids.values() and self._consumer.config["api_version"] >= _KNOWS_IDS:
            self._listener.gained |= set(mine)  # it has just been made or deleted
            return
        self._logs |= ids
        names = {self._name(p): ends[p] for p in mine}
        starts = self._on_gain(list(names), names)
        self._tell_lost([p for p in mine if starts[self._name(p)] < 0])
        self.seek(starts)
        self._consumer.resume(*mine)

    def _tell_lost(self, unknown: Sequence[TopicPartition]) -> None:
        """Tell of logs of which the state holds nothing though the group has read from them."""
        lost = [self._name(p) for p in unknown if self._consumer.committed(p)]
        if lost:
            self._on_lost(lost)

    def _goes_on(self, partition: TopicPartition, offset: int) -> bool:
        """Say whether messages follow what was read; if not, their log is taken over anew.

        A log that was cut, or deleted and made again, makes the client begin anew by itself, at
        offsets that say nothing about what has been applied.
        """
        now = self._log_id(partition.topic)
        was = self._logs.get(partition)
        changed = was is None or (now and now != was)
        if changed or offset < self._positions.get(partition, 0):
            log.warning("event=log_changed log=%s offset=%s", self._name(partition), offset)
            self._consumer.pause(partition)
            self._listener.gained.add(partition)
            return False
        return True

    def _log_id(self, topic: str) -> str:
        known = self._consumer._manager.cluster.topic_id(topic)  # noqa: SLF001  no public way
        return known.hex[:12] if known and known.int else ""

    def _name(self, partition: TopicPartition) -> str:
        made = self._logs.get(partition, "")
        return f"{partition.topic}:{partition.partition}" + (f"@{made}" if made else "")

    def _slice(self, partition: TopicPartition, columns: Columns) -> Slice:
        start = self._positions.get(partition, int(columns.offsets[0]))
        after = int(columns.offsets[-1]) + 1
        self._positions[partition] = after
        return Slice(
            topic=partition.topic,
            partition=partition.partition,
            offsets=columns.offsets,
            times_ms=columns.times_ms,
            buffer=columns.buffer,
            bounds=columns.bounds,
            start=start,
            next=after,
            log=self._logs.get(partition, ""),
            headers=columns.headers,
            keys=columns.keys,
        )


def _partition(name: str) -> TopicPartition:
    topic, _, number = name.rpartition(":")
    return TopicPartition(topic, int(number.partition("@")[0]))
