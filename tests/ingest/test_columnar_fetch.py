"""The columnar reader gives what kafka-python's own gives, byte for byte and error for error."""

import json
import struct
from dataclasses import dataclass

import kafka.codec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from kafka import TopicPartition
from kafka.consumer.fetcher import Fetcher
from kafka.errors import CorruptRecordError, KafkaError
from kafka.protocol.consumer import IsolationLevel
from kafka.record import MemoryRecords
from record_batches import HEAD, BatchSpec, Record, build, marker, old, with_checksum

from ingest.sources import columnar_fetch
from ingest.sources.columnar_fetch import columns_of

PARTITION = TopicPartition("air", 0)
STOCK = Fetcher.PartitionRecords
COLUMNAR = columnar_fetch._reader(STOCK, frozenset({"air"}))
BARE = columnar_fetch._reader(STOCK, frozenset())
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
THERE = [
    number
    for name, number in CODECS.items()
    if name == "none" or getattr(kafka.codec, f"has_{name}")()
]


@dataclass
class Aborted:
    """What a fetch says of a transaction that was given up."""

    producer_id: int
    first_offset: int


@dataclass
class Read:
    """All that a reader gave of one fetch, and how it ended."""

    rows: list
    """offset, time, value, headers, key."""
    position: int
    epoch: int
    error: str
    counted: int


def read(kind, data, *, start=0, steps=(), isolation=0, aborted=(), check=True):
    part = kind(
        start,
        PARTITION,
        MemoryRecords(data),
        check_crcs=check,
        isolation_level=IsolationLevel(isolation),
        aborted_transactions=list(aborted),
    )
    rows, error, sizes = [], "", iter(steps)
    headers = kind is not BARE
    while part:
        wanted = next(sizes, None)
        try:
            taken = part.take(wanted)
        except (KafkaError, OSError, RuntimeError, EOFError) as found:
            error = f"{type(found).__name__}: {found}"
            break
        assert wanted is None or len(taken) <= wanted
        items = list(taken)
        if items:
            columns = columns_of(items, headers=headers)
            assert len(columns) == len(taken)
            rows += rows_of(columns)
    return Read(rows, part.next_fetch_offset, part.leader_epoch, error, part.records_read)


def rows_of(columns):
    assert all(columns.buffer[end - 1] == ord("\n") for end in columns.bounds[1:])
    keys = columns.keys.column() if columns.keys else [None] * len(columns)
    return [
        (
            int(columns.offsets[i]),
            int(columns.times_ms[i]),
            columns.buffer[columns.bounds[i] : columns.bounds[i + 1] - 1],
            columns.headers.of(i) if columns.headers else None,
            keys[i],
        )
        for i in range(len(columns))
    ]


def same(data, **how):
    stock, ours = read(STOCK, data, **how), read(COLUMNAR, data, **how)
    assert ours.rows == stock.rows
    assert ours.error == stock.error
    if not stock.error:
        assert (ours.position, ours.epoch) == (stock.position, stock.epoch)
        if not how.get("start"):
            assert ours.counted == stock.counted
    bare = read(BARE, data, **how)
    assert [row[:3] for row in bare.rows[: len(stock.rows)]] == [row[:3] for row in stock.rows]
    return ours


def values(count, of=b'{"sensor":"s%d","value":%d}'):
    return [Record(i, of % (i, i)) for i in range(count)]


@pytest.mark.parametrize("codec", THERE)
def test_batches_of_every_codec_read_the_same(codec):
    batches = [build(BatchSpec(values(300), codec=codec, base=300 * i)) for i in range(5)]
    found = same(b"".join(batches), steps=[1, 7, 500])
    assert [row[0] for row in found.rows] == list(range(1500))


def test_a_codec_that_is_not_installed_is_named_as_kafka_python_names_it(monkeypatch):
    monkeypatch.setattr(kafka.codec, "snappy", None)
    batch = bytearray(build(BatchSpec(values(3))))
    struct.pack_into(">h", batch, HEAD.size - struct.calcsize(">hiqqqhii"), 2)
    assert "snappy compression codec not found" in same(with_checksum(batch)).error


def test_tombstones_empty_values_keys_and_headers_read_the_same():
    records = [
        Record(0, None, b"gone"),
        Record(1, b"", None),
        Record(2, b"\n", b""),
        Record(3, b"x" * 70, b"k" * 200, headers=[("ce_id", b"1"), ("ce_id", b"2"), ("n", None)]),
        Record(4, b"\x00" * 5, None, headers=[("", b""), ("trace", b"\xff\x00")]),
        Record(5, None, None, headers=[("来源", "气象局".encode())]),
    ]
    found = same(build(BatchSpec(records)), steps=[2, 1])
    assert [row[2] for row in found.rows] == [b"", b"", b"\n", b"x" * 70, b"\x00" * 5, b""]
    assert found.rows[3][3] == [("ce_id", b"1"), ("ce_id", b"2"), ("n", None)]


