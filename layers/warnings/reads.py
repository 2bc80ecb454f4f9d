"""Official warnings out of Redis: which are in force, where, and at what level (CAP 1.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec
import numpy as np

from layers.labels import Label
from layers.scope import Catalogue, Scope, record_href
from layers.snapshot import Alert, WarningLevel
from layers.stored import Key, Stored
from layers.times import from_ms
from layers.warnings.english import English, english

LEVELS: Mapping[str, WarningLevel] = {
    "Extreme": "red",
    "Severe": "orange",
    "Moderate": "yellow",
    "Minor": "blue",
}
"""Severity → legal colour, most severe first."""


class Warned(
    msgspec.Struct,
    frozen=True,
    rename={"message_type": "msgType", "sender_name": "senderName", "area_text": "areaDesc"},
):
    """An alert message as it is stored; times in milliseconds since the epoch."""

    feed: str
    identifier: str
    sender: str
    sent: int
    status: str
    message_type: str
    references: str | None = None
    event: str | None = None
    event_code: str | None = None
    severity: str | None = None
    urgency: str | None = None
    certainty: str | None = None
    effective: int | None = None
    onset: int | None = None
    expires: int | None = None
    sender_name: str | None = None
    headline: str | None = None
    description: str | None = None
    instruction: str | None = None
    area_text: str | None = None
    geocodes: str | None = None
    polygon: str | None = None
    partition: str = ""
    offset: int = -1
    at: int | None = None
    english: English = English()
    """Not stored: read from the message."""

    @property
    def title(self) -> Label:
        """What it warns of, in a few words; without English ones, as they came."""
        title = self.event or self.headline or self.identifier
        return Label(title, self.english.event or self.english.headline or title)


_DECODER = msgspec.json.Decoder(Warned)


def warned(stored: Stored) -> Warned:
    """Read a stored warning."""
    return msgspec.structs.replace(_DECODER.decode(stored.body), english=english(stored.raw))


def in_force(found: Iterable[tuple[Key, Warned]], now_ms: int) -> list[tuple[Key, Warned]]:
    """Give the warnings that hold now, the most severe first, exercises after all others.

    One holds when it is an Actual (or Exercise) Alert or Update that has not expired and that no
    other Update or Cancel of the same status names in its references. A message of an exercise
    can't end an actual warning.
    """
    known = list(found)
    ended = {
        (one.status, sender, identifier)
        for _, one in known
        if one.message_type in {"Update", "Cancel"}
        for sender, identifier in _references(one)
    }
    holding = [(key, one) for key, one in known if _holds(one, ended, now_ms)]
    return sorted(holding, key=lambda pair: _order(pair[1]))


def _holds(one: Warned, ended: set[tuple[str, str, str]], now_ms: int) -> bool:
    return (
        one.status in {"Actual", "Exercise"}
        and one.message_type in {"Alert", "Update"}
        and (one.expires is None or one.expires > now_ms)
        and (one.status, one.sender, one.identifier) not in ended
    )


def _references(one: Warned) -> Iterable[tuple[str, str]]:
    """Read `sender,identifier,sent` groups, separated by white space (CAP 1.2, 3.2.1)."""
    for group in (one.references or "").split():
        sender, _, rest = group.partition(",")
        identifier, _, _ = rest.rpartition(",")
        yield sender, identifier or rest


def _order(one: Warned) -> tuple[bool, int, int]:
    severities = list(LEVELS)
    known = one.severity in LEVELS
    level = severities.index(str(one.severity)) if known else len(severities)
    return one.status == "Exercise", level, -one.sent


def covered(one: Warned, city: Catalogue) -> tuple[str, ...]:
    """Give the codes of the regions that a warning is for.

    Its geocodes decide; without any that belongs to the city, the corners and the middle of its
    polygons do; without either the warning is for the whole city: to show one too many is better
    than to hide one.
    """
    root = city.pack.code
    codes = tuple(shortened(c) for c in (one.geocodes or "").split(",") if c.strip())
    mine = tuple(c for c in codes if c.startswith(root) or root.startswith(c))
    return mine or _under(one.polygon or "", city) or (root,)


def shortened(code: str) -> str:
    """Cut the zeros that stand for "all of it" off a code: 110000 → 11, 110105000000 → 110105."""
    short = code.strip()
    while len(short) > 6 and short.endswith("000"):
        short = short[:-3]
    while 2 < len(short) <= 6 and short.endswith("00"):
        short = short[:-2]
    return short


def _under(polygons: str, city: Catalogue) -> tuple[str, ...]:
    corners = [_corner(text) for text in polygons.replace(";", " ").split()]
    known = [c for c in corners if c is not None]
    if not known:
        return ()
    middle = (sum(c[0] for c in known) / len(known), sum(c[1] for c in known) / len(known))
    lat, lng = np.array([*known, middle], dtype=np.float64).T
    geography = city.pack.geography
    return tuple({geography.codes[i] for i in geography.place(lng, lat) if i})


def _corner(text: str) -> tuple[float, float] | None:
    """Read "lat,lon"."""
    lat, _, lng = text.partition(",")
    try:
        return float(lat), float(lng)
    except ValueError:
        return None


def concerns(codes: Sequence[str], region: str) -> bool:
    """Say whether a warning for these codes concerns a region: it, part of it, or all of it."""
    return any(region.startswith(code) or code.startswith(region) for code in codes)


def alerts(holding: Sequence[tuple[Key, Warned]], scope: Scope) -> list[Alert]:
    """Give the warnings that concern a scope, as rows of the alert panel."""
    found = ((key, one, covered(one, scope.city)) for key, one in holding)
    return [
        alert(one, key, codes, scope.city)
        for key, one, codes in found
        if concerns(codes, scope.code)
    ]


def alert(one: Warned, key: Key, codes: Sequence[str], city: Catalogue) -> Alert:
    """Give a warning as a row of the alert panel."""
    sender = one.sender_name or one.sender
    areas = ", ".join(city.region(code).name.en for code in codes)
    # the headline also names the office and is on the record
    return Alert(
        kind="official",
        id=one.identifier,
        title=one.title,
        detail=Label(
            " · ".join(t for t in (sender, one.area_text) if t),
            f"{one.english.sender_name or sender} · {areas}",
        ),
        level=LEVELS.get(one.severity or ""),
        exercise=one.status == "Exercise",
        region=city.region(codes[0] if len(codes) == 1 else city.pack.code),
        since=datetime.fromtimestamp((one.onset or one.effective or one.sent) / 1000, tz=UTC),
        until=from_ms(one.expires),
        href=record_href("warning", *key),
        generated=city.feeds[one.feed].generated,
    )
