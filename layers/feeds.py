"""Feeds: what each source promises, and the accounts of what came of it.

A feed is a YAML file. This module holds its values and keeps its accounts:
read = accepted + duplicate + rejected + late, per home, under the fence of that home, so that the
equation holds at every instant at which anybody looks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from layers import documents
from layers.feed_spec import CodeTable, FeedSpec
from layers.labels import Label
from layers.snapshot import FeedHealth, RejectRow, State
from layers.store import keys
from layers.store.client import Store
from layers.tables import read_table
from layers.times import from_ms

OUTCOMES = ("accepted", "duplicate", "rejected", "late")
"""What can become of a message; the position is the code in the frames of ingest."""

NOTED = ("swapped", "placeholder", "unknown_device", "revised", "late_taken")
"""What is counted besides, of messages that have an effect; each a column where it occurs."""


def load_feeds(folder: Path) -> dict[str, FeedSpec]:
    """Read every `*.yaml` of a folder: feed id → feed.

    Raises:
        layers.documents.DocumentError: a file can't be taken, or two feeds share an id.
    """
    feeds: dict[str, FeedSpec] = {}
    for file in sorted(folder.glob("*.yaml")):
        feed = read_feed(file)
        if feed.id in feeds:
            raise documents.DocumentError(file, f"id {feed.id!r} is taken", "Give it another id.")
        feeds[feed.id] = feed
    return feeds


def read_feed(file: Path) -> FeedSpec:
    """Read one feed of a city pack: code tables are filled, and the files it names have full paths.

    Raises:
        layers.documents.DocumentError: the feed, or a file that it names, can't be taken.
    """
    return _located(documents.load(file, FeedSpec), file.parent.parent)


def _located(feed: FeedSpec, pack: Path) -> FeedSpec:
    replace = msgspec.structs.replace
    codes = {name: _filled(table, pack) for name, table in feed.codes.items()}
    place = feed.place
    if place.device:
        file = str(pack / place.device.file)
        place = replace(place, device=replace(place.device, file=file))
    schema = feed.schema
    if schema.file:
        schema = replace(schema, file=str(pack / schema.file))
    return replace(feed, codes=codes, place=place, schema=schema)


def _filled(table: CodeTable, pack: Path) -> CodeTable:
    """Add the rows of its file to a table; what the feed itself says goes before."""
    if not table.file:
        return table
    rows = read_table(pack / table.file, ("value", "code"))
    found = {row["value"].strip(): row["code"].strip() for row in rows}
    return msgspec.structs.replace(table, table=found | table.table)


class RuleNote(msgspec.Struct, frozen=True):
    """By which rule a feed is read, as the workers say."""

    rules: str = ""
    """Digest of its YAML in force; empty: it has none."""
    since_ms: int = 0
    refused: str = ""
    """Why a newer YAML was refused."""

    @classmethod
    def read(cls, text: bytes) -> RuleNote:
        """Read a note; one that another version wrote says nothing."""
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.DecodeError:
            return cls()


class Reject(msgspec.Struct, frozen=True):
    """One message that could not be taken, as it is kept and sent to the rejects topic."""

    feed: str
    topic: str
    partition: int
    offset: int
    at_ms: int
    field: str
    value: str
    reason: Label
    remedy: Label
    raw: str
    """The bytes as text; bytes that are no text are escaped as \\xNN."""
    log: str = ""
    """Which of all topics that have borne the name, where the source can tell."""
    record: int = 0
    """Which record of the message, where it holds several; -1: the message as a whole."""
    home: str = ""
    """In whose accounts it is counted."""
    mends: str = ""
    """The reject that was replayed and is rejected again: it is counted there, and not here."""

    @property
    def log_name(self) -> str:
        """The log in which it stands, as fences spell it."""
        return f"{self.topic}:{self.partition}" + (f"@{self.log}" if self.log else "")

    @property
    def id(self) -> str:
        """What names it: `topic:partition@topic id:offset`, with `#record` where there are more."""
        place = f"{self.log_name}:{self.offset}"
        return self.mends or (f"{place}#{self.record}" if self.record > 0 else place)


def read_health(
    store: Store, feeds: Mapping[str, FeedSpec], homes: Sequence[str], now: datetime
) -> dict[str, FeedHealth]:
    """Read the accounts of every feed: feed id → health, summed over the homes."""
    asks = [*health_asks(feeds, homes), *minute_asks(feeds, homes, now)]
    return healths(feeds, homes, dict(zip(asks, store.read(asks), strict=True)), now)


Ask = tuple[str, str, str, tuple[Any, ...]]


def health_asks(feeds: Iterable[str], homes: Sequence[str]) -> list[Ask]:
    """List what is to be read for the accounts of feeds."""
    reports: list[Ask] = [
        ("hgetall", keys.UNASSIGNED, name, ()) for name in (keys.LAG, keys.REBUILT, keys.RULES)
    ]
    return [*reports, *(("hgetall", home, keys.accounts(f), ()) for f in feeds for home in homes)]


def minute_asks(feeds: Iterable[str], homes: Sequence[str], now: datetime) -> list[Ask]:
    """List what is to be read for the messages of each of the last 60 minutes."""
    hour = int(now.timestamp()) // 3600
    return [
        ("hgetall", home, keys.account_minutes(feed, h), ())
        for feed in feeds
        for home in homes
        for h in (hour - 1, hour)
    ]


def healths(
    feeds: Mapping[str, FeedSpec],
    homes: Sequence[str],
    answers: Mapping[Ask, Mapping[bytes, bytes]],
    now: datetime,
) -> dict[str, FeedHealth]:
    """Give the health of feeds from the answers to `health_asks` and, if asked, `minute_asks`."""
    lag = answers["hgetall", keys.UNASSIGNED, keys.LAG, ()]
    rebuilt = answers["hgetall", keys.UNASSIGNED, keys.REBUILT, ()]
    rules = answers["hgetall", keys.UNASSIGNED, keys.RULES, ()]
    found: dict[str, FeedHealth] = {}
    for feed in feeds.values():
        note = RuleNote.read(rules.get(feed.id.encode(), b""))
        accounts = [answers["hgetall", home, keys.accounts(feed.id), ()] for home in homes]
        asks = minute_asks([feed.id], homes, now)
        minutes = [answers[ask] for ask in asks if ask in answers]
        found[feed.id] = msgspec.structs.replace(
            _health(feed, accounts, now),
            read_per_minute=_per_minute(minutes[0::2], minutes[1::2], now) if minutes else (),
            lag=_lag(feed, lag, now),
            rebuilt_at=_rebuilt(feed, rebuilt, now),
            rules=note.rules,
            rules_since=from_ms(note.since_ms or None),
            refused=note.refused,
        )
    return found


def _health(feed: FeedSpec, accounts: Sequence[Mapping[bytes, bytes]], now: datetime) -> FeedHealth:
    totals: dict[str, int] = {}
    for part in accounts:
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
        mended=totals.get("mended", 0),
        unmapped=totals.get("unmapped", 0),
        unassigned=totals.get("unassigned", 0),
        noted={name: totals[name] for name in NOTED if name in totals},
        generated=feed.generated,
        origin=feed.origin,
    )


_LAG_HOLDS_S = 120
"""A worker's report of its lag that is older says nothing about now."""


