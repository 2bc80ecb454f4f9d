"""Generated official warnings in the form of the real ones: CAP 1.2, 31-character identifiers.

Not real warnings, and each says so in its note and its text. An identifier is adcode 6 + trade 3
(GB/T 4657; 416 for meteorology is assumed) + 000 + 00, the local time, and a serial of one digit.
Event codes follow GB/T 35561 as far as known; they stand in the calendar, as data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal, NamedTuple
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import msgspec

from ingest.demo.message import Message, Setting
from layers import documents
from layers.feed_spec import FeedSpec

_CAP = "urn:oasis:names:tc:emergency:cap:1.2"


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of warning."""

    event: str
    event_en: str
    colour: Literal["蓝色", "黄色", "橙色", "红色"]
    code: str
    text: str
    instruction: str


class Slot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place in the day where a warning begins; hours are local, and may be broken."""

    hour: float
    lasts_h: float
    turn: int = 0
    """Which of the month's kinds: (2 x day + turn) modulo their number."""
    kind: str = ""
    """A fixed kind instead."""
    update_h: float | None = None
    """Hours after which it is updated, and lasts so much longer."""
    cancel_h: float | None = None
    status: Literal["Actual", "Exercise"] = "Actual"
    districts: tuple[str, ...] = ()
    """Codes; none: the whole city."""


