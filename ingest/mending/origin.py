"""What a replayed message says of itself, and what that does to a poll."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
import polars as pl

from ingest.sources.base import Slice
from layers.batch import AGAIN, REJECTED, Batch, Frame
from layers.feeds import Reject

HEADER = "yiwang-mends"
"""The header of a replayed message: JSON of its `Origin`."""

WHOLE = -1
"""In `Reject.record`: the message could not be read at all."""


class Origin(msgspec.Struct, frozen=True):
    """What a replayed message mends."""

    feed: str
    log: str
    """`topic:partition@topic id`."""
    offset: int
    home: str
    """In whose accounts the rejects are counted."""
    records: tuple[int, ...]
    """The records of the message that were rejected, or WHOLE."""
    at_ms: int
    """Broker time of the message that was rejected: by it the new one is late, or is not."""

    def id_of(self, record: int) -> str:
        """Give the id of one of the rejects, as `layers.feeds.Reject.id` spells it."""
        return f"{self.log}:{self.offset}" + (f"#{record}" if record > 0 else "")


@dataclass(frozen=True, slots=True)
class Replayed:
    """A replayed message in the slices of a poll."""

    part: int
    offset: int
    origin: Origin


def replayed_in(slices: Sequence[Slice]) -> tuple[list[Slice], list[Replayed]]:
    """Find the replayed messages; give the slices with the times at which these came first."""
    found: list[Replayed] = []
    slices = list(slices)
    for number, part in enumerate(slices):
        if part.headers is None or HEADER.encode() not in part.headers.buffer:
            continue
        told = part.headers.column(HEADER, len(part.offsets))
        times_ms = part.times_ms.copy()
        for row, text in enumerate(told):
            origin = None if text is None else _read(text)
            if origin is not None:
                times_ms[row] = origin.at_ms
                found.append(Replayed(number, int(part.offsets[row]), origin))
        slices[number] = replace(part, times_ms=times_ms)
    return slices, found


def _read(text: bytes) -> Origin | None:
    """Give what a header says; one that some other program wrote says nothing."""
    try:
        return msgspec.json.decode(text, type=Origin)
    except msgspec.DecodeError:
        return None


def settle(
    batch: Batch, slices: Sequence[Slice], replayed: Sequence[Replayed], frame: Frame
) -> Batch:
    """Say of each reject where it is counted, and of each replayed message what it mends.

    Args:
        batch: the rows of one feed.
        slices: those that it was made of.
        replayed: the replayed messages in them.
        frame: the homes.
    """
    if batch.rejects:
        batch = replace(batch, rejects=_complete(batch, slices, frame))
    return _settled(batch, replayed, frame) if replayed else batch


def _complete(batch: Batch, slices: Sequence[Slice], frame: Frame) -> list[tuple[int, Reject]]:
    """Add the log, the record and the home to the rejects."""
    rows = batch.rows
    message = rows["message"]
    found = []
    for row, reject in batch.rejects:
        first = int(message.search_sorted(message[row], side="left"))
        is_whole = not reject.field
        found.append(
            (
                row,
                msgspec.structs.replace(
                    reject,
                    log=slices[rows["part"][row]].log,
                    record=WHOLE if is_whole else row - first,
                    home=frame.homes[rows["home"][row]],
                ),
            )
        )
    return found


def _settled(batch: Batch, replayed: Sequence[Replayed], frame: Frame) -> Batch:
    rejects: dict[tuple[int, int], list[tuple[int, Reject]]] = defaultdict(list)
    parts = batch.rows["part"]
    for row, reject in batch.rejects:
        rejects[parts[row], reject.offset].append((row, reject))
    again: dict[int, str] = {}
    foreign: list[tuple[int, int]] = []
    mends: list[tuple[int, int, int, str, int]] = []
    index = {code: i for i, code in enumerate(frame.homes)}
    for one in replayed:
        origin, place = one.origin, (one.part, one.offset)
        if origin.feed != batch.feed.id:
            foreign.append(place)
            continue
        still = {reject.record: row for row, reject in rejects[place]}
        if WHOLE in still or (WHOLE in origin.records and _count(batch, place) == 1 and still):
            row = next(iter(still.values()))
            again[row] = origin.id_of(origin.records[0])
            continue
        again |= {row: origin.id_of(n) for n, row in still.items() if n in origin.records}
        home, minute = index.get(origin.home, 0), origin.at_ms // 60_000
        mends += [(home, *place, origin.id_of(n), minute) for n in origin.records if n not in still]
    return _with_fate(batch, again, foreign, mends)


def _count(batch: Batch, place: tuple[int, int]) -> int:
    part, offset = place
    return batch.rows.filter((pl.col("part") == part) & (pl.col("offset") == offset)).height


_MENDS = {
    "home": pl.Int32,
    "part": pl.Int32,
    "offset": pl.Int64,
    "id": pl.String,
    "minute": pl.Int64,
}


def _with_fate(
    batch: Batch,
    again: dict[int, str],
    foreign: Sequence[tuple[int, int]],
    mends: Sequence[tuple[int, int, int, str, int]],
) -> Batch:
    """Mark what isn't counted: rejected again, or meant for another feed of the same topic."""
    others = pl.DataFrame(
        foreign, schema={"part": pl.Int32, "offset": pl.Int64}, orient="row"
    ).with_columns(is_foreign=pl.lit(value=True))
    rows = batch.rows.join(others, on=["part", "offset"], how="left", maintain_order="left")
    is_foreign = pl.col("is_foreign").fill_null(value=False)
    is_again = pl.col("row").is_in(list(again)) & (pl.col("outcome") == REJECTED)
    outcome = pl.when(is_foreign | is_again).then(pl.lit(AGAIN, dtype=pl.Int8)).otherwise("outcome")
    strange = set(rows.filter(is_foreign)["row"])
    return replace(
        batch,
        rows=rows.with_columns(outcome=outcome).drop("is_foreign"),
        rejects=[
            (row, msgspec.structs.replace(reject, mends=again.get(row, "")))
            for row, reject in batch.rejects
            if row not in strange
        ],
        mends=pl.DataFrame(mends, schema=_MENDS, orient="row"),
    )
