"""Real incidents, moved by whole weeks: the weekday and the time of day stay what they were.

The sample is some whole weeks; when they are through they begin again. An id is the day on which an
incident is played and its number on that day, so it is the same in every run and never twice.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import polars as pl

from ingest.demo.message import Message, Setting
from ingest.demo.stamps import stamps
from layers import documents
from layers.feed_spec import FeedSpec, TimeRule


class IncidentsPlay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `play` of such a feed says."""

    kind: str
    incidents: str
    """Parquet: occurred_at (local, no zone), lng, lat, block, location, primary_type, …"""
    week_zero: date
    """The Monday on which the sample begins."""


class IncidentStream:
    """One feed of incidents, played.

    Args:
        feed: its YAML.
        setting: the city.
    """

    def __init__(self, feed: FeedSpec, setting: Setting) -> None:
        file = setting.folder / "feeds" / f"{feed.id}.yaml"
        self._play = documents.convert(feed.play, IncidentsPlay, file)
        self._topic = feed.topic_name
        self._rule = feed.time or TimeRule("")
        self._zone = ZoneInfo(setting.timezone)
        self._days, self._weeks = _days(setting.folder / self._play.incidents, self._play.week_zero)
        self._played: dict[date, list[tuple[int, dict[str, Any]]]] = {}

    def between(self, start_ms: int, end_ms: int, shift_ms: int) -> list[Message]:
        """Give the messages of a window; see `ingest.demo.message.Stream`."""
        day, last = self._local_day(start_ms), self._local_day(end_ms - 1)
        found: list[Message] = []
        while day <= last:
            due = [row for row in self._on(day) if start_ms <= row[0] < end_ms]
            times = stamps([told["occurred"] - shift_ms for _, told in due], self._rule)
            for (at, told), occurred in zip(due, times, strict=True):
                found.append(self._message(at - shift_ms, occurred, told))
            day += timedelta(days=1)
        return found

    def standing(self, at_ms: int) -> list[Message]:  # noqa: ARG002  the port's signature
        """Give nothing: an incident is told once."""
        return []

    def _local_day(self, moment_ms: int) -> date:
        return datetime.fromtimestamp(moment_ms / 1000, self._zone).date()

    def _on(self, day: date) -> list[tuple[int, dict[str, Any]]]:
        if day not in self._played:
            while len(self._played) > 2:
                del self._played[next(iter(self._played))]
            self._played[day] = sorted(self._moved(day), key=lambda row: row[0])
        return self._played[day]

    def _moved(self, day: date) -> list[tuple[int, dict[str, Any]]]:
        since = (day - self._play.week_zero).days
        found = []
        for number, row in enumerate(self._days.get(since % (7 * self._weeks), [])):
            local = datetime.combine(day, row["occurred_at"].time(), self._zone)
            occurred = round(local.timestamp() * 1000)
            told = {"incident_id": f"{day:%Y%m%d}-{number:04d}", "occurred": occurred, **row}
            # The sample knows minutes; the second of the message is spread over its minute.
            found.append((occurred + number * 7_919 % 60_000, told))
        return found

    def _message(self, at_ms: int, occurred: str | None, told: dict[str, Any]) -> Message:
        message = {
            "incident_id": told["incident_id"],
            self._rule.field: occurred,
            "primary_type": told["primary_type"],
            "description": told["description"],
            "location": told["location"],
            "block": told["block"],
            "community_area": told["community_area"],
            "longitude": told["lng"],
            "latitude": told["lat"],
            "outcome": "arrest" if told["arrest"] else "none",
            "domestic": told["domestic"],
        }
        key = told["incident_id"].encode()
        return Message(self._topic, key, msgspec.json.encode(message), at_ms)


def _days(file: Path, week_zero: date) -> tuple[dict[int, list[dict[str, Any]]], int]:
    """Give day of the sample → its rows in order, and the number of whole weeks."""
    sample = pl.read_parquet(file).with_columns(
        (pl.col("occurred_at").dt.date() - week_zero).dt.total_days().alias("since")
    )
    days: dict[int, list[dict[str, Any]]] = {}
    for row in sample.iter_rows(named=True):
        days.setdefault(row.pop("since"), []).append(row)
    return days, (max(days) + 1) // 7


def open_incidents(feed: FeedSpec, setting: Setting) -> IncidentStream:
    """Open the incidents of a city for playing."""
    return IncidentStream(feed, setting)
