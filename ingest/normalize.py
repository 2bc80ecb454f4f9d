"""Columns in, records out: decode → check → place in time → place in a region → find duplicates.

No Python statement here runs once per message; only those that are rejected are looked at singly.
Every message gets exactly one outcome, in this order: rejected, late, duplicate, accepted.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from ingest import meaning, rejects
from ingest.checks import Check, checks_of
from ingest.codecs.base import Decoded
from ingest.codecs.wide import COLUMN
from ingest.identity import event_ids
from ingest.mapping import paths
from ingest.personal import Guard
from ingest.placer import Placer
from ingest.reading import Reader
from ingest.sources.base import Slice, join
from layers.batch import ACCEPTED, DUPLICATE, LATE, REJECTED, Batch, Frame, Span
from layers.feed_spec import FeedSpec
from layers.readings import revisions

_LONGEST = 4_000
"""Signs kept of a message beside each of its records, when it holds many."""


class Normalizer:
    """The way of one feed's messages into rows; keeps what is worth remembering between polls.

    Args:
        feed: what its YAML file says.
        frame: homes and regions of the city.
    """

    def __init__(self, feed: FeedSpec, frame: Frame) -> None:
        self.feed = feed
        self.frame = frame
        self._placer = Placer(frame.geography, feed)
        self._guard = Guard(feed) if feed.personal else None
        self._reader = Reader(feed, paths(feed))

    def batch(self, slices: Sequence[Slice]) -> Batch:
        """Turn the slices of one poll into rows, each message with its outcome."""
        whole, part = join(slices)
        spans = [Span(s.name, s.start, s.next) for s in slices]
        whole, decoded = self._reader.read(whole)
        rows = self._canonical(decoded, whole, part)
        rows = rows.with_columns(broker_ms=_arrival())
        checks = checks_of(self.feed)
        failed = _first_failure(rows, checks, decoded)
        rows = self._placed(rows.with_columns(failed=failed))
        rows = self._judged(rows)
        found = rejects.explain(self.feed, whole, slices, rows, (checks, decoded.broken))
        return Batch(self.feed, spans, _kept(rows), found)

    def _canonical(
        self, decoded: Decoded, whole: Slice, part: npt.NDArray[np.int32]
    ) -> pl.DataFrame:
        """Name the fields canonically, cast them, map their codes and read their times."""
        text = _clean(decoded.columns, whole)
        base = _messages(whole, part)
        if decoded.message is not None:
            base = base[decoded.message]
        if decoded.message is not None or decoded.raw is not None:
            base = base.with_columns(_of_record(base["raw"], decoded.raw))
        if COLUMN in text.columns:
            base = base.with_columns(text[COLUMN].alias("column_text"))
        if self._guard:
            text = self._guard.treated(text)
            base = base.with_columns(self._guard.raw(text))
        base = base.with_row_index("row").cast({"row": pl.Int64})
        if self.feed.kind == "warning":
            return meaning.alerts(base.hstack(text))
        named = text.select(meaning.texts(self.feed))
        named = named if len(named) else named.clear(len(base))
        return meaning.understood(self.feed, base.hstack(named))

    def _placed(self, rows: pl.DataFrame) -> pl.DataFrame:
        if self.feed.kind == "warning":
            home = pl.lit(self.frame.city_home, dtype=pl.Int32)
            return rows.with_columns(region=pl.lit(0, dtype=pl.Int32), home=home, unmapped=False)
        placed = self._placer.place(rows)
        homes = pl.Series("home", self.frame.home_of_region[placed["region"].to_numpy()])
        return rows.hstack(placed).with_columns(homes)

    def _judged(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Give each row its outcome and each record its id."""
        late = pl.col("broker_ms") - pl.col("event_ms") > self.feed.late_after_s * 1000
        verdict = (
            pl.when(pl.col("failed") >= 0).then(REJECTED).when(late).then(LATE).otherwise(ACCEPTED)
        )
        judged = rows.with_columns(outcome=verdict.cast(pl.Int8), id=event_ids(self.feed, rows))
        within_ms = self.feed.late.apply_within_s * 1000
        if within_ms:
            taken = (pl.col("outcome") == LATE) & (
                pl.col("broker_ms") - pl.col("event_ms") <= within_ms
            )
            judged = judged.with_columns(late_taken=taken)
        # which value of a revised reading counts, only the store knows
        return judged if revisions.are_kept(self.feed) else _without_repetitions(judged)


