"""A recorded file through the same pipeline: backfill, after-action review, a feed tried out."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

from kafka import KafkaProducer

from ingest import mapping
from ingest.consumer import Intake, Worker
from ingest.sources.file import FileSource, read_messages
from ingest.worker import NoTopic, frame_of, open_store, pace_of
from layers.config import Config
from layers.feed_spec import FeedSpec
from layers.pack import load_pack

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
"""Messages done, messages in all."""


class UnknownFeedError(Exception):
    """No feed of that id."""

    def __init__(self, feed_id: str, known: list[str]) -> None:
        super().__init__(f"there is no feed {feed_id!r}. Use one of: {', '.join(known)}.")


def replay_file(config: Config, feed_id: str, file: Path, progress: Progress) -> int:
    """Read a file straight into the city's state; give the number of messages it holds.

    Raises:
        UnknownFeedError: the city has no such feed.
        ingest.sources.file.FileError: the file can't be read.
    """
    pack = load_pack(config.city.pack)
    feed = _feed(mapping.load_feeds(pack.feeds_dir), feed_id)
    store = open_store(config)
    intake = Intake({feed.id: feed}, frame_of(config, pack))
    worker = Worker(intake, store, NoTopic(), pace_of(config), time.time)
    source = FileSource(feed, file, worker.begin, int(time.time() * 1000))
    while worker.step(source):
        progress(source.position, source.total)
    worker.drain(source)
    progress(source.position, source.total)
    return source.total


def produce_file(config: Config, feed_id: str, file: Path, progress: Progress) -> int:
    """Write a file to the feed's topic, stamped now; give the number of messages.

    Raises: as `replay_file`, and kafka.errors.KafkaError when the broker can't be reached.
    """
    pack = load_pack(config.city.pack)
    feed = _feed(mapping.load_feeds(pack.feeds_dir), feed_id)
    messages = list(read_messages(feed, file))
    producer = KafkaProducer(
        bootstrap_servers=config.kafka.bootstrap,
        acks="all",
        linger_ms=20,
        compression_type="lz4",
        **config.kafka.security,
    )
    for number, message in enumerate(messages, 1):
        producer.send(feed.topic_name, value=message)
        if number % 5_000 == 0:
            progress(number, len(messages))
    producer.flush()
    producer.close()
    progress(len(messages), len(messages))
    return len(messages)


def _feed(feeds: dict[str, FeedSpec], feed_id: str) -> FeedSpec:
    if feed_id not in feeds:
        raise UnknownFeedError(feed_id, sorted(feeds))
    return feeds[feed_id]
