"""Cut areas into cells, and make a coverage of them: no gap, no overlap, shared edges shared.

Only `make_boundaries` needs this; nothing of it runs when the product runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import shapely

Floats = npt.NDArray[np.float64]
Shapes = dict[str, shapely.Geometry]

GRID = 1e-5
"""Degrees, about a metre. All coordinates of a coverage lie on this grid."""

GAP = 1e-4
"""Square degrees, below 1 km²: a smaller hole between areas is an error of the source and goes to
its neighbour; a larger one is a place that belongs to nobody here."""

_SAMPLES = 240
_ROUNDS = 25


def split(
    area: shapely.Geometry, codes: Sequence[str], focus: tuple[float, float], seed: int
) -> Shapes:
    """Cut an area into one cell per code, smaller ones near the focus.

    A centroidal Voronoi diagram of points that are drawn more often near the focus. The first code
    gets the cell nearest to the focus. Coordinates are flat: equal units in both directions.
    """
    if len(codes) == 1:
        return {codes[0]: area}
    rng = np.random.default_rng(seed)
    sites = _sites(_drawn(area, len(codes) * _SAMPLES, focus, rng), len(codes), rng)
    sites = sites[np.argsort(np.hypot(*(sites - focus).T))]
    diagram = shapely.voronoi_polygons(shapely.MultiPoint(sites), extend_to=area, ordered=True)
    return dict(zip(codes, shapely.intersection(list(diagram.geoms), area), strict=True))


def _drawn(
    area: shapely.Geometry, count: int, focus: tuple[float, float], rng: np.random.Generator
) -> Floats:
    """Draw points of an area: four times as often at the focus as far from it."""
    shapely.prepare(area)
    west, south, east, north = area.bounds
    reach = 0.35 * np.hypot(east - west, north - south)
    found = np.empty((0, 2))
    while len(found) < count:
        points = rng.uniform((west, south), (east, north), (4 * count, 2))
        weight = 0.25 + 0.75 * np.exp(-((np.hypot(*(points - focus).T) / reach) ** 2) * 4)
        points = points[rng.uniform(size=len(points)) < weight]
        found = np.vstack([found, points[shapely.contains_xy(area, points)]])
    return found[:count]


def _sites(points: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Find the middles of `count` clusters of points (Lloyd's iteration)."""
    sites = points[rng.choice(len(points), count, replace=False)]
    for _ in range(_ROUNDS):
        squares = (sites**2).sum(axis=1) - 2 * points @ sites.T
        nearest = squares.argmin(axis=1)
        members = np.bincount(nearest, minlength=count)
        for axis in (0, 1):
            sums = np.bincount(nearest, points[:, axis], minlength=count)
            sites[:, axis] = np.where(members > 0, sums / np.maximum(members, 1), sites[:, axis])
    return sites


def coverage(areas: Mapping[str, shapely.Geometry]) -> Shapes:
    """Make areas meet exactly, all vertices on the grid.

    All outlines are cut where they meet and snapped to the grid; each face between them goes to the
    area that covers it, the lower code first, and a small hole to its neighbour.
    """
    codes = sorted(areas)
    shapes = np.array([areas[c] for c in codes], dtype=object)
    lines = shapely.union_all(shapely.boundary(shapes), grid_size=GRID)
    faces = np.array(shapely.polygonize(shapely.get_parts(lines)).geoms)
    owners = _owners(faces, shapes)
    return {
        code: _on_grid(shapely.coverage_union_all(faces[owners == i]))
        for i, code in enumerate(codes)
    }


def _owners(
    faces: npt.NDArray[np.object_], shapes: npt.NDArray[np.object_]
) -> npt.NDArray[np.intp]:
    points = shapely.point_on_surface(faces)
    tree = shapely.STRtree(shapes)
    which, where = tree.query(points, predicate="intersects")
    owners = np.full(len(faces), len(shapes))
    np.minimum.at(owners, which, where)
    nobody = np.flatnonzero((owners == len(shapes)) & (shapely.area(faces) < GAP))
    owners[nobody] = tree.nearest(points[nobody])
    return owners


def simplified(areas: Shapes, tolerance: float) -> Shapes:
    """Leave out vertices of a coverage that matter little, the same ones on both sides of an edge.

    Args:
        areas: a coverage.
        tolerance: degrees; the square of it is about the area that a change may have.
    """
    shapes = shapely.coverage_simplify(list(areas.values()), tolerance)
    return {code: _on_grid(shape) for code, shape in zip(areas, shapes, strict=True)}


def merged(areas: Shapes, digits: int) -> Shapes:
    """Unite areas that share the first digits of their codes."""
    groups: dict[str, list[shapely.Geometry]] = {}
    for code, shape in areas.items():
        groups.setdefault(code[:digits], []).append(shape)
    return {
        code: _on_grid(shapely.coverage_union_all(parts)) for code, parts in sorted(groups.items())
    }


def _on_grid(shape: shapely.Geometry) -> shapely.Geometry:
    return shapely.transform(shape, lambda points: np.round(points, 5))
