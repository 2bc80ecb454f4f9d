"""Where the played city's people are: random points in its regions, and the codes below them."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import shapely

from ingest.demo import chance
from ingest.demo.chance import Floats, Keys
from layers import datum, documents
from layers.feed_spec import PlaceRule
from layers.pack import CityFile, Level

Indices = npt.NDArray[np.int64]

STREET = 9
"""Points are placed by streets where there are any: weights are known there, and it is fast."""


class _Properties(msgspec.Struct):
    code: str
    name: str
    population: int | None = None


class _Feature(msgspec.Struct):
    properties: _Properties
    geometry: msgspec.Raw


class _Collection(msgspec.Struct):
    features: list[_Feature]


@dataclass(frozen=True)
class Places:
    """Regions to place things in, by weight of their people."""

    codes: tuple[str, ...]
    names: tuple[str, ...]
    parents: tuple[str, ...]
    """Name of the district of each region; its own name for a district."""
    shares: Floats
    """Cumulative shares of the people."""
    corners: Floats
    """Triangles that fill the regions, region by region: triangle x corner x (lng, lat), WGS84."""
    areas: Floats
    """Upper limits of the triangles in one order: index of the region + share of its area."""
    below: Mapping[int, tuple[tuple[str, ...], Indices]]
    """Digits → codes in order, and where those of each region begin (one more than regions)."""

    def regions(self, draws: Floats) -> Indices:
        """Choose a region for each draw."""
        return chance.pick(draws, self.shares)

    def points(self, regions: Indices, keys: Keys, draw: int, seed: int) -> tuple[Floats, Floats]:
        """Give a point in each of the regions, lng and lat; uses three draws from `draw` on."""
        which = chance.uniform(keys, draw, seed)
        triangles = np.searchsorted(self.areas, regions + which, side="right")
        corner = self.corners[triangles.clip(max=len(self.corners) - 1)]
        root = np.sqrt(chance.uniform(keys, draw + 1, seed))
        along = chance.uniform(keys, draw + 2, seed)
        weights = np.stack([1 - root, root * (1 - along), root * along], axis=1)
        point = (corner * weights[:, :, None]).sum(axis=1)
        return point[:, 0], point[:, 1]

    def code_below(self, regions: Indices, digits: int, draws: Floats) -> list[str]:
        """Choose a code of so many digits in each region; the region's own where it has none."""
        if digits not in self.below:
            return [self.codes[r] for r in regions]
        codes, starts = self.below[digits]
        count = starts[regions + 1] - starts[regions]
        chosen = starts[regions] + (draws * count).astype(np.int64)
        rows = zip(regions, chosen, count, strict=True)
        return [codes[c] if n else self.codes[r] for r, c, n in rows]


def from_wgs84(lng: Floats, lat: Floats, rule: PlaceRule) -> tuple[Floats, Floats]:
    """Turn positions into the datum in which a feed writes them."""
    if rule.datum == "GCJ02":
        return datum.gcj02_from_wgs84(lng, lat)
    if rule.datum == "BD09":
        return datum.bd09_from_gcj02(*datum.gcj02_from_wgs84(lng, lat))
    return lng, lat


def load_places(folder: Path) -> Places:
    """Read the boundaries that city.yaml names.

    Raises:
        layers.documents.DocumentError: city.yaml or a boundary file can't be taken.
    """
    city = documents.load(folder / "city.yaml", CityFile)
    levels = {level.digits: _features(folder, level) for level in city.levels}
    digits = max(d for d in levels if d <= STREET)
    base = sorted(levels[digits], key=lambda f: f.properties.code)
    codes = tuple(f.properties.code for f in base)
    names = {f.properties.code: f.properties.name for f in levels[min(levels)]}
    corners, areas = _triangles([bytes(f.geometry) for f in base])
    return Places(
        codes=codes,
        names=tuple(f.properties.name for f in base),
        parents=tuple(names.get(code[: min(levels)], "") for code in codes),
        shares=chance.cumulative(_weights(base, levels[min(levels)])),
        corners=corners,
        areas=areas,
        below={d: _below(codes, f) for d, f in levels.items() if d > digits},
    )


def _features(folder: Path, level: Level) -> list[_Feature]:
    file = folder / level.file
    try:
        raw = file.read_bytes()
        text = gzip.decompress(raw) if file.suffix == ".gz" else raw
        return msgspec.json.decode(text, type=_Collection).features
    except (OSError, msgspec.DecodeError) as error:
        raise documents.DocumentError(file, f"can't be read ({error})", "Mend the file.") from error


def _weights(base: Sequence[_Feature], districts: Sequence[_Feature]) -> Floats:
    """Give the people of each region: its own count, or an equal part of its district's."""
    people = {f.properties.code: f.properties.population for f in districts}
    shares = [_count(f, base, people) for f in base]
    known = [s for s in shares if s is not None]
    usual = float(np.mean(known)) if known else 1.0
    return np.array([usual if s is None else s for s in shares])


def _count(
    found: _Feature, base: Sequence[_Feature], people: Mapping[str, int | None]
) -> float | None:
    if found.properties.population is not None:
        return float(found.properties.population)
    for code, count in people.items():
        if count is not None and found.properties.code.startswith(code):
            return count / sum(f.properties.code.startswith(code) for f in base)
    return None


def _triangles(shapes: Sequence[bytes]) -> tuple[Floats, Floats]:
    cut = shapely.constrained_delaunay_triangles(shapely.from_geojson(shapes))
    parts, owner = shapely.get_parts(cut, return_index=True)
    area = shapely.area(parts)
    parts, owner, area = parts[area > 0], owner[area > 0], area[area > 0]
    corners = shapely.get_coordinates(parts).reshape(-1, 4, 2)[:, :3]
    total = np.bincount(owner, weights=area)
    whole = np.cumsum(area)
    before = np.concatenate([[0.0], np.cumsum(total)])[owner]
    share = np.minimum((whole - before) / total[owner], 1.0)
    last = np.append(owner[1:] != owner[:-1], True)
    return corners, owner + np.where(last, 1.0, share)


def _below(codes: Sequence[str], features: Sequence[_Feature]) -> tuple[tuple[str, ...], Indices]:
    every = sorted(f.properties.code for f in features)
    ends: Any = np.searchsorted(every, [*codes, "~"])
    return tuple(every), ends.astype(np.int64)
