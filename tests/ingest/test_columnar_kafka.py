"""The columnar reader inside a consumer of a real Kafka; and what happens when it can't be."""

import logging
from contextlib import closing
from itertools import count

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition, codec
from kafka.consumer import fetcher
from kafka.errors import CorruptRecordError
from test_columnar_fetch import rows_of

from ingest.sources import columnar_fetch
from ingest.sources.base import join
from ingest.sources.columnar_fetch import columns_of, read_columns
from ingest.sources.kafka import KafkaSettings, KafkaSource

CODECS = [
    None,
    *(c for c in ("gzip", "snappy", "lz4", "zstd") if getattr(codec, f"has_{c}")()),
]
numbers = count()


def consumer(bootstrap, topic, *, columnar, **options):
    made = KafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, **{"max_poll_records": 7} | options
    )
    if columnar:
        assert read_columns(made, frozenset({topic}))
    made.assign([TopicPartition(topic, 0)])
    made.seek_to_beginning()
    return made


def poll(made, at_most=7):
    """Poll once; give the rows, at most so many."""
    rows = []
    for items in made.poll(timeout_ms=1000).values():
        columns = columns_of(items, headers=True)
        assert len(columns) <= at_most
        rows += rows_of(columns)
    return rows


def read_to(made, end, at_most=7):
    rows = []
    while not rows or made.position(*made.assignment()) < end:
        rows += poll(made, at_most)
    return rows


@pytest.fixture
def written(kafka, new_topic):
    """A topic with every codec, header and null there is, and a log that the broker times."""
    topic = new_topic()
    for packing in CODECS:
        with closing(KafkaProducer(bootstrap_servers=kafka, compression_type=packing)) as producer:
            for i in range(20):
                producer.send(
                    topic,
                    partition=0,
                    key=(b"key", None)[i % 2],
                    value=None if i % 10 == 4 else b'{"of":"%d"}' % i * (i + 1),
                    headers=[("ce_id", b"%d" % i), ("ce_empty", b"")][: i % 3],
                    timestamp_ms=1_700_000_000_000 + i,
                )
    return topic


def test_a_consumer_gives_the_same_by_columns_as_by_records(kafka, written):
    end = 20 * len(CODECS)
    both = []
    for columnar in (False, True):
        with closing(consumer(kafka, written, columnar=columnar)) as made:
            rows = read_to(made, end)
            both.append((rows, made.highwater(TopicPartition(written, 0))))
    assert both[0] == both[1]
    assert both[1][1] == len(both[1][0]) == end


def test_times_of_the_broker_are_read_where_a_topic_is_kept_so(kafka):
    topic = f"append-time-{next(numbers)}"
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    configs = {"message.timestamp.type": "LogAppendTime"}
    admin.create_topics({topic: {"num_partitions": 1, "configs": configs}})
    admin.wait_for_topics([topic])
    admin.close()
    with closing(KafkaProducer(bootstrap_servers=kafka)) as producer:
        for _ in range(9):
            producer.send(topic, value=b"v", timestamp_ms=1_700_000_000_000)
    times = []
    for columnar in (False, True):
        with closing(consumer(kafka, topic, columnar=columnar)) as made:
            times.append([row[1] for row in read_to(made, 9)])
    assert times[0] == times[1]
    assert min(times[1]) > 1_700_000_000_000


@pytest.mark.parametrize("level", ["read_committed", "read_uncommitted"])
def test_transactions_are_read_as_kafka_python_reads_them(kafka, new_topic, level):
    topic = new_topic()
    name = f"transaction-{next(numbers)}"
    with closing(KafkaProducer(bootstrap_servers=kafka, transactional_id=name)) as producer:
        producer.init_transactions()
        for turn in range(6):
            producer.begin_transaction()
            for i in range(4):
                producer.send(topic, partition=0, value=b"%d of %d" % (i, turn))
            producer.flush()
            if turn % 2:
                producer.abort_transaction()
            else:
                producer.commit_transaction()
    both = []
    for columnar in (False, True):
        with closing(consumer(kafka, topic, columnar=columnar, isolation_level=level)) as made:
            both.append(read_to(made, 30))
    assert both[0] == both[1]
    assert len(both[1]) == (12 if level == "read_committed" else 24)


