"""Positions of a sample tried against the boundaries of the city."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ingest.discover.columns import Column
from ingest.discover.roles import Roles
from ingest.projections import Projection
from layers.feed_spec import PlaceRule
from layers.geography import Geography

Numbers = npt.NDArray[np.float64]

_PAIR = re.compile(r"[+-]?\d{1,3}\.\d+\s*[,;\s]\s*[+-]?\d{1,3}\.\d+")
_WKT = re.compile(r"(SRID=\d+;)?(POINT|LINESTRING|POLYGON|MULTI\w+)\s*Z?\s*\(", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Position:
    """Where the place stands, as lines of the YAML say it."""

    keys: dict[str, str]
    """Key of `place` → YAML."""
    asks: tuple[tuple[str, str], ...] = ()
    """Questions: Chinese, English."""
    facts: tuple[str, ...] = ()
    """What was found, in both languages."""


_DATUM_ZH = (
    "坐标是哪种？国内地图与手机多为 GCJ02，百度为 BD09，测绘为 CGCS2000；错了偏 100–700 米。"
)
_DATUM_EN = (
    "Which datum? Chinese maps and phones give GCJ02, Baidu BD09; the wrong one is 100–700 m off."
)
_DATUM = _DATUM_ZH, _DATUM_EN


def position_of(roles: Roles, columns: Sequence[Column], geography: Geography) -> Position:
    """Find where a message says its place, and try it."""
    zh = "样本中没有位置：记录将归入未定位。有设备表请用 place.device。"
    en = "The sample holds no place: records will lie in 未定位. A table of devices: place.device."
    return (
        _pair(roles, geography)
        or _text(columns, geography)
        or _coded(roles, columns, geography)
        or Position({}, ((zh, en),))
    )


def _pair(roles: Roles, geography: Geography) -> Position | None:
    if "lng" not in roles.of or "lat" not in roles.of:
        return None
    lng, lat = roles.of["lng"], roles.of["lat"]
    x, y = _both(lng, lat)
    keys = {"lng": lng.path, "lat": lat.path}
    if not len(x):
        return None
    if np.abs(x).max() > 180 or np.abs(y).max() > 180:
        return _in_metres(keys, (x, y), geography)
    if _share(geography, y, x) > _share(geography, x, y):
        swapped = {"lng": lat.path, "lat": lng.path, "datum": "WGS84"}
        zh = "经纬度看来互换了（互换后才在本市之内），此处已换回。"
        en = (
            "Longitude and latitude seem to be exchanged (only so they lie in the city): put right."
        )
        return Position(swapped, ((zh, en), _DATUM))
    return Position({**keys, "datum": "WGS84"}, (_DATUM,), (_where(_share(geography, x, y)),))


def _both(lng: Column, lat: Column) -> tuple[Numbers, Numbers]:
    count = min(len(lng.numbers), len(lat.numbers))
    return np.array(lng.numbers[:count]), np.array(lat.numbers[:count])


def _where(share: float) -> str:
    return f"{share:.0%} 的坐标在本市之内 of the positions lie in the city"


def _in_metres(
    keys: dict[str, str], position: tuple[Numbers, Numbers], geography: Geography
) -> Position:
    """Find the projection in which metres lie in the city."""
    x, y = position
    tried = {epsg: _projected(geography, x, y, epsg) for epsg in _candidates(geography)}
    best = max(tried, key=lambda epsg: tried[epsg])
    others = [f"EPSG:{epsg}" for epsg, share in tried.items() if share > 0.5 and epsg != best]
    if tried[best] > 0.5:
        zh = f"坐标以米为单位；按 EPSG:{best} 有 {tried[best]:.0%} 在本市之内，请核实。"
        en = f"The positions are metres; by EPSG:{best} {tried[best]:.0%} lie in the city. Confirm."
        if others:
            zh += f"也可能是 {', '.join(others)}，相差可达千米。"
            en += f" It may be {', '.join(others)} as well: up to kilometres apart."
        return Position({**keys, "epsg": str(best)}, ((zh, en),))
    zh = "坐标以米为单位，但试过的坐标系都不在本市之内：请填 epsg 或 affine（地方坐标系）。"
    en = (
        "The positions are metres in no system that was tried: give epsg, or affine (a local grid)."
    )
    return Position({**keys, "epsg": "0"}, ((zh, en),))


def _candidates(geography: Geography) -> list[int]:
    """Give the usual metric systems of the city's longitude, the likelier first.

    In China Gauß–Krüger by three and six degrees: CGCS2000, Xi'an 1980, Beijing 1954, without and
    with the number of the zone; elsewhere UTM, and the grids of some cities.
    """
    center = geography.center_of(next(iter(geography.regions))) or (116.0, 40.0)
    utm = (32600 if center[1] >= 0 else 32700) + int((center[0] + 180) // 6) + 1
    three, six = round(center[0] / 3) - 25, round((center[0] + 3) / 6) - 13
    chinese = [first + three for first in (4534, 4513, 2370, 2349, 2422, 2401)]
    chinese += [first + six for first in (4502, 4491)]
    is_chinese = 73 < center[0] < 136 and 17 < center[1] < 54
    return [*(chinese if is_chinese else ()), utm, 3857, 2263, 3435, 27700, 25832, 2154]


def _projected(geography: Geography, x: Numbers, y: Numbers, epsg: int) -> float:
    from pyproj.exceptions import ProjError

    try:
        return _share(geography, *Projection(PlaceRule(epsg=epsg)).to_wgs84(x, y))
    except ProjError:
        return 0.0


def _share(geography: Geography, lng: Numbers, lat: Numbers) -> float:
    return float((geography.place(lng, lat) > 0).mean()) if len(lng) else 0.0


def _text(columns: Sequence[Column], geography: Geography) -> Position | None:
    for column in columns:
        if not column.texts:
            continue
        wkt = [t for t in column.texts if _WKT.match(t.strip())]
        if len(wkt) * 2 > len(column.texts):
            return Position({"point": column.path, "form": "wkt", "datum": "WGS84"}, (_DATUM,))
        pairs = [t for t in column.texts if _PAIR.search(t)]
        if len(pairs) * 2 > len(column.texts):
            return _pair_text(column, pairs, geography)
    return None


def _pair_text(column: Column, pairs: Sequence[str], geography: Geography) -> Position:
    numbers = [tuple(map(float, _NUMBER.findall(_PAIR.search(t)[0])))[:2] for t in pairs]  # type: ignore[index]
    first = np.array([n[0] for n in numbers])
    second = np.array([n[1] for n in numbers])
    forward, back = _share(geography, first, second), _share(geography, second, first)
    lat_first = back > forward or (back == forward and bool((np.abs(second) > 90).any()))
    form = '"lat,lng"' if lat_first else '"lng,lat"'
    return Position(
        {"point": column.path, "form": form, "datum": "WGS84"},
        (_DATUM,),
        (_where(max(forward, back)),),
    )


def _coded(roles: Roles, columns: Sequence[Column], geography: Geography) -> Position | None:
    named = [roles.of["code"]] if "code" in roles.of else []
    for column in (*named, *columns):
        known = [t for t in column.texts if any(t[:n] in geography.regions for n in (15, 12, 9, 6))]
        if column in named or (len(known) > 0.8 * len(column.texts) and known):
            share = len(known) / len(column.texts)
            fact = f"{share:.0%} 的代码本市认得 of the codes are known to the city"
            return Position({"code": column.path}, (), (fact,))
    return None
