"""One moment in the city's own time, and the buckets of sums that it stands in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from layers.store import keys
from layers.times import to_ms

Bucket = tuple[str, str]
"""Suffix of the hash of sums, and the last part of its fields."""

HOUR_MS = 3_600_000
MINUTE_MS = 60_000


@dataclass(frozen=True)
class Moment:
    """A moment (aware) and the zone in which its day and hour are named."""

    at: datetime
    zone: str

    @cached_property
    def ms(self) -> int:
        """Milliseconds since the epoch."""
        return to_ms(self.at)

    @cached_property
    def local(self) -> datetime:
        """The moment on the city's clocks."""
        return self.at.astimezone(ZoneInfo(self.zone))

    @cached_property
    def day_start_ms(self) -> int:
        """The city's last midnight."""
        return to_ms(self.local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0))

    @cached_property
    def today(self) -> Bucket:
        """The bucket of the whole day."""
        return keys.days(self.local.strftime("%Y%m")), str(self.local.day)

    def hours_of_day(self, days_back: int, upto: int = 23) -> tuple[Bucket, ...]:
        """Give the hour buckets 0 … `upto` of a local day, `days_back` days before today."""
        suffix = keys.hours((self.local.date() - timedelta(days=days_back)).strftime("%Y%m%d"))
        return tuple((suffix, str(hour)) for hour in range(upto + 1))

    @cached_property
    def last_24_hours(self) -> tuple[Bucket, ...]:
        """The hour buckets of the last 24 hours, oldest first, the current one last."""
        return tuple(self.hour_of(top) for top in self.last_24_tops)

    @cached_property
    def last_24_tops(self) -> tuple[datetime, ...]:
        """The moments (UTC) at which those hours begin."""
        top = self.local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
        return tuple(top - timedelta(hours=back) for back in range(23, -1, -1))

    def hour_of(self, at: datetime, days_back: int = 0) -> Bucket:
        """Give the hour bucket of another moment, or of that hour some local days before."""
        local = at.astimezone(ZoneInfo(self.zone))
        day = local.date() - timedelta(days=days_back)
        return keys.hours(day.strftime("%Y%m%d")), str(local.hour)

    @cached_property
    def yesterday(self) -> datetime:
        """The same time on the clocks of the day before."""
        return (self.local - timedelta(days=1)).replace(fold=0)

    @cached_property
    def begun_hour_yesterday(self) -> tuple[Bucket, ...]:
        """The minute buckets of yesterday's same hour, up to the same minute."""
        top = self.yesterday.replace(minute=0, second=0, microsecond=0)
        return _minutes(to_ms(top), to_ms(self.yesterday))

    @cached_property
    def rest_of_hour_yesterday(self) -> tuple[Bucket, ...]:
        """The minute buckets of yesterday's same hour, after the same minute."""
        top = self.yesterday.replace(minute=0, second=0, microsecond=0)
        return _minutes(to_ms(self.yesterday) + MINUTE_MS, to_ms(top) + HOUR_MS - 1)

    @cached_property
    def last_60_minutes(self) -> tuple[Bucket, ...]:
        """The minute buckets of the last hour, the current minute included."""
        return _minutes(self.ms - HOUR_MS + MINUTE_MS, self.ms)

    @cached_property
    def last_60_minutes_yesterday(self) -> tuple[Bucket, ...]:
        """The same of the day before."""
        end = to_ms(self.yesterday)
        return _minutes(end - HOUR_MS + MINUTE_MS, end)


def _minutes(first_ms: int, last_ms: int) -> tuple[Bucket, ...]:
    found = range(first_ms // MINUTE_MS, last_ms // MINUTE_MS + 1)
    return tuple((keys.minutes(minute // 60), str(minute % 60)) for minute in found)