def test_seek_pause_and_resume_in_the_middle_of_a_batch_lose_and_double_nothing(kafka, written):
    partition = TopicPartition(written, 0)
    both = []
    for columnar in (False, True):
        with closing(consumer(kafka, written, columnar=columnar)) as made:
            seen = [poll(made) or poll(made), made.position(partition)]
            made.pause(partition)
            seen += [made.poll(timeout_ms=50), made.position(partition)]
            made.resume(partition)
            seen += [poll(made), made.position(partition)]
            made.seek(partition, 3)
            seen += [poll(made) or poll(made), made.position(partition)]
            both.append(seen)
    assert both[0] == both[1]
    assert [row[0] for row in both[1][0]] == list(range(7))
    assert [row[0] for row in both[1][-2]] == list(range(3, 10))


def test_bytes_that_broke_on_the_way_raise_and_are_then_read_again(kafka, written, monkeypatch):
    stock, broken = fetcher.MemoryRecords, []

    def once_broken(data):
        data = bytearray(data)
        if not broken:
            broken.append(data)
            data[-5] ^= 1
        return stock(bytes(data))

    monkeypatch.setattr(fetcher, "MemoryRecords", once_broken)
    end = 20 * len(CODECS)
    rows, errors = [], 0
    with closing(consumer(kafka, written, columnar=True, max_poll_records=1000)) as made:
        while len(rows) < end:
            try:
                rows += poll(made, 1000)
            except CorruptRecordError:
                errors += 1
    assert errors == 1
    assert [row[0] for row in rows] == list(range(end))


def slices_of(bootstrap, topic, total, **options):
    settings = KafkaSettings(bootstrap, f"columns-{next(numbers)}")
    source = KafkaSource(settings, [topic], lambda names, _: dict.fromkeys(names, -1), **options)
    found = []
    while sum(len(s.offsets) for s in found) < total:
        found += source.poll(0.2)
    source.close()
    return found


def test_slices_carry_headers_only_where_they_were_asked_for(kafka, written):
    total = 20 * len(CODECS)
    asked, _ = join(slices_of(kafka, written, total, with_headers=frozenset({written})))
    assert asked.headers.of(0) == []
    assert asked.headers.of(22) == [("ce_id", b"2"), ("ce_empty", b"")]
    assert asked.keys.column()[:3] == [b"key", None, b"key"]
    ids = asked.headers.column("ce_id", total)
    assert ids[:6] == [None, b"1", b"2", None, b"4", b"5"]
    assert asked.headers.column("ce_none", total) == [None] * total
    assert set(asked.headers.column("ce_empty", total)) == {None, b""}
    assert all(s.headers is None for s in slices_of(kafka, written, total))


def unknown_version(monkeypatch):
    monkeypatch.setattr("kafka.__version__", "3.9.9")


def other_parameters(monkeypatch):
    monkeypatch.setattr(columnar_fetch, "_PARAMETERS", ("tp", "records", "position"))


def no_such_class(monkeypatch):
    stock = fetcher.Fetcher.PartitionRecords

    def make(*args, **options):
        return stock(*args, **options)

    monkeypatch.setattr(fetcher.Fetcher, "PartitionRecords", staticmethod(make))


def failing_trial(monkeypatch):
    def without_batches(_):
        raise AttributeError("next_batch")

    monkeypatch.setattr(columnar_fetch, "_Batches", without_batches)


def other_reading(monkeypatch):
    right = columnar_fetch.decode

    def wrong(payloads, *, headers=False):
        return right(payloads, headers=headers).cut(0, 1)

    monkeypatch.setattr(columnar_fetch, "decode", wrong)


@pytest.mark.parametrize(
    "change", [unknown_version, other_parameters, no_such_class, failing_trial, other_reading]
)
def test_when_kafka_python_is_not_as_expected_its_own_reader_reads_and_one_line_says_so(
    kafka, written, monkeypatch, caplog, change
):
    total = 20 * len(CODECS)
    expected, _ = join(slices_of(kafka, written, total))
    change(monkeypatch)
    caplog.set_level(logging.WARNING, "ingest")
    asked = frozenset({written})
    found, _ = join(slices_of(kafka, written, total, with_headers=asked))
    assert (found.buffer, found.bounds.tolist()) == (expected.buffer, expected.bounds.tolist())
    assert found.offsets.tolist() == list(range(total))
    assert found.times_ms.tolist() == expected.times_ms.tolist()
    assert found.headers.of(1) == [("ce_id", b"1")]
    said = [r.getMessage() for r in caplog.records if "columnar_reader_off" in r.getMessage()]
    assert len(said) == 1
