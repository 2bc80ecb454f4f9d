"""The 12345 hotline: work orders as flat JSON, positions in GCJ-02, as a call desk's map gives."""

from __future__ import annotations

import msgspec

from ingest.demo.cases import CaseStream
from ingest.demo.message import Setting
from ingest.demo.versions import Version
from layers.feed_spec import FeedSpec


def open_hotline(feed: FeedSpec, setting: Setting) -> CaseStream:
    """Open the hotline of a city for playing."""
    return CaseStream(feed, setting, write)


def write(version: Version) -> tuple[str, bytes]:
    """Write one state of a work order."""
    order = f"{version.day}{version.serial:06d}"
    message = {
        "order_no": order,
        "rev": version.number,
        "type": version.group,
        "class": version.topic,
        "title": version.title,
        "state": version.status,
        "channel": version.channel,
        "lead": version.lead,
        "address": version.address,
        "lng": version.lng,
        "lat": version.lat,
        "accepted_at": version.reported,
        "updated_at": version.updated,
        "due_at": version.due,
        "closed_at": version.closed,
    }
    return order, msgspec.json.encode({k: v for k, v in message.items() if v is not None})