class Calendar(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is usual when."""

    office: str
    office_en: str
    sender: str
    adcode: str
    area: str
    kinds: dict[str, Kind]
    months: dict[int, tuple[str, ...]]
    slots: tuple[Slot, ...]


class WarningsPlay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `play` of such a feed says."""

    kind: str
    calendar: str


SEVERITY = {"蓝色": "Minor", "黄色": "Moderate", "橙色": "Severe", "红色": "Extreme"}

COLOUR_EN = {"蓝色": "blue", "黄色": "yellow", "橙色": "orange", "红色": "red"}


@dataclass(frozen=True, slots=True)
class _Notice:
    """One message of a warning's life."""

    at: datetime
    expires: datetime
    type: Literal["Alert", "Update", "Cancel"]
    kind: Kind
    slot: Slot
    serial: int
    earlier: tuple[datetime, ...] = ()


class _Words(NamedTuple):
    """What a notice says in one language."""

    language: str
    event: str
    sender: str
    headline: str


class WarningStream:
    """One feed of warnings, played.

    Args:
        feed: its YAML.
        setting: the city.
    """

    def __init__(self, feed: FeedSpec, setting: Setting) -> None:
        file = setting.folder / "feeds" / f"{feed.id}.yaml"
        play = documents.convert(feed.play, WarningsPlay, file)
        self._calendar = documents.load(setting.folder / play.calendar, Calendar)
        self._topic = feed.topic_name
        self._zone = ZoneInfo(setting.timezone)
        places = setting.places
        self._names = {c[:6]: p for c, p in zip(places.codes, places.parents, strict=True)}

    def between(self, start_ms: int, end_ms: int, shift_ms: int) -> list[Message]:
        """Give the messages of a window; see `ingest.demo.message.Stream`."""
        due = [n for n in self._around(start_ms, end_ms) if start_ms <= _ms(n.at) < end_ms]
        return [self._message(n, shift_ms) for n in sorted(due, key=lambda n: n.at)]

    def standing(self, at_ms: int) -> list[Message]:
        """Give what was sent and has not expired, whole chains, so that references are known."""
        sent = [n for n in self._around(at_ms, at_ms) if _ms(n.at) < at_ms < _ms(n.expires)]
        return [self._message(n, 0) for n in sorted(sent, key=lambda n: n.at)]

    def _around(self, start_ms: int, end_ms: int) -> Iterator[_Notice]:
        day = datetime.fromtimestamp(start_ms / 1000, self._zone).date() - timedelta(days=2)
        last = datetime.fromtimestamp(end_ms / 1000, self._zone).date()
        while day <= last:
            for serial, slot in enumerate(self._calendar.slots):
                yield from self._chain(day, slot, serial)
            day += timedelta(days=1)

    def _chain(self, day: date, slot: Slot, serial: int) -> Iterator[_Notice]:
        names = self._calendar.months[day.month]
        turn = (2 * day.toordinal() + slot.turn) % len(names)
        kind = self._calendar.kinds[slot.kind or names[turn]]
        begin = datetime.combine(day, time(), self._zone) + timedelta(hours=slot.hour)
        expires = begin + timedelta(hours=slot.lasts_h)
        yield _Notice(begin, expires, "Alert", kind, slot, serial)
        earlier: tuple[datetime, ...] = (begin,)
        if slot.update_h is not None:
            at = begin + timedelta(hours=slot.update_h)
            expires += timedelta(hours=slot.update_h)
            yield _Notice(at, expires, "Update", kind, slot, serial, earlier)
            earlier = (*earlier, at)
        if slot.cancel_h is not None:
            at = begin + timedelta(hours=slot.cancel_h)
            yield _Notice(at, expires, "Cancel", kind, slot, serial, earlier)

    def _message(self, notice: _Notice, shift_ms: int) -> Message:
        xml = ET.tostring(self._alert(notice, shift_ms), encoding="utf-8", xml_declaration=True)
        identifier = self._identifier(notice.at, notice.serial)
        return Message(self._topic, identifier.encode(), xml, _ms(notice.at) - shift_ms)

    def _identifier(self, at: datetime, serial: int) -> str:
        return f"{self._calendar.adcode}41600000_{at:%Y%m%d%H%M%S}_{serial}"

    def _alert(self, notice: _Notice, shift_ms: int) -> ET.Element:
        shift = timedelta(milliseconds=shift_ms)
        sender = self._calendar.sender
        alert = ET.Element("alert", {"xmlns": _CAP})
        _add(alert, "identifier", self._identifier(notice.at, notice.serial))
        _add(alert, "sender", sender)
        _add(alert, "sent", _iso(notice.at - shift))
        _add(alert, "status", notice.slot.status)
        _add(alert, "msgType", notice.type)
        _add(alert, "scope", "Public")
        _add(alert, "note", "演示数据，并非真实预警")
        if notice.earlier:
            named = [
                f"{sender},{self._identifier(a, notice.serial)},{_iso(a)}" for a in notice.earlier
            ]
            _add(alert, "references", " ".join(named))
        chinese = self._chinese(notice)
        self._details(self._info(alert, notice, shift, chinese), notice, chinese.event)
        self._info(alert, notice, shift, self._english(notice))
        return alert

    def _info(
        self, alert: ET.Element, notice: _Notice, shift: timedelta, words: _Words
    ) -> ET.Element:
        """Add a block in one language, its elements in the order of the schema."""
        info = ET.SubElement(alert, "info")
        _add(info, "language", words.language)
        _add(info, "category", "Met")
        _add(info, "event", words.event)
        _add(info, "urgency", "Past" if notice.type == "Cancel" else "Expected")
        _add(info, "severity", SEVERITY[notice.kind.colour])
        _add(info, "certainty", "Likely")
        code = ET.SubElement(info, "eventCode")
        _add(code, "valueName", "GBT35561")
        _add(code, "value", notice.kind.code)
        _add(info, "effective", _iso(notice.at - shift))
        _add(info, "expires", _iso(notice.expires - shift))
        _add(info, "senderName", words.sender)
        _add(info, "headline", words.headline)
        return info

    def _chinese(self, notice: _Notice) -> _Words:
        office = self._calendar.office
        verb = {"Alert": "发布", "Update": "继续发布", "Cancel": "解除"}[notice.type]
        title = f"{notice.kind.event}{notice.kind.colour}预警"
        return _Words("zh-CN", title, f"{office}（演示）", f"{office}{verb}{title}（演示）")

    def _english(self, notice: _Notice) -> _Words:
        office = self._calendar.office_en
        verb = {"Alert": "issues", "Update": "keeps up", "Cancel": "lifts"}[notice.type]
        title = f"{notice.kind.event_en}: {COLOUR_EN[notice.kind.colour]} warning"
        return _Words("en", title, f"{office} (demo)", f"{office} {verb} a warning. {title} (demo)")

    def _details(self, info: ET.Element, notice: _Notice, event: str) -> None:
        """Add what is said in Chinese alone."""
        drill = "本条为演练。" if notice.slot.status == "Exercise" else ""
        text = f"预计影响减弱，{event}解除。" if notice.type == "Cancel" else notice.kind.text
        _add(info, "description", f"演示数据。{drill}{text}")
        _add(info, "instruction", notice.kind.instruction)
        self._area(info, notice.slot.districts)

    def _area(self, info: ET.Element, districts: Sequence[str]) -> None:
        areas = [(d, self._names[d]) for d in districts if d in self._names]
        area = ET.SubElement(info, "area")
        whole = [(self._calendar.adcode, self._calendar.area)]
        _add(area, "areaDesc", "、".join(name for _, name in areas or whole))
        for code, _ in areas or whole:
            geocode = ET.SubElement(area, "geocode")
            _add(geocode, "valueName", "GB2260")
            _add(geocode, "value", code)


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def open_warnings(feed: FeedSpec, setting: Setting) -> WarningStream:
    """Open the warnings of a city for playing."""
    return WarningStream(feed, setting)
