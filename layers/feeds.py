"""Feeds: what each source promises, and the accounts of what came of it.

A feed is a YAML file. This module holds its values and keeps its accounts:
read = accepted + duplicate + rejected + late, per home, under the fence of that home, so that the
equation holds at every instant at which anybody looks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from layers import documents
from layers.labels import Label
from layers.snapshot import FeedHealth, RejectRow, State
from layers.store import keys
from layers.store.client import Store
from layers.times import from_ms

OUTCOMES = ("accepted", "duplicate", "rejected", "late")
"""What can become of a message; the position is the code in the frames of ingest."""

Kind = Literal["observation", "case", "incident", "warning"]


class _Spec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base: an unknown key is an error."""


class Owner(_Spec):
    """The department that answers for the data."""

    code: str
    zh: str
    en: str

    @property
    def label(self) -> Label:
        """Its name."""
        return Label(self.zh, self.en)


class Expect(_Spec):
    """What a healthy feed does."""

    interval_s: int
    """Seconds between two messages of one source."""
    sources: int
    """Number of sources that report."""
    silent_after_s: int
    """Without a message for so long, the feed is silent."""


class TimeRule(_Spec):
    """Where the event time stands and how it is written."""

    field: str
    form: str = "iso"
    """iso | epoch_s | epoch_ms | a strftime pattern."""
    zone: str = "Asia/Shanghai"
    """Zone of times that carry no offset."""


class PlaceRule(_Spec):
    """Where the position stands: two coordinates, or a region code."""

    lng: str = ""
    lat: str = ""
    datum: Literal["WGS84", "CGCS2000", "GCJ02", "BD09"] = "WGS84"
    code: str = ""
    """Field of a region or grid code; used where there are no coordinates."""


class CsvRule(_Spec):
    """One line a message, without a header."""

    columns: tuple[str, ...]
    delimiter: str = ","


class CodeTable(_Spec):
    """Source values → canonical codes."""

    table: dict[str, str]
    default: str = "UNMAPPED"


class FeedSpec(_Spec):
    """One feed, as its YAML file says."""

    id: str
    title: Label
    owner: Owner
    contact: Label
    format: Literal["json", "csv", "cap"]
    kind: Kind
    origin: Label
    expect: Expect
    late_after_s: int
    topic: str = ""
    generated: bool = False
    time: TimeRule | None = None
    place: PlaceRule = PlaceRule()
    csv: CsvRule | None = None
    fields: dict[str, str] = {}
    codes: dict[str, CodeTable] = {}
    bounds: dict[str, dict[str, tuple[float, float]]] = {}
    play: dict[str, Any] = {}

    @property
    def topic_name(self) -> str:
        """The Kafka topic: `topic`, or the id."""
        return self.topic or self.id


def load_feeds(folder: Path) -> dict[str, FeedSpec]:
    """Read every `*.yaml` of a folder: feed id → feed.

    Raises:
        layers.documents.DocumentError: a file can't be taken, or two feeds share an id.
    """
    feeds: dict[str, FeedSpec] = {}
    for file in sorted(folder.glob("*.yaml")):
        feed = documents.load(file, FeedSpec)
        if feed.id in feeds:
            raise documents.DocumentError(file, f"id {feed.id!r} is taken", "Give it another id.")
        feeds[feed.id] = feed
    return feeds


class Reject(msgspec.Struct, frozen=True):
    """One message that could not be taken, as it is kept and sent to the rejects topic."""

    feed: str
    topic: str
    partition: int
    offset: int
    at_ms: int
    field: str
    value: str
    reason: str
    remedy: str
    raw: str
    """The bytes as text; bytes that are no text are escaped as \\xNN."""


def read_health(
    store: Store, feeds: Mapping[str, FeedSpec], homes: Sequence[str], now: datetime
) -> dict[str, FeedHealth]:
    """Read the accounts of every feed: feed id → health, summed over the homes."""
    hour = int(now.timestamp()) // 3600
    asks = []
    for feed in feeds:
        for home in homes:
            asks.append(("hgetall", home, keys.accounts(feed), ()))
            asks.extend(
                ("hgetall", home, keys.account_minutes(feed, h), ()) for h in (hour - 1, hour)
            )
    answers = store.read(asks)
    step = 3 * len(homes)
    return {
        feed.id: _health(feed, answers[i * step : (i + 1) * step], now)
        for i, feed in enumerate(feeds.values())
    }


def _health(feed: FeedSpec, answers: Sequence[Mapping[bytes, bytes]], now: datetime) -> FeedHealth:
    totals: dict[str, int] = {}
    for part in answers[0::3]:
        for name, value in part.items():
            key, number = name.decode(), int(value)
            totals[key] = (
                max(totals.get(key, 0), number)
                if key.endswith("_ms")
                else totals.get(key, 0) + number
            )
    last = totals.get("last_message_ms")
    state = feed_state(feed, last, now)
    return FeedHealth(
        id=feed.id,
        title=feed.title,
        owner=feed.owner.label,
        contact=feed.contact,
        kind=feed.kind,
        state=state,
        last_message_at=from_ms(last),
        last_event_at=from_ms(totals.get("last_event_ms")),
        expected_interval_s=feed.expect.interval_s,
        silent_after_s=feed.expect.silent_after_s,
        sources_reporting=0 if state == "silent" else feed.expect.sources,
        sources_expected=feed.expect.sources,
        read=totals.get("read", 0),
        accepted=totals.get("accepted", 0),
        duplicate=totals.get("duplicate", 0),
        rejected=totals.get("rejected", 0),
        late=totals.get("late", 0),
        read_per_minute=_per_minute(answers, now),
        unmapped=totals.get("unmapped", 0),
        unassigned=totals.get("unassigned", 0),
        generated=feed.generated,
        origin=feed.origin,
    )


def feed_state(feed: FeedSpec, last_message_ms: int | None, now: datetime) -> State:
    """Say how a feed is by the age of its newest message, in broker time.

    live within twice its interval, stale ("late") after that, silent after its own limit.
    """
    if last_message_ms is None:
        return "silent"
    age_s = now.timestamp() - last_message_ms / 1000
    if age_s > feed.expect.silent_after_s:
        return "silent"
    late_after = max(2 * feed.expect.interval_s / max(feed.expect.sources, 1), 60)
    return "stale" if age_s > min(late_after, feed.expect.silent_after_s) else "live"


def _per_minute(answers: Sequence[Mapping[bytes, bytes]], now: datetime) -> tuple[int, ...]:
    counts = [0] * 120
    for before, part in ((0, answers[1::3]), (60, answers[2::3])):
        for cells in part:
            for minute, value in cells.items():
                counts[before + int(minute)] += int(value)
    end = 60 + int(now.timestamp()) // 60 % 60 + 1
    return tuple(counts[end - 60 : end])


def read_rejects(store: Store, homes: Sequence[str], limit: int) -> tuple[RejectRow, ...]:
    """Read the newest rejected messages of all homes, newest first."""
    found = store.read([("lrange", home, keys.REJECTS, (0, limit - 1)) for home in homes])
    rejects = [msgspec.json.decode(raw, type=Reject) for part in found for raw in part]
    rejects.sort(key=lambda r: r.at_ms, reverse=True)
    return tuple(
        RejectRow(
            feed=r.feed,
            partition=r.partition,
            offset=r.offset,
            at=datetime.fromtimestamp(r.at_ms / 1000, tz=UTC),
            field=r.field,
            value=r.value,
            reason=r.reason,
            remedy=r.remedy,
            raw=r.raw,
        )
        for r in rejects[:limit]
    )
