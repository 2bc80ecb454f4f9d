"""Real servers for the tests: one Redis and one Kafka for the whole run, each on a free port."""

import itertools

import pytest
from hypothesis import HealthCheck, settings

from layers.store.client import connect
from layers.store.local_redis import LocalRedis

# A slow machine is no fault of what is tested.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def redis_url():
    """A real Redis on a free loopback port, without persistence."""
    with LocalRedis(None) as server:
        yield server.url


@pytest.fixture
def store(redis_url):
    """An empty store."""
    found = connect(redis_url, prefix="t")
    found.client.flushall()
    yield found
    found.client.close()


@pytest.fixture(scope="session")
def kafka_server(tmp_path_factory):
    """A real Kafka on a free loopback port; the first run on a machine fetches its jars."""
    from ingest.local_kafka import LocalKafka

    with LocalKafka(tmp_path_factory.mktemp("kafka")) as server:
        yield server


@pytest.fixture(scope="session")
def kafka(kafka_server):
    """Where the tests' Kafka answers: bootstrap servers."""
    return kafka_server.bootstrap


_numbers = itertools.count(1)


@pytest.fixture
def new_topic(kafka):
    """Makes a topic of its own: `new_topic(partitions=1) -> name`."""
    from ingest.kafka_topics import create_topics

    def make(partitions=1, stem="topic"):
        name = f"{stem}-{next(_numbers)}"
        create_topics(kafka, [name], partitions)
        return name

    return make