def _without_repetitions(rows: pl.DataFrame) -> pl.DataFrame:
    """Mark repetitions within the poll; those of earlier polls are found by the store."""
    fresh = pl.col("outcome") == ACCEPTED
    if "late_taken" not in rows.columns:
        again = fresh & ~pl.struct("outcome", "home", "id").is_first_distinct()
        outcome = pl.when(again).then(DUPLICATE).otherwise("outcome").cast(pl.Int8)
        return rows.with_columns(outcome=outcome)
    counts = fresh | pl.col("late_taken")
    again = counts & ~pl.struct(counts.alias("counts"), "home", "id").is_first_distinct()
    return rows.with_columns(
        outcome=pl.when(again & fresh).then(DUPLICATE).otherwise("outcome").cast(pl.Int8),
        late_taken=pl.col("late_taken") & ~again,
    )


def _messages(whole: Slice, part: npt.NDArray[np.int32]) -> pl.DataFrame:
    """Give what is known of each message before it is read."""
    return pl.DataFrame(
        {
            "message": np.arange(len(part), dtype=np.int64),
            "part": part,
            "offset": whole.offsets,
            "broker_ms": whole.times_ms,
            "raw": _raw(whole),
        }
    )


def _arrival() -> pl.Expr:
    """Give the broker time; a recorded message without one arrived when it happened."""
    came = pl.col("broker_ms")
    return pl.when(came < 0).then(pl.coalesce("event_ms", -came)).otherwise(came)


def _clean(columns: pl.DataFrame, whole: Slice) -> pl.DataFrame:
    """Turn control characters into blanks; they separate the parts of what is stored."""
    data = np.frombuffer(whole.buffer, dtype=np.uint8)
    controls = np.count_nonzero(data < 32) - len(whole.offsets)
    if not controls and b"\\" not in whole.buffer:
        return columns
    return columns.with_columns(pl.all().str.replace_all(r"[\x00-\x1f\x7f]", " "))


def _raw(whole: Slice) -> pl.Series:
    """Give every message as text, one value a row; bytes that are no text become �."""
    count = len(whole.offsets)
    if whole.buffer.count(b"\n") == count and b"\r" not in whole.buffer:
        try:
            lines = pl.read_lines(whole.buffer).to_series()
        except pl.exceptions.PolarsError:  # not all of it is UTF-8
            lines = pl.Series()
        if len(lines) == count:
            return lines
    values = [whole.value(row).decode("utf-8", "replace") for row in range(count)]
    return pl.Series(values, dtype=pl.String)


def _of_record(message: pl.Series, own: pl.Series | None) -> pl.Series:
    """Give what is kept beside one of many records: its own part, or the message's beginning."""
    beginning = message.str.slice(0, _LONGEST)
    return beginning if own is None else own.fill_null(beginning).alias(message.name)


def _first_failure(rows: pl.DataFrame, checks: Sequence[Check], decoded: Decoded) -> pl.Series:
    """Give the number of the first check that fails, -1 where none does, 99 where unreadable."""
    verdict: pl.Expr = pl.lit(-1)
    for number, check in reversed(list(enumerate(checks))):
        verdict = pl.when(check.fails).then(number).otherwise(verdict)
    failed = rows.select(verdict.cast(pl.Int16).alias("failed")).to_series()
    if len(failed) != rows.height:
        failed = failed.new_from_index(0, rows.height)
    if not decoded.broken:
        return failed
    values = failed.to_numpy().copy()
    values[list(decoded.broken)] = rejects.UNREADABLE
    return pl.Series("failed", values)


def _kept(rows: pl.DataFrame) -> pl.DataFrame:
    """Drop the columns that only checks and rejects need."""
    only = ("failed", "value_missing", "unit_unknown")
    return rows.drop([c for c in rows.columns if c.endswith("_text") or c in only])
