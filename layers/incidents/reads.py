"""Incidents out of Redis."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from layers.scope import Catalogue, record_href
from layers.snapshot import EventRow, MapPoint
from layers.stored import Key

POINTS = 150
"""Most incidents on the map."""


class Incident(msgspec.Struct, frozen=True):
    """An incident as it is stored; times in milliseconds since the epoch."""

    feed: str
    incident_id: str
    occurred_at: int
    region: str
    category: str | None = None
    title: str | None = None
    address: str | None = None
    outcome: str | None = None
    lng: float | None = None
    lat: float | None = None
    partition: str = ""
    offset: int = -1
    at: int | None = None


def event(incident: Incident, key: Key, city: Catalogue) -> EventRow:
    """Give an incident as one of the latest events."""
    feed = city.feeds[incident.feed]
    return EventRow(
        kind="incident",
        id=incident.incident_id,
        feed=incident.feed,
        feed_title=feed.title,
        title=incident.title or "",
        category=incident.category or "",
        status=incident.outcome or "",
        region=city.region(incident.region),
        at=datetime.fromtimestamp(incident.occurred_at / 1000, tz=UTC),
        href=record_href("incident", *key),
        generated=feed.generated,
    )


def points(found: Iterable[tuple[Key, Incident]]) -> list[MapPoint]:
    """Give incidents as points, in their order, at most `POINTS`; nothing to act on in them."""
    return [
        MapPoint(
            lng=one.lng,
            lat=one.lat,
            kind="incident",
            id=one.incident_id,
            title=one.title or one.category or one.incident_id,
            priority=None,
            href=record_href("incident", *key),
        )
        for key, one in found
        if one.lng is not None and one.lat is not None
    ][:POINTS]
