"""Moments and the buckets they fall in; all arithmetic in milliseconds since the epoch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def from_ms(ms: int | None) -> datetime | None:
    """Give the aware moment (UTC) of milliseconds since the epoch; None stays None."""
    return None if ms is None else datetime.fromtimestamp(ms / 1000, tz=UTC)


def to_ms(moment: datetime) -> int:
    """Give the milliseconds since the epoch of an aware moment."""
    return round(moment.timestamp() * 1000)


def local_day(moment: datetime, zone: str) -> str:
    """Give the local day of a moment as yyyymmdd."""
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y%m%d")


def day_before(moment: datetime) -> datetime:
    """Give the same time of the day before."""
    return moment - timedelta(days=1)
