"""City management cases (数字城管): nested JSON, 19-digit case numbers, codes of GB/T 30428.2."""

from __future__ import annotations

import msgspec

from ingest.demo.cases import CaseStream
from ingest.demo.message import Setting
from ingest.demo.versions import Version
from layers.feed_spec import FeedSpec


def open_city_management(feed: FeedSpec, setting: Setting) -> CaseStream:
    """Open the city management of a city for playing."""
    return CaseStream(feed, setting, write)


def write(version: Version) -> tuple[str, bytes]:
    """Write one state of a case; number = district 6 + day 8 + serial 5 (composition assumed)."""
    number = f"{version.region[:6]}{version.day}{version.serial:05d}"
    message = {
        "case": {
            "no": number,
            "step": version.number,
            "code": version.topic,
            "title": version.title,
            "stage": version.status,
            "source": version.group,
        },
        "dept": {"main": version.lead},
        "geo": {"x": version.lng, "y": version.lat, "address": version.address},
        "time": {
            "report": version.reported,
            "update": version.updated,
            "due": version.due,
            "close": version.closed,
        },
    }
    return number, msgspec.json.encode(message)
