"""A recorded file through the same pipeline: backfill, after-action review, a feed tried out."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

from ingest import mapping
from ingest.consumer import Intake, Worker
from ingest.dropbox.ledger import Ledger, digest_of
from ingest.dropbox.produce import FileProducer
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

    Once: a content that stands there is not written again, and what was interrupted goes on
    (`ingest.dropbox`); `local.state` remembers it.

    Raises: as `replay_file`, and kafka.errors.KafkaError when the broker can't be reached,
        ingest.dropbox.produce.NoTopicError when the topic is not there.
    """
    pack = load_pack(config.city.pack)
    feed = _feed(mapping.load_feeds(pack.feeds_dir), feed_id)
    messages = list(read_messages(feed, file))
    total = len(messages)
    producer = FileProducer(config, Ledger(config.local.folder / "produced"))
    try:
        told = messages, lambda done: progress(done, total)
        return producer.produce(feed, digest_of(file), file.name, told)
    finally:
        producer.close()


def _feed(feeds: dict[str, FeedSpec], feed_id: str) -> FeedSpec:
    if feed_id not in feeds:
        raise UnknownFeedError(feed_id, sorted(feeds))
    return feeds[feed_id]
