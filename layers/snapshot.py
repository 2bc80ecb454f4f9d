"""What a page is a function of: the city, one area, all sources or one record, at one moment.

A snapshot is read once, is frozen, and is the same thing on every way out: panels render it, and
`/wall.json`, `/area/<code>.json` and `/sources.json` are its plain encoding. Times are aware
datetimes in UTC; a missing number is `None` and is shown as "—", never as zero.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from layers.labels import Label

State = Literal["live", "partial", "stale", "silent"]
"""live: all expected sources report; partial: some do; stale: the newest is too old;
silent: nothing has ever been read, or nothing within the feed's own limit."""

Priority = Literal["P1", "P2", "P3", "P4"]
"""The product's own operator priority. It is never called a red or orange warning: those words
belong to official warnings (突发事件应对法)."""

WarningLevel = Literal["red", "orange", "yellow", "blue"]


class _Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all snapshot values."""


class RegionRef(_Frozen, frozen=True, kw_only=True):
    """A region on screen."""

    code: str
    name: Label
    level: int
    """Number of digits of the code: 2/4 city, 6 district, 9 street, 12 community, 15 grid."""
    generated: bool = False
    """True when its shape is generated (演示数据)."""
    population: int | None = None


class IndicatorValue(_Frozen, frozen=True, kw_only=True):
    """One indicator in one region, with all that makes it trustworthy."""

    code: str
    title: Label
    unit: Label
    decimals: int
    value: float | None
    as_of: datetime | None
    """Event time of the newest reading or record behind the value."""
    sources_reporting: int
    sources_expected: int
    owner: Label
    feed: str
    state: State
    since: datetime | None = None
    """Since when it is stale or silent."""
    stale_after_s: int = 0
    breach: Priority | None = None
    """Priority of the band that the value is in; None inside the normal band."""
    band: str = ""
    """The limit that was passed, e.g. "> 75"; empty inside the band."""
    trend: tuple[float | None, ...] = ()
    """24 hourly values, oldest first, the current hour last."""
    change: float | None = None
    """Difference from the same hour yesterday, in the unit of the value."""
    direction: Literal["up", "down", "none"] = "none"
    """Which way is better."""
    source: Label
    """Standard and clause, or own calculation."""
    generated: bool = False


class Alert(_Frozen, frozen=True, kw_only=True):
    """A row of the alert panel."""

    kind: Literal["official", "reading"]
    id: str
    title: Label
    detail: Label
    level: WarningLevel | None = None
    """Legal colour, only for kind "official"."""
    priority: Priority | None = None
    """Only for kind "reading"."""
    exercise: bool = False
    """CAP status Exercise: shown with 演练 and never counted."""
    region: RegionRef
    since: datetime
    until: datetime | None = None
    href: str
    generated: bool = False


class EventRow(_Frozen, frozen=True, kw_only=True):
    """One of the latest events."""

    kind: Literal["case", "incident"]
    id: str
    feed: str
    feed_title: Label
    title: str
    category: str
    status: str
    region: RegionRef
    at: datetime
    """Last update of a case, occurrence of an incident."""
    href: str
    generated: bool = False


class CaseRow(_Frozen, frozen=True, kw_only=True):
    """One case of the case list."""

    id: str
    feed: str
    feed_title: Label
    title: str
    category: str
    status: str
    region: RegionRef
    reported_at: datetime
    due_at: datetime | None
    clock: Literal["normal", "near", "urgent", "overdue", "none", "closed"]
    """normal < 70 % of the limit used, near ≥ 70 %, urgent ≥ 90 %, overdue > 100 %."""
    lead: str
    href: str
    generated: bool = False


class SensorRow(_Frozen, frozen=True, kw_only=True):
    """The latest reading of one property of one sensor."""

    sensor: str
    property: str
    title: Label
    value: float
    unit: str
    observed_at: datetime
    state: State
    stale_after_s: int
    breach: Priority | None
    region: RegionRef
    lng: float | None
    lat: float | None
    feed: str
    href: str
    generated: bool = False


class MapPoint(_Frozen, frozen=True, kw_only=True):
    """A live point on the map."""

    lng: float
    lat: float
    kind: Literal["case", "incident", "sensor"]
    id: str
    title: str
    priority: Priority | None
    """None: nothing to act on, drawn in neutral colour."""
    state: State = "live"
    href: str


class MapState(_Frozen, frozen=True, kw_only=True):
    """What the map shows: children coloured by one indicator, points on top."""

    indicator: str
    title: Label
    unit: Label
    decimals: int
    values: dict[str, float | None]
    """Child code → value; None is drawn hatched as 无数据."""
    breaks: tuple[float, ...]
    """Upper limits of the classes but the last, ascending (quantiles of the values)."""
    points: tuple[MapPoint, ...]
    child_level: int
    """Digits of the children; 0 when the area has none."""
    center: tuple[float, float]
    zoom: float
    legend_corner: str = "br"


class ChildRow(_Frozen, frozen=True, kw_only=True):
    """One child area in the table."""

    region: RegionRef
    values: dict[str, float | None]
    """Indicator code → value, for the indicators of the table."""
    open_cases: int
    overdue: int
    due_soon: int
    received_today: int
    alerts: int


class Funnel(_Frozen, frozen=True, kw_only=True):
    """Cases by stage, and the clock of the open ones."""

    stages: dict[str, int]
    """reported, filed, dispatched, handling, checking, closed (today) → count."""
    open: int
    due_soon: int
    overdue: int
    closed_today: int
    received_today: int
    by_category: dict[str, int]
    """Received today by category, largest first, at most 10 and "other"."""


class Trend(_Frozen, frozen=True, kw_only=True):
    """The course of the day of one series."""

    title: Label
    unit: Label
    hours: tuple[int, ...]
    """Local hours of the day, 0–23."""
    today: tuple[float | None, ...]
    yesterday: tuple[float | None, ...]
    now_hour: float
    """Local time now in hours, e.g. 14.5."""


class FeedHealth(_Frozen, frozen=True, kw_only=True):
    """One source: its accounts and its age."""

    id: str
    title: Label
    owner: Label
    contact: Label
    kind: str
    state: State
    last_message_at: datetime | None
    """Broker time of the newest message that was read."""
    last_event_at: datetime | None
    """Event time of the newest accepted record."""
    expected_interval_s: int
    silent_after_s: int
    sources_reporting: int
    sources_expected: int
    read: int
    accepted: int
    duplicate: int
    rejected: int
    late: int
    """Totals since the state began: read = accepted + duplicate + rejected + late."""
    mended: int = 0
    """Messages that were rejected, were mended, and count as what they are now."""
    rules: str = ""
    """Digest of the feed's YAML that is in force; empty when no worker has said so."""
    rules_since: datetime | None = None
    refused: str = ""
    """Why a newer YAML of the feed was refused; the one in force goes on."""
    read_per_minute: tuple[int, ...] = ()
    """Messages read in each of the last 60 minutes, oldest first."""
    unmapped: int = 0
    """Accepted records whose category no table knows."""
    unassigned: int = 0
    """Accepted records that lie in no district (未定位)."""
    noted: dict[str, int] = {}
    """Of what had an effect, where it occurs: swapped (coordinates that were exchanged back),
    placeholder (a position that stands for none), unknown_device, revised, late_taken."""
    lag: int | None = None
    """Messages in the broker that have not been applied; None when not known."""
    rebuilt_at: datetime | None = None
    """When the state was lost and building it again from the broker began, if within a day."""
    generated: bool = False
    origin: Label


