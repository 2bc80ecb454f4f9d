"""Real worker processes die by SIGKILL, and no number shows it: a real Kafka, a real Redis."""

import itertools
import json
import os
import random
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from logged_city import FEEDS, FRAME, accounts, logs, state
from small_city import NOW_S

from ingest.kafka_topics import create_topics
from layers.processes import Child
from layers.store import keys

LOG = logs(11, 200)
TOTAL = sum(map(len, LOG.values()))
WORKER = Path(__file__).with_name("doomed_worker.py")
PATIENCE_S = 30

DEATHS = {
    "poll": [("after take-over", 1), ("before poll", 4), ("after poll", 5)],
    "normalize": [("after batch", 5), ("after normalize", 3)],
    "rejects": [("before rejects", 2), ("inside rejects", 1), ("after rejects", 2)],
    "apply": [
        *(("after superseded", 3), ("inside apply", 2), ("inside apply", 3)),
        ("after apply", 3),
    ],
    "sweep": [("before sweep", 2), ("inside sweep", 1), ("after sweep", 2)],
    "commit": [("before commit", 3), ("after commit", 3)],
}
"""Step → the places at which one worker after the other dies, and at which passage.

What is after one step is before the next.
"""


class Lives:
    """One worker process after the other, over one log."""

    numbers = itertools.count(1)

    def __init__(self, bootstrap, redis_url, folder, stack):
        self.said = {"bootstrap": bootstrap, "redis": redis_url, "now_s": NOW_S, "records": 40}
        self.rejects = f"rejects-{next(self.numbers)}"
        create_topics(bootstrap, [self.rejects], 1)
        self._folder = folder
        self._stack = stack

    def begin(self, **said):
        """Start a worker. Each has a group of its own: nobody waits for a dead member, and what
        the dead one has committed says nothing."""
        number = next(self.numbers)
        words = self.said | {"group": f"life-{number}", "rejects": self.rejects} | said
        log = self._folder / f"life-{number}.log"
        child = Child([sys.executable, str(WORKER), json.dumps(words)], log)
        self._stack.callback(child.stop)
        return child

    def die(self, place, passage):
        # few messages a poll leave more than one home idle for a sweep
        child = self.begin(place=place, passage=passage, records=5 if "sweep" in place else 40)
        wait(lambda: child.exit_code is not None, child, place)
        assert child.exit_code == -signal.SIGKILL, f"{place}:\n{child.tail()}"

    def finish(self, store):
        """Let a fresh worker read to the end, and end in good order."""
        child = self.begin()
        wait(lambda: read(store) >= TOTAL, child)
        assert child.stop() == 0, child.tail()


def wait(what, child, place=""):
    end = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < end, f"waited {PATIENCE_S} s in vain {place}\n{child.tail()}"
        time.sleep(0.01)


def read(store):
    return sum(accounts(store, feed).get("read", 0) for feed in FEEDS)


@pytest.fixture(scope="module")
def log_in_kafka(kafka):
    """The log, with the times of its messages, in topics of the small city."""
    create_topics(kafka, [feed.topic_name for feed in FEEDS.values()], 2)
    producer = KafkaProducer(bootstrap_servers=kafka)
    for (topic, partition), messages in LOG.items():
        for at_ms, value in messages:
            producer.send(topic, value, partition=partition, timestamp_ms=at_ms)
    producer.flush()
    producer.close()
    return kafka


@pytest.fixture
def lives(log_in_kafka, redis_url, tmp_path):
    with ExitStack() as stack:
        yield Lives(log_in_kafka, redis_url, tmp_path, stack)


@pytest.fixture(scope="module")
def undisturbed(log_in_kafka, redis_url, tmp_path_factory):
    """The state that one worker leaves that nobody disturbs."""
    from layers.store.client import connect

    store = connect(redis_url, prefix="t")
    store.client.flushall()
    with ExitStack() as stack:
        Lives(log_in_kafka, redis_url, tmp_path_factory.mktemp("lives"), stack).finish(store)
    left = state(store)
    store.client.close()
    return left


def rejects_in(bootstrap, topic):
    """Give the keys of the messages in the rejects topic."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    end, found = consumer.end_offsets([partition])[partition], []
    while consumer.position(partition) < end:
        found += [r.key for records in consumer.poll(200).values() for r in records]
    consumer.close()
    return found


def check(store, lives, undisturbed):
    assert state(store) == undisturbed
    rejected = 0
    for feed in FEEDS:
        found = accounts(store, feed)
        outcomes = ("accepted", "duplicate", "rejected", "late")
        assert found["read"] == sum(found.get(name, 0) for name in outcomes)
        rejected += found.get("rejected", 0)
    assert read(store) == TOTAL
    listed = [
        json.loads(raw)
        for home in FRAME.homes
        for raw in store.client.lrange(store.key(home, keys.REJECTS), 0, -1)
    ]
    places = {f"{r['feed']}:{r['topic']}:{r['partition']}:{r['offset']}".encode() for r in listed}
    assert len(places) == len(listed) == rejected > 10
    assert set(rejects_in(lives.said["bootstrap"], lives.rejects)) == places


@pytest.mark.parametrize("step", DEATHS)
def test_a_process_killed_before_inside_and_after_a_step_changes_no_number(
    undisturbed, lives, store, step
):
    for place, passage in DEATHS[step]:
        lives.die(place, passage)
        assert read(store) < TOTAL, f"{place}: nothing was left to do"
    lives.finish(store)
    check(store, lives, undisturbed)


def test_processes_killed_at_any_moment_change_no_number(undisturbed, lives, store):
    rng = random.Random(7)
    inside = 0
    for _ in range(6):
        before = read(store)
        assert before < TOTAL, "nothing was left to do"
        child = lives.begin(records=4)
        wait(lambda before=before: read(store) > before, child)
        time.sleep(rng.random() * 0.2)
        os.kill(child.pid, signal.SIGKILL)
        wait(lambda child=child: child.exit_code is not None, child)
        assert child.exit_code == -signal.SIGKILL, child.tail()
        inside += before < read(store) < TOTAL
    assert inside >= 3, "hardly one died in the middle of its work"
    lives.finish(store)
    check(store, lives, undisturbed)
