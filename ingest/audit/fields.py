"""Of which feed a field of the state is, and of which moment: read off the keys' grammar."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgpack
import msgspec

from layers.store import keys

_HOUR_MS = 3_600_000

BY_FEED = {"acct", "acctm", "seen", "val", "open", "near", "stage", "mended"}
"""Families whose keys name the feed."""

REPORTS = {keys.FENCE, keys.LAG, keys.REBUILT, keys.RULES, keys.SENT}
"""Keys that say how the state came about, not what it is."""

SUMS = {"m", "h", "d"}
LISTED = {keys.REJECTS, keys.LATE}
KNOWN = {*BY_FEED, *REPORTS, *SUMS, *LISTED, keys.latest(), "rec", "recent", keys.EXPIRY}
"""Every family that an audit can read; a test holds it against the grammar of the keys."""


def family_of(suffix: str) -> str:
    """Give the first part of a suffix: what kind of key it is."""
    return suffix.partition(":")[0]


def feed_of(suffix: str, name: str, feeds: Collection[str]) -> str:
    """Give the feed that a field counts for; empty when it is of none that is known."""
    family, _, rest = suffix.partition(":")
    if family in BY_FEED:
        return rest.partition(":")[0]
    if family in SUMS:
        return max((f for f in feeds if name.startswith(f"{f}.")), key=len, default="")
    if family == "recent":
        return name.split("|")[1]
    if family == keys.EXPIRY:
        return name.split("|")[1]
    if family in LISTED:
        return str(msgspec.json.decode(name)["feed"])
    return name.partition("|")[0]


def moment_of(suffix: str, name: str, value: bytes, zone: str) -> float | None:
    """Give the moment in ms that a field begins to count for; None: no single moment."""
    family, _, rest = suffix.partition(":")
    hour = rest.rpartition(":")[2]
    if family == "val":
        return _bucket_ms("h", hour[:-2], int(hour[-2:]), zone)
    if family in ("acctm", "seen"):
        return None if is_by_arrival(suffix) else int(hour) * _HOUR_MS
    if family in SUMS:
        return _bucket_ms(family, rest, int(name.rpartition("|")[2]), zone)
    if family == keys.latest():
        return float(value[:13])
    if family == "rec":
        at = msgspec.json.decode(record_of(value)[1]).get("at")
        return None if at is None else float(at)
    return None


def is_by_arrival(suffix: str) -> bool:
    """Say whether a set of ids is that of a span of arrival, not of an hour of event time."""
    return suffix.rpartition(":")[2].startswith("k")


def ends_s(suffix: str, remembered_s: int, zone: str) -> float:
    """Give when ids or values may be forgotten, in seconds since the epoch.

    Args:
        suffix: of a key of the families `seen` and `val`.
        remembered_s: how long its feed knows repetitions.
        zone: of the city.
    """
    if is_by_arrival(suffix):
        return (int(suffix.rpartition(":")[2][1:]) + 2) * remembered_s
    begins_ms = moment_of(suffix, "", b"", zone) or 0.0
    return begins_ms / 1000 + 2 * 3600 + remembered_s


def _bucket_ms(family: str, span: str, part: int, zone: str) -> float:
    if family == "m":
        return int(span) * _HOUR_MS + part * 60_000
    form = "%Y%m%d%H" if family == "h" else "%Y%m%d"
    begins = datetime.strptime(f"{span}{part:02d}", form).replace(tzinfo=ZoneInfo(zone))
    return begins.timestamp() * 1000


def record_of(value: bytes) -> list[Any]:
    """Give version, JSON, cells, ranks and raw message of a stored record."""
    found: list[Any] = msgpack.unpackb(value, raw=False, unicode_errors="surrogateescape")
    return found
