"""A worker put together from the configuration: city, feeds, Redis, Kafka."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from kafka import KafkaProducer
from kafka.errors import KafkaError

from ingest import mapping
from ingest.consumer import Intake, Pace, Worker
from ingest.mapping import check_mapping
from ingest.rules import LiveRules
from ingest.sources.ahead import AheadSource, Wrap
from ingest.sources.kafka import EVERY_TOPIC, KafkaSettings, KafkaSource
from ingest.status import status
from layers.batch import Frame, Retention
from layers.config import Config
from layers.feed_folder import FeedFolder
from layers.feeds import Reject
from layers.pack import CityPack, load_pack
from layers.store.client import Store, connect

log = logging.getLogger(__name__)

_WAIT_S = 1.0
_UNSENT = 20_000
"""Rejects that wait for their topic; of more, the oldest stand in Redis and in their own topic."""
_AGAIN_S = 15.0
"""An unwritable topic costs a poll its waiting time once in so many seconds."""


def frame_of(config: Config, pack: CityPack) -> Frame:
    """Give homes, regions, zone and retention of a city."""
    keep = config.retention
    retention = Retention(
        minute_h=keep.minute_h,
        hour_d=keep.hour_d,
        day_d=keep.day_d,
        record_d=keep.record_d,
        recent_cases=keep.recent_cases,
        rejects=keep.rejects,
    )
    return Frame(pack.geography, pack.code, pack.timezone, retention)


def open_store(config: Config) -> Store:
    """Connect to the city's Redis; nothing is sent yet."""
    redis = config.redis
    return connect(redis.address, prefix=redis.prefix, cluster=redis.cluster)


def pace_of(config: Config) -> Pace:
    """Give the bounds of one poll."""
    take = config.ingest
    return Pace(take.max_poll_records, take.linger_ms / 1000, take.commit_every_s)


class RejectsTopic:
    """Writes rejects to Kafka, keyed by where the message stands, so a repetition can be told.

    A topic that can't be written holds nobody up: the message itself stands in its own topic, its
    reject in the bounded list of its home, and what could not be written waits here for a while.

    Args:
        producer: writes them.
        topic: where to.
        monotonic_s: a clock that never goes back.
    """

    def __init__(
        self,
        producer: KafkaProducer,
        topic: str,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._producer = producer
        self._topic = topic
        self._monotonic_s = monotonic_s
        self._unsent: deque[Reject] = deque(maxlen=_UNSENT)
        self._again_at = 0.0

    def send(self, rejects: Sequence[Reject]) -> None:
        """Write them and wait until they stand there; an outage is logged, never raised."""
        self._unsent.extend(rejects)
        if self._monotonic_s() < self._again_at:
            return
        try:
            futures = [self._write(reject) for reject in self._unsent]
            self._producer.flush(timeout=5)
            for future in futures:
                future.get(timeout=0)
        except KafkaError as error:
            if not self._again_at:
                log.error("event=rejects_topic_lost topic=%s error=%r", self._topic, error)  # noqa: TRY400
            self._again_at = self._monotonic_s() + _AGAIN_S
            return
        if self._again_at:
            log.info("event=rejects_topic_recovered topic=%s", self._topic)
        self._again_at = 0.0
        self._unsent.clear()

    def _write(self, reject: Reject) -> Any:
        where = f"{reject.feed}:{reject.topic}:{reject.partition}:{reject.offset}"
        return self._producer.send(
            self._topic, key=where.encode(), value=msgspec.json.encode(reject)
        )


class NoTopic:
    """For a source without a broker: rejects stand in the bounded list of their home alone."""

    def send(self, rejects: Sequence[Reject]) -> None:
        """Do nothing further."""


def run_worker(config: Config, stop: threading.Event, name: str) -> None:
    """Run one worker until `stop` is set.

    Kafka or Redis may come later: the worker waits, says so once, and goes on.

    Args:
        config: where the city, Kafka and Redis are.
        stop: set by whoever wants the worker to end.
        name: for the log.

    Raises:
        ingest.status.StatusAddressError: the status address is taken.
    """
    pack = load_pack(config.city.pack)
    feeds = mapping.load_feeds(pack.feeds_dir)
    store = open_store(config)
    settings = KafkaSettings(
        bootstrap=config.kafka.bootstrap,
        group=config.kafka.group,
        max_poll_records=config.ingest.max_poll_records,
        security=dict(config.kafka.security),
    )
    made: list[Worker] = []

    def trouble() -> str:
        return made[0].trouble() if made else "kafka does not answer"

    with status(config.ingest.status_host, config.ingest.status_port, trouble):
        producer = _until_there(settings, stop)
        if producer is None:
            return
        rules = LiveRules(FeedFolder(pack.feeds_dir, check_mapping), store, time.time, feeds)
        intake = Intake(feeds, frame_of(config, pack), rules.look)
        sink = RejectsTopic(producer, config.kafka.rejects_topic)
        made.append(worker := Worker(intake, store, sink, pace_of(config), time.time))
        log.info("event=worker_started name=%s city=%s feeds=%s", name, pack.id, len(feeds))
        # headers say which messages are rejects played again (ingest/mending)
        worker.run(_open_source(settings, worker, rules), stop)
        producer.close(timeout=5)
    log.info("event=worker_stopped name=%s", name)


def _open_source(settings: KafkaSettings, worker: Worker, rules: LiveRules) -> AheadSource:
    """Join the group; the next messages come in while the last ones are worked on."""

    def opened(asking: Wrap) -> KafkaSource:
        begin, lost = asking(worker.begin), asking(worker.lost)
        kafka = KafkaSource(settings, worker.topics, begin, EVERY_TOPIC, on_lost=lost)
        subscribes.append(kafka.subscribe)
        return kafka

    subscribes: list[Callable[[Sequence[str]], None]] = []
    source = AheadSource(opened)
    rules.subscribe = source.quietly(subscribes[0])
    return source


def _until_there(settings: KafkaSettings, stop: threading.Event) -> KafkaProducer | None:
    """Wait for the broker; None when told to stop before it came."""
    said = False
    while not stop.is_set():
        try:
            return KafkaProducer(
                bootstrap_servers=settings.bootstrap,
                acks="all",
                max_block_ms=5_000,
                bootstrap_timeout_ms=2_000,  # look often, and notice soon when told to stop
                **settings.security,
            )
        except KafkaError as error:
            if not said:
                log.warning(
                    "event=waiting_for_kafka bootstrap=%s error=%r", settings.bootstrap, error
                )
            said = True
            stop.wait(_WAIT_S)
    return None