def test_values_beyond_64_kib_and_beyond_one_mebibyte_read_the_same():
    sizes = [0, 1, 63, 64, 8_191, 8_192, 65_535, 65_536, 1 << 20, (1 << 20) + 1, 3]
    records = [Record(i, b"a" * size) for i, size in enumerate(sizes)]
    found = same(build(BatchSpec(records)), steps=[3])
    assert [len(row[2]) for row in found.rows] == sizes


def test_producers_times_may_go_back_and_brokers_times_are_one():
    times = [1_700_000_000_000, 1_600_000_000_000, -1, 0, 1 << 40]
    records = [Record(i, b"v", time_ms=t) for i, t in enumerate(times)]
    own = same(build(BatchSpec(records)))
    assert [row[1] for row in own.rows] == times
    brokers = same(build(BatchSpec(records, append_ms=1_750_000_000_123)))
    assert {row[1] for row in brokers.rows} == {1_750_000_000_123}


def test_gaps_that_compaction_left_are_kept_and_the_position_goes_past_them():
    first = BatchSpec([Record(d, b"v%d" % d) for d in (3, 4, 9)], base=10, span=40)
    empty = BatchSpec([], base=50, span=10)
    last = BatchSpec([Record(1, b"w")], base=60, span=5)
    found = same(b"".join(map(build, (first, empty, last))), start=14, steps=[1, 1])
    assert [row[0] for row in found.rows] == [14, 19, 61]
    assert found.position == 65


def test_a_batch_whose_asked_part_was_compacted_away_moves_the_position():
    data = build(BatchSpec(values(3), base=10, span=10))
    found = same(data, start=15)
    assert (found.rows, found.position) == ([], 20)


def test_nothing_is_given_of_control_batches_and_of_aborted_transactions():
    def sent(base, producer):
        return build(BatchSpec(values(3), base=base, producer=producer, transactional=True))

    data = b"".join(
        (
            sent(0, 1), sent(3, 2), build(BatchSpec(values(2), base=6)),
            marker(8, 1, commit=False), marker(9, 2, commit=True), sent(10, 1),
            marker(13, 1, commit=True),
        )
    )  # fmt: skip
    aborted = [Aborted(1, 0)]
    committed = same(data, isolation=1, aborted=aborted, steps=[2, 2])
    assert [row[0] for row in committed.rows] == [3, 4, 5, 6, 7, 10, 11, 12]
    assert committed.position == 14
    every = same(data, isolation=0)
    assert [row[0] for row in every.rows] == [0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12]


@pytest.mark.parametrize("magic", [0, 1])
def test_old_formats_are_read_by_kafka_python_between_new_ones(magic):
    data = old(magic, 1, 0, [b"a", b"b"]) + build(BatchSpec(values(3), base=2))
    data += old(magic, 0, 5, [b"c"])
    found = same(data, steps=[1, 3])
    assert [row[0] for row in found.rows] == [0, 1, 2, 3, 4, 5]


def test_values_full_of_zero_bytes_and_records_within_values_read_the_same():
    inner = build(BatchSpec(values(50)))[HEAD.size :]
    records = [
        Record(i, v) for i, v in enumerate([inner, bytes(2_000), inner * 3, b"\x0c\x00" * 9])
    ]
    assert len(same(build(BatchSpec(records))).rows) == 4


def test_more_headers_than_are_read_in_steps_read_the_same():
    headers = [(f"h{i}", b"%d" % i) for i in range(200)]
    records = [
        Record(0, b"a", headers=headers),
        Record(1, b"b"),
        Record(2, b"c", headers=headers[:1]),
    ]
    assert len(same(build(BatchSpec(records))).rows[0][3]) == 200


def test_records_before_a_broken_batch_are_given_then_its_error_then_it_is_fetched_again():
    good, bad = build(BatchSpec(values(5))), bytearray(build(BatchSpec(values(5), base=5)))
    bad[-3] ^= 1
    found = same(good + bad, steps=[2, 1])
    assert len(found.rows) == 5
    assert "at offset 5 failed crc check" in found.error
    part = COLUMNAR(0, PARTITION, MemoryRecords(good + bytes(bad)))
    assert len(part.take(None)) == 5
    assert part.next_fetch_offset == 5
    with pytest.raises(CorruptRecordError):
        part.take(None)
    assert not part  # so the fetcher asks the broker again, from the position


