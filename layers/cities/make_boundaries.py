"""Make the boundaries of the packs that ship with the product, from the sources they name.

    python -m layers.cities.make_boundaries --data DIR [--out DIR]

DIR holds boundaries_cn_districts/, admin_codes_cn/ and boundaries_chicago/. The result is the same
every time. Needs `pypinyin`, which nothing else does. Never needed to run the product.

Beijing: real districts (Apache ECharts 4.9, Apache-2.0); real codes and names of streets and
communities (china-division 2.7, National Bureau of Statistics 2023). Their shapes are not public:
cells of a seeded centroidal Voronoi diagram stand for them, and every one says `generated`.
Chicago: community areas of the city's data portal, grouped into the city's nine sides.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas
import shapely

from layers.cities import pinyin
from layers.cities.tiling import Shapes, coverage, merged, simplified, split

log = logging.getLogger(__name__)

FLAT = 0.766
"""Cosine of 40° north: a degree of longitude in degrees of latitude at Beijing."""

GRIDDED = ("110101", "110102")
"""Districts that are cut down to grids; four grids to a community."""
GRIDS = 4

# Seventh national census 2020, Beijing bulletin no. 2, residents; the sixteen add up to 21,893,095.
POPULATION = {
    "110101": 708_829,
    "110102": 1_106_214,
    "110105": 3_452_460,
    "110106": 2_019_764,
    "110107": 567_851,
    "110108": 3_133_469,
    "110109": 392_606,
    "110111": 1_312_778,
    "110112": 1_840_295,
    "110113": 1_324_044,
    "110114": 2_269_487,
    "110115": 1_993_591,
    "110116": 441_040,
    "110117": 457_313,
    "110118": 527_683,
    "110119": 345_671,
}

SIDES = {
    "173101": ("远北区", "Far North Side"),
    "173102": ("西北区", "Northwest Side"),
    "173103": ("北区", "North Side"),
    "173104": ("西区", "West Side"),
    "173105": ("中区", "Central"),
    "173106": ("南区", "South Side"),
    "173107": ("西南区", "Southwest Side"),
    "173108": ("远西南区", "Far Southwest Side"),
    "173109": ("远东南区", "Far Southeast Side"),
}
"""The nine sides into which the city groups its community areas."""

CHICAGO_TOLERANCE = 1.5e-4

Names = Mapping[str, tuple[str, str]]
"""Code → Chinese and English name."""


def main() -> None:
    """Write the boundaries of both packs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the sources")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder of packs")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    make_beijing(arguments.data, arguments.out / "beijing" / "boundaries")
    make_chicago(arguments.data, arguments.out / "chicago" / "boundaries")


def make_beijing(data: Path, out: Path) -> None:
    """Write districts, streets, communities and grids of Beijing."""
    source = _read(data / "boundaries_cn_districts" / "beijing_wgs84.geojson")
    districts = coverage({p["adcode"]: shape for p, shape in source})
    names = {p["adcode"]: (p["name"], pinyin.district(p["name"])) for p, _ in source}
    focus = {p["adcode"]: tuple(p["cp"]) for p, _ in source}
    names |= _beijing_names(data / "admin_codes_cn")
    leaves = coverage(_beijing_cells(districts, focus, names))
    names |= {c: (f"{c[12:]} 网格", f"Grid {c[12:]}") for c in leaves if len(c) == 15}
    for digits, level in ((6, "district"), (9, "street"), (12, "community"), (15, "grid")):
        areas = merged({c: s for c, s in leaves.items() if len(c) >= digits}, digits)
        _write(out / f"{level}.geojson", areas, names, POPULATION)


def _beijing_names(folder: Path) -> dict[str, tuple[str, str]]:
    streets = csv.DictReader((folder / "streets.csv").open(encoding="utf-8"))
    packed = gzip.decompress((folder / "villages_beijing_shanghai.csv.gz").read_bytes())
    villages = csv.DictReader(io.StringIO(packed.decode("utf-8-sig")))
    names = {r["code"]: (r["name"], pinyin.place(r["name"])) for r in streets}
    for row in villages:
        name = pinyin.community(row["name"])
        names[row["code"]] = (name, pinyin.place(name))
    return {code: name for code, name in names.items() if code.startswith("11")}


