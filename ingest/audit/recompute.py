"""The state computed again from the logs, by the same code, up to the fences of the live one.

Like is compared with like while workers go on: each home of the live state was copied whole at one
instant, its fences with it (`layers/store/home_copy.py`). A home that is computed again is given
exactly the offsets below its own fences. To that end a poll holds one log and ends at every fence
of it, so that each home takes all of a poll or nothing; the worker, the normalizers and the script
know nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from ingest.consumer import Intake, Pace, Worker
from ingest.sources.base import Slice
from ingest.sources.kafka_range import KafkaRanges, Log, cut
from ingest.worker import NoTopic
from layers.store.client import Applied, Store
from layers.store.writes import Writes

Targets = Mapping[str, Mapping[str, int]]
"""Home → log → the fence up to which it is computed again."""

Progress = Callable[[int, int], None]
"""Messages done, messages in all."""


class UpToFences(Store):
    """A store whose homes take nothing at or above the fences of the live state."""

    def __init__(self, store: Store, targets: Targets) -> None:
        super().__init__(store.client, store.prefix)
        self._targets = targets

    def apply_many(self, shares: Sequence[tuple[str, Writes]], now_s: int) -> list[Applied]:
        """Apply what lies below the fences; what does not is answered as if it had been."""
        answers: list[Applied | None] = [None] * len(shares)
        meant = []
        for at, (home, writes) in enumerate(shares):
            held = self._targets[home]
            below = [f for f in writes.fences if f.next <= held.get(f.partition, -1)]
            if below and len(below) == len(writes.fences):
                meant.append((at, home, writes))
            else:
                if below and not writes.says_something:
                    meant.append((at, home, Writes(fences=below)))
                answers[at] = Applied("ok", {}, ())
        real = super().apply_many([(home, writes) for _, home, writes in meant], now_s)
        for (at, *_), answer in zip(meant, real, strict=True):
            answers[at] = answer
        return [answer for answer in answers if answer is not None]


class LogsSource:
    """Gives one log after the other, each up to its highest fence, cut at every fence.

    Args:
        ranges: reads the logs.
        logs: which.
        targets: the fences.
        begin: the worker's.
    """

    def __init__(
        self,
        ranges: KafkaRanges,
        logs: Sequence[Log],
        targets: Targets,
        begin: Callable[[Sequence[str]], dict[str, int]],
    ) -> None:
        self._ranges = ranges
        self._ends = {
            log.name: sorted({held[log.name] for held in targets.values() if log.name in held})
            for log in logs
        }
        self._logs = [log for log in logs if self._ends[log.name]]
        self.total = sum(max(0, self._ends[g.name][-1] - g.start) for g in self._logs)
        self.done = 0
        begin([log.name for log in self._logs])
        self._slices = self._read()

    def _read(self) -> Iterator[Slice]:
        for log in self._logs:
            ends = self._ends[log.name]
            for part in self._ranges.read(log, log.start, min(ends[-1], log.end)):
                rest = part
                for end in ends:
                    if rest.start < end < rest.next:
                        first, rest = cut(rest, end)
                        if len(first.offsets):
                            yield first
                if len(rest.offsets):
                    yield rest
                self.done += part.next - part.start

    def assigned(self) -> frozenset[str]:
        """Give every log."""
        return frozenset(log.name for log in self._logs)

    def seek(self, positions: dict[str, int]) -> None:
        """Go on; nobody else writes to the second state, so nothing is ever read again."""

    def poll(self, timeout_s: float) -> list[Slice]:
        """Give the next slice."""
        del timeout_s
        return [part] if (part := next(self._slices, None)) is not None else []

    def commit(self, positions: dict[str, int]) -> None:
        """Tell nobody."""

    def lag(self) -> dict[str, int]:
        """Report nothing."""
        return {}

    def close(self) -> None:
        """Leave the reader to who opened it."""


def recompute(
    intake: Intake,
    store: Store,
    targets: Targets,
    logs: tuple[KafkaRanges, Sequence[Log]],
    clock: tuple[Callable[[], float], Progress],
) -> int:
    """Compute the state again into an empty store; give the number of messages read.

    Args:
        intake: feeds and city.
        store: where to.
        targets: up to where, home by home.
        logs: what is read, and by what.
        clock: seconds since the epoch, and who is told how far it is.
    """
    ranges, wanted = logs
    clock_s, progress = clock
    made = Worker(
        intake,
        UpToFences(store, targets),
        NoTopic(),
        Pace(1, 0.0, 1e9),
        clock_s,
    )
    source = LogsSource(ranges, wanted, targets, made.begin)
    while made.step(source):
        progress(source.done, source.total)
    made.drain(source)
    progress(source.total, source.total)
    return source.total
