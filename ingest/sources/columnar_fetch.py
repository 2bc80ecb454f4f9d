"""The place in kafka-python's fetcher where record batches become columns instead of objects.

kafka-python keeps everything but the loop over records: group, fetch sessions, retries, the batch's
checksum, codecs, aborted transactions and control batches. Its `PartitionRecords` is given batches
that give one item each, the whole batch; `take` turns some of them into columns at once. What the
reader of columns does not know (message formats 0 and 1, crowded or broken records) is read by
kafka-python's own loop, with its errors.

The seam is private: it is used only with the versions that the conformance suite has passed, and
only when a trial at the start reads the same by both ways. Otherwise kafka-python's own reader
stays, and one line in the log says so.
"""

from __future__ import annotations

import inspect
import logging
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import Any, ClassVar

import kafka
import numpy as np
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import CorruptRecordError
from kafka.record import MemoryRecords
from kafka.record.memory_records import MemoryRecordsBuilder

from ingest.sources.headers import headers_of
from ingest.sources.record_columns import Columns, Payload, ShapeError, decode, join_columns
from ingest.sources.record_keys import keys_of

log = logging.getLogger(__name__)

KNOWN_VERSIONS = ("3.0.12",)
"""Versions of kafka-python with which tests/ingest/test_columnar_fetch.py has passed."""

_PARAMETERS = (
    "fetch_offset", "tp", "records", "key_deserializer", "value_deserializer", "check_crcs",
    "isolation_level", "aborted_transactions", "metric_aggregator", "on_drain",
)  # fmt: skip
_GROUP_BYTES = 2 << 20
"""About as much is decoded at once: larger groups leave the processor's cache."""
_FIRST_PULL, _LARGEST_PULL = 8, 512


def read_columns(consumer: KafkaConsumer, with_headers: frozenset[str] = frozenset()) -> bool:
    """Let a consumer's `poll` give `Columns`, each counted as its records, instead of records.

    Args:
        consumer: a consumer that has not polled yet, without deserializers.
        with_headers: topics whose headers and keys are wanted.

    Returns:
        False: kafka-python is not as expected, and the consumer was left as it is.
    """
    reason = _unexpected(consumer)
    if reason:
        log.warning(
            "event=columnar_reader_off reason=%r detail=%r",
            reason,
            "kafka-python's own reader is used, at a quarter of the speed; "
            f"install kafka-python {KNOWN_VERSIONS[-1]}",
        )
        return False
    fetcher = consumer._fetcher  # noqa: SLF001  the seam, see the module
    fetcher.PartitionRecords = _reader(fetcher.PartitionRecords, with_headers)
    return True


def columns_of(items: Sequence[Any], *, headers: bool = False) -> Columns:
    """Join what a poll gave of one partition: columns, or kafka-python's records, or both."""
    parts: list[Columns] = []
    singles: list[Any] = []
    for item in items:
        if isinstance(item, Columns):
            if singles:
                parts.append(columns_of_records(singles, headers=headers))
                singles = []
            parts.append(item)
        else:
            singles.append(item)
    if singles:
        parts.append(columns_of_records(singles, headers=headers))
    return join_columns(parts)


def columns_of_records(records: Sequence[Any], *, headers: bool = False) -> Columns:
    """Turn kafka-python's records into columns, one by one; format 0 has no times: −1."""
    count = len(records)
    times_ms = [-1 if record.timestamp is None else record.timestamp for record in records]
    values = [record.value or b"" for record in records]
    bounds = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, values), np.int64, count) + 1, out=bounds[1:])
    return Columns(
        np.fromiter((record.offset for record in records), np.int64, count),
        np.array(times_ms, dtype=np.int64),
        b"\n".join([*values, b""]),
        bounds,
        headers_of([record.headers for record in records]) if headers else None,
        keys_of([record.key for record in records]) if headers else None,
    )


@dataclass(frozen=True, slots=True)
class _Batch:
    """A whole batch in the place of a record; has what `_unpack_records` asks of a record."""

    batch: Any
    """kafka-python's batch, uncompressed, none of its records read."""
    data: memoryview
    key: ClassVar[None] = None
    headers: ClassVar[tuple[()]] = ()
    checksum: ClassVar[None] = None

    @property
    def value(self) -> _Batch:
        return self

    @property
    def offset(self) -> int:
        """The last offset: what follows it is to be fetched next."""
        return int(self.batch.last_offset)

    @property
    def timestamp(self) -> int:
        return int(self.batch.max_timestamp)

    @property
    def timestamp_type(self) -> int:
        return int(self.batch.timestamp_type)

    @property
    def size_in_bytes(self) -> int:
        return len(self.data)

    def __len__(self) -> int:
        return len(self.data)

    def validate_crc(self) -> bool:
        return True

    @property
    def count(self) -> int:
        return int(self.batch.records_count)

    @property
    def payload(self) -> Payload:
        batch = self.batch
        append_ms = batch.max_timestamp if batch.timestamp_type == batch.LOG_APPEND_TIME else None
        return Payload(self.data, self.count, batch.base_offset, batch.first_timestamp, append_ms)


