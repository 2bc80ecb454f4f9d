"""Real hourly readings of Beijing's stations, moved to the same month, day and hour of now.

The sample holds one whole year with its leap day, so every hour of any year has its own readings
and the season is right. What is missing in the sample is not sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import polars as pl

from ingest.demo.clocks import HOUR_MS
from ingest.demo.message import Message, PlayError, Setting
from ingest.demo.stamps import stamps
from layers import documents
from layers.feed_spec import FeedSpec, TimeRule

_LATEST_MS = 20 * 60_000
"""All readings of an hour are out within this time."""


class PrsaPlay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `play` of such a feed says."""

    kind: str
    readings: str
    """Parquet: station, at (local hour, no zone), one column a property; null is missing."""
    stations: str
    """CSV: station, station_zh, lng, lat (WGS84)."""
    units: dict[str, str]
    """Property → unit; these are played."""
    factors: dict[str, float] = {}
    """Property → factor from the unit of the sample to that unit."""


@dataclass(frozen=True, slots=True)
class _Reading:
    at_ms: int
    station: str
    property: str
    value: float


class PrsaStream:
    """One feed of hourly readings, played.

    Args:
        feed: its YAML; JSON or CSV.
        setting: the city.
    """

    def __init__(self, feed: FeedSpec, setting: Setting) -> None:
        file = setting.folder / "feeds" / f"{feed.id}.yaml"
        self._play = documents.convert(feed.play, PrsaPlay, file)
        self._feed = feed
        self._zone = ZoneInfo(setting.timezone)
        self._rule = feed.time or TimeRule("")
        self._readings = _readings(setting.folder / self._play.readings, self._play)
        self._order = self._readings["order"].to_numpy()
        stations = pl.read_csv(setting.folder / self._play.stations)
        self._stations = {row["station"]: row for row in stations.iter_rows(named=True)}
        self._hours: dict[int, list[_Reading]] = {}

    def between(self, start_ms: int, end_ms: int, shift_ms: int) -> list[Message]:
        """Give the messages of a window; see `ingest.demo.message.Stream`."""
        found: list[Message] = []
        for hour in range((start_ms - _LATEST_MS) // HOUR_MS, (end_ms - 1) // HOUR_MS + 1):
            due = [r for r in self._hour(hour) if start_ms <= r.at_ms < end_ms]
            if due:
                stamp = stamps([hour * HOUR_MS - shift_ms], self._rule)[0]
                found += [self._message(r, stamp, shift_ms) for r in due]
        return found

    def standing(self, at_ms: int) -> list[Message]:  # noqa: ARG002  the port's signature
        """Give nothing: a reading is over with its hour."""
        return []

    def _hour(self, hour: int) -> list[_Reading]:
        if hour not in self._hours:
            while len(self._hours) > 2:
                del self._hours[next(iter(self._hours))]
            self._hours[hour] = self._made(hour * HOUR_MS)
        return self._hours[hour]

    def _made(self, hour_ms: int) -> list[_Reading]:
        local = datetime.fromtimestamp(hour_ms / 1000, self._zone)
        order = _order(local.month, local.day, local.hour)
        first, after = np.searchsorted(self._order, [order, order + 1])
        rows = self._readings[int(first) : int(after)]
        # A station takes two to fourteen minutes to report, and sends its properties one by one.
        found = [
            _Reading(
                hour_ms + 120_000 + row["place"] * 61_000 + i * 400, row["station"], name, row[name]
            )
            for row in rows.iter_rows(named=True)
            for i, name in enumerate(self._play.units)
            if row[name] is not None
        ]
        return sorted(found, key=lambda r: r.at_ms)

    def _message(self, reading: _Reading, stamp: str | None, shift_ms: int) -> Message:
        where = self._stations[reading.station]
        told = {
            "station": where["station_zh"],
            "property": reading.property,
            "value": reading.value,
            "unit": self._play.units[reading.property],
            str(self._rule.field): stamp,
            "lng": where["lng"],
            "lat": where["lat"],
        }
        value = self._line(told) if self._feed.csv else msgspec.json.encode(told)
        key = str(where["station_zh"]).encode()
        return Message(self._feed.topic_name, key, value, reading.at_ms - shift_ms)

    def _line(self, told: dict[str, object]) -> bytes:
        rule = self._feed.csv
        columns = rule.columns if rule else ()
        delimiter = rule.delimiter if rule else ","
        return delimiter.join(str(told[c]) for c in columns).encode()


def _order(month: int, day: int, hour: int) -> int:
    return (month * 100 + day) * 100 + hour


def _readings(file: Path, play: PrsaPlay) -> pl.DataFrame:
    """Sort the sample by month, day and hour: order | station | place | one column a property."""
    sample = pl.read_parquet(file)
    missing = set(play.units) - set(sample.columns)
    if missing:
        raise PlayError(f"{file}: no column {sorted(missing)}. Name properties of the sample.")
    at = pl.col("at").dt
    values = [
        (pl.col(name).cast(pl.Float64) * play.factors.get(name, 1.0)).round(3)
        for name in play.units
    ]
    return sample.select(
        ((at.month().cast(pl.Int64) * 100 + at.day()) * 100 + at.hour()).alias("order"),
        pl.col("station").cast(pl.String),
        (pl.col("station").cast(pl.String).rank("dense") - 1).cast(pl.Int64).alias("place"),
        *values,
    ).sort("order", "place")


def open_prsa(feed: FeedSpec, setting: Setting) -> PrsaStream:
    """Open the readings of a city for playing."""
    return PrsaStream(feed, setting)
