"""`make chaos ROUNDS=n`: faults at random moments; after each round the state must be the truth.

A real Kafka, a real Redis with append-only data, real worker processes, and messages that never
stop. The truth is what one worker that nobody disturbs makes of the same topics in a Redis of its
own. After each round both must be equal, key by key, and every account must balance: so many
messages read as were produced. The last line is JSON: rounds, faults injected, differences found.
"""

import argparse
import itertools
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from kafka import KafkaAdminClient, KafkaProducer
from kafka.errors import KafkaError
from logged_city import FEEDS, FRAME, accounts, cases, readings, state
from small_city import NOW_MS, NOW_S

from ingest.consumer import Intake, Pace, Worker
from ingest.kafka_topics import create_topics
from ingest.local_kafka import LocalKafka
from ingest.sources.kafka import KafkaSettings, KafkaSource
from ingest.worker import NoTopic
from layers.processes import Child, free_port
from layers.store.client import connect
from layers.store.local_redis import LocalRedis

WORKER = Path(__file__).with_name("chaos_worker.py")
REJECTS = "chaos.rejects"
PATIENCE_S = 90
BOUND = FRAME.retention.rejects
OUTCOMES = ("accepted", "duplicate", "rejected", "late")

POISON = (
    b"", None, b"{", b"[]", b"null", b"\x00", b"\xff\xfe\x00", b"{}", b"[" * 50_000, b'{"a":' * 900,
    b'{"id":1e999,"v":NaN}', b'{"id":"\xed\xa0\x80"}', b'"text"', b"a,b,c\r\n", b"<alert/>",
    b'{"id":{"deep":[1]},"p":[],"v":{},"x":"west","y":null,"at":"soon"}',
    b'{"id":"s","p":"no2","v":1e400,"x":1e308,"y":-1e308,"at":99999999999999999999}',
)  # fmt: skip


