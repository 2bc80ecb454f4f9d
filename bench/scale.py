"""`make bench NAME=scale`: what the size of the city and the number of workers do to the cost.

Three parts, on a real Kafka and Redis (`ARGS='--part flat'` runs one of them):

- `flat`: one worker reads the same number of readings in cities of 16 and 400 districts and from
  1 thousand to 1 million sensors; seconds per event against the city of 16 districts and 10
  thousand sensors. The cities are squares with some 5,000 grids each. Kafka's and Redis' share is
  in it, as it is in life.
- `workers`: one worker process, then two, over the same topic in groups of their own. Broker and
  Redis run on the same two cores, so their CPU seconds are given beside the ratio: what is left for
  the workers is what they can share.
- `latency`: messages are published at a steady pace; from the moment of `send` until the home of
  the message has them in Redis (its fence has passed them), looked at every 5 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from kafka import KafkaProducer

from bench.shapes import FEED
from ingest.consumer import Intake, Pace, Worker
from ingest.kafka_topics import create_topics
from ingest.local_kafka import LocalKafka
from ingest.sources.kafka import KafkaSettings, KafkaSource
from ingest.worker import NoTopic
from layers.batch import Frame
from layers.documents import convert
from layers.feed_spec import FeedSpec
from layers.geography import Geography, Region
from layers.labels import Label
from layers.store import keys
from layers.store.client import Store, connect
from layers.store.local_redis import LocalRedis

SIDE = 1.0
PARTITIONS = 6


@dataclass(frozen=True)
class Case:
    """One city and its sensors."""

    districts: int
    sensors: int
    events: int


def frame_of(districts: int) -> Frame:
    """Give a square city: districts in rows, each with streets and grids, 5,000 grids in all."""
    rows = int(districts**0.5)
    streets = max(2, 350 // districts)
    grids = max(2, 5_000 // (districts * streets))
    side, name = SIDE / rows, Label("基准", "bench")
    regions, shapes = [Region("11", name)], {}
    for at in range(districts):
        x, y = at % rows * side, at // rows * side
        code = f"11{at:04d}"
        shapes[code] = shapely.box(x, y, x + side, y + side)
        for street in range(streets):
            width = side / streets
            left = x + street * width
            shapes[f"{code}{street:03d}"] = shapely.box(left, y, left + width, y + side)
            for grid in range(grids):
                height = side / grids
                low = y + grid * height
                shapes[f"{code}{street:03d}001{grid:03d}"] = shapely.box(
                    left, low, left + width, low + height
                )
    regions += [Region(code, name) for code in shapes]
    return Frame(Geography(regions, shapes, date(2026, 1, 1)), "11", "Asia/Shanghai")


def main() -> None:
    """Run the parts asked for and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=["flat", "workers", "latency"], action="append")
    parser.add_argument("--events", type=int, default=400_000)
    parser.add_argument("--rate", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.worker:
        _worker_process(json.loads(asked.worker))
        return
    parts = asked.part or ["flat", "workers", "latency"]
    result: dict[str, Any] = {"bench": "scale"}
    with (
        tempfile.TemporaryDirectory(prefix="yiwang-bench-") as made,
        LocalKafka(Path(made) / "kafka", throughput=True) as kafka,
    ):
        if "flat" in parts:
            result["flat"] = flat(kafka.bootstrap, asked.events)
        if "workers" in parts:
            result["workers"] = workers(kafka, asked.events)
        if "latency" in parts:
            result["latency"] = latency(kafka.bootstrap, asked.rate, asked.seconds)
    print(json.dumps(result))


def flat(bootstrap: str, events: int) -> dict[str, Any]:
    """Give microseconds per event by city, and the ratios to the first."""
    base = Case(16, 10_000, events)
    cases = [
        base, replace(base, districts=64), replace(base, districts=400),
        replace(base, sensors=1_000), replace(base, sensors=100_000),
        replace(base, sensors=1_000_000, events=max(events, 1_000_000)), base,
    ]  # fmt: skip
    found = []
    for number, case in enumerate(cases):
        topic = f"flat-{number}"
        create_topics(bootstrap, [topic], PARTITIONS)
        _produce(bootstrap, topic, case)
        with LocalRedis(None) as redis:
            seconds = _read(bootstrap, topic, case, connect(redis.url))
        found.append(seconds / case.events * 1e6)
        print(case, f"{found[-1]:.2f} µs an event", flush=True)
    first = (found[0] + found[-1]) / 2
    names = [f"{c.districts} districts, {c.sensors} sensors" for c in cases[:-1]]
    return {
        "us_per_event": dict(zip(names, (round(f, 2) for f in found), strict=False)),
        "ratio": dict(zip(names, (round(f / first, 2) for f in found), strict=False)),
    }


def _produce(bootstrap: str, topic: str, case: Case) -> None:
    """Write readings turn by turn, each sensor in one partition."""
    rng = np.random.default_rng(3)
    x, y = rng.uniform(0.01, 0.99, (2, case.sensors)) * SIDE
    heads = [
        f'{{"sensor_id":"S{n:07d}","property":"pm25","lng":{x[n]:.6f},"lat":{y[n]:.6f},'
        f'"unit":"ug/m3","quality":"valid","observed_at":"'
        for n in range(case.sensors)
    ]
    now = int(time.time()) - 600
    producer = _producer(bootstrap)
    turns = -(-case.events // case.sensors)
    for number in range(case.events):
        turn, sensor = divmod(number, case.sensors)
        at = now + turn * 600 // turns
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
        value = f'{heads[sensor]}{stamp}","value":{number % 500}}}'.encode()
        producer.send(topic, value, partition=sensor % PARTITIONS, timestamp_ms=at * 1000)
    producer.flush()
    producer.close()


def _producer(bootstrap: str) -> KafkaProducer:
    return KafkaProducer(
        bootstrap_servers=bootstrap, acks=1, linger_ms=50, batch_size=1 << 18,
        max_in_flight_requests_per_connection=1,
    )  # fmt: skip


def _feed(topic: str) -> FeedSpec:
    return convert(FEED | {"id": topic}, FeedSpec, Path("bench"))


def _read(bootstrap: str, topic: str, case: Case, store: Store) -> float:
    """Read everything with one worker; give the seconds."""
    feed = _feed(topic)
    intake = Intake({feed.id: feed}, frame_of(case.districts))
    worker = Worker(intake, store, NoTopic(), Pace(100_000, 0.1), time.time)
    settings = KafkaSettings(bootstrap, topic, max_poll_records=100_000)
    source = KafkaSource(settings, worker.topics, worker.begin)
    while not source.assigned():
        source.poll(0.1)
    source.seek(dict.fromkeys(source.assigned(), -1))
    started, read = time.perf_counter(), 0
    while read < case.events:
        read += worker.step(source)
    worker.drain(source)
    seconds = time.perf_counter() - started
    source.close()
    return seconds


def workers(kafka: LocalKafka, events: int) -> dict[str, Any]:
    """Give the events a second of one worker process and of two, and who used the cores."""
    topic, case = "workers", Case(16, 10_000, events)
    create_topics(kafka.bootstrap, [topic], PARTITIONS)
    _produce(kafka.bootstrap, topic, case)
    found: dict[str, Any] = {}
    for count in (1, 2, 1, 2):
        with LocalRedis(None) as redis:
            store = connect(redis.url)
            before = {name: _cpu_s(pid) for name, pid in _pids(kafka, redis).items()}
            words = {"bootstrap": kafka.bootstrap, "redis": redis.url, "topic": topic}
            words["group"] = f"workers-{time.monotonic_ns()}"
            running = [_start(words | {"name": f"w{n}"}) for n in range(count)]
            _wait_ready(store, count)
            started = time.perf_counter()
            store.client.set("go", 1)
            while _taken_in(store, topic) < events:
                time.sleep(0.02)
            seconds = time.perf_counter() - started
            used = {n: round(_cpu_s(p) - before[n], 1) for n, p in _pids(kafka, redis).items()}
            used["workers"] = round(sum(_cpu_s(child.pid) for child in running), 1)
            for child in running:
                child.terminate()
                child.wait()
        rate = round(events / seconds)
        found.setdefault(f"{count}", []).append({"events_per_s": rate, "cpu_s": used})
        print(count, rate, used, flush=True)
    one, two = (max(r["events_per_s"] for r in found[n]) for n in ("1", "2"))
    return {"one_per_s": one, "two_per_s": two, "ratio": round(two / one, 2), "runs": found}


def _start(words: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "bench.scale", "--worker", json.dumps(words)]
    return subprocess.Popen(command)


def _worker_process(words: dict[str, str]) -> None:
    """Join the group, wait for the sign, and work until told to end."""
    store = connect(words["redis"])
    feed = _feed(words["topic"])
    intake = Intake({feed.id: feed}, frame_of(16))
    worker = Worker(intake, store, NoTopic(), Pace(100_000, 0.1), time.time)
    settings = KafkaSettings(words["bootstrap"], words["group"], max_poll_records=100_000)
    source = KafkaSource(settings, worker.topics, worker.begin)
    while store.client.get("go") is None:
        held = source.assigned()
        store.client.hset("ready", words["name"], len(held))
        if held:
            source.seek(dict.fromkeys(held, -1))
        source.poll(0.2)
    source.seek(dict.fromkeys(source.assigned(), -1))
    worker.run(source, threading.Event())


def _wait_ready(store: Store, count: int) -> None:
    while True:
        held = [int(n) for n in store.client.hvals("ready")]
        if len(held) == count and sum(held) == PARTITIONS and min(held) == PARTITIONS // count:
            return
        time.sleep(0.1)


def _taken_in(store: Store, topic: str) -> int:
    homes = _homes()
    found = store.read([("hget", home, keys.accounts(topic), ("read",)) for home in homes])
    return sum(int(value or 0) for value in found)


@cache
def _homes() -> tuple[str, ...]:
    return frame_of(16).homes


def _pids(kafka: LocalKafka, redis: LocalRedis) -> dict[str, int]:
    return {"kafka": int(kafka.pid or 0), "redis": int(redis.pid or 0)}


def _cpu_s(pid: int) -> float:
    """Give the CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def latency(bootstrap: str, rate: int, seconds: int) -> dict[str, Any]:
    """Give percentiles of the way from `send` to the state, at a steady pace."""
    topic, frame = "latency", frame_of(16)
    create_topics(bootstrap, [topic], PARTITIONS)
    feed = _feed(topic)
    with LocalRedis(None) as redis:
        store = connect(redis.url)
        words = {"bootstrap": bootstrap, "redis": redis.url, "topic": topic, "group": topic}
        child = _start(words | {"name": "w0"})
        _wait_ready(store, 1)
        store.client.set("go", 1)
        watch = _Watch(connect(redis.url), frame.homes[1], topic)
        watch.start()
        _publish(bootstrap, feed.id, (rate, seconds), watch)
        time.sleep(2)
        watch.stop()
        child.terminate()
        child.wait()
    waits = np.sort(watch.waits_ms)
    return {
        "rate": rate,
        "messages": rate * seconds,
        "looked_at": len(waits),
        **{f"p{q}_ms": round(float(np.percentile(waits, q))) for q in (50, 95, 99)},
        "max_ms": round(float(waits[-1])),
    }


class _Watch(threading.Thread):
    """Looks every 5 ms how far the fences of one home have come."""

    def __init__(self, store: Store, home: str, topic: str) -> None:
        super().__init__(daemon=True)
        self._store, self._home, self._topic = store, home, topic
        self._sent: dict[int, list[tuple[int, float]]] = {p: [] for p in range(PARTITIONS)}
        self._ended = threading.Event()
        self.waits_ms: list[float] = []

    def sent(self, partition: int, offset: int, at: float) -> None:
        self._sent[partition].append((offset, at))

    def run(self) -> None:
        while not self._ended.wait(0.005):
            fences = self._store.fences([self._home])[self._home]
            now = time.perf_counter()
            for name, fence in fences.items():
                waiting = self._sent[int(name.rpartition(":")[2].partition("@")[0])]
                while waiting and waiting[0][0] < fence:
                    self.waits_ms.append((now - waiting.pop(0)[1]) * 1000)

    def stop(self) -> None:
        self._ended.set()
        self.join()


def _publish(bootstrap: str, topic: str, pace: tuple[int, int], watch: _Watch) -> None:
    """Publish at the pace; every 100th message lies in the watched home and is timed."""
    rate, seconds = pace
    rng = np.random.default_rng(5)
    x, y = rng.uniform(0.01, 0.99, (2, 10_000)) * SIDE
    x[::100], y[::100] = x[::100] * 0.24, y[::100] * 0.24
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks=1, linger_ms=5)
    started = time.perf_counter()
    for number in range(rate * seconds):
        due = started + number / rate
        if number % 50 == 0 and (rest := due - time.perf_counter()) > 0:
            time.sleep(rest)
        sensor = number % 10_000
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
        value = (
            f'{{"sensor_id":"S{sensor:06d}","property":"pm25","value":{number % 400},'
            f'"unit":"ug/m3","observed_at":"{stamp}","lng":{x[sensor]:.6f},"lat":{y[sensor]:.6f}}}'
        ).encode()
        partition = sensor % PARTITIONS
        at = time.perf_counter()
        future = producer.send(topic, value, partition=partition)
        if number % 100 == 0:
            future.add_callback(lambda m, p=partition, t=at: watch.sent(p, m.offset, t))
    producer.flush()
    producer.close()


if __name__ == "__main__":
    main()
