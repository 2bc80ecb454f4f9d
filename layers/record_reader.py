"""One record or sensor with the message it came from."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from xml.etree import ElementTree as ET

import msgspec
import polars as pl

from layers import amounts, marks
from layers.asks import Asks
from layers.cases.reads import Case, clock_of
from layers.feed_spec import FeedSpec
from layers.held_cells import HeldCells
from layers.incidents.reads import Incident
from layers.labels import Label
from layers.moment import Moment
from layers.readings import reads as readings
from layers.scope import Catalogue
from layers.snapshot import RecordField, RecordSnapshot, State
from layers.store import keys
from layers.store.client import Store
from layers.store.writes import SEPARATOR
from layers.stored import Stored
from layers.warnings.reads import covered, warned

CASE = (
    "case_id", "status", "category", "title", "reported_at", "updated_at", "due_at", "closed_at",
    "lead", "address", "channel", "version",
)  # fmt: skip
INCIDENT = ("incident_id", "category", "title", "outcome", "occurred_at", "address")
WARNING = (
    "headline", "event", "event_code", "severity", "urgency", "certainty", "status", "msgType",
    "effective", "onset", "expires", "senderName", "description", "instruction", "areaDesc",
    "geocodes", "polygon", "identifier", "sender", "sent", "references",
)  # fmt: skip
TIMES = {
    "reported_at", "updated_at", "due_at", "closed_at", "occurred_at", "effective", "onset",
    "expires", "sent", "observed_at",
}  # fmt: skip
"""Fields that are milliseconds since the epoch."""

CAP_INFO = {*WARNING, "alert", "info", "area", "geocode", "eventCode", "valueName", "value"}
"""Elements of CAP that canonical fields take, or that only hold others."""

Kind = Literal["case", "incident", "warning", "sensor"]

KINDS: tuple[Kind, ...] = ("case", "incident", "warning", "sensor")

Address = tuple[Kind, str, str]
"""Kind, home, id: what the address of a page names."""


@dataclass(frozen=True, slots=True)
class _View:
    """What differs between the kinds."""

    title: Label
    region: str
    fields: tuple[RecordField, ...]
    partition: str
    offset: int
    lng: float | None = None
    lat: float | None = None
    clock: str = "none"
    state: State = "live"
    history: tuple[tuple[datetime, float | None], ...] = ()


def read(store: Store, city: Catalogue, address: Address, moment: Moment) -> RecordSnapshot | None:
    """Read a record; the feed that its id names must be known. None when there is no such."""
    kind, home, identity = address
    feed = city.feeds[identity.partition("|")[0]]
    if kind == "sensor":
        return _read_sensor(store, city, address, moment)
    (packed,) = store.read([("hget", home, keys.records(kind), (identity,))])
    if packed is None:
        return None
    stored = Stored.unpack(packed)
    view = _VIEWS[kind](stored, city, moment)
    return _snapshot(view, feed, address, (city, moment, text_of(stored.raw)))


def _snapshot(
    view: _View, feed: FeedSpec, address: Address, known: tuple[Catalogue, Moment, str]
) -> RecordSnapshot:
    kind, _, identity = address
    city, moment, raw = known
    topic, _, log = view.partition.rpartition(":")
    partition = log.partition("@")[0]
    chain = city.chain(view.region)
    return RecordSnapshot(
        city=city.pack.name,
        demo=city.pack.demo,
        timezone=city.pack.timezone,
        as_of=moment.at,
        kind=kind,
        id=identity,
        title=view.title,
        feed=feed.id,
        feed_title=feed.title,
        owner=feed.owner.label,
        generated=feed.generated,
        region=chain[-1],
        chain=chain,
        lng=view.lng,
        lat=view.lat,
        state=view.state,
        clock=view.clock,
        fields=tuple(_labelled(field, feed, city) for field in view.fields),
        ext=tuple(further_fields(raw, feed)),
        history=view.history,
        raw=raw,
        topic=topic,
        partition=int(partition) if partition.isdigit() else -1,
        offset=view.offset,
    )


def _labelled(field: RecordField, feed: FeedSpec, city: Catalogue) -> RecordField:
    """Name the category of a record by the city's tables."""
    label = city.pack.categories.get(feed.id, {}).get(field.value)
    if field.name != "category" or label is None:
        return field
    return msgspec.structs.replace(field, label=label)


def _title(record: Case | Incident, identity: str, city: Catalogue) -> Label:
    """Give what somebody wrote; without that its category, without that its number."""
    if record.title or not record.category:
        written = record.title or identity
        return Label(written, written)
    return city.pack.category_label(record.feed, record.category)


def _case(stored: Stored, city: Catalogue, moment: Moment) -> _View:
    case = msgspec.json.decode(stored.body, type=Case)
    return _View(
        title=_title(case, case.case_id, city),
        region=case.region,
        fields=named(msgspec.json.decode(stored.body), CASE, moment),
        partition=case.partition,
        offset=case.offset,
        lng=case.lng,
        lat=case.lat,
        clock=clock_of(case, moment.ms),
    )


def _incident(stored: Stored, city: Catalogue, moment: Moment) -> _View:
    incident = msgspec.json.decode(stored.body, type=Incident)
    return _View(
        title=_title(incident, incident.incident_id, city),
        region=incident.region,
        fields=named(msgspec.json.decode(stored.body), INCIDENT, moment),
        partition=incident.partition,
        offset=incident.offset,
        lng=incident.lng,
        lat=incident.lat,
    )


def _warning(stored: Stored, city: Catalogue, moment: Moment) -> _View:
    found = warned(stored)
    codes = covered(found, city)
    written = found.headline or found.event or found.identifier
    return _View(
        title=Label(written, found.english.headline or found.english.event or written),
        region=codes[0]
        if len(codes) == 1 and codes[0].startswith(city.pack.code)
        else city.pack.code,
        fields=named(msgspec.json.decode(stored.body), WARNING, moment),
        partition=found.partition,
        offset=found.offset,
    )