class City:
    """The servers, the workers, the stream of messages and the truth."""

    def __init__(self, folder, seed, stack):
        self.folder = folder
        self.rng = random.Random(seed)
        self.kafka = stack.enter_context(LocalKafka(folder / "kafka"))
        self.redis_port = free_port()
        self.redis = LocalRedis(folder / "redis", port=self.redis_port)
        self.redis.start()
        quiet = stack.enter_context(LocalRedis(None))
        topics = [feed.topic_name for feed in FEEDS.values()]
        create_topics(self.kafka.bootstrap, topics, 2)
        create_topics(self.kafka.bootstrap, [REJECTS], 1)
        self.store = connect(self.redis.url, prefix="t")
        self.true_store = connect(quiet.url, prefix="t")
        self.workers = []
        self.produced = Counter()
        self.clock_s = NOW_S
        self._numbers = itertools.count(1)
        self._producer = KafkaProducer(bootstrap_servers=self.kafka.bootstrap, acks="all")
        self._past = []
        self._stop = threading.Event()
        stack.callback(self._end)
        stack.callback(self._producer.close)

    def start_worker(self):
        said = {
            "bootstrap": self.kafka.bootstrap,
            "redis": self.redis.url,
            "rejects": REJECTS,
            "now_s": self.clock_s,
        }
        log = self.folder / f"worker-{next(self._numbers)}.log"
        self.workers.append(Child([sys.executable, str(WORKER), json.dumps(said)], log))

    def kill_worker(self):
        """SIGKILL one of the workers, and start another."""
        victim = self.rng.choice(self.workers)
        os.kill(victim.pid, signal.SIGKILL)
        victim.stop()
        self.workers.remove(victim)
        self.start_worker()

    def send(self, count):
        """Produce so many messages, some of them twice, and say how many came of it."""
        for _ in range(count):
            topic = self.rng.choice(["air", "hotline"])
            partition = self.rng.randrange(2) if topic == "air" else 0
            made = readings(self.rng, 1, partition) if topic == "air" else cases(self.rng, 1)
            message = (topic, partition, made[0][1])
            if self._past and self.rng.random() < 0.1:
                message = self.rng.choice(self._past)
            self._past = [*self._past[-500:], message]
            self.produce(*message)

    def produce(self, topic, partition, value):
        """Produce one message and wait until it stands in the log."""
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                sent = self._producer.send(
                    topic, value, b"key", partition=partition, timestamp_ms=NOW_MS + 60_000
                )
                sent.get(timeout=20)
            except KafkaError:
                # it may stand there or not: what counts is the end of the log
                if time.monotonic() > end:
                    raise
            else:
                return

    def stream(self, while_):
        """Produce without a pause while something goes on."""
        with ExitStack() as stack:
            stop = threading.Event()
            thread = threading.Thread(target=self._pour, args=(stop,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(stop.set)
            while_()

    def _pour(self, stop):
        while not stop.is_set():
            self.send(5)

    def written(self):
        """Give the number of messages that stand in the topics of the feeds."""
        from kafka import KafkaConsumer, TopicPartition

        consumer = KafkaConsumer(bootstrap_servers=self.kafka.bootstrap)
        logs = [TopicPartition(f.topic_name, p) for f in FEEDS.values() for p in range(2)]
        ends = consumer.end_offsets(logs)
        consumer.close()
        return sum(ends.values())

    def read(self):
        try:
            return sum(accounts(self.store, feed).get("read", 0) for feed in FEEDS)
        except Exception:  # noqa: BLE001  Redis is away, as a fault wants it
            return -1

    def settle(self):
        """Wait until everything that was produced has been taken in."""
        wanted, end = self.written(), time.monotonic() + PATIENCE_S
        while self.read() != wanted:
            if time.monotonic() > end:
                logs = "\n".join(w.tail() for w in self.workers)
                raise AssertionError(f"{self.read()} of {wanted} read after {PATIENCE_S} s\n{logs}")
            time.sleep(0.1)

    def difference(self):
        """Give the first difference to the truth, or nothing."""
        truth = Worker(
            Intake(FEEDS, FRAME), self.true_store, NoTopic(), Pace(500, 0.0, 1e9), lambda: NOW_S
        )
        group = f"truth-{time.monotonic_ns()}"
        source = KafkaSource(KafkaSettings(self.kafka.bootstrap, group), truth.topics, truth.begin)
        wanted = self.written()
        end = time.monotonic() + PATIENCE_S
        while sum(accounts(self.true_store, f).get("read", 0) for f in FEEDS) < wanted:
            assert time.monotonic() < end, "the truth could not be read"
            truth.step(source)
            truth._settle()
        source.close()
        return first_difference(state(self.true_store), state(self.store), self.store)

    def _end(self):
        for worker in self.workers:
            worker.stop()
        self.redis.stop()


def first_difference(truth, live, store):
    for feed in FEEDS:
        found = accounts(store, feed)
        if found.get("read", 0) != sum(found.get(name, 0) for name in OUTCOMES):
            return f"accounts of {feed}: {found}"
    for key in sorted({*truth, *live}):
        if key.endswith(":fence"):
            continue  # idle homes follow at their own pace
        if key.endswith(":rejects") and len(truth.get(key, ())) >= BOUND:
            # the newest of two partitions, whose order is nobody's: only their number is one truth
            same = len(truth[key]) == len(live.get(key, ()))
        else:
            same = truth.get(key) == live.get(key)
        if not same:
            return (
                f"{key}: {str(truth.get(key))[:300]} is true, {str(live.get(key))[:300]} is there"
            )
    return ""


def kill(city):
    time.sleep(city.rng.random())
    city.kill_worker()


def rebalance(city):
    """1 → 3 → 2 workers."""
    for _ in range(2):
        city.start_worker()
    time.sleep(1 + city.rng.random() * 3)
    for worker in city.workers[:-2]:
        worker.stop()
    city.workers = city.workers[-2:]


def broker_restart(city):
    city.kafka.stop()
    time.sleep(city.rng.random() * 2)
    city.kafka.start()


def redis_restart(city):
    """SIGKILL; what was written within the last second may be lost, its fences with it."""
    os.kill(city.redis.pid, signal.SIGKILL)
    city.redis.stop()
    time.sleep(city.rng.random())
    city.redis = LocalRedis(city.folder / "redis", port=city.redis_port)
    city.redis.start()


def redis_lost(city):
    """Everything that Redis held is gone."""
    city.store.client.flushall()


def redis_unreachable(city, seconds=4.0):
    os.kill(city.redis.pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(city.redis.pid, signal.SIGCONT)


def redis_away_for_a_minute(city):
    redis_unreachable(city, 60.0)


def duplicates(city):
    """A producer that repeats itself."""
    for message in city.rng.sample(city._past, min(100, len(city._past))):
        city.produce(*message)


def poison(city):
    for value in POISON:
        city.produce(city.rng.choice(["air", "hotline"]), 0, value)
    for _ in range(40):
        size = city.rng.randrange(1, 400)
        city.produce("air", city.rng.randrange(2), city.rng.randbytes(size))


def clock_step(city):
    """The next worker's clock is wrong by minutes."""
    city.clock_s = NOW_S + city.rng.randrange(-600, 600)
    city.kill_worker()


def rejects_unwritable(city):
    admin = KafkaAdminClient(bootstrap_servers=city.kafka.bootstrap)
    admin.delete_topics([REJECTS])
    poison(city)
    time.sleep(1)
    admin.close()
    create_topics(city.kafka.bootstrap, [REJECTS], 1)


FAULTS = [
    kill, rebalance, broker_restart, redis_restart, redis_lost, redis_unreachable, duplicates,
    poison, clock_step, rejects_unwritable,
]  # fmt: skip
LONG = [redis_away_for_a_minute]


def run(rounds, seed, faults, say=lambda _line: None):
    """Run so many rounds; each injects one or two faults. Gives the report."""
    injected, found = Counter(), []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="yiwang-chaos-")))
        city = City(folder, seed, stack)
        city.start_worker()
        city.start_worker()
        city.send(50)
        turn = itertools.cycle(faults)
        for number in range(1, rounds + 1):
            chosen = [next(turn), *city.rng.choices(faults, k=city.rng.randrange(2))]

            def disturb(chosen=chosen):
                for fault in chosen:
                    fault(city)
                    injected[fault.__name__] += 1

            city.stream(disturb)
            city.settle()
            difference = city.difference()
            names = ", ".join(fault.__name__ for fault in chosen)
            say(f"round {number}: {names}: {difference or 'equal'} ({city.read()} messages)")
            if difference:
                found.append(f"round {number} ({names}): {difference}")
    return {
        "chaos": seed,
        "rounds": rounds,
        "faults": dict(sorted(injected.items())),
        "differences": len(found),
        "first": found[:1],
    }


def _say(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--only", choices=[f.__name__ for f in [*FAULTS, *LONG]], action="append")
    asked = parser.parse_args()
    every = [*FAULTS, *LONG] if asked.rounds > len(FAULTS) else FAULTS
    faults = [f for f in [*FAULTS, *LONG] if f.__name__ in asked.only] if asked.only else every
    report = run(asked.rounds, asked.seed, faults, _say)
    _say(json.dumps(report))
    return 1 if report["differences"] else 0


if __name__ == "__main__":
    sys.exit(main())
