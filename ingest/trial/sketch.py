"""A map of the points of a trial: one HTML file over the city's districts, without any network."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator

import numpy as np
import shapely

from ingest.trial.report import Trial
from layers.geography import Geography

_At = Callable[[float, float], tuple[float, float]]

_WIDTH = 900.0
_MOST = 5_000
_STYLE = (
    "body{font:14px sans-serif;margin:1rem}svg{width:100%;height:auto;max-height:85vh}"
    ".area{fill:whitesmoke;stroke:silver;stroke-width:1}.name{font-size:11px;fill:gray}"
    ".in{fill:steelblue;fill-opacity:.7}.out{fill:crimson}"
)


def sketch(found: Trial, geography: Geography) -> str:
    """Draw the districts, the points inside and the points outside, as one HTML page.

    The frame is that of the city; points far outside are counted, not drawn.
    """
    bounds = [b for code in geography.districts if (b := geography.bbox_of(code))]
    west, south = (min(b[i] for b in bounds) for i in (0, 1))
    east, north = (max(b[i] for b in bounds) for i in (2, 3))
    squeeze = float(np.cos(np.radians((south + north) / 2)))
    scale = _WIDTH / max((east - west) * squeeze, 1e-9)
    margin = _WIDTH * 0.15

    def at(lng: float, lat: float) -> tuple[float, float]:
        return (lng - west) * squeeze * scale + margin, (north - lat) * scale + margin

    height = (north - south) * scale + 2 * margin
    inside = [p for p in found.points if p[2]]
    outside = [p for p in found.points if not p[2]]
    drawn = [
        (x, y, is_in)
        for lng, lat, is_in in [*inside[:_MOST], *outside[:_MOST]]
        if 0 <= (x := at(lng, lat)[0]) <= _WIDTH + 2 * margin
        and 0 <= (y := at(lng, lat)[1]) <= height
    ]
    dots = "".join(
        f'<circle class="{"in" if is_in else "out"}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
        for x, y, is_in in drawn
    )
    areas = "".join(_area(geography, code, at) for code in geography.districts)
    title = html.escape(f"{found.feed.title.zh} {found.feed.title.en}")
    told = (
        f"市内 inside {len(inside):,}, 市外 outside {len(outside):,}; "
        f"画出 drawn {len(drawn):,}. 偏移 100–700 米：检查 place.datum. "
        "A shift of 100–700 m: check place.datum."
    )
    return (
        f'<!doctype html><html lang="zh"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style><h1>{title}</h1><p>{html.escape(told)}</p>"
        f'<svg viewBox="0 0 {_WIDTH + 2 * margin:.0f} {height:.0f}">{areas}{dots}</svg></html>'
    )


def _area(geography: Geography, code: str, at: _At) -> str:
    shape = geography.shape_of(code)
    if shape is None:
        return ""
    path = "".join(_rings(shapely.simplify(shape, 0.001), at))
    x, y = at(*(geography.center_of(code) or (0.0, 0.0)))
    name = html.escape(geography.regions[code].name.zh)
    return (
        f'<path class="area" fill-rule="evenodd" d="{path}"/>'
        f'<text class="name" x="{x:.0f}" y="{y:.0f}">{name}</text>'
    )


def _rings(shape: shapely.Geometry, at: _At) -> Iterator[str]:
    for polygon in shapely.get_parts(shape):
        for ring in (polygon.exterior, *polygon.interiors):
            points = [at(x, y) for x, y in ring.coords]
            yield "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points) + "Z"
