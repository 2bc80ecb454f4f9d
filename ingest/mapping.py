"""Feeds as ingest reads them: which fields a kind must have, and where a feed finds them."""

from __future__ import annotations

from pathlib import Path

from ingest.personal import further_paths
from ingest.picks import paths_of
from layers import documents, feeds
from layers.feed_spec import FeedSpec

REQUIRED: dict[str, tuple[str, ...]] = {
    "observation": ("sensor_id", "property", "value"),
    "case": ("case_id", "status", "reported_at"),
    "incident": ("incident_id",),
    "warning": (),
}
"""Canonical fields without which a message is rejected."""

OPTIONAL: dict[str, tuple[str, ...]] = {
    "observation": ("unit", "quality"),
    "case": ("version", "category", "title", "due_at", "closed_at", "lead", "address", "channel"),
    "incident": ("category", "title", "address", "outcome"),
    "warning": (),
}
"""Canonical fields that a feed may map besides."""

CASE_TIMES = ("reported_at", "due_at", "closed_at")
"""Further times of a case, written like its event time."""


def load_feeds(folder: Path) -> dict[str, FeedSpec]:
    """Read and check every feed of a folder.

    Raises:
        layers.documents.DocumentError: an unknown or missing key, or a field of its kind unmapped.
    """
    found = feeds.load_feeds(folder)
    for feed in found.values():
        check_mapping(feed, folder / f"{feed.id}.yaml")
    return found


def check_mapping(feed: FeedSpec, file: Path) -> None:
    """Raise a DocumentError when the mapping of a feed can't work."""
    from ingest.feed_checks import check_meaning  # heavy: PROJ waits until a feed is checked
    from ingest.shape_checks import check_shape

    known = REQUIRED[feed.kind] + OPTIONAL[feed.kind]
    for name in REQUIRED[feed.kind]:
        if name not in feed.fields:
            raise documents.DocumentError(
                file, f"fields.{name} is missing (kind {feed.kind})", "Map it to a path."
            )
    for name in feed.fields:
        if name not in known:
            raise documents.DocumentError(
                file, f"fields.{name} is no field of kind {feed.kind}", f"Use one of {known}."
            )
    if feed.kind != "warning" and feed.time is None:
        raise documents.DocumentError(file, "time is missing", "Say where the event time stands.")
    check_shape(feed, file)
    check_meaning(feed, file)


def paths(feed: FeedSpec) -> tuple[str, ...]:
    """Give every path that the feed reads from a message, each once."""
    place = feed.place
    wanted = [*feed.fields.values(), place.lng, place.lat, place.point, place.code, place.address]
    if feed.time:
        wanted.append(feed.time.field)
    wanted += feed.dedupe.key
    mapped = dict.fromkeys(path for where in wanted for path in paths_of(where))
    return (*mapped, *further_paths(feed, mapped))
