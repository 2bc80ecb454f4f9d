"""The short form of `make chaos`: a few faults, then the state is compared with the truth."""

import chaos
import pytest
from kafka.errors import KafkaTimeoutError
from small_city import NOW_MS

from ingest.worker import RejectsTopic
from layers.feeds import Reject
from layers.labels import Label


def test_faults_at_random_moments_change_no_number():
    faults = [chaos.kill, chaos.poison, chaos.redis_restart, chaos.redis_lost]
    report = chaos.run(len(faults), 7, faults)
    assert report["differences"] == 0, report["first"]
    assert sum(report["faults"].values()) >= len(faults)


@pytest.mark.parametrize("key", ["110101:acct:air", "110101:latest"])
def test_a_difference_is_named(store, key):
    home, _, suffix = key.partition(":")
    store.client.hset(store.key(home, suffix), "read", "1")
    found = chaos.first_difference({}, chaos.state(store), store)
    assert suffix in found or "air" in found


def reject(number):
    label = Label("因", "cause")
    return Reject("air", "air", 0, number, NOW_MS, "f", "v", label, label, "raw")


class Broken:
    """A producer whose topic can't be written until it is mended."""

    def __init__(self):
        self.broken = True
        self.calls = 0
        self.keys = []

    def send(self, topic, key, value):
        self.calls += 1
        if self.broken:
            raise KafkaTimeoutError("no topic")
        self.keys.append(key)
        return self

    def flush(self, timeout):
        pass

    def get(self, timeout):
        pass


def test_an_unwritable_rejects_topic_is_not_asked_at_every_poll_and_gets_all_later():
    clock = [100.0]
    producer = Broken()
    topic = RejectsTopic(producer, "rejects", lambda: clock[0])
    for number in range(20):
        topic.send([reject(number)])
    assert producer.calls == 1
    producer.broken = False
    clock[0] += 60
    topic.send([reject(20)])
    assert [int(key.rpartition(b":")[2]) for key in producer.keys] == list(range(21))
    topic.send([reject(21)])
    assert len(producer.keys) == 22
