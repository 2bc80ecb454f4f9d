"""City packs: folders of data from which the product makes one city.

A pack is `city.yaml`, boundaries per level, code tables, indicators, feeds and samples. Adding a
city is adding a folder; no engine is edited.

Errors: DocumentError (layers.documents) ← PackError. Each names the file, the key, and what to do.
"""

from __future__ import annotations

import csv
import difflib
import gzip
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import msgspec
import numpy as np
import shapely

from layers import documents
from layers.documents import DocumentError
from layers.geography import Geography, Region
from layers.labels import Label
from layers.tables import decoded

CITIES = Path(__file__).parent / "cities"
"""The packs that ship with the product."""


class PackError(DocumentError):
    """A city pack can't be taken as it is."""


class _Spec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base: an unknown key is an error."""


class Level(_Spec, frozen=True):
    """One level of regions below the city."""

    digits: Literal[6, 9, 12, 15]
    """Length of the codes."""
    file: str
    """GeoJSON, or GeoJSON compressed by gzip (`.gz`), relative to the pack."""
    title: Label
    """What a region of this level is called."""
    generated: bool = False
    """True when all shapes of this level are generated (演示数据)."""


class CityFile(_Spec, frozen=True):
    """What city.yaml says."""

    id: str
    name: Label
    code: Annotated[str, msgspec.Meta(pattern="^([0-9]{2}){1,2}$")]
    """Prefix of the codes of all its districts, 2 or 4 digits."""
    timezone: str
    """IANA name."""
    center: tuple[float, float]
    """lng, lat of the map when the whole city is shown."""
    zoom: float
    map_indicator: str
    """Code of the indicator that colours the map at first."""
    wall: tuple[str, ...]
    """Codes of the vitals on the wall, in order."""
    levels: Annotated[tuple[Level, ...], msgspec.Meta(min_length=1)]
    legend_corner: Literal["tl", "tr", "bl", "br"] = "br"
    """Corner of the map that the shape of the city leaves empty."""
    datum: Literal["WGS84"] = "WGS84"
    """Of the boundaries and of everything stored."""
    demo: Label | None = None
    """What of this city is generated or moved in time; None: nothing."""


class _Properties(msgspec.Struct, frozen=True):
    code: str
    name: str
    name_en: str = ""
    parent: str = ""
    population: int | None = None
    generated: bool = False
    valid_from: date | None = None
    valid_to: date | None = None


class _Feature(msgspec.Struct, frozen=True):
    properties: _Properties
    geometry: msgspec.Raw


class _Boundaries(msgspec.Struct, frozen=True):
    features: list[_Feature]


@dataclass(frozen=True, slots=True)
class CityPack:
    """A city, ready to be used."""

    id: str
    name: Label
    code: str
    timezone: str
    center: tuple[float, float]
    zoom: float
    legend_corner: str
    demo: Label | None
    map_indicator: str
    wall: tuple[str, ...]
    levels: tuple[Level, ...]
    geography: Geography
    folder: Path
    categories: Mapping[str, Mapping[str, Label]]
    """Feed id → category code → name, from codes/<feed>.csv."""

    @property
    def feeds_dir(self) -> Path:
        """Folder of the feeds, one YAML each."""
        return self.folder / "feeds"

    @property
    def samples_dir(self) -> Path:
        """Folder of the recorded data that the demo plays."""
        return self.folder / "samples"

    @property
    def indicators_file(self) -> Path:
        """The indicators of the city."""
        return self.folder / "indicators.yaml"

    def category_label(self, feed: str, code: str) -> Label:
        """Name a category of a feed; a code that no table knows names itself."""
        return self.categories.get(feed, {}).get(code, Label(code, code))

    def level_title(self, digits: int) -> Label | None:
        """Say what a region with codes of that length is called; None for the city itself."""
        return next((level.title for level in self.levels if level.digits == digits), None)


def pack_ids() -> tuple[str, ...]:
    """Give the ids of the packs that ship with the product."""
    return tuple(sorted(file.parent.name for file in CITIES.glob("*/city.yaml")))


def load_pack(path_or_id: str | Path, day: date | None = None) -> CityPack:
    """Read a city pack.

    Args:
        path_or_id: the id of a pack that ships with the product, or the path of a folder.
        day: regions that do not exist on this day take no points; without it, those that have a
            last day take none.

    Raises:
        PackError: no such pack, or a boundary or code table can't be taken.
        DocumentError: city.yaml can't be taken.
    """
    folder = _folder(path_or_id)
    city = documents.load(folder / "city.yaml", CityFile)
    _check_city(folder / "city.yaml", city)
    return CityPack(
        id=city.id,
        name=city.name,
        code=city.code,
        timezone=city.timezone,
        center=city.center,
        zoom=city.zoom,
        legend_corner=city.legend_corner,
        demo=city.demo,
        map_indicator=city.map_indicator,
        wall=city.wall,
        levels=city.levels,
        geography=_geography(folder, city, day or date.max),
        folder=folder,
        categories=_categories(folder / "codes"),
    )


def _folder(path_or_id: str | Path) -> Path:
    for folder in (CITIES / path_or_id, Path(path_or_id)):
        if (folder / "city.yaml").is_file():
            return folder
    remedy = f"{_nearest(str(path_or_id), pack_ids())} Known packs: {', '.join(pack_ids())}."
    raise PackError(Path(path_or_id), "is no city pack (no city.yaml in it)", remedy)


def _check_city(file: Path, city: CityFile) -> None:
    try:
        ZoneInfo(city.timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        remedy = _nearest(city.timezone, available_timezones())
        raise PackError(file, f"`timezone`: no zone {city.timezone!r}", remedy) from error
    digits = [level.digits for level in city.levels]
    if 6 not in digits or len(set(digits)) < len(digits):
        remedy = "Give 6 digits (districts), and each other length at most once."
        raise PackError(file, f"`levels` have the digits {digits}", remedy)


def _geography(folder: Path, city: CityFile, day: date) -> Geography:
    regions: dict[str, Region] = {}
    shapes: dict[str, shapely.Geometry] = {}
    taken = {city.code}
    for level in sorted(city.levels, key=lambda level: level.digits):
        file = folder / level.file
        features = _read_boundaries(file)
        for feature in features:
            _check_code(file, level, feature.properties, taken)
            taken.add(feature.properties.code)
        shapes |= _read_shapes(file, features)
        regions |= {f.properties.code: _region(f.properties, level) for f in features}
    counts = [r.population for r in regions.values() if r.level == 6]
    known = [count for count in counts if count is not None]
    whole = Region(city.code, city.name, sum(known) if len(known) == len(counts) else None)
    return Geography([whole, *regions.values()], shapes, day)


def _read_boundaries(file: Path) -> list[_Feature]:
    try:
        raw = file.read_bytes()
        text = gzip.decompress(raw) if file.suffix == ".gz" else raw
        return msgspec.json.decode(text, type=_Boundaries).features
    except OSError as error:
        raise PackError(file, f"can't be read ({error})", "Check `levels` in city.yaml.") from error
    except msgspec.DecodeError as error:
        remedy = "Each feature needs properties `code` and `name` (texts) and a geometry."
        raise PackError(file, f"is no GeoJSON of boundaries: {error}", remedy) from error


def _check_code(file: Path, level: Level, found: _Properties, known: set[str]) -> None:
    """Refuse a code of the wrong form, one taken before, and one that is part of nothing known."""
    code = found.code
    if len(code) != level.digits or not code.isdecimal():
        remedy = f"Codes of this level are texts of {level.digits} digits."
        raise PackError(file, f"code {code!r} ({found.name})", remedy)
    if code in known:
        raise PackError(
            file, f"code {code!r} ({found.name}) is taken", "Give each region one code."
        )
    parent = next((code[:n] for n in range(len(code) - 1, 0, -1) if code[:n] in known), "")
    if level.digits > 6 and len(parent) < 6:
        remedy = _nearest(code[:6], [c for c in known if len(c) == 6])
        raise PackError(file, f"code {code!r} lies in no known district", remedy)
    if not parent or (found.parent and found.parent != parent):
        remedy = f"Its parent is {parent!r}." if parent else "It must begin with the city's code."
        raise PackError(file, f"code {code!r} has the parent {found.parent!r}", remedy)


def _nearest(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, sorted(known), 1, 0.4)
    return f"Did you mean {near[0]!r}?" if near else "None is near."


def _region(found: _Properties, level: Level) -> Region:
    return Region(
        code=found.code,
        name=Label(found.name, found.name_en or found.name),
        population=found.population,
        generated=found.generated or level.generated,
        valid_from=found.valid_from,
        valid_to=found.valid_to,
    )


def _read_shapes(file: Path, features: list[_Feature]) -> dict[str, shapely.Geometry]:
    codes = [f.properties.code for f in features]
    shapes = shapely.from_geojson([bytes(f.geometry) for f in features], on_invalid="ignore")
    for code, shape in zip(codes, shapes, strict=True):
        if shape is None or shape.geom_type not in ("Polygon", "MultiPolygon"):
            raise PackError(file, f"{code!r} has no polygon", "Give it a Polygon or MultiPolygon.")
    broken = np.flatnonzero(~shapely.is_valid(shapes))
    if len(broken):
        why = shapely.is_valid_reason(shapes[broken[0]])
        raise PackError(
            file, f"{codes[broken[0]]!r} is no valid polygon: {why}", "Repair the shape."
        )
    west, south, east, north = shapely.total_bounds(shapes)
    if west < -180 or east > 180 or south < -90 or north > 90:
        remedy = "Positions are [longitude, latitude] in degrees WGS84."
        raise PackError(file, "lies outside the globe", remedy)
    return dict(zip(codes, shapes, strict=True))


def _categories(folder: Path) -> dict[str, dict[str, Label]]:
    return {file.stem: _read_codes(file) for file in sorted(folder.glob("*.csv"))}


def _read_codes(file: Path) -> dict[str, Label]:
    rows = csv.DictReader(io.StringIO(decoded(file.read_bytes()), newline=""))
    if not re.search(r"\b(zh|en)\b", " ".join(rows.fieldnames or ())):
        return {}  # another table, which a feed names: devices, or codes of its source
    if rows.fieldnames != ["code", "zh", "en"]:
        raise PackError(file, f"has the columns {rows.fieldnames}", "They are code,zh,en.")
    table: dict[str, Label] = {}
    for row in rows:
        code, zh, en = row["code"], row["zh"], row["en"]
        if not (code and zh and en) or code in table:
            problem = f"line {rows.line_num}: {code!r} is incomplete or stands twice"
            raise PackError(file, problem, "Give each code one line with both names.")
        table[code] = Label(zh, en)
    return table
