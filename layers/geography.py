"""The prefix tree of regions and the exact placing of points in it (GB/T 2260 and 统计用区划代码).

A region's parent is its code cut short; no other hierarchy is kept. A point goes to the deepest
region that covers it; a point in none is 未定位 (unassigned), counted and shown.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from layers.labels import Label
from layers.placing import Placing

UNASSIGNED = "000000"
"""What lies in no region."""

_OUTLINE_DECIMALS = 5


@dataclass(frozen=True, slots=True)
class Region:
    """One region; its level is the number of digits of its code."""

    code: str
    name: Label
    population: int | None = None
    generated: bool = False
    """True when its shape is generated (演示数据)."""
    valid_from: date | None = None
    valid_to: date | None = None
    """Last day on which it exists; None: still does."""
    parent: str = ""
    """The region that it is part of; empty for the city itself. Filled in by `Geography`."""

    @property
    def level(self) -> int:
        """Digits: 2 or 4 city, 6 district, 9 street, 12 community, 15 grid."""
        return len(self.code)

    def is_valid_at(self, day: date) -> bool:
        """Say whether the region exists on that day."""
        starts = self.valid_from is None or self.valid_from <= day
        return starts and (self.valid_to is None or day <= self.valid_to)


class Geography:
    """Regions with their shapes.

    Args:
        regions: every region, the city itself included, in any order.
        shapes: code → polygon in WGS84; the city needs none.
        day: regions that do not exist on this day take no points.
    """

    UNASSIGNED = UNASSIGNED

    def __init__(
        self, regions: Sequence[Region], shapes: Mapping[str, shapely.Geometry], day: date
    ) -> None:
        known = {r.code for r in regions}
        self.regions: Mapping[str, Region] = {
            r.code: dataclasses.replace(r, parent=_parent(r.code, known))
            for r in sorted(regions, key=lambda r: r.code)
        }
        self.districts = tuple(c for c in self.regions if len(c) == 6)
        self.codes: tuple[str, ...] = (UNASSIGNED, *self.regions)
        self._sorted = self.codes[1:]
        self._index = {code: i for i, code in enumerate(self.codes)}
        self._shapes = shapes
        placing = [c for c in self.regions if c in shapes and self.regions[c].is_valid_at(day)]
        # deeper regions come later, and so win; among equals the lower code does
        placing.sort(key=lambda c: (len(c), -self._index[c]))
        self._placing = Placing(
            [shapes[c] for c in placing],
            [self._index[c] for c in placing],
            [len(c) for c in placing],
        )

    def children(self, code: str) -> tuple[Region, ...]:
        """Give the regions one level below, in order of their codes."""
        below = self._below(code)
        level = min((len(c) for c in below), default=0)
        return tuple(self.regions[c] for c in below if len(c) == level)

    def chain(self, code: str) -> tuple[Region, ...]:
        """Give the regions from the city down to `code`."""
        prefixes = (code[:length] for length in range(1, len(code) + 1))
        return tuple(self.regions[c] for c in prefixes if c in self.regions)

    def place(
        self, lng: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.int32]:
        """Place points, degrees WGS84: index into `codes` of the deepest region, 0 for none.

        The answer is that of point-in-polygon. On a shared edge the region with the lower code
        takes the point. NaN is placed nowhere.
        """
        return self._placing.place(lng, lat)

    def index_of(self, codes: Sequence[str]) -> npt.NDArray[np.int32]:
        """Give the index of the deepest known region of each code, 0 where none is known."""
        unique = {code: self._deepest(code) for code in set(codes)}
        return np.array([unique[c] for c in codes], dtype=np.int32)

    def outline(self, parent: str, level: int) -> dict[str, Any]:
        """Give the shapes of the regions with `level` digits below `parent`, for the map.

        Returns:
            A GeoJSON FeatureCollection in WGS84; properties code, name, name_en, generated. A
            region without a shape is left out.
        """
        found = [c for c in self._below(parent) if len(c) == level and c in self._shapes]
        return {"type": "FeatureCollection", "features": [self._feature(c) for c in found]}

    def shape_of(self, code: str) -> shapely.Geometry | None:
        """Give the polygon of a region in WGS84; None when it has none."""
        return self._shapes.get(code)

    def bbox_of(self, code: str) -> tuple[float, float, float, float] | None:
        """Give west, south, east, north of a region, or of all below one without a shape.

        None when neither it nor anything below it has a shape.
        """
        shapes = [self._shapes[code]] if code in self._shapes else self._shapes_below(code)
        if not shapes:
            return None
        west, south, east, north = (float(v) for v in shapely.total_bounds(shapes))
        return west, south, east, north

    def center_of(self, code: str) -> tuple[float, float] | None:
        """Give a position (lng, lat) for the label of a region: inside its shape.

        For a region without a shape the middle of what lies below it; None without any.
        """
        if code in self._shapes:
            point = shapely.point_on_surface(self._shapes[code])
            return float(point.x), float(point.y)
        box = self.bbox_of(code)
        return None if box is None else ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)

    def _below(self, code: str) -> tuple[str, ...]:
        first = bisect_left(self._sorted, code)
        found = self._sorted[first : bisect_left(self._sorted, code + ":")]  # ":" follows "9"
        return tuple(c for c in found if c != code)

    def _shapes_below(self, code: str) -> list[shapely.Geometry]:
        return [self._shapes[r.code] for r in self.children(code) if r.code in self._shapes]

    def _feature(self, code: str) -> dict[str, Any]:
        region, shape = self.regions[code], self._shapes[code]
        return {
            "type": "Feature",
            "properties": {
                "code": code,
                "name": region.name.zh,
                "name_en": region.name.en,
                "generated": region.generated,
            },
            "geometry": _rounded(shapely.geometry.mapping(shape)),
        }

    def _deepest(self, code: str) -> int:
        for length in range(len(code), 1, -1):
            if code[:length] in self._index:
                return self._index[code[:length]]
        return 0


def _parent(code: str, known: set[str]) -> str:
    prefixes = (code[:length] for length in range(len(code) - 1, 0, -1))
    return next((c for c in prefixes if c in known), "")


def _rounded(geometry: Any) -> Any:
    """Round the coordinates of a GeoJSON geometry: metres, not atoms."""
    if isinstance(geometry, float):
        return round(geometry, _OUTLINE_DECIMALS)
    if isinstance(geometry, dict):
        return {k: _rounded(v) if k == "coordinates" else v for k, v in geometry.items()}
    return [_rounded(part) for part in geometry]
