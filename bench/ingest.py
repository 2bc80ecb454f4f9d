"""`make bench NAME=ingest`: the whole way Kafka → Redis in one worker, against a bare poll.

One run, real Apache Kafka and Redis, three shapes of message (`bench/shapes.py`), each in a topic
of its own: the topic is read first by kafka-python's own consumer that does nothing with the
records, then by one worker that does all of its work (decode, check, place in districts, streets
and grids, find duplicates, sums at every level, latest or records, accounts), then by the bare
consumer once more, and at last by a bare consumer whose records become columns. The ratio is
against the mean of the two bare readings. `cpu_us` is what the process itself computed per event,
which other programs on the machine disturb less than the clock; Redis and Kafka compute beside it.

`ARGS='--shape sensor'` runs one shape only. The last line is one JSON object: the figures of the
first shape, and those of all under `shapes`.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, KafkaProducer
from kafka.structs import TopicPartition

from bench.shapes import SHAPES, Shape, Size, messages
from ingest.consumer import Intake, Pace, Worker
from ingest.kafka_topics import create_topics
from ingest.local_kafka import LocalKafka
from ingest.sources.ahead import AheadSource
from ingest.sources.columnar_fetch import columns_of, read_columns
from ingest.sources.kafka import KafkaSettings, KafkaSource
from ingest.worker import NoTopic
from layers.batch import Frame
from layers.documents import convert
from layers.feed_spec import FeedSpec
from layers.feeds import read_health
from layers.pack import load_pack
from layers.store.client import connect
from layers.store.local_redis import LocalRedis

SENSOR = SHAPES["sensor"]
TOPIC = SENSOR.topic


def main() -> None:
    """Run the bench and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=SHAPES, action="append")
    parser.add_argument("--events", type=int, default=600_000, help="of the hotline a fifth")
    parser.add_argument("--sensors", type=int, default=10_000)
    parser.add_argument("--partitions", type=int, default=6)
    parser.add_argument("--seconds", type=int, default=600)
    asked = parser.parse_args()
    size = Size(asked.events, asked.sensors, asked.partitions, asked.seconds)
    results = {}
    with (
        tempfile.TemporaryDirectory(prefix="yiwang-bench-") as made,
        LocalKafka(Path(made) / "kafka", throughput=True) as kafka,
    ):
        for name in asked.shape or SHAPES:
            with LocalRedis(Path(made) / name, append_only=False) as redis:
                share = 5 if name == "hotline" else 1
                part = replace(size, events=size.events // share)
                results[name] = measured(kafka.bootstrap, redis.url, part, SHAPES[name])
                print(name, json.dumps(results[name]))
    first = next(iter(results.values()))
    print(json.dumps({"bench": "ingest", **first, "shapes": results}))


def measured(bootstrap: str, url: str, size: Size, shape: Shape) -> dict[str, Any]:
    """Produce and read one shape; give its figures."""
    create_topics(bootstrap, [shape.topic], size.partitions)
    mean_bytes = _produce(bootstrap, size, shape)
    cpu = time.process_time()
    before = _bare(bootstrap, size, shape)
    bare_cpu = time.process_time() - cpu
    _forget_peak()
    worked_s, accepted, work_cpu = _worked(bootstrap, url, size, shape)
    rss_mib = _peak_mib()
    after = _bare(bootstrap, size, shape)
    columns_s = _bare(bootstrap, size, shape, columns=True)
    raw, rate = size.events / ((before + after) / 2), size.events / worked_s
    return {
        "events": size.events,
        "accepted": accepted,
        "bytes": mean_bytes,
        "events_per_s": round(rate),
        "raw_poll_per_s": round(raw),
        "column_poll_per_s": round(size.events / columns_s),
        "ratio": round(rate / raw, 3),
        "rss_mib": rss_mib,
        "cpu_us": round(work_cpu / size.events * 1e6, 2),
        "raw_cpu_us": round(bare_cpu / size.events * 1e6, 2),
    }


def _forget_peak() -> None:
    """Let the peak of memory begin anew, where Linux can."""
    forget = Path("/proc/self/clear_refs")
    if forget.exists():
        forget.write_text("5")


def _peak_mib() -> int:
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) >> 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def _produce(bootstrap: str, size: Size, shape: Shape = SENSOR) -> int:
    """Write the events in the order of time; give the mean bytes of a message."""
    producer = KafkaProducer(
        bootstrap_servers=bootstrap,
        acks=1,
        linger_ms=50,
        batch_size=1 << 18,
        max_in_flight_requests_per_connection=1,
    )
    total = 0
    for partition, at_ms, value in messages(shape, size):
        producer.send(shape.topic, partition=partition, timestamp_ms=at_ms, value=value)
        total += len(value)
    producer.flush()
    producer.close()
    return total // size.events


def _bare(bootstrap: str, size: Size, shape: Shape = SENSOR, *, columns: bool = False) -> float:
    """Read everything with a consumer, the stock one or by columns; give the seconds."""
    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        max_poll_records=20_000,
        max_partition_fetch_bytes=4 << 20,
        fetch_max_bytes=32 << 20,
    )
    if columns:
        assert read_columns(consumer)
    consumer.assign([TopicPartition(shape.topic, p) for p in range(size.partitions)])
    consumer.seek_to_beginning()
    consumer.poll(timeout_ms=0)
    started, read = time.perf_counter(), 0
    while read < size.events:
        found = consumer.poll(timeout_ms=1000).values()
        read += sum(len(columns_of(r) if columns else r) for r in found)
    seconds = time.perf_counter() - started
    consumer.close()
    return seconds


def _work(bootstrap: str, url: str, size: Size) -> tuple[float, int]:
    """Read all readings with one worker; give the seconds and the number accepted."""
    return _worked(bootstrap, url, size, SENSOR)[:2]


def _worked(bootstrap: str, url: str, size: Size, shape: Shape) -> tuple[float, int, float]:
    """Read everything with one worker; give the seconds, the accepted and the CPU seconds."""
    pack = load_pack("beijing")
    feed = convert(shape.feed, FeedSpec, Path("bench"))
    frame = Frame(pack.geography, pack.code, pack.timezone)
    store = connect(url)
    pace = Pace(max_messages=100_000, linger_s=0.1)
    worker = Worker(Intake({feed.id: feed}, frame), store, NoTopic(), pace, time.time)
    settings = KafkaSettings(bootstrap, f"bench-{shape.name}", max_poll_records=100_000)
    source = AheadSource(lambda asking: KafkaSource(settings, worker.topics, asking(worker.begin)))
    while not source.assigned():
        source.poll(0.1)
    source.seek(dict.fromkeys(source.assigned(), -1))
    started, cpu, read = time.perf_counter(), time.process_time(), 0
    while read < size.events:
        read += worker.step(source)
    worker.drain(source)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    source.close()
    health = read_health(store, {feed.id: feed}, frame.homes, datetime.now(UTC))[feed.id]
    outcomes = health.accepted + health.duplicate + health.rejected + health.late
    assert health.read == outcomes == size.events, health
    return seconds, health.accepted, cpu


if __name__ == "__main__":
    main()
