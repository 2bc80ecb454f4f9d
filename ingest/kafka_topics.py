"""Topics: made when they are missing, never changed when they are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import TopicAlreadyExistsError

from ingest import mapping
from layers.config import Config
from layers.pack import load_pack


def city_topics(config: Config) -> tuple[str, ...]:
    """Give the topics that a city needs: those of its feeds, and the one for rejects."""
    pack = load_pack(config.city.pack)
    feeds = mapping.load_feeds(pack.feeds_dir)
    return (*(feed.topic_name for feed in feeds.values()), config.kafka.rejects_topic)


@contextmanager
def _admin(bootstrap: str, security: Mapping[str, Any] | None) -> Iterator[KafkaAdminClient]:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap, **dict(security or {}))
    try:
        yield admin
    finally:
        admin.close()


def list_topics(bootstrap: str, security: Mapping[str, Any] | None = None) -> frozenset[str]:
    """Give the names of all topics.

    Raises:
        kafka.errors.KafkaError: the cluster does not answer.
    """
    with _admin(bootstrap, security) as admin:
        return frozenset(admin.list_topics())


def create_topics(
    bootstrap: str,
    names: Sequence[str],
    partitions: int,
    security: Mapping[str, Any] | None = None,
) -> frozenset[str]:
    """Make the topics that are missing, and wait until each has its leaders.

    Args:
        bootstrap: addresses of the brokers.
        names: topics that must be there.
        partitions: of a topic that is made; one that exists keeps its own number.
        security: SASL/TLS settings for kafka-python.

    Returns:
        The names that were made.

    Raises:
        kafka.errors.KafkaError: the cluster does not answer, or refuses.
    """
    with _admin(bootstrap, security) as admin:
        missing = sorted(set(names) - set(admin.list_topics()))
        for name in missing:
            try:
                admin.create_topics({name: {"num_partitions": partitions}})
            except TopicAlreadyExistsError:  # somebody was quicker; it is there, as wished
                continue
        if missing:
            admin.wait_for_topics(missing)
    return frozenset(missing)
