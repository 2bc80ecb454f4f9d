"""Every way of playing a feed: `play.kind` of its YAML → who plays it.

A new kind is one file and one row here.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping

from ingest.demo.city_management import open_city_management
from ingest.demo.grid_officer import open_grid_officer
from ingest.demo.hotline import open_hotline
from ingest.demo.message import PlayError, Setting, Stream
from ingest.demo.replay_incidents import open_incidents
from ingest.demo.replay_prsa import open_prsa
from ingest.demo.warnings import open_warnings
from layers.feed_spec import FeedSpec

KINDS: Mapping[str, Callable[[FeedSpec, Setting], Stream]] = {
    "hotline": open_hotline,
    "city_management": open_city_management,
    "grid_officer": open_grid_officer,
    "warnings": open_warnings,
    "prsa": open_prsa,
    "incidents": open_incidents,
}


def open_stream(feed: FeedSpec, setting: Setting) -> Stream:
    """Open a feed for playing.

    Raises:
        PlayError: `play.kind` names no kind.
    """
    kind = str(feed.play.get("kind", ""))
    if kind not in KINDS:
        near = difflib.get_close_matches(kind, KINDS, 1, 0.4)
        remedy = f"Did you mean {near[0]!r}?" if near else f"Use one of {', '.join(KINDS)}."
        raise PlayError(f"feed {feed.id!r}: play.kind {kind!r} is unknown. {remedy}")
    return KINDS[kind](feed, setting)
