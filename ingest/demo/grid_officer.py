"""Reports of grid officers (网格员): CSV lines, placed by street, community or grid code alone."""

from __future__ import annotations

from ingest.demo.cases import CaseStream
from ingest.demo.message import Setting
from ingest.demo.versions import Version
from layers.feed_spec import FeedSpec


def open_grid_officer(feed: FeedSpec, setting: Setting) -> CaseStream:
    """Open the grid officers' reports of a city for playing."""
    return CaseStream(feed, setting, write)


def write(version: Version) -> tuple[str, bytes]:
    """Write one state of a report; who reported it is not told."""
    number = f"WG{version.day}{version.serial:05d}"
    cells = (
        number,
        str(version.number),
        version.region,
        version.topic,
        version.title,
        version.status,
        version.reported,
        version.updated,
        version.due,
        version.closed,
        version.lead,
        version.group,
    )
    return number, ",".join(cell or "" for cell in cells).encode()
