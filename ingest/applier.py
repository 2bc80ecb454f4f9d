"""One poll's effects on all homes: fences kept, duplicates taken out, refusals understood.

The proof that effects are exactly once stands in `layers/store/client.py`. This module holds its
second step: a call claims [fence, next) of a partition; this worker has read all of it in one run,
because it began at the smallest fence of all homes, and a fence that the store moved on meanwhile
only shortens the claim. A fence that went back means lost state: then reading begins anew there.
Rows below the fence are dropped before anything is added up.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import polars as pl

from ingest import metrics
from layers import writer
from layers.batch import DUPLICATE, LATE, Batch, Frame, Span
from layers.feeds import Reject
from layers.store.client import Applied, Store
from layers.store.plan import HomePlan
from layers.store.writes import Fence, Writes

log = logging.getLogger(__name__)

NOTHING = -1
"""A home that has applied nothing of a partition yet."""


class FenceBehindError(Exception):
    """A home holds less than this worker has applied: the state was lost or set back."""

    def __init__(self, home: str, stored: Mapping[str, int]) -> None:
        super().__init__(
            f"the fences of {home} are behind: {dict(stored)}; reading again from there"
        )


class Work:
    """The batches of one poll with their plan, made before it is known what the fences say."""

    def __init__(self, batches: Sequence[Batch], frame: Frame) -> None:
        self.batches = list(batches)
        self.spans = _spans(batches)
        self.frame = frame
        self.superseded: set[str] | None = None
        """Ids of records that another home holds in a newer version; asked once."""
        self.shares = writer.plan_of(self.batches, frame).split(len(frame.homes))
        self._moved = {home: share.writes.moved for home, share in self.shares.items()}

    def of_home(self, home: int, fences: Mapping[str, int]) -> HomePlan:
        """Plan one home again, without the rows that it has applied already.

        What moved to other homes stays: a newer version elsewhere is a fact under no fence.
        """
        batches = [
            replace(
                b,
                rows=_above(b, b.rows, fences).filter(pl.col("home") == home),
                mends=None if b.mends is None else _above(b, b.mends, fences),
            )
            for b in self.batches
        ]
        plan = writer.plan_of(batches, self.frame).split(0).get(home, HomePlan())
        share = self.shares.get(home, HomePlan()).writes
        plan.writes.moved = share.moved
        # what only this home's rows would make the newest, another home's rows may exceed
        gone = {i for _, ids, _ in self._moved.get(home, ()) for i in ids}
        plan.writes.records = [r for r in plan.writes.records if r[1] not in gone]
        return plan

    def rejects(self) -> list[tuple[int, str, Reject]]:
        """Give the rejected messages of the poll with the index of their home and their log."""
        return [
            (batch.rows["home"][row], batch.spans[batch.rows["part"][row]].partition, reject)
            for batch in self.batches
            for row, reject in batch.rejects
        ]

    def mark_duplicates(self, owners: pl.DataFrame) -> None:
        """Note that these rows (batch, row) are known to the store."""
        for number, batch in enumerate(self.batches):
            known = owners.filter(pl.col("batch") == number)["row"]
            if len(known):
                again = pl.col("row").is_in(known.implode())
                in_time = again & (pl.col("outcome") != LATE)
                outcome = pl.when(in_time).then(pl.lit(DUPLICATE, dtype=pl.Int8))
                rows = batch.rows.with_columns(outcome=outcome.otherwise("outcome"))
                if "late_taken" in rows.columns:
                    rows = rows.with_columns(late_taken=pl.col("late_taken") & ~again)
                self.batches[number] = replace(batch, rows=rows)

    def note_held(self, home: int, named: pl.DataFrame, entries: Sequence[str]) -> None:
        """Note what a home holds of readings (batch, id) that may be revised; empty: nothing."""
        found = named.with_columns(
            home=pl.lit(home, dtype=pl.Int32),
            held=pl.Series([entry or None for entry in entries], dtype=pl.String),
        )
        for number, batch in enumerate(self.batches):
            more = found.filter(pl.col("batch") == number).select("home", "id", "held")
            if len(more):
                known = more if batch.held is None else pl.concat([batch.held, more])
                held = known.unique(["home", "id"], keep="last", maintain_order=True)
                self.batches[number] = replace(batch, held=held)


class Applier:
    """Applies polls in order and keeps what the homes are known to hold.

    Args:
        store: the city's state.
        frame: the homes.
        clock_s: seconds since the epoch.
    """

    def __init__(self, store: Store, frame: Frame, clock_s: Callable[[], float]) -> None:
        self._store = store
        self._frame = frame
        self._clock_s = clock_s
        self._fences: dict[str, dict[str, int]] = {home: {} for home in frame.homes}
        self._positions: dict[str, int] = {}

    def begin(self, partitions: Sequence[str], ends: Mapping[str, int]) -> dict[str, int]:
        """Read the fences of logs that have come: where to start, -1 for the oldest.

        Args:
            partitions: the names of the logs.
            ends: the end of those logs of which it is known.
        """
        stored = self._store.fences(self._frame.homes)
        if self._set_back(stored, ends):
            stored = self._store.fences(self._frame.homes)
        starts = {}
        for partition in partitions:
            held = {home: stored[home].get(partition, NOTHING) for home in self._frame.homes}
            for home, fence in held.items():
                self._fences[home][partition] = fence
            starts[partition] = min(held.values())
            self._positions.pop(partition, None)
        return starts

    def _set_back(self, stored: Mapping[str, Mapping[str, int]], ends: Mapping[str, int]) -> bool:
        """Set fences that lie beyond the end of a log back to it; say whether there were any.

        A log ends before a fence when it has lost its tail (an unclean election of a leader). What
        was lost has been applied; what is written next bears its offsets and has not. The end is
        trustworthy: a new leader tells none before it knows its own (KIP-207).
        """
        shares = []
        for home, fences in stored.items():
            beyond = [
                Fence(p, str(fences[p]), end) for p, end in ends.items() if fences.get(p, 0) > end
            ]
            if beyond:
                log.error("event=log_cut home=%s fences=%s", home, beyond)
                shares.append((home, Writes(fences=beyond)))
        if shares:
            self._store.apply_many(shares, int(self._clock_s()))
        return bool(shares)

    def ends(self, partitions: Sequence[str]) -> dict[str, int]:
        """Give the largest fence of all homes, as last read."""
        return {p: max(f.get(p, NOTHING) for f in self._fences.values()) for p in partitions}

    def keep(self, partitions: frozenset[str]) -> None:
        """Forget the partitions that this worker no longer holds."""
        for gone in set(self._positions) - partitions:
            del self._positions[gone]

    def is_new(self, home: int, partition: str, offset: int) -> bool:
        """Say whether a home has not applied this offset yet, as far as is known."""
        return offset >= self._fences[self._frame.homes[home]].get(partition, NOTHING)

    def apply(self, work: Work) -> None:
        """Apply one poll to every home it touches.

        Raises:
            FenceBehindError: read again from the fences (`begin`).
            StoreUnavailableError: nothing is lost; call again with the same work.
        """
        pending = {self._frame.homes[at]: at for at in work.shares}
        plans = {home: self._planned(work, home, at) for home, at in pending.items()}
        if work.superseded is None:
            shares = [(home, plan.writes) for home, plan in plans.items()]
            work.superseded = self._store.superseded(shares)
        while plans:
            _leave_out(plans.values(), work.superseded)
            shares = [(home, self._claim(home, plan.writes, work)) for home, plan in plans.items()]
            with metrics.stage("redis"):
                answers = self._store.apply_many(shares, int(self._clock_s()))
            plans = self._next_round(work, plans, pending, answers)
        for span in work.spans.values():
            self._positions[span.partition] = max(
                span.next, self._positions.get(span.partition, NOTHING)
            )

    def sweep(self) -> None:
        """Move the fences of idle homes up to what has been read and holds nothing for them.

        Raises: as `apply`.
        """
        shares = []
        for home in self._frame.homes:
            moves = [
                Fence(p, _spell(self._fences[home].get(p, NOTHING)), position)
                for p, position in self._positions.items()
                if self._fences[home].get(p, NOTHING) < position
            ]
            if moves:
                shares.append((home, Writes(fences=moves)))
        answers = self._store.apply_many(shares, int(self._clock_s())) if shares else []
        for (home, writes), answer in zip(shares, answers, strict=True):
            if answer.status == "fence":
                self._learn(home, answer)
            else:
                self._fences[home] |= {f.partition: f.next for f in writes.fences}

    def _planned(self, work: Work, home: str, at: int) -> HomePlan:
        """Give the plan of a home; made again when it has applied a part of the poll already."""
        fences = self._fences[home]
        ahead = any(fences.get(p, NOTHING) > span.start for p, span in work.spans.items())
        return work.of_home(at, fences) if ahead else work.shares[at]

    def _claim(self, home: str, writes: Writes, work: Work) -> Writes:
        fences = self._fences[home]
        writes.fences = [
            Fence(p, _spell(fences.get(p, NOTHING)), span.next)
            for p, span in work.spans.items()
            if fences.get(p, NOTHING) < span.next
        ]
        return writes

    def _next_round(
        self,
        work: Work,
        plans: Mapping[str, HomePlan],
        places: Mapping[str, int],
        answers: Sequence[Applied],
    ) -> dict[str, HomePlan]:
        """Take in the answers; give the plans of the homes that must be asked again."""
        again = {}
        for (home, plan), answer in zip(plans.items(), answers, strict=True):
            if answer.status == "ok":
                self._fences[home] |= {f.partition: f.next for f in plan.writes.fences}
                continue
            if answer.status == "seen":
                work.mark_duplicates(plan.owners_of(answer.positions))
            elif answer.status == "held":
                named = plan.identities_of(answer.positions)
                work.note_held(places[home], named, answer.entries)
            else:
                self._learn(home, answer)
            again[home] = work.of_home(places[home], self._fences[home])
        return again

    def _learn(self, home: str, answer: Applied) -> None:
        """Take over the fences that the store holds.

        Raises:
            FenceBehindError: one lies before what the home is known to have applied.
        """
        log.info("event=fence_refused home=%s stored=%s", home, dict(answer.fences))
        known = self._fences[home]
        behind = {p: s for p, s in answer.fences.items() if s < known.get(p, NOTHING)}
        self._fences[home] = known | dict(answer.fences)
        if behind:
            raise FenceBehindError(home, behind)


def _spans(batches: Iterable[Batch]) -> dict[str, Span]:
    """Give the whole run of each log: a poll may hold several slices of one, on end."""
    found: dict[str, Span] = {}
    for batch in batches:
        for span in batch.spans:
            was = found.get(span.partition, span)
            start, after = min(was.start, span.start), max(was.next, span.next)
            found[span.partition] = Span(span.partition, start, after)
    return found


def _leave_out(plans: Iterable[HomePlan], older: set[str]) -> None:
    """Leave out records that have moved on: another home holds a newer version.

    Exact when all versions of a record come by one partition, which keying by the record's id does.
    """
    if older:
        for plan in plans:
            plan.writes.records = [r for r in plan.writes.records if r[1] not in older]


def _above(batch: Batch, rows: pl.DataFrame, fences: Mapping[str, int]) -> pl.DataFrame:
    low = pl.Series([fences.get(s.partition, NOTHING) for s in batch.spans], dtype=pl.Int64)
    return rows.filter(pl.col("offset") >= low.gather(rows["part"]))


def _spell(fence: int) -> str:
    return "" if fence == NOTHING else str(fence)
