"""The map of a snapshot: children coloured by one indicator, live points on top."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from layers.indicators import Indicator
from layers.scope import Scope
from layers.snapshot import MapPoint, MapState, SensorRow

CLASSES = 5
_WORLD_ZOOM_DEGREES = 360.0
"""Width of the world at zoom 0."""
_MARGIN_ZOOM = 0.6


def map_state(
    scope: Scope,
    one: Indicator,
    children: Mapping[str, Mapping[str, float | None]],
    points: Iterable[MapPoint],
) -> MapState:
    """Give the map of a scope, coloured by an indicator.

    Args:
        scope: the region.
        one: what colours the children.
        children: child code → indicator code → value.
        points: in the order in which they are drawn, the most pressing last.
    """
    values = {child: found[one.code] for child, found in children.items()}
    center, zoom = view(scope)
    return MapState(
        indicator=one.code,
        title=one.title,
        unit=one.unit,
        decimals=one.decimals,
        values=values,
        breaks=quantile_breaks([v for v in values.values() if v is not None]),
        points=tuple(points),
        child_level=scope.child_level,
        center=center,
        zoom=zoom,
        legend_corner=scope.city.pack.legend_corner,
    )


def quantile_breaks(values: Sequence[float]) -> tuple[float, ...]:
    """Give the upper limits of all classes but the last, without empty classes between them."""
    if len(set(values)) < 2:
        return ()
    shares = [i / CLASSES for i in range(1, CLASSES)]
    limits = sorted({float(v) for v in np.quantile(values, shares)})
    return tuple(limit for limit in limits if limit < max(values))


def view(scope: Scope) -> tuple[tuple[float, float], float]:
    """Give centre and zoom with which the whole region is seen."""
    pack = scope.city.pack
    box = None if scope.is_city else pack.geography.bbox_of(scope.code)
    if box is None:
        return pack.center, pack.zoom
    west, south, east, north = box
    middle = ((west + east) / 2, (south + north) / 2)
    # a degree of latitude is taller on the map than one of longitude, by 1 / cos(latitude)
    tall = (north - south) / max(math.cos(math.radians(middle[1])), 0.1)
    span = max(east - west, tall, 1e-4)
    return middle, round(math.log2(_WORLD_ZOOM_DEGREES / span) + _MARGIN_ZOOM, 2)


def sensor_points(rows: Iterable[SensorRow]) -> list[MapPoint]:
    """Give one point per sensor: of several properties the first row speaks."""
    found: dict[tuple[str, str], MapPoint] = {}
    for row in rows:
        if row.lng is None or row.lat is None or (row.feed, row.sensor) in found:
            continue
        found[row.feed, row.sensor] = MapPoint(
            lng=row.lng,
            lat=row.lat,
            kind="sensor",
            id=row.sensor,
            title=row.sensor,
            priority=row.breach,
            state=row.state,
            href=row.href,
        )
    return list(found.values())
