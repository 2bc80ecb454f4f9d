"""Exact placing of points in polygons: a raster answers where it can, prepared polygons elsewhere.

The raster is cut so that no boundary of any region touches a pure cell; all of such a cell lies in
the same regions, and so do neighbouring pure cells. One point per run of pure cells in a row is
placed exactly and answers for the whole run. Only points in mixed cells ask the spatial index, so
the answer is the one of point-in-polygon everywhere, the edges included.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]

MIXED = -1
"""Mark of a raster cell that a boundary touches."""

_SIDES = (256, 2048)
"""Fewest and most cells on a side: at most 16 MiB. Measured with 9,600 regions: twice as many
cells place points in a dense centre no faster and take a second more to make."""

_MARGIN = 1e-6
"""In cells: far above the rounding of the arithmetic here, far below what costs pure cells."""


class Placing:
    """A raster and an index over polygons.

    Args:
        shapes: polygons in layers, the deepest layer last. A point goes to the deepest polygon that
            covers it; of several in one layer the last one takes it.
        answers: what to answer for each of them.
        layers: number of the layer of each of them, ascending.
    """

    def __init__(
        self, shapes: Sequence[shapely.Geometry], answers: Sequence[int], layers: Sequence[int]
    ) -> None:
        self._shapes = np.array(shapes, dtype=object)
        shapely.prepare(self._shapes)
        self._layers = [
            _Layer(self._shapes[members], np.array(answers, dtype=np.int32)[members])
            for members in (np.array(layers) == number for number in sorted(set(layers))[::-1])
        ]
        bounds = shapely.total_bounds(self._shapes) if len(shapes) else np.array([0.0, 0, 1, 1])
        self._origin = bounds[:2]
        self._side = int(np.clip(64 * np.sqrt(len(shapes)), *_SIDES))
        self._scale = self._side / np.maximum(bounds[2:] - bounds[:2], 1e-9)
        self._raster = self._filled(_touched(self._segments(), self._side))

    def place(self, x: Floats, y: Floats) -> Ints:
        """Answer for each point, 0 for none; NaN is in none."""
        inside, cells = self._cells(x, y)
        placed = np.zeros(len(x), dtype=np.int32)
        placed[inside] = self._raster[cells]
        unsure = np.flatnonzero(placed == MIXED)
        if len(unsure):
            placed[unsure] = self.place_exactly(x[unsure], y[unsure])
        return placed

    def place_exactly(self, x: Floats, y: Floats) -> Ints:
        """Answer for each point by point-in-polygon alone; no NaN."""
        placed = np.zeros(len(x), dtype=np.int32)
        left = np.arange(len(x))
        for layer in self._layers:
            placed[left] = layer.place(x[left], y[left])
            left = left[placed[left] == 0]
        return placed

    @property
    def pure_share(self) -> float:
        """Share of the raster cells that answer without the index."""
        return float(np.mean(self._raster != MIXED))

    def _cells(self, x: Floats, y: Floats) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        side = self._side
        with np.errstate(invalid="ignore"):
            u = (x - self._origin[0]) * self._scale[0]
            v = (y - self._origin[1]) * self._scale[1]
            # the upper edges belong to the last cells; NaN compares false
            inside = np.flatnonzero((u >= 0) & (v >= 0) & (u <= side) & (v <= side))
        column = np.minimum(u[inside].astype(np.intp), side - 1)
        row = np.minimum(v[inside].astype(np.intp), side - 1)
        return inside, row * side + column

    def _segments(self) -> Floats:
        """Give the edges of all shapes in cells: u0, v0, u1, v1."""
        # get_rings passes over a MultiPolygon in silence
        rings = shapely.get_rings(shapely.get_parts(self._shapes))
        points, ring = shapely.get_coordinates(rings, return_index=True)
        cells = (points - self._origin) * self._scale
        same = ring[1:] == ring[:-1]
        segments = np.hstack([cells[:-1][same], cells[1:][same]])
        swap = segments[:, 0] > segments[:, 2]
        segments[swap] = segments[swap][:, [2, 3, 0, 1]]
        # neighbours and parents share edges: the same edge is looked at once
        ordered: Floats = segments[np.lexsort(segments.T)]
        new = np.any(ordered[1:] != ordered[:-1], axis=1)
        fresh = np.append([True], new)[: len(ordered)]
        distinct: Floats = ordered[fresh]
        return distinct

    def _filled(self, touched: npt.NDArray[np.bool_]) -> Ints:
        pure = ~touched
        starts = pure.copy()
        starts[:, 1:] &= touched[:, :-1]
        row, column = np.nonzero(starts)
        x = self._origin[0] + (column + 0.5) / self._scale[0]
        y = self._origin[1] + (row + 0.5) / self._scale[1]
        answers = self.place_exactly(x, y)
        raster = np.full(touched.size, MIXED, dtype=np.int32)
        run = np.cumsum(starts.ravel()) - 1
        flat = pure.ravel()
        raster[flat] = answers[run[flat]]
        return raster


class _Layer:
    """Polygons of one layer and their index."""

    def __init__(self, shapes: npt.NDArray[np.object_], answers: Ints) -> None:
        self._shapes = shapes
        self._answers = answers
        self._tree = shapely.STRtree(shapes)

    def place(self, x: Floats, y: Floats) -> Ints:
        """Answer for each point, 0 for none."""
        which, where = self._tree.query(shapely.points(x, y))
        hit = shapely.intersects_xy(self._shapes[where], x[which], y[which])
        which, where = which[hit], where[hit]
        order = np.argsort(where, kind="stable")
        placed = np.zeros(len(x), dtype=np.int32)
        # of several assignments to one point numpy keeps the last: the preferred shape
        placed[which[order]] = self._answers[where[order]]
        return placed


def _touched(segments: Floats, side: int) -> npt.NDArray[np.bool_]:
    """Say of each cell whether a segment touches it or comes nearer than the margin.

    A segment enters and leaves a cell at a line of the raster or at its own end, so the cells on
    all sides of these points are all that it touches.
    """
    points = _crossings(segments)
    touched = np.zeros((side, side), dtype=bool)
    for du in (-_MARGIN, _MARGIN):
        for dv in (-_MARGIN, _MARGIN):
            column = np.clip(np.floor(points[:, 0] + du).astype(np.intp), 0, side - 1)
            row = np.clip(np.floor(points[:, 1] + dv).astype(np.intp), 0, side - 1)
            touched[row, column] = True
    return touched


def _crossings(segments: Floats) -> Floats:
    """Give both ends of segments and the points where they cross a line of the raster."""
    start, step = segments[:, :2], segments[:, 2:] - segments[:, :2]
    points = [start, segments[:, 2:]]
    for axis in (0, 1):
        low = np.floor(np.minimum(segments[:, axis], segments[:, axis + 2]))
        high = np.floor(np.maximum(segments[:, axis], segments[:, axis + 2]))
        count = (high - low).astype(np.intp)
        owner = np.repeat(np.arange(len(segments)), count)
        nth = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count) + 1
        share = (low[owner] + nth - start[owner, axis]) / step[owner, axis]
        points.append(start[owner] + step[owner] * share[:, None])
    return np.vstack(points)