def test_without_a_check_of_checksums_a_broken_record_is_refused_as_kafka_python_does():
    batch = bytearray(build(BatchSpec(values(6))))
    at = batch.index(b'{"sensor":"s3"')
    batch[at - 1] ^= 0x7E  # the length of the fourth value
    found = same(bytes(batch), check=False)
    assert len(found.rows) == 3
    assert found.error.startswith("CorruptRecordError")


@pytest.mark.parametrize("count", [2, 4])
def test_a_batch_that_counts_its_records_wrongly_is_refused_as_kafka_python_does(count):
    batch = bytearray(build(BatchSpec(values(3))))
    struct.pack_into(">i", batch, HEAD.size - 4, count)
    assert same(with_checksum(batch)).error.startswith("CorruptRecordError")


def test_headers_that_nobody_asked_for_are_not_looked_at():
    batch = bytearray(build(BatchSpec([Record(0, b"v", headers=[("name", b"value")])])))
    batch[batch.index(b"name")] = 0xFF
    data = with_checksum(batch)
    assert same(data).error.startswith("CorruptRecordError")
    assert [row[2] for row in read(BARE, data).rows] == [b"v"]


texts = st.builds(
    lambda n, s: json.dumps({"value": n, "地点": s}, ensure_ascii=False).encode(),
    st.integers(),
    st.text(max_size=30),
)
blobs = st.one_of(texts, st.binary(max_size=300), st.sampled_from([b"", b"\x00" * 40]))
headers = st.lists(
    st.tuples(st.text(max_size=5), st.none() | st.binary(max_size=9)), max_size=4
)  # fmt: skip


@st.composite
def logs(draw):
    """A fetched run of batches, how to read it, and nothing that a broker could not send."""
    parts, base = [], draw(st.integers(0, 5))
    for _ in range(draw(st.integers(1, 5))):
        producer = draw(st.sampled_from([-1, -1, 1, 2]))
        if producer > 0 and draw(st.booleans()):
            parts.append(marker(base, producer, commit=draw(st.booleans())))
            base += 1
            continue
        deltas = sorted(draw(st.sets(st.integers(0, 200), max_size=8)))
        records = [
            Record(
                delta,
                draw(st.none() | blobs),
                draw(st.none() | st.binary(max_size=5)),
                draw(st.integers(-1, 1 << 42)),
                draw(headers),
            )
            for delta in deltas
        ]
        spec = BatchSpec(
            records,
            draw(st.sampled_from(THERE)) if records else 0,
            base,
            draw(st.integers(1, 300)),
            draw(st.none() | st.just(1_750_000_000_000)),
            producer,
            producer > 0 and draw(st.booleans()),
            draw(st.integers(0, 3)),
        )
        parts.append(build(spec))
        base = spec.end + draw(st.integers(0, 3))
    how = {
        "start": draw(st.integers(0, base)),
        "steps": draw(st.lists(st.integers(1, 6), max_size=6)),
        "isolation": draw(st.integers(0, 1)),
        "aborted": [
            Aborted(draw(st.integers(1, 2)), draw(st.integers(0, base)))
            for _ in range(draw(st.integers(0, 2)))
        ],
    }
    return parts, how


@given(logs())
def test_any_log_reads_the_same(made):
    parts, how = made
    found = same(b"".join(parts), **how)
    assert all(row[0] < found.position for row in found.rows)


@given(logs(), st.data())
def test_any_flipped_bit_is_noticed_as_kafka_python_notices_it(made, data):
    parts, how = made
    whole = bytearray(b"".join(parts))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        stock = read(STOCK, bytes(whole), **how)
    except (AssertionError, struct.error):
        assume(False)
    assume(not stock.error.startswith("KafkaError"))
    same(bytes(whole), **how)


@given(logs(), st.data())
def test_any_broken_record_under_a_right_checksum_is_refused_as_kafka_python_does(made, data):
    parts, how = made
    number = data.draw(st.integers(0, len(parts) - 1))
    broken = bytearray(parts[number])
    assume(len(broken) > HEAD.size and not broken[22] & 0x27)  # neither packed nor a marker
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(HEAD.size, len(broken) - 1))
        broken[at] = data.draw(st.integers(0, 255))
    how["start"] = 0  # a batch that lies wholly before it is not looked at
    parts[number] = with_checksum(broken)
    offsets = [row[0] for row in read(STOCK, b"".join(parts), **how).rows]
    assume(offsets == sorted(offsets))
    same(b"".join(parts), **how)