class RejectRow(_Frozen, frozen=True, kw_only=True):
    """One message that could not be read."""

    feed: str
    partition: int
    offset: int
    at: datetime
    field: str
    value: str
    reason: Label
    remedy: Label
    raw: str
    """The bytes as text; bytes that are no text are escaped."""
    id: str = ""
    """What `yiwang rejects` calls it."""
    is_mended: bool = False
    """It was replayed and accepted; it is no longer counted as rejected."""


class LateRow(_Frozen, frozen=True, kw_only=True):
    """One message that came too late."""

    feed: str
    partition: str
    """The log in which it stands, as fences spell it."""
    offset: int
    at_ms: int
    """Broker time."""
    event_ms: int
    applied: bool
    """It still corrected the sums of its own time."""
    raw: str


class AreaSnapshot(_Frozen, frozen=True, kw_only=True):
    """The city, or one area of it, at one moment."""

    city: Label
    demo: Label | None
    """What of this city is generated or moved in time; None: nothing."""
    timezone: str
    as_of: datetime
    region: RegionRef
    chain: tuple[RegionRef, ...]
    """From the city down to this region."""
    indicators: dict[str, IndicatorValue]
    """In the order in which they are to be shown."""
    map: MapState
    children: tuple[ChildRow, ...]
    alerts: tuple[Alert, ...]
    """Official warnings in force first, then readings beyond their band, newest first."""
    events: tuple[EventRow, ...]
    cases: tuple[CaseRow, ...]
    """Open cases, the most pressing first; bounded."""
    sensors: tuple[SensorRow, ...]
    funnel: Funnel
    trend: Trend
    feeds: dict[str, FeedHealth]
    unassigned: int
    """Records without a place, in the whole city."""
    category_names: dict[str, Label] = {}
    """Category code → name, of the codes in this snapshot that a code table knows."""


class SourcesSnapshot(_Frozen, frozen=True, kw_only=True):
    """All sources at one moment."""

    city: Label
    demo: Label | None
    timezone: str
    as_of: datetime
    feeds: dict[str, FeedHealth]
    rejects: tuple[RejectRow, ...]
    """Newest first; bounded."""
    late: tuple[LateRow, ...] = ()
    """Messages that came too late, newest first; bounded."""
    rejects_unreadable: int = 0
    """Stored rejects that can't be read and are not among them."""
    refused: dict[str, str] = {}
    """Files of new feeds that can't be taken → why."""
    unassigned: int


class RecordField(_Frozen, frozen=True, kw_only=True):
    """One field of a record."""

    name: str
    value: str
    label: Label | None = None
    """Name of the value, where it is a code of the city's own tables."""


class RecordSnapshot(_Frozen, frozen=True, kw_only=True):
    """One case, incident, warning or sensor, with the message it came from."""

    city: Label
    demo: Label | None
    timezone: str
    as_of: datetime
    kind: Literal["case", "incident", "warning", "sensor"]
    id: str
    title: Label
    """What the source wrote stands in both languages as it was written."""
    feed: str
    feed_title: Label
    owner: Label
    generated: bool
    region: RegionRef
    chain: tuple[RegionRef, ...]
    lng: float | None
    lat: float | None
    state: State = "live"
    clock: str = "none"
    fields: tuple[RecordField, ...]
    """The canonical fields, in order."""
    ext: tuple[RecordField, ...]
    """Fields of the message that no canonical field takes."""
    history: tuple[tuple[datetime, float | None], ...] = ()
    """Sensor: hourly means of the last 24 hours."""
    raw: str
    """The message as it came."""
    topic: str = ""
    partition: int = -1
    offset: int = -1
