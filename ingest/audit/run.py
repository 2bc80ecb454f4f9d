"""An audit from end to end: copy the live homes, compute them again, compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from ingest import mapping
from ingest.audit.compare import Comparison, Difference, Rules, Tally
from ingest.audit.recompute import Progress, recompute
from ingest.audit.scope import Gap, Scope, scope_of
from ingest.consumer import Intake
from ingest.sources.kafka import KafkaSettings
from ingest.sources.kafka_range import KafkaRanges
from ingest.worker import frame_of, open_store
from layers.batch import Frame
from layers.config import Config
from layers.pack import load_pack
from layers.store.client import Store
from layers.store.home_copy import HomeCopy, KeyCopy, fences_of, read_home


@dataclass(slots=True)
class Report:
    """What came of an audit."""

    messages: int
    tally: Tally
    gaps: tuple[Gap, ...]
    first: list[Difference] = field(default_factory=list)
    """The first differences, as many as were asked for."""
    differences: int = 0

    @property
    def is_equal(self) -> bool:
        """Say whether nothing differs in what could be compared."""
        return self.differences == 0


class Copies:
    """The live homes, kept in a passing folder: the memory of one home is enough."""

    def __init__(self, folder: Path, store: Store, frame: Frame) -> None:
        self._folder = folder
        self.fences: dict[str, dict[str, int]] = {}
        for home in frame.homes:
            copy = read_home(store, home)
            self.fences[home] = fences_of(copy)
            (folder / home).write_bytes(msgspec.msgpack.encode(copy))

    def home(self, home: str) -> HomeCopy:
        """Give a home as it was copied."""
        return msgspec.msgpack.decode((self._folder / home).read_bytes(), type=dict[str, KeyCopy])


@dataclass(frozen=True, slots=True)
class Audit:
    """How an audit is run."""

    scratch: Store
    """An empty store for the second state."""
    clock_s: Callable[[], float]
    progress: Progress
    show: int = 1
    """Differences that are kept whole; all are counted."""


def run_audit(config: Config, audit: Audit) -> Report:
    """Compute the state again and compare; the live state is only read.

    Raises:
        layers.store.client.StoreUnavailableError: Redis does not answer.
        kafka.errors.KafkaError: Kafka does not answer.
        layers.documents.DocumentError: the pack or a feed can't be taken.
    """
    pack = load_pack(config.city.pack)
    feeds = mapping.load_feeds(pack.feeds_dir)
    frame = frame_of(config, pack)
    topics = [topic for feed in feeds.values() for topic in feed.all_topics]
    settings = KafkaSettings(
        config.kafka.bootstrap, "", config.ingest.max_poll_records, dict(config.kafka.security)
    )
    with TemporaryDirectory(prefix="yiwang-audit-") as folder:
        copies = Copies(Path(folder), open_store(config), frame)
        copied_ms = int(audit.clock_s() * 1000)
        with KafkaRanges(settings, topics) as ranges:
            held = {log for fences in copies.fences.values() for log in fences}
            scope = scope_of(feeds, held, ranges)
            logs = ranges, list(scope.logs.values())
            clock = audit.clock_s, audit.progress
            intake = Intake(feeds, frame)
            count = recompute(intake, audit.scratch, copies.fences, logs, clock)
        return _compare(_Sides(copies, frame, scope, copied_ms), audit, count)


@dataclass(frozen=True, slots=True)
class _Sides:
    copies: Copies
    frame: Frame
    scope: Scope
    copied_ms: int


def _compare(sides: _Sides, audit: Audit, count: int) -> Report:
    frame = sides.frame
    now_ms = int(audit.clock_s() * 1000)
    comparison = Comparison(
        Rules(sides.scope, frame.retention, frame.timezone, sides.copied_ms, now_ms)
    )
    report = Report(count, comparison.tally, sides.scope.gaps)
    for difference in _differences(sides, audit, comparison):
        report.differences += 1
        if len(report.first) < audit.show:
            report.first.append(difference)
    return report


def _differences(sides: _Sides, audit: Audit, comparison: Comparison) -> Iterator[Difference]:
    for home in sides.frame.homes:
        yield from comparison.home(home, sides.copies.home(home), read_home(audit.scratch, home))