_VIEWS: Mapping[Kind, Callable[[Stored, Catalogue, Moment], _View]] = {
    "case": _case,
    "incident": _incident,
    "warning": _warning,
}


def named(body: Mapping[str, Any], names: Iterable[str], moment: Moment) -> tuple[RecordField, ...]:
    """Give the canonical fields of a record as text, times on the city's clocks."""
    return tuple(RecordField(name=n, value=_text(n, body.get(n), moment)) for n in names)


def _text(name: str, value: Any, moment: Moment) -> str:
    if value is None:
        return ""
    if name in TIMES:
        at = datetime.fromtimestamp(value / 1000, tz=UTC).astimezone(moment.local.tzinfo)
        return at.isoformat(sep=" ", timespec="seconds")
    return str(value)


def text_of(raw: bytes) -> str:
    """Give a message as text; bytes that are no text are escaped."""
    return raw.decode("utf-8", "backslashreplace")


def further_fields(raw: str, feed: FeedSpec) -> Iterator[RecordField]:
    """List the fields of a message that no canonical field takes.

    A message that its format can't be read from has none: it is shown as it came anyway.
    """
    taken = {*feed.fields.values(), feed.place.lng, feed.place.lat, feed.place.code}
    if feed.time is not None:
        taken.add(feed.time.field)
    for name, value in _flat(raw, feed):
        if name not in taken and value not in {"", "None"}:
            yield RecordField(name=name, value=value)


def _flat(raw: str, feed: FeedSpec) -> Iterator[tuple[str, str]]:
    if feed.format == "cap":
        return _cap_fields(raw)
    if feed.format == "csv" and feed.csv is not None:
        lines = csv.reader(io.StringIO(raw), delimiter=feed.csv.delimiter)
        return zip(feed.csv.columns, next(lines, []), strict=False)
    try:
        return _json_fields(msgspec.json.decode(raw), "")
    except msgspec.DecodeError:
        return iter(())


def _json_fields(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _json_fields(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        yield path, msgspec.json.encode(value).decode()
    else:
        yield path, str(value)


def _cap_fields(raw: str) -> Iterator[tuple[str, str]]:
    """Read the elements of an alert; the codec has refused documents with declarations."""
    try:
        alert = ET.fromstring(raw.encode())  # noqa: S314  see above: no entities can be in it
    except ET.ParseError:
        return
    for element in alert.iter():
        name = element.tag.rpartition("}")[2]
        text = (element.text or "").strip()
        if text and name not in CAP_INFO:
            yield name, text


def _read_sensor(
    store: Store, city: Catalogue, address: Address, moment: Moment
) -> RecordSnapshot | None:
    _, home, identity = address
    (latest,) = store.read([("hgetall", home, keys.latest(), ())])
    packed = latest.get(identity.encode())
    feed_id, _, rest = identity.partition("|")
    sensor, _, name = rest.rpartition("|")
    frame = readings.parse({home: latest})
    mine = frame.filter(feed=feed_id, sensor=sensor)
    rows = mine.filter(property=name).rows(named=True)
    if packed is None or not rows:
        return None
    parts = packed.decode("utf-8", "backslashreplace").split(SEPARATOR, 8)
    feed, row = city.feeds[feed_id], rows[0]
    rule = readings.by_property(city).get((feed_id, name))
    title = rule.title if rule else Label(name, name)
    view = _View(
        title=Label(f"{sensor} · {title.zh}", f"{sensor} · {title.en}"),
        region=row["region"],
        fields=(*_reading_fields(row, moment), *_others(mine, name, moment)),
        partition=parts[6],
        offset=int(parts[7]),
        lng=row["lng"],
        lat=row["lat"],
        state=readings.sensor_state(
            feed,
            rule.stale_after_s if rule else feed.expect.silent_after_s,
            (moment.ms - row["observed_ms"]) / 1000,
        ),
        history=_history(store, frame, row, moment),
    )
    return _snapshot(view, feed, address, (city, moment, parts[8]))


def _reading_fields(row: Mapping[str, Any], moment: Moment) -> tuple[RecordField, ...]:
    body = {**row, "sensor_id": row["sensor"], "observed_at": row["observed_ms"]}
    return named(body, ("sensor_id", "property", "value", "unit", "observed_at"), moment)


def _others(mine: pl.DataFrame, name: str, moment: Moment) -> Iterator[RecordField]:
    """List the other properties of the same sensor."""
    for row in mine.filter(pl.col("property") != name).sort("property").rows(named=True):
        at = _text("observed_at", row["observed_ms"], moment)
        value = f"{row['value']:g} {row['unit'] or ''}".strip()
        yield RecordField(name=row["property"], value=f"{value} ({at})")


def _history(
    store: Store, frame: pl.DataFrame, row: Mapping[str, Any], moment: Moment
) -> tuple[tuple[datetime, float | None], ...]:
    """Give hourly means, if they are the sensor's own.

    Sums are kept per region, so they are the sensor's as long as no other sensor measures the same
    in its deepest region; else there is no history to show.
    """
    same = frame.filter(feed=row["feed"], property=row["property"], region=row["region"])
    if same.height != 1:
        return ()
    hours = amounts.Cells(row["feed"], row["property"], moment.last_24_hours)
    parts = [(row["home"], row["region"])]
    asks = Asks()
    marks.need(asks, [row["feed"]], [row["home"]])
    amounts.need(asks, [hours], parts)
    values = amounts.means(HeldCells().send(asks, store), hours, parts)
    return tuple(zip(moment.last_24_tops, values, strict=True))
