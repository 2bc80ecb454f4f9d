"""A log that is cut, or deleted and made again, loses no message and counts none twice."""

import json
import time

from kafka import KafkaAdminClient, KafkaProducer
from log_source import LogSource
from logged_city import FEEDS, FRAME, accounts, state
from small_city import NOW_MS, NOW_S

from ingest.consumer import Intake, Pace, Worker
from ingest.kafka_topics import create_topics
from ingest.sources.kafka import KafkaSettings, KafkaSource
from layers.store import keys


class Silent:
    def send(self, rejects):
        pass


def worker(store, linger_s=0.0):
    return Worker(Intake(FEEDS, FRAME), store, Silent(), Pace(500, linger_s, 0.0), lambda: NOW_S)


def messages(first, count, ago_ms=0):
    """Readings of sensors in both districts, each of its own moment."""
    bodies = [
        {"id": f"s{n}", "p": "no2", "v": n, "x": [0.5, 3.0][n % 2], "y": 1, "at": NOW_MS + n}
        for n in range(first, first + count)
    ]
    return [json.dumps(body | {"at": body["at"] - ago_ms}).encode() for body in bodies]


def log_of(values):
    return {("air", 0): [(NOW_MS, value) for value in values]}


def test_several_slices_of_a_log_in_one_poll_are_one_run(store):
    # late ones: no id of theirs is kept, so only the fence tells that they have been counted
    log = log_of(messages(0, 40, 7_200_000))
    made = worker(store)
    made.drain(LogSource(log, made.begin, [40]))
    expected = state(store)
    store.client.flushall()
    made = worker(store)
    source = LogSource(log, made.begin, [25])
    made.step(source)
    made._settle()
    store.client.hdel(store.key("000000", keys.FENCE), "air:0")  # an idle home that lags behind
    heir = worker(store, linger_s=0.2)
    heir.drain(LogSource(log, heir.begin, [10] * 4))
    assert state(store) == expected


def test_a_log_begun_again_within_one_poll_is_read_once(store):
    log = log_of(messages(0, 40))

    class Regained(LogSource):
        polls = 0

        def poll(self, timeout_s):
            self.polls += 1
            if self.polls == 3:  # lost to another member and won back
                self.seek(made.begin(["air:0"]))
            return super().poll(timeout_s)

    made = worker(store, linger_s=0.3)
    made.drain(Regained(log, made.begin, [10] * 9))
    assert accounts(store, "air") | {"last_event_ms": 0, "last_message_ms": 0} == {
        "read": 40, "accepted": 40, "last_event_ms": 0, "last_message_ms": 0,
    }  # fmt: skip


def test_a_log_that_lost_its_tail_is_read_from_its_new_end(store):
    made = worker(store)
    made.drain(LogSource(log_of(messages(0, 40)), made.begin, [40]))
    cut = log_of(messages(0, 30) + messages(100, 20))
    heir = worker(store)
    heir.drain(LogSource(cut, lambda names: heir.begin(names, {"air:0": 30}), [7] * 9))
    assert accounts(store, "air")["accepted"] == 60


class Topic:
    """A real topic that can be deleted and made again, and a worker's view of it."""

    def __init__(self, bootstrap, store, name):
        self.bootstrap, self.store, self.name = bootstrap, store, name
        feeds = {"air": _named(FEEDS["air"], name)}
        self.worker = Worker(
            Intake(feeds, FRAME), store, Silent(), Pace(500, 0.05, 0.2), lambda: NOW_S
        )
        settings = KafkaSettings(bootstrap, f"group-{name}")
        self.source = KafkaSource(settings, [name], self.worker.begin, on_lost=self.worker.lost)

    def write(self, values):
        producer = KafkaProducer(bootstrap_servers=self.bootstrap)
        for value in values:
            producer.send(self.name, value=value, partition=0)
        producer.close()

    def make_again(self):
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        admin.delete_topics([self.name])
        while self.name in admin.list_topics():
            time.sleep(0.05)
        admin.close()
        create_topics(self.bootstrap, [self.name], 1)

    def work_until(self, accepted):
        end = time.monotonic() + 25
        while accounts(self.store, "air").get("accepted") != accepted and time.monotonic() < end:
            self.worker.step(self.source)
            self.worker._settle()
        return accounts(self.store, "air")

    def close(self):
        self.source.close()


def _named(feed, topic):
    import msgspec

    return msgspec.structs.replace(feed, topic=topic)


def test_a_topic_made_again_while_nobody_looks_is_read_from_its_beginning(kafka, store, new_topic):
    topic = Topic(kafka, store, new_topic())
    topic.write(messages(0, 30))
    assert topic.work_until(30)["read"] == 30
    topic.close()
    topic.make_again()
    topic.write(messages(100, 50))  # more than was applied of the old one
    heir = Topic(kafka, store, topic.name)
    found = heir.work_until(80)
    heir.close()
    assert (found["read"], found["accepted"]) == (80, 80)


def test_a_topic_made_again_under_a_worker_is_read_from_its_beginning(kafka, store, new_topic):
    topic = Topic(kafka, store, new_topic())
    topic.write(messages(0, 30))
    assert topic.work_until(30)["read"] == 30
    topic.make_again()
    topic.write(messages(100, 20))  # fewer than was applied of the old one
    found = topic.work_until(50)
    topic.close()
    assert (found["read"], found["accepted"]) == (50, 50)


def test_state_lost_between_two_workers_is_built_again_and_told(kafka, store, new_topic):
    topic = Topic(kafka, store, new_topic())
    topic.write(messages(0, 30))
    topic.work_until(30)
    for _ in range(12):  # commits meanwhile
        topic.worker.step(topic.source)
    topic.close()
    assert not store.client.exists(store.key("000000", keys.REBUILT))
    store.client.flushall()
    heir = Topic(kafka, store, topic.name)
    assert heir.work_until(30)["accepted"] == 30
    heir.close()
    (log,) = store.client.hkeys(store.key("000000", keys.REBUILT))
    assert log.decode().startswith(f"{topic.name}:0@")


def test_state_lost_under_a_worker_is_told(store):
    log = log_of(messages(0, 40))
    made = worker(store)
    source = LogSource(log, made.begin, [20, 20])
    made.step(source)
    made._settle()
    store.client.flushall()
    made.drain(source)
    made.drain(source)
    assert store.client.hkeys(store.key("000000", keys.REBUILT)) == [b"air:0"]


def test_a_poll_with_more_rejects_than_a_list_holds_fills_the_list_of_each_home(store):
    bound = FRAME.retention.rejects
    many = [
        json.dumps({"id": f"s{n}", "p": "no2", "v": "x", "x": x, "y": 1, "at": NOW_MS}).encode()
        for x in (0.5, 3.0)
        for n in range(bound + 20)
    ]
    made = worker(store)
    made.drain(LogSource(log_of(many), made.begin, [5000]))
    lengths = [store.client.llen(store.key(h, keys.REJECTS)) for h in ("110101", "110102")]
    assert lengths == [bound, bound]
