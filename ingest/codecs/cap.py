"""Common Alerting Protocol 1.1 and 1.2 (OASIS), XML: official warnings, a handful a day, singly.

A document type declaration is refused before anything in it is read: CAP has none, and entities
are how hostile XML reads files and fills memory.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET
from xml.parsers import expat

import polars as pl

from ingest.codecs.base import Decoded
from ingest.codecs.xml import in_utf8
from ingest.sources.base import Slice

COLUMNS = (
    "identifier", "sender", "sent", "status", "msgType", "references",
    "event", "event_code", "severity", "urgency", "certainty", "effective", "onset", "expires",
    "senderName", "headline", "description", "instruction", "areaDesc", "geocodes", "polygon",
)  # fmt: skip
"""What is read; several geocodes stand in one text, separated by commas."""

_INFO = (
    "event", "severity", "urgency", "certainty", "effective", "onset", "expires",
    "senderName", "headline", "description", "instruction",
)  # fmt: skip
_REQUIRED = ("identifier", "sender", "sent", "status", "msgType")
_SEVERITIES = ("Unknown", "Minor", "Moderate", "Severe", "Extreme")
_NUMBER = r"([+-]?\d+(?:\.\d+)?)"
_CIRCLE = re.compile(rf"{_NUMBER}\s*,\s*{_NUMBER}\s+{_NUMBER}")
_CORNERS, _KM_OF_A_DEGREE = 16, 111.195
_AREA_CODES = ("GB2260", "adcode", "SAME", "FIPS6")


class _HostileError(Exception):
    """The document carries a type declaration."""


def decode(part: Slice) -> Decoded:
    """Read every message of a slice as one alert."""
    broken: dict[int, str] = {}
    rows: list[dict[str, str | None]] = []
    for row in range(len(part.offsets)):
        try:
            rows.append(read_alert(part.value(row)))
        except (ET.ParseError, expat.ExpatError, _HostileError, ValueError, LookupError) as error:
            broken[row] = f"not a CAP alert: {error}"
            rows.append({})
    columns = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")
    return Decoded(columns, broken)


def read_alert(xml: bytes) -> dict[str, str | None]:
    """Read one alert; namespaces of CAP 1.1 and 1.2 are both taken.

    Raises:
        ValueError: a required element of section 3.2 is missing. Further: what expat raises.
    """
    xml = in_utf8(xml)
    guard = expat.ParserCreate("utf-8")
    guard.StartDoctypeDeclHandler = _refuse
    guard.Parse(xml, True)
    parser = ET.XMLParser(encoding="utf-8")  # noqa: S314  the guard has refused declarations
    alert = ET.fromstring(xml, parser)  # noqa: S314
    if _name(alert) != "alert":
        raise ValueError(f"<alert> is expected, not <{_name(alert)}>")
    found = {c: _child(alert, c) for c in (*_REQUIRED, "references")}
    for name in _REQUIRED:
        if not found[name]:
            raise ValueError(f"<{name}> is missing")
    infos = _infos(alert)
    if infos:
        info = max(infos, key=_severity)
        found |= {c: _child(info, c) for c in _INFO}
        found |= _area([area for info in infos for area in info if _name(area) == "area"])
        codes = [_child(c, "value") for c in info if _name(c) == "eventCode"]
        found["event_code"] = next((c for c in codes if c), None)
    return found


def _refuse(*_: object) -> None:
    raise _HostileError("a document type declaration is not allowed")


def _infos(alert: ET.Element) -> list[ET.Element]:
    """Give the Chinese blocks if there are any, else those in the language of the first."""
    infos = [e for e in alert if _name(e) == "info"]
    chinese = [e for e in infos if (_child(e, "language") or "").lower().startswith("zh")]
    return chinese or [e for e in infos if _child(e, "language") == _child(infos[0], "language")]


def _severity(info: ET.Element) -> int:
    severity = _child(info, "severity") or ""
    return _SEVERITIES.index(severity) if severity in _SEVERITIES else 0


def _area(areas: Sequence[ET.Element]) -> dict[str, str | None]:
    """Put all areas together: the names, the codes and the shapes."""
    codes = [
        _child(g, "value") or ""
        for area in areas
        for g in area
        if _name(g) == "geocode" and _child(g, "valueName") in _AREA_CODES
    ]
    shapes = [(p.text or "").strip() for area in areas for p in area if _name(p) == "polygon"]
    shapes += [_ring(p.text or "") for area in areas for p in area if _name(p) == "circle"]
    names = [_child(area, "areaDesc") or "" for area in areas]
    return {
        "areaDesc": "、".join(n for n in names if n) or None,
        "geocodes": ",".join(c for c in codes if c) or None,
        "polygon": ";".join(shape for shape in shapes if shape) or None,
    }


def _ring(circle: str) -> str:
    """Give a circle (`lat,lng km`) as a polygon; empty where it is none."""
    found = _CIRCLE.fullmatch(circle.strip())
    if not found:
        return ""
    lat, lng, km = map(float, found.groups())
    north = km / _KM_OF_A_DEGREE
    east = north / max(0.01, math.cos(math.radians(lat)))
    turns = [2 * math.pi * at / _CORNERS for at in [*range(_CORNERS), 0]]
    points = [(lat + north * math.cos(t), lng + east * math.sin(t)) for t in turns]
    return " ".join(f"{y:.5f},{x:.5f}" for y, x in points)


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _child(element: ET.Element, name: str) -> str | None:
    for child in element:
        if _name(child) == name:
            return (child.text or "").strip() or None
    return None
