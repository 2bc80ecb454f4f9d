"""The loop of a worker: poll → normalize → apply → commit.

The order, and why nothing is lost or doubled by it:

1. Poll. Messages come in the order of the log, from the place where the least advanced home stands.
2. Normalize. Pure: every message gets one outcome.
3. Rejects topic. A rejected message is written there before its home counts it; a worker that dies
   in between writes it again, under the same key.
4. Apply. One atomic call per home moves its state and its fence together (layers/store/client.py).
5. Commit to Kafka. Only after 4, and only a hint: a worker that starts reads the fences.

A worker may die between any two steps and inside each: what the fences cover is not read again into
the state, and what they do not cover is read again. While a poll is being applied by one thread,
the next one is read and normalized by the other; applying is strictly one after the other.
"""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

from ingest import metrics
from ingest.applier import Applier, FenceBehindError, Work
from ingest.codecs.registry import RegistryUnavailableError, insist
from ingest.normalizers import Normalizers
from ingest.sources.base import Slice, Source
from layers.batch import Batch, Frame
from layers.feed_spec import FeedSpec
from layers.feeds import Reject
from layers.store import keys
from layers.store.client import Store, StoreUnavailableError

log = logging.getLogger(__name__)

T = TypeVar("T")

_SWEEP_S = 3.0
"""How often the fences of idle homes follow; bounds what is read again after a start."""
_STUCK_S = 60.0
_RETRY_S = (0.2, 0.5, 1.0, 2.0)


class RejectSink(Protocol):
    """Where rejected messages go besides the bounded list in Redis."""

    def send(self, rejects: Sequence[Reject]) -> None:
        """Write them; an outage is logged, never raised."""
        ...


@dataclass(frozen=True, slots=True)
class Intake:
    """What a worker reads, and for which city."""

    feeds: Mapping[str, FeedSpec]
    """Feed id → feed."""
    frame: Frame
    changes: Callable[[], Mapping[str, FeedSpec] | None] = lambda: None
    """Asked between two polls, now and then: the feeds, when they are no longer the same."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How the loop trades promptness for thrift."""

    max_messages: int = 20_000
    linger_s: float = 0.1
    commit_every_s: float = 1.0


