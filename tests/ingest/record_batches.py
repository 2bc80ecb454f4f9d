"""Record batches as brokers hand them out, made with kafka-python's own builders."""

import struct
from dataclasses import dataclass, field

from kafka.record.default_records import ControlRecord, DefaultRecordBatchBuilder
from kafka.record.memory_records import MemoryRecordsBuilder
from kafka.record.util import calc_crc32c

HEAD = DefaultRecordBatchBuilder.HEADER_STRUCT
CRC_AT, CRC_FROM = DefaultRecordBatchBuilder.CRC_OFFSET, DefaultRecordBatchBuilder.ATTRIBUTES_OFFSET


@dataclass
class Record:
    """One record; `delta` is its offset less that of its batch."""

    delta: int
    value: bytes | None
    key: bytes | None = None
    time_ms: int = 1_700_000_000_000
    headers: list = field(default_factory=list)


@dataclass
class BatchSpec:
    """What the header of a batch says besides its records."""

    records: list
    codec: int = 0
    base: int = 0
    span: int = 0
    """Offsets that the batch covers at least; compaction may have taken the last of its records."""
    append_ms: int | None = None
    producer: int = -1
    transactional: bool = False
    epoch: int = 3

    @property
    def end(self):
        last = max((r.delta for r in self.records), default=0)
        return self.base + max(self.span, last + 1)


def build(spec):
    """Give the bytes of a batch of format 2."""
    builder = DefaultRecordBatchBuilder(
        2, spec.codec, spec.transactional, spec.producer, 0, 0, 1 << 30
    )
    for r in spec.records:
        added = builder.append(r.delta, r.time_ms, r.key, r.value, r.headers)
        assert added is not None
    return sealed(builder.build(), spec)


def sealed(batch, spec, control=False):
    """Write what only a broker writes into the header, and its checksum."""
    batch = bytearray(batch)
    told = list(HEAD.unpack_from(batch))
    told[0], told[2] = spec.base, spec.epoch
    told[5] |= (8 if spec.append_ms is not None else 0) | (0x20 if control else 0)
    told[6] = spec.end - spec.base - 1
    if spec.append_ms is not None:
        told[8] = spec.append_ms
    HEAD.pack_into(batch, 0, *told)
    return with_checksum(batch)


def with_checksum(batch):
    """Make the checksum right, whatever the bytes say."""
    batch = bytearray(batch)
    struct.pack_into(">I", batch, CRC_AT, calc_crc32c(memoryview(batch)[CRC_FROM:]))
    return bytes(batch)


def marker(base, producer, *, commit, epoch=3):
    """Give the control batch that ends a transaction."""
    spec = BatchSpec([], base=base, producer=producer, transactional=True, epoch=epoch)
    builder = DefaultRecordBatchBuilder(2, 0, True, producer, 0, 0, 1 << 20)
    builder.append(0, 1, ControlRecord.KEY_STRUCT.pack(0, int(commit)), bytes(6), [])
    return sealed(builder.build(), spec, control=True)


def old(magic, codec, base, values):
    """Give a message set of the formats 0 and 1."""
    builder = MemoryRecordsBuilder(magic, codec, 1 << 20, offset=base)
    for at, value in enumerate(values):
        builder.append(1_600_000_000_000 + at, b"k", value)
    builder.close()
    return bytes(builder.buffer())