class _Whole:
    """A batch that, iterated, gives itself once; in all else kafka-python's batch."""

    def __init__(self, batch: Any, count: Callable[[int], None]) -> None:
        self._batch = batch
        self._count = count

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[_Batch]:
        iter(self._batch)  # uncompresses
        self._count(self._batch.records_count - 1)
        yield _Batch(self._batch, memoryview(self._batch._buffer)[self._batch._pos :])  # noqa: SLF001


class _Batches:
    """The batches of one fetched partition; those with records of format 2 give themselves."""

    def __init__(self, records: Any, count: Callable[[int], None]) -> None:
        self._records = records
        self._count = count

    def next_batch(self) -> Any:
        """Give the next batch, None after the last."""
        batch = self._records.next_batch()
        if batch is None or batch.magic != 2 or batch.is_control_batch or batch.records_count < 1:
            return batch
        return _Whole(batch, self._count)


class _Run:
    """What `take` gives: columns that count as their records, as `max_poll_records` wants it."""

    def __init__(self, part: Columns | None) -> None:
        self._part = part

    def __len__(self) -> int:
        return 0 if self._part is None else len(self._part)

    def __iter__(self) -> Iterator[Columns]:
        if self._part is not None:
            yield self._part


class _Columnar:
    """What is different from kafka-python's `PartitionRecords`, to be mixed into it.

    Its generator runs ahead of what has been taken; `next_fetch_offset` and `leader_epoch` are set
    back to what has been, because the consumer's position is taken from them. When something fails,
    the rest is thrown away and fetched again from the position: what was not given is not lost.
    """

    with_headers: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, fetch_offset: int, tp: TopicPartition, records: Any, **rest: Any) -> None:
        self._ahead: Columns | None = None
        self._after = (fetch_offset, -1)
        self._epochs: list[int] = []
        self._counts: list[int] = []
        """Of each batch of the group: its epoch, and the records up to its end."""
        self._read = 0
        self._failure: Exception | None = None
        self._pull_size = _FIRST_PULL
        self._pulling = False
        super().__init__(fetch_offset, tp, _Batches(records, self._counted), **rest)  # type: ignore[call-arg]

    def __bool__(self) -> bool:
        return (
            self._ahead is not None or self._failure is not None or super().__bool__()  # type: ignore[misc]
        )

    def _counted(self: Any, more: int) -> None:
        self.records_read += more

    def drain(self) -> None:
        """Throw away what is left; the generator, which calls it at its end, leaves `_ahead`."""
        if not self._pulling:
            self._ahead = self._failure = None
        super().drain()  # type: ignore[misc]

    def take(self: Any, n: int | None = None) -> _Run:
        """Give the next records, at most `n`, from one group of batches.

        Raises: what kafka-python's reader raises, after all records before the broken one.
        """
        while self._ahead is None and bool(self):
            self._pull()
        part = self._ahead
        if part is None:
            return _Run(None)
        if n is None or len(part) <= n:
            self._ahead = None
            self.next_fetch_offset, self.leader_epoch = self._after
            return _Run(part)
        self._ahead = part.cut(n, len(part))
        part = part.cut(0, n)
        given = self._read - len(self._ahead)
        self.next_fetch_offset = int(part.offsets[-1]) + 1
        self.leader_epoch = self._epochs[bisect_left(self._counts, given)]
        return _Run(part)

    def _pull(self: Any) -> None:
        """Decode the next group of batches into `_ahead`."""
        done, self._pulling = False, True
        try:
            if self._failure is not None:
                raise self._failure
            items = super().take(self._pull_size)  # type: ignore[misc]
            self._after = self.next_fetch_offset, self.leader_epoch
            if items:
                self._decode(items)
                done = True
        finally:
            self._pulling = False
            if not done and self._ahead is None:
                self.drain()

    def _decode(self: Any, items: Sequence[Any]) -> None:
        topic = self.topic_partition.topic
        parts, self._failure = _read(items, headers=topic in self.with_headers)
        if self._failure is not None and not parts:
            raise self._failure
        columns = join_columns(parts)
        if self._failure is not None:
            self._after = int(columns.offsets[-1]) + 1, self.leader_epoch
        first = int(np.argmax(columns.offsets >= self.fetch_offset))
        if columns.offsets[first] < self.fetch_offset:
            return  # compaction took all of the batch that was asked for
        self._ahead = columns.cut(first, len(columns)) if first else columns
        self._read = len(columns)
        self._epochs = [i.leader_epoch for i in items]
        self._counts = list(
            accumulate(i.value.count if isinstance(i.value, _Batch) else 1 for i in items)
        )
        size = sum(len(i.value or b"") for i in items)
        self._pull_size = min(max(1, _GROUP_BYTES * len(items) // (size + 1)), _LARGEST_PULL)


def _read(items: Sequence[Any], *, headers: bool) -> tuple[list[Columns], Exception | None]:
    """Decode batches and single records; give also the error before which the columns end."""
    parts: list[Columns] = []
    for whole, run in groupby(items, lambda item: isinstance(item.value, _Batch)):
        if not whole:
            parts.append(columns_of_records(list(run), headers=headers))
            continue
        batches = [item.value for item in run]
        try:
            parts.append(decode([b.payload for b in batches], headers=headers))
        except ShapeError:
            for batch in batches:
                more, failure = _read_singly(batch, headers=headers)
                parts += more
                if failure is not None:
                    return parts, failure
    return parts, None


def _read_singly(item: _Batch, *, headers: bool) -> tuple[list[Columns], Exception | None]:
    """Read one batch, by kafka-python's own loop if need be."""
    try:
        return [decode([item.payload], headers=headers)], None
    except ShapeError as shape:
        log.debug("event=batch_read_singly offset=%s reason=%s", item.offset, shape)
    records: list[Any] = []
    failure = None
    try:
        records.extend(item.batch)
    except CorruptRecordError as error:
        failure = error
    return [columns_of_records(records, headers=headers)] if records else [], failure


def _reader(stock: type, with_headers: frozenset[str]) -> type:
    return type("ColumnarRecords", (_Columnar, stock), {"with_headers": with_headers})


def _unexpected(consumer: KafkaConsumer) -> str:
    """Say what is not as this module expects it; empty: all is."""
    if kafka.__version__ not in KNOWN_VERSIONS:
        return f"kafka-python {kafka.__version__} is not known"
    fetcher = getattr(consumer, "_fetcher", None)
    stock = getattr(fetcher, "PartitionRecords", None)
    if not isinstance(stock, type):
        return "the fetcher has no class PartitionRecords"
    if tuple(inspect.signature(stock).parameters) != _PARAMETERS:
        return "PartitionRecords takes other parameters"
    if consumer.config["key_deserializer"] or consumer.config["value_deserializer"]:
        return "deserializers want single records"
    try:
        return _trial(stock)
    except Exception as error:  # noqa: BLE001  whatever a private seam throws, the stock reader stays
        return f"the trial failed: {error!r}"


def _trial(stock: type) -> str:
    """Read two batches, one of them packed, by both readers, in two goes."""
    log_bytes = b"".join(bytes(_sample(codec, base)) for codec, base in ((0, 0), (1, 4)))
    partition = TopicPartition("trial", 0)
    both = []
    for kind in (stock, _reader(stock, frozenset({"trial"}))):
        part = kind(1, partition, MemoryRecords(log_bytes))
        found, places = [], []
        while part:
            found += list(part.take(2))
            places.append(part.next_fetch_offset)
        both.append((columns_of(found, headers=True), places[-1]))
    (one, end), (other, other_end) = both
    same = (
        end == other_end == 8
        and one.buffer == other.buffer
        and one.keys.column() == other.keys.column()  # type: ignore[union-attr]
        and all(one.headers.of(i) == other.headers.of(i) for i in range(len(one)))  # type: ignore[union-attr]
        and all(
            np.array_equal(getattr(one, name), getattr(other, name))
            for name in ("offsets", "times_ms", "bounds")
        )
    )
    return "" if same else "the trial reads otherwise"


def _sample(codec: int, base: int) -> bytes:
    builder = MemoryRecordsBuilder(2, codec, 1 << 16, offset=base)
    for at, value in enumerate((b"{}" * 99, None, b"", b"\n")):
        builder.append(1_000 + at, (None, b"key")[at % 2], value, [("a", b"1"), ("b", None)][:at])
    builder.close()
    return bytes(builder.buffer())