class Worker:
    """One worker: a source on one side, the city's state on the other.

    Args:
        intake: the feeds and the city they are for.
        store: the city's state.
        sink: takes the rejects.
        pace: bounds of one poll.
        clock_s: seconds since the epoch.
    """

    def __init__(
        self,
        intake: Intake,
        store: Store,
        sink: RejectSink,
        pace: Pace,
        clock_s: Callable[[], float],
    ) -> None:
        self._frame = frame = intake.frame
        self._store = store
        self._sink = sink
        self._pace = pace
        self._applier = Applier(store, frame, clock_s)
        self._clock_s = clock_s
        self._normalizers = Normalizers(intake.feeds, frame)
        self._changes = intake.changes
        self._thread = ThreadPoolExecutor(1, "apply")
        self._under_way: Future[bool] | None = None
        self._applied: dict[str, int] = {}
        self._stop = threading.Event()
        self._outage = False
        self._lost = False
        """State was lost: reading must begin again at the fences, of every partition."""
        self._swept = self._committed = 0.0
        self._turned = time.monotonic()
        # the regions live as long as the worker: the collector need not walk them at every poll
        gc.freeze()

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics of all feeds."""
        return self._normalizers.topics

    def trouble(self) -> str:
        """Say why this worker can't work now; empty when it can."""
        if self._outage:
            return "redis does not answer"
        since = time.monotonic() - self._turned
        return f"no poll has ended for {since:.0f} s" if since > _STUCK_S else ""

    def begin(
        self, partitions: Sequence[str], ends: Mapping[str, int] | None = None
    ) -> dict[str, int]:
        """Say where to start reading logs that have just come, given the ends that are known."""
        self._settle()
        return self._insist(lambda: self._applier.begin(partitions, ends or {}))

    def lost(self, logs: Sequence[str]) -> None:
        """Note logs whose state is gone and is built again from their oldest message."""
        if logs:
            log.warning("event=rebuilding logs=%s", ",".join(logs))
            fields = dict.fromkeys(logs, str(int(self._clock_s() * 1000)))
            self._insist(lambda: self._store.note(keys.UNASSIGNED, keys.REBUILT, fields))

    def begin_anew(self, partitions: Sequence[str]) -> dict[str, int]:
        """Say from where a source may number messages that no log has numbered before.

        Above every home's fence: a number below one would count as applied already.
        """
        self.begin(partitions)
        return self._applier.ends(partitions)

    def run(self, source: Source, stop: threading.Event) -> None:
        """Work until `stop` is set; then finish what is under way and leave the group."""
        self._stop = stop
        try:
            while not stop.is_set():
                self.step(source)
            if self._settle():
                self._applier.sweep()
                self._commit(source)
        except (StoreUnavailableError, FenceBehindError, RegistryUnavailableError):
            log.warning("event=stopped_unswept")
        finally:
            self._thread.shutdown(wait=True)
            source.close()

    def step(self, source: Source) -> int:
        """Do one poll; give the number of messages taken on."""
        return self._turn(source) or 0

    def drain(self, source: Source) -> int:
        """Read until nothing comes any more and all is applied; give the number of messages."""
        total = 0
        while True:
            count = self._turn(source)
            total += count or 0
            if count == 0 and self._settle():
                if self._sweep():
                    return total
                self._begin_again(source)

    def _turn(self, source: Source) -> int | None:
        """Do one poll; give the number of messages taken on, None when reading begins again."""
        self._turned = time.monotonic()
        with metrics.stage("poll"):
            slices = self._gather(source)
        count = sum(len(s.offsets) for s in slices)
        work = Work(self._normalize(slices), self._frame) if slices else None
        # nothing is under way between these two: housekeeping never waits for an apply
        if not self._settle() or not self._keep_house(source):
            self._begin_again(source)
            return None
        if work is not None:
            metrics.under_way(work.batches)
            self._under_way = self._thread.submit(self._apply, work)
        log.debug("event=poll messages=%s", count)
        return count

    def _gather(self, source: Source) -> list[Slice]:
        """Poll until there is enough or the linger is over; nothing to wait for, wait longer."""
        found = list(source.poll(self._pace.linger_s or 0.05))
        end = time.monotonic() + self._pace.linger_s
        count = sum(len(s.offsets) for s in found)
        while found and count < self._pace.max_messages and time.monotonic() < end:
            more = source.poll(max(0.0, end - time.monotonic()))
            found += more
            count += sum(len(s.offsets) for s in more)
        return _last_runs(found)

    def _normalize(self, slices: Sequence[Slice]) -> list[Batch]:
        with metrics.stage("normalize"):
            return insist(lambda: self._normalizers.batches(slices), self._stop)

    def _apply(self, work: Work) -> bool:
        """Apply one poll, insisting; False when reading must begin again at the fences."""
        new = [
            reject
            for home, partition, reject in work.rejects()
            if self._applier.is_new(home, partition, reject.offset)
        ]
        if new:
            with metrics.stage("rejects"):
                self._sink.send(new)
        try:
            with metrics.stage("apply"):
                self._insist(lambda: self._applier.apply(work))
        except FenceBehindError as error:
            log.warning("event=state_lost detail=%s", error)
            return False
        metrics.applied(work.batches)
        self._applied |= {p: span.next for p, span in work.spans.items()}
        return True

    def _settle(self) -> bool:
        """Wait for what is under way; False when reading must begin again."""
        if self._under_way is not None:
            future, self._under_way = self._under_way, None
            self._lost |= not future.result()
        return not self._lost

    def _insist(self, call: Callable[[], T]) -> T:
        """Call until Redis answers, saying once that it is lost and once that it is back."""
        for attempt in range(1_000_000_000):
            try:
                answer = call()
            except StoreUnavailableError as error:
                if not self._outage:
                    log.error("event=store_lost detail=%s", error)  # noqa: TRY400  no traceback
                self._outage = True
                metrics.store_answers(yes=False)
                if self._stop.wait(_RETRY_S[min(attempt, len(_RETRY_S) - 1)]):
                    raise
            else:
                if self._outage:
                    log.info("event=store_recovered")
                self._outage = False
                metrics.store_answers(yes=True)
                return answer
        raise AssertionError("unreachable")

    def _begin_again(self, source: Source) -> None:
        starts = self._insist(lambda: self._applier.begin(sorted(source.assigned()), {}))
        self.lost([name for name, start in starts.items() if start < 0])
        source.seek(starts)
        self._lost = False

    def _keep_house(self, source: Source) -> bool:
        """Move idle fences along, commit, and report the lag, each at its own pace.

        Returns: False when reading must begin again at the fences.
        """
        now = time.monotonic()
        if now - self._committed < self._pace.commit_every_s:
            return True
        self._committed = now
        if now - self._swept >= _SWEEP_S:
            self._swept = now
            if not self._sweep():
                return False
        self._applier.keep(source.assigned())
        self._commit(source)
        self._report(source.lag())
        feeds = self._changes()
        if feeds is not None:
            self._normalizers.replace(feeds)
        return True

    def _commit(self, source: Source) -> None:
        if self._applied:
            source.commit(dict(self._applied))
            self._applied.clear()

    def _sweep(self) -> bool:
        """Move the fences of idle homes along; False when reading must begin again."""
        try:
            self._insist(self._applier.sweep)
        except FenceBehindError as error:
            log.warning("event=state_lost detail=%s", error)
            return False
        return True

    def _report(self, lag: Mapping[str, int]) -> None:
        metrics.waiting(lag)
        at_ms = int(self._clock_s() * 1000)
        if lag and not self._outage:
            fields = {partition: f"{count}|{at_ms}" for partition, count in lag.items()}
            self._insist(lambda: self._store.note(keys.UNASSIGNED, keys.LAG, fields))


def _last_runs(slices: Sequence[Slice]) -> list[Slice]:
    """Give the slices without those of a log that was begun again since: they are in it again."""
    kept: dict[str, list[Slice]] = {}
    for part in slices:
        run = kept.setdefault(part.name, [])
        if run and run[-1].next != part.start:
            run.clear()
        run.append(part)
    return [part for run in kept.values() for part in run]
