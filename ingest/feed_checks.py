"""What a feed says that its grammar alone can't tell to be wrong: zones, forms, systems, tables."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from zoneinfo import available_timezones

from pyproj.exceptions import ProjError

from ingest.devices import read_devices
from ingest.mapping import OPTIONAL, REQUIRED, paths
from ingest.personal import is_part
from ingest.picks import paths_of
from ingest.projections import Projection
from ingest.times import check_forms, fixed_offset_ms
from layers.documents import DocumentError
from layers.feed_spec import FeedSpec

Problem = tuple[str, str]
"""What is wrong, and what to do."""


def check_meaning(feed: FeedSpec, file: Path) -> None:
    """Raise a DocumentError for the first thing that can't work.

    Raises:
        DocumentError: it names the key and the remedy.
    """
    for found in (_times, _places, _codes, _values, _personal, _dedupe):
        for problem, remedy in found(feed):
            raise DocumentError(file, problem, remedy)
    if feed.place.device:
        read_devices(feed.place.device)


def _times(feed: FeedSpec) -> Iterator[Problem]:
    rule = feed.time
    if rule is None:
        return
    known = available_timezones()
    if rule.zone not in known and fixed_offset_ms(rule.zone) is None:
        yield f"time.zone: there is no zone {rule.zone!r}", _nearest(rule.zone, known)
    problem = check_forms(rule)
    if problem:
        forms = "iso, epoch_s, epoch_ms, epoch_us, excel, or a pattern like %d/%m/%Y %H:%M:%S"
        yield f"time.form: {problem}", f"Use one of {forms}."


def _places(feed: FeedSpec) -> Iterator[Problem]:
    place = feed.place
    if bool(place.lng) != bool(place.lat):
        yield "place: one of lng and lat is missing", "Give both, or use place.point."
    if place.device and "sensor_id" not in feed.fields:
        problem = f"place.device: a feed of kind {feed.kind} has no sensor_id"
        yield problem, "Only observations name a device."
    if place.device and not (place.device.code or (place.device.lng and place.device.lat)):
        yield "place.device names no column of a place", "Name lng and lat, or code."
    epsg = place.affine.epsg if place.affine else place.epsg
    try:
        Projection(place)
    except ProjError:
        key = "place.affine.epsg" if place.affine else "place.epsg"
        remedy = "Look the code up; CGCS2000 in zones of three degrees is 4513 … 4554."
        yield f"{key}: PROJ knows no reference system EPSG:{epsg}", remedy


def _codes(feed: FeedSpec) -> Iterator[Problem]:
    known = (*REQUIRED[feed.kind], *OPTIONAL[feed.kind])
    for name in feed.codes:
        if name not in known:
            yield f"codes.{name} is no field of kind {feed.kind}", _nearest(name, known)


def _values(feed: FeedSpec) -> Iterator[Problem]:
    rule = feed.values
    if rule.thousands and rule.thousands == rule.decimal:
        yield "values: decimal and thousands are the same sign", "Give two signs."
    if re.search(r"[\d+-]", rule.thousands):
        yield f"values.thousands: {rule.thousands!r} is a part of numbers", "Give another sign."


def _personal(feed: FeedSpec) -> Iterator[Problem]:
    for path in paths(feed):
        for rule in feed.personal:
            if is_part(rule, path):
                remedy = "Map the parts that are needed, each by its own path."
                yield f"personal.{rule} lies in {path!r}, which is read as a whole", remedy


def _dedupe(feed: FeedSpec) -> Iterator[Problem]:
    rule = feed.dedupe
    if rule.revised == "replace" and feed.kind != "observation":
        problem = f"dedupe.revised: a feed of kind {feed.kind} has versions, not revised values"
        yield problem, "Leave it out."
    if rule.revised == "replace" and rule.key and feed.time:
        missing = [p for p in paths_of(feed.time.field) if p not in rule.key]
        if missing:
            problem = f"dedupe.key leaves out {missing[0]!r}, the time of a reading"
            yield problem, "With revised: replace, what is the same has the same time; add it."
    if feed.late.apply_within_s and feed.late.apply_within_s <= feed.late_after_s:
        problem = f"late.apply_within_s: {feed.late.apply_within_s} is not above late_after_s"
        yield problem, "It counts from the event, too; make it longer, or leave it out."


def _nearest(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, sorted(known), 1, 0.4)
    return f"Did you mean {near[0]!r}?" if near else "Correct it."