def _lag(feed: FeedSpec, reports: Mapping[bytes, bytes], now: datetime) -> int | None:
    """Add up what the workers say is waiting in the broker; None when none has said so lately."""
    oldest_ms = (now.timestamp() - _LAG_HOLDS_S) * 1000
    waiting = []
    for partition, report in reports.items():
        messages, _, at_ms = report.partition(b"|")
        topic = partition.decode().rpartition(":")[0]
        if topic == feed.topic_name and int(at_ms) >= oldest_ms:
            waiting.append(int(messages))
    return sum(waiting) if waiting else None


_REBUILT_SHOWN_MS = 86_400_000


def _rebuilt(feed: FeedSpec, notes: Mapping[bytes, bytes], now: datetime) -> datetime | None:
    """Give when the state of a feed was last built again, if that was within a day."""
    moments = [
        int(at_ms)
        for name, at_ms in notes.items()
        if name.decode().rpartition(":")[0] == feed.topic_name
    ]
    newest = max(moments, default=0)
    recent = now.timestamp() * 1000 - newest < _REBUILT_SHOWN_MS
    return from_ms(newest) if newest and recent else None


def feed_state(feed: FeedSpec, last_message_ms: int | None, now: datetime) -> State:
    """Say how a feed is by the age of its newest message, in broker time.

    live within one and a half of its interval, stale after that, silent after its own limit.
    """
    if last_message_ms is None:
        return "silent"
    age_s = now.timestamp() - last_message_ms / 1000
    if age_s > feed.expect.silent_after_s:
        return "silent"
    return "stale" if age_s > max(1.5 * feed.expect.interval_s, 60) else "live"


