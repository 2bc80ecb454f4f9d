"""What messages would take in Redis: applied to a passing one by the real worker, and measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ingest.consumer import Intake, Pace, Worker
from ingest.sources.base import Slice
from ingest.trial.messages import SliceSource
from ingest.worker import NoTopic
from layers.batch import Frame
from layers.feed_spec import FeedSpec
from layers.store.client import Store


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes by kind of key."""

    families: dict[str, int]

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self.families.values())


def memory_of(
    feed: FeedSpec,
    frame: Frame,
    store: Store,
    slices: Sequence[Slice],
    clock_s: Callable[[], float],
) -> Memory:
    """Apply messages to an empty store and measure its keys."""
    worker = Worker(Intake({feed.id: feed}, frame), store, NoTopic(), Pace(1, 0.0, 1e9), clock_s)
    worker.drain(SliceSource(slices, worker.begin))
    families: Counter[str] = Counter()
    for name, size in store.sizes():
        families[name.partition(":")[0]] += size
    return Memory(dict(families.most_common()))