def _beijing_cells(
    districts: Shapes, focus: Mapping[str, tuple[float, float]], names: Names
) -> Shapes:
    """Cut districts into streets, these into communities, and some of these into grids."""
    leaves: Shapes = {}
    for district, shape in districts.items():
        lng, lat = focus[district]
        flat = shapely.transform(shape, lambda p: p * (FLAT, 1))
        streets = split(flat, _below(district, 9, names), (lng * FLAT, lat), int(district))
        for street, part in streets.items():
            communities = _below(street, 12, names) or [street]
            middle = part.centroid.coords[0]
            leaves |= split(part, communities, middle, int(street))
    for code in [c for c in leaves if c.startswith(GRIDDED) and len(c) == 12]:
        part = leaves.pop(code)
        grids = [f"{code}{n:03}" for n in range(1, GRIDS + 1)]
        north_west = (part.bounds[0], part.bounds[3])
        leaves |= split(part, grids, north_west, int(code[3:]))
    return {c: shapely.transform(s, lambda p: p / (FLAT, 1)) for c, s in leaves.items()}


def _below(code: str, digits: int, names: Names) -> list[str]:
    return sorted(c for c in names if len(c) == digits and c.startswith(code))


def make_chicago(data: Path, out: Path) -> None:
    """Write the sides and the community areas of Chicago."""
    source = _read(data / "boundaries_chicago" / "community_areas.geojson")
    with (out.parent / "areas.csv").open(encoding="utf-8", newline="") as lines:
        rows = {row["number"]: row for row in csv.DictReader(lines)}
    codes = {n: f"17310{row['side']}{int(n):03}" for n, row in rows.items()}
    names = {codes[n]: (row["zh"], row["en"]) for n, row in rows.items()} | SIDES
    people = {codes[n]: int(row["population"]) for n, row in rows.items()}
    for code in SIDES:
        people[code] = sum(p for c, p in people.items() if len(c) == 9 and c.startswith(code))
    areas = coverage({codes[p["area_numbe"]]: shape for p, shape in source})
    areas = dict(sorted(simplified(areas, CHICAGO_TOLERANCE).items()))
    _write(out / "district.geojson", merged(areas, 6), names, people)
    _write(out / "community_area.geojson", areas, names, people)


def _read(file: Path) -> list[tuple[dict[str, Any], shapely.Geometry]]:
    frame = geopandas.read_file(file)
    shapes = shapely.make_valid(frame.geometry.values, method="structure", keep_collapsed=False)
    rows = frame.drop(columns="geometry").to_dict("records")
    return list(zip(rows, shapes, strict=True))


def _write(file: Path, areas: Shapes, names: Names, people: Mapping[str, int]) -> None:
    """Write one level, one region a line, so that a change is seen in a diff."""
    if not shapely.coverage_is_valid(list(areas.values())):
        raise ValueError(f"{file.name}: the areas overlap or do not meet")
    lines = [_line(code, shape, names[code], people.get(code)) for code, shape in areas.items()]
    head = '{"type":"FeatureCollection","features":['
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(head + "\n" + ",\n".join(lines) + "\n]}\n", encoding="utf-8")
    log.info("%s: %d regions, %d kB", file, len(areas), file.stat().st_size // 1000)


def _line(code: str, shape: shapely.Geometry, name: tuple[str, str], people: int | None) -> str:
    """Write one feature; what is null or says nothing new is left out."""
    properties = {
        "code": code,
        "name": name[0],
        "name_en": name[1],
        "parent": code[:-3] if len(code) > 6 else None,
        "generated": code.startswith("11") and len(code) > 6,
        "population": people,
    }
    given = {key: value for key, value in properties.items() if value is not None}
    feature = {
        "type": "Feature",
        "properties": given,
        "geometry": shapely.geometry.mapping(shape),
    }
    return json.dumps(feature, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    main()
