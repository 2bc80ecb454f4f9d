"""One contract for everything that messages come from."""

import time
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from kafka import KafkaProducer
from log_source import LogSource
from small_city import feed

from ingest.kafka_topics import create_topics
from ingest.sources.ahead import AheadSource
from ingest.sources.base import join, make_slice
from ingest.sources.file import FileError, FileSource
from ingest.sources.kafka import KafkaSettings, KafkaSource

VALUES = [f'{{"id":"s{i}","v":{i}}}'.encode() for i in range(50)]


@dataclass
class Made:
    """A source over `VALUES`, and how to make it again."""

    open: Any
    name: str


@pytest.fixture(params=["log", "file", "kafka", "log ahead", "kafka ahead"])
def made(request, tmp_path):
    kind, _, ahead = request.param.partition(" ")

    def wrapped(opened, begin):
        return AheadSource(lambda asking: opened(asking(begin))) if ahead else opened(begin)

    if kind == "log":
        log = {("air", 0): [(1, v) for v in VALUES]}
        yield Made(lambda begin: wrapped(lambda b: LogSource(log, b, [7] * 100), begin), "air:0")
    elif kind == "file":
        file = tmp_path / "messages.ndjson"
        file.write_bytes(b"\n".join(VALUES) + b"\n")
        spec = feed()
        probe = FileSource(spec, file, lambda names: dict.fromkeys(names, -1), 1)
        yield Made(lambda begin: FileSource(spec, file, begin, 1), next(iter(probe.assigned())))
    else:
        bootstrap = request.getfixturevalue("kafka")
        topic = f"contract-{time.monotonic_ns()}"
        create_topics(bootstrap, [topic], 1)
        producer = KafkaProducer(bootstrap_servers=bootstrap)
        for value in VALUES:
            producer.send(topic, value=value, partition=0)
        producer.close()

        def open_source(begin):
            settings = KafkaSettings(bootstrap, f"group-{topic}", max_poll_records=7)
            return wrapped(lambda b: KafkaSource(settings, [topic], b), begin)

        yield Made(open_source, f"{topic}:0")


def oldest(names, _ends=None):
    return dict.fromkeys(names, -1)


def read_all(source, count):
    slices, end = [], time.monotonic() + 20
    while sum(len(s.offsets) for s in slices) < count and time.monotonic() < end:
        slices += source.poll(0.2)
    return slices


def values(slices):
    return [part.value(row) for part in slices for row in range(len(part.offsets))]


def test_slices_follow_each_other_without_gap_or_overlap(made):
    source = made.open(oldest)
    slices = read_all(source, 50)
    assert values(slices) == VALUES
    assert slices[0].start == 0
    for before, after in pairwise(slices):
        assert after.start == before.next
    assert np.array_equal(np.concatenate([s.offsets for s in slices]), np.arange(50))
    names = {s.name for s in slices}
    assert names == source.assigned()
    assert {name.partition("@")[0] for name in names} == {made.name}
    source.close()


def test_reading_starts_where_begin_says(made):
    source = made.open(lambda names, _ends=None: dict.fromkeys(names, 42))
    assert values(read_all(source, 8)) == VALUES[42:]
    source.close()


def test_after_a_seek_the_next_slice_starts_there(made):
    source = made.open(oldest)
    read_all(source, 50)
    (name,) = source.assigned()
    source.seek({name: 45})
    slices = read_all(source, 5)
    assert slices[0].start == 45
    assert values(slices) == VALUES[45:]
    source.seek({name: -1})
    assert values(read_all(source, 50)) == VALUES
    source.close()


def test_commit_is_only_a_hint(made):
    first = made.open(oldest)
    read_all(first, 50)
    first.commit({made.name: 50})
    first.close()
    again = made.open(oldest)
    assert values(read_all(again, 50)) == VALUES
    again.close()


def test_a_poll_with_nothing_to_give_ends_in_time(made):
    source = made.open(oldest)
    read_all(source, 50)
    began = time.monotonic()
    assert list(source.poll(0.2)) == []
    assert time.monotonic() - began < 2
    source.close()


def test_slices_are_joined_with_their_bounds():
    parts = [make_slice("t", p, [5, 6], [1, 2], [b"a", b"bb"]) for p in range(2)]
    whole, part = join(parts)
    assert [whole.value(i) for i in range(4)] == [b"a", b"bb", b"a", b"bb"]
    assert part.tolist() == [0, 0, 1, 1]


def test_a_file_that_can_not_be_read_says_so(tmp_path):
    with pytest.raises(FileError, match=r"Check the path"):
        FileSource(feed(), tmp_path / "none.ndjson", oldest, 1)


def test_lag_is_what_has_not_been_read(made):
    source = made.open(oldest)
    read_all(source, 50)
    assert set(source.lag().values()) <= {0}
    source.close()


def test_a_rebalance_that_takes_longer_than_a_poll_brings_its_partitions(kafka, new_topic):
    topics = [new_topic(partitions=2) for _ in range(2)]
    for number in range(3):
        settings = KafkaSettings(kafka, f"hasty-{topics[0]}-{number}")
        source = KafkaSource(settings, topics, oldest)
        end = time.monotonic() + 10
        while not source.assigned():
            source.poll(0.001)
            assert time.monotonic() < end, "no partition came"
        source.close()
