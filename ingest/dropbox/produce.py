"""One file into its topic, each message once."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from ingest.dropbox.ledger import Entry, Ledger
from layers.config import Config
from layers.feed_spec import FeedSpec

NOTE_EVERY = 5_000
"""Messages between two notes in the ledger; as many are looked for again after a death."""
_RUN = 500
"""Messages that go to one partition before the next has its turn."""
_SHORT = 16
_WAIT_MS = 500

Progress = Callable[[int], None]
"""Told the number of messages that stand in the topic."""


class NoTopicError(Exception):
    """The topic of a feed is not there."""

    def __init__(self, topic: str) -> None:
        super().__init__(
            f"没有主题 there is no topic {topic!r}. 请先建立主题 Make it first: "
            "`python deploy/make_topics.py`, or `yiwang kafka --topics` on this machine."
        )


class FileProducer:
    """Writes files to the topics of their feeds.

    Args:
        config: where Kafka is.
        ledger: remembers how far each file has come.
    """

    def __init__(self, config: Config, ledger: Ledger) -> None:
        self._options: dict[str, Any] = {
            "bootstrap_servers": config.kafka.bootstrap,
            **config.kafka.security,
        }
        self._ledger = ledger
        self._producer = KafkaProducer(
            acks="all",
            enable_idempotence=True,
            linger_ms=20,
            compression_type="lz4",
            max_block_ms=10_000,
            **self._options,
        )

    def close(self) -> None:
        """Let go of Kafka."""
        self._producer.close(timeout=10)

    def produce(
        self, feed: FeedSpec, digest: str, name: str, source: tuple[Iterable[bytes], Progress]
    ) -> int:
        """Produce what of a file is not in the topic yet; give the number of its messages.

        Args:
            feed: to whose topic.
            digest: of the file.
            name: of the file, for the ledger.
            source: the messages of the file, and who is told how far it is.

        Raises:
            NoTopicError: the topic is not there.
            kafka.errors.KafkaError: Kafka does not take them; call again, and it goes on.
        """
        messages, progress = source
        topic = feed.topic_name
        log, ends = self._ends(topic)
        entry = self._ledger.entry(digest, topic)
        present: set[int] = set()
        if entry is None or entry.log != log:  # new, or the topic was made again
            entry = Entry(digest, name, topic, log, ends=ends)
            self._ledger.write(entry)
        elif entry.state == "done":
            return entry.sent
        else:
            present = self._present(entry)
        partitions = len(entry.ends)
        fixed = zlib.crc32(feed.id.encode()) % partitions if feed.kind == "case" else None
        futures, count = [], 0
        for number, value in enumerate(messages):
            count = number + 1
            if number < entry.sent or number in present:
                continue
            # versions of a case must come by one partition, in their order
            partition = number // _RUN % partitions if fixed is None else fixed
            key = f"{digest[:_SHORT]}:{number}".encode()
            futures.append(self._producer.send(topic, value, key=key, partition=partition))
            if len(futures) >= NOTE_EVERY:
                entry = self._noted(entry, futures, count)
                progress(count)
        entry = self._noted(entry, futures, count)
        self._ledger.write(msgspec.structs.replace(entry, state="done"))
        progress(count)
        return count

    def _noted(self, entry: Entry, futures: list[Any], count: int) -> Entry:
        """Wait until all that was sent stands in the topic, and note it."""
        self._producer.flush(timeout=60)
        for future in futures:
            future.get(timeout=60)
        futures.clear()
        noted = msgspec.structs.replace(entry, sent=count, ends=self._ends(entry.topic)[1])
        self._ledger.write(noted)
        return noted

    def before(self, digest: str, topic: str) -> str:
        """Give the name under which a content was produced to the topic; empty when it was not."""
        known = self._ledger.entry(digest, topic)
        is_done = known is not None and known.state == "done" and known.log == self._ends(topic)[0]
        return known.name if known is not None and is_done else ""

    def _ends(self, topic: str) -> tuple[str, dict[int, int]]:
        """Give which topic of the name it is, and the ends of its partitions."""
        consumer = KafkaConsumer(**self._options)
        try:
            partitions = sorted(consumer.partitions_for_topic(topic) or ())
            if not partitions:
                raise NoTopicError(topic)
            ends = consumer.end_offsets([TopicPartition(topic, p) for p in partitions])
            known = consumer._manager.cluster.topic_id(topic)  # noqa: SLF001  no public way
        finally:
            consumer.close(autocommit=False)
        log = known.hex[:12] if known and known.int else ""
        return log, {p.partition: offset for p, offset in ends.items()}

    def _present(self, entry: Entry) -> set[int]:
        """Find the messages of a file that stand in the topic beyond what the ledger knows."""
        start = f"{entry.digest[:_SHORT]}:".encode()
        consumer = KafkaConsumer(**self._options)
        try:
            partitions = {TopicPartition(entry.topic, p): at for p, at in entry.ends.items()}
            return _numbers(consumer, partitions, start)
        finally:
            consumer.close(autocommit=False)


def _numbers(
    consumer: KafkaConsumer, partitions: Mapping[TopicPartition, int], start: bytes
) -> set[int]:
    ends = consumer.end_offsets(list(partitions))
    left = {p: end for p, end in ends.items() if end > partitions[p]}
    consumer.assign(list(left))
    for partition in left:
        consumer.seek(partition, partitions[partition])
    found: set[int] = set()
    while left:
        for records in consumer.poll(timeout_ms=_WAIT_MS).values():
            found |= {
                int(r.key[len(start) :]) for r in records if r.key and r.key.startswith(start)
            }
        for partition, end in list(left.items()):
            if consumer.position(partition) >= end:
                del left[partition]
    return found
