"""The prefix tree of regions and the exact placing of points in it (GB/T 2260 and 统计用区划代码).

A region's parent is its code cut short; no other hierarchy is kept. A point goes to the deepest
region that covers it; a point in none is 未定位 (unassigned), counted and shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import shapely

from layers.labels import Label

UNASSIGNED = "000000"
"""What lies in no region."""


@dataclass(frozen=True, slots=True)
class Region:
    """One region; its level is the number of digits of its code."""

    code: str
    name: Label
    population: int | None = None
    generated: bool = False
    valid_from: date | None = None
    valid_to: date | None = None
    """Last day on which it exists; None: still does."""

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

    def __init__(
        self, regions: Sequence[Region], shapes: Mapping[str, shapely.Geometry], day: date
    ) -> None:
        self.regions = {r.code: r for r in sorted(regions, key=lambda r: r.code)}
        self.districts = tuple(c for c in self.regions if len(c) == 6)
        self.codes: tuple[str, ...] = (UNASSIGNED, *self.regions)
        self._index = {code: i for i, code in enumerate(self.codes)}
        placing = [c for c in self.regions if c in shapes and self.regions[c].is_valid_at(day)]
        self._placing = np.array([self._index[c] for c in placing], dtype=np.int32)
        self._depth = np.array([len(c) for c in placing], dtype=np.int64)
        self._tree = shapely.STRtree([shapes[c] for c in placing])

    def children(self, code: str) -> tuple[Region, ...]:
        """Give the regions one level below, in order of their codes."""
        below = [r for c, r in self.regions.items() if c.startswith(code) and len(c) > len(code)]
        level = min((r.level for r in below), default=0)
        return tuple(r for r in below if r.level == level)

    def chain(self, code: str) -> tuple[Region, ...]:
        """Give the regions from the city down to `code`."""
        return tuple(r for c, r in self.regions.items() if code.startswith(c))

    def place(
        self, lng: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.int32]:
        """Place points, degrees WGS84: index into `codes` of the deepest region, 0 for none.

        On a shared edge the region with the lower code takes the point. NaN is placed nowhere.
        """
        placed = np.zeros(len(lng), dtype=np.int32)
        known = np.flatnonzero(np.isfinite(lng) & np.isfinite(lat))
        points = shapely.points(lng[known], lat[known])
        which, where = self._tree.query(points, predicate="intersects")
        order = np.lexsort((-self._placing[where], self._depth[where], which))
        placed[known[which[order]]] = self._placing[where[order]]
        return placed

    def index_of(self, codes: Sequence[str]) -> npt.NDArray[np.int32]:
        """Give the index of the deepest known region of each code, 0 where none is known."""
        unique = {code: self._deepest(code) for code in set(codes)}
        return np.array([unique[c] for c in codes], dtype=np.int32)

    def _deepest(self, code: str) -> int:
        for length in range(len(code), 1, -1):
            if code[:length] in self._index:
                return self._index[code[:length]]
        return 0
