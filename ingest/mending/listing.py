"""The rejects that are known, each with what has become of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from ingest.sources.kafka import KafkaSettings
from ingest.sources.kafka_range import KafkaRanges
from layers.config import Config
from layers.feeds import Reject
from layers.store import keys
from layers.store.client import Store

Fate = Literal["open", "sent", "mended"]
"""sent: replayed, but no worker has applied it yet."""


@dataclass(frozen=True, slots=True)
class Known:
    """One rejected record."""

    reject: Reject
    fate: Fate

    @property
    def id(self) -> str:
        """What a person calls it."""
        return self.reject.id


def settings_of(config: Config) -> KafkaSettings:
    """Give how the cluster is reached."""
    kafka = config.kafka
    return KafkaSettings(
        kafka.bootstrap, kafka.group, config.ingest.max_poll_records, dict(kafka.security)
    )


def from_store(store: Store, homes: Sequence[str]) -> list[Reject]:
    """Give the rejects in the bounded lists of the homes."""
    found = store.read([("lrange", home, keys.REJECTS, (0, -1)) for home in homes])
    return [msgspec.json.decode(raw, type=Reject) for part in found for raw in part]


def from_topic(config: Config) -> list[Reject]:
    """Give all rejects that the rejects topic holds.

    Raises:
        kafka.errors.KafkaError: Kafka does not answer.
    """
    topic = config.kafka.rejects_topic
    found: list[Reject] = []
    with KafkaRanges(settings_of(config), [topic]) as ranges:
        for log in ranges.logs.values():
            for part in ranges.read(log, log.start, log.end):
                found += [
                    msgspec.json.decode(part.value(row), type=Reject)
                    for row in range(len(part.offsets))
                ]
    return found


def known(store: Store, homes: Sequence[str], rejects: Iterable[Reject]) -> list[Known]:
    """Give each record once, as it was rejected last, with its fate; newest first."""
    last: dict[str, Reject] = {}
    for reject in rejects:
        was = last.get(reject.id)
        if was is None or reject.offset > was.offset:
            last[reject.id] = reject
    newest = sorted(last.values(), key=lambda r: (r.at_ms, r.offset), reverse=True)
    mended = mended_of(store, homes, newest)
    under_way = _under_way(store, homes)
    return [
        Known(r, "mended" if r.id in mended else "sent" if under_way.get(r.id, 0) else "open")
        for r in newest
    ]


def mended_of(store: Store, homes: Sequence[str], rejects: Sequence[Reject]) -> set[str]:
    """Give the ids of those that were mended, wherever they were counted."""
    by_feed: dict[str, list[str]] = {}
    for reject in rejects:
        by_feed.setdefault(reject.feed, []).append(reject.id)
    asks = [
        ("smismember", home, keys.mended(feed), (ids,))
        for feed, ids in by_feed.items()
        for home in homes
    ]
    answers = store.read(asks)
    return {
        i
        for (*_, (ids,)), flags in zip(asks, answers, strict=True)
        for i, is_mended in zip(ids, flags, strict=True)
        if is_mended
    }


def _under_way(store: Store, homes: Sequence[str]) -> dict[str, bool]:
    """Say of each reject that was replayed whether a home has yet to apply that."""
    (sent,) = store.read([("hgetall", keys.UNASSIGNED, keys.SENT, ())])
    if not sent:
        return {}
    fences = store.fences(homes).values()
    found = {}
    for name, place in sent.items():
        log, _, offset = place.decode().rpartition(":")
        found[name.decode()] = any(f.get(log, -1) <= int(offset) for f in fences)
    return found