def _per_minute(
    before: Sequence[Mapping[bytes, bytes]], current: Sequence[Mapping[bytes, bytes]], now: datetime
) -> tuple[int, ...]:
    """Add up the minutes of the hour before and of the current one; give the last 60."""
    counts = [0] * 120
    for first, part in ((0, before), (60, current)):
        for cells in part:
            for cell, value in cells.items():
                counts[first + int(cell.partition(b"|")[0])] += int(value)
    end = 60 + int(now.timestamp()) // 60 % 60 + 1
    return tuple(counts[end - 60 : end])


def read_refused(store: Store, feeds: Collection[str]) -> dict[str, str]:
    """Read why files of feeds that are none yet were refused: file → why."""
    (notes,) = store.read([("hgetall", keys.UNASSIGNED, keys.RULES, ())])
    found = {name.decode(): RuleNote.read(text).refused for name, text in notes.items()}
    return {name: why for name, why in sorted(found.items()) if why and name not in feeds}


def read_rejects(
    store: Store, homes: Sequence[str], limit: int
) -> tuple[tuple[RejectRow, ...], int]:
    """Read the newest rejected messages of all homes, newest first.

    Returns: their rows, and how many stored ones can't be read.
    """
    found = store.read([("lrange", home, keys.REJECTS, (0, limit - 1)) for home in homes])
    stored = [_reject_row(raw) for part in found for raw in part]
    rows = sorted(filter(None, stored), key=lambda row: row.at, reverse=True)
    return tuple(_with_fate(store, homes, rows[:limit])), stored.count(None)


def _with_fate(store: Store, homes: Sequence[str], rows: Sequence[RejectRow]) -> list[RejectRow]:
    """Say which of them were mended, wherever they were counted."""
    asks: list[Ask] = [
        ("smismember", home, keys.mended(feed), ([row.id for row in rows if row.feed == feed],))
        for feed in sorted({row.feed for row in rows})
        for home in homes
    ]
    mended = {
        identity
        for (*_, (ids,)), flags in zip(asks, store.read(asks), strict=True)
        for identity, is_mended in zip(ids, flags, strict=True)
        if is_mended
    }
    return [msgspec.structs.replace(row, is_mended=row.id in mended) for row in rows]


def _reject_row(raw: bytes) -> RejectRow | None:
    """Give a stored reject as a row; None when another program, or another version, wrote it."""
    try:
        r = msgspec.json.decode(raw, type=Reject)
        at = datetime.fromtimestamp(r.at_ms / 1000, tz=UTC)
    except (msgspec.DecodeError, ValueError, OverflowError, OSError):
        return None
    return RejectRow(
        feed=r.feed,
        partition=r.partition,
        offset=r.offset,
        at=at,
        field=r.field,
        value=r.value,
        reason=r.reason,
        remedy=r.remedy,
        raw=r.raw,
        id=r.id,
    )
