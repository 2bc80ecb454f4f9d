"""Positions as feeds write them: two numbers, one text, degrees and minutes, well-known text."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import shapely

from ingest.values import numbers
from layers.feed_spec import PlaceRule, ValueRule

Numbers = npt.NDArray[np.float64]

_LETTERS = {"东": "E", "西": "W", "北": "N", "南": "S"}
_SIDE = "[NSEWnsew]"
_DEGREE, _MINUTE, _SECOND = "[°度º]", "['′’分]", "(?:[\"″”秒]|'')"
_PART = r"\d+(?:\.\d+)?"
_ANGLE = rf"{_PART}(?:\s*{_DEGREE}(?:\s*{_PART}\s*{_MINUTE}(?:\s*{_PART}\s*{_SECOND}?)?)?)?"
_BEFORE = rf"{_SIDE}\s*{_ANGLE}"
_AFTER = rf"[+-]?{_ANGLE}\s*{_SIDE}?"
_WKT = r"(?i)^\s*(?:SRID=\d+;\s*)?(?:POINT|LINESTRING|POLYGON|MULTI|GEOMETRYCOLLECTION)"
_SPLIT = (
    rf"^\s*(?P<before>{_SIDE})?\s*(?P<sign>[+-])?(?P<degree>{_PART})\s*"
    rf"(?:(?:{_DEGREE}|[:\s])\s*(?:(?P<minute>{_PART})\s*(?:{_MINUTE}|[:\s])?\s*"
    rf"(?:(?P<second>{_PART})\s*{_SECOND}?)?)?)?\s*(?P<after>{_SIDE})?\s*$"
)


def pairs(rows: pl.DataFrame, place: PlaceRule, rule: ValueRule) -> tuple[Numbers, Numbers]:
    """Read the coordinates as they are sent, x before y; NaN where there are none.

    Args:
        rows: lng_text and lat_text, or point_text, or all of them: the numbers go first.
        place: how a point is written.
        rule: how numbers are written.
    """
    nothing = np.full(rows.height, np.nan)
    x, y = nothing, nothing
    if "lng_text" in rows.columns and "lat_text" in rows.columns:
        x, y = degrees(rows["lng_text"], rule), degrees(rows["lat_text"], rule)
    if "point_text" in rows.columns:
        other_x, other_y = _points(rows["point_text"], place, rule)
        absent = ~(np.isfinite(x) & np.isfinite(y))
        x, y = np.where(absent, other_x, x), np.where(absent, other_y, y)
    return x, y


def _points(text: pl.Series, place: PlaceRule, rule: ValueRule) -> tuple[Numbers, Numbers]:
    """Read both coordinates from one text; well-known text is that whatever the form says."""
    if place.form == "wkt":
        return _wkt(text)
    told = text.str.contains(_WKT).fill_null(value=False)
    if not told.any():
        return _listed(text, place, rule)
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, len(text))
    known, others = text.zip_with(told, nothing), text.zip_with(~told, nothing)
    known_at, others_at = _wkt(known), _listed(others, place, rule)
    is_known = told.to_numpy()
    x, y = (np.where(is_known, a, b) for a, b in zip(known_at, others_at, strict=True))
    return x, y


def degrees(text: pl.Series, rule: ValueRule) -> Numbers:
    """Read numbers; what is none may be degrees, minutes and seconds."""
    found = numbers(text, rule)
    missing = found.is_null() & (text.fill_null("").str.strip_chars() != "")
    if missing.any():
        found = found.zip_with(~missing, _angles(_lettered(text)))
    return found.fill_null(np.nan).to_numpy()


def _angles(text: pl.Series) -> pl.Series:
    parts = pl.DataFrame({"t": text}).select(pl.col("t").str.extract_groups(_SPLIT)).unnest("t")
    degree, minute, second = (
        pl.col(part).cast(pl.Float64, strict=False) for part in ("degree", "minute", "second")
    )
    side = pl.coalesce("before", "after").str.to_uppercase().fill_null("")
    negative = side.is_in(["S", "W"]) ^ (pl.col("sign").fill_null("") == "-")
    angle = degree + minute.fill_null(0) / 60 + second.fill_null(0) / 3600
    # two letters contradict each other, sixty minutes are a degree
    sane = (
        (minute.fill_null(0) < 60)
        & (second.fill_null(0) < 60)
        & (pl.col("before").is_null() | pl.col("after").is_null())
    )
    signed = pl.when(negative).then(-angle).otherwise(angle)
    return parts.select(pl.when(sane).then(signed).alias("angle")).to_series()


def _lettered(text: pl.Series) -> pl.Series:
    frame = pl.DataFrame({"t": text})
    plain = pl.col("t").str.normalize("NFKC").str.replace_all("[经纬]度?", "")
    plain = plain.str.replace_many(_LETTERS)
    return frame.select(plain).to_series()


def _listed(text: pl.Series, place: PlaceRule, rule: ValueRule) -> tuple[Numbers, Numbers]:
    """Take two numbers, whatever stands around and between them."""
    frame = pl.DataFrame({"t": _lettered(text)})
    lettered = frame["t"].str.contains(rf"{_DEGREE}|\d\s*{_SIDE}(?:[^\w]|$)|(?:^|\W){_SIDE}\s*\d")
    lettered = lettered.fill_null(value=False)
    if rule.decimal == ",":
        # where there are points, they are the decimal ones: a comma parts the two numbers
        frame = frame.with_columns(
            pl.when(pl.col("t").str.contains(r"\d\.\d"))
            .then(pl.col("t").str.replace_all(",", " ", literal=True))
            .otherwise(pl.col("t").str.replace_all(r"(\d),(\d)", "$1.$2"))
        )
    one = r"[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?"
    # a dash right after a digit parts two numbers
    parted = pl.col("t").str.replace_all(r"(\d)\s*--", "$1 -")
    parted = parted.str.replace_all(r"(\d)-(\d)", "$1 $2")
    found = frame.select(parted.str.extract_all(one)).to_series()
    # a third number is the height
    few = found.list.len().is_between(2, 3)
    first, second = (found.list.get(i, null_on_oob=True) for i in (0, 1))
    lat_first = pl.Series([place.form == "lat,lng"]).new_from_index(0, len(text))
    if lettered.any():
        of_angle, named = _angled(frame["t"])
        first = first.zip_with(~lettered, of_angle[0])
        second = second.zip_with(~lettered, of_angle[1])
        few = few.zip_with(~lettered, of_angle[1].is_not_null())
        lat_first = lat_first.zip_with(named.is_null(), named.fill_null(value=False))
    a, b = (degrees(s, ValueRule()) for s in (first, second))
    good, turned = few.fill_null(value=False).to_numpy(), lat_first.to_numpy()
    x, y = np.where(turned, b, a), np.where(turned, a, b)
    return np.where(good, x, np.nan), np.where(good, y, np.nan)


def _angled(text: pl.Series) -> tuple[tuple[pl.Series, pl.Series], pl.Series]:
    """Split a text of two angles; say where its letters tell that the latitude comes first."""
    before = text.str.contains(rf"^\W*{_SIDE}").fill_null(value=False)
    tokens = text.str.extract_all(_BEFORE).zip_with(before, text.str.extract_all(_AFTER))
    two = tokens.list.len() == 2
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, len(text))
    first, second = (
        tokens.list.get(i, null_on_oob=True).zip_with(two.fill_null(value=False), nothing)
        for i in (0, 1)
    )
    lettered = first.str.extract(f"({_SIDE})", 1).str.to_uppercase()
    return (first, second), lettered.is_in(["N", "S"]).zip_with(
        lettered.is_not_null(), nothing.cast(pl.Boolean)
    )


def _wkt(text: pl.Series) -> tuple[Numbers, Numbers]:
    """Take the centroid of any geometry; the reference system before it is not looked at."""
    plain = text.fill_null("").str.replace(r"(?i)^\s*SRID=\d+;", "").str.strip_chars()
    plain = plain.str.replace(r"(?i)^.*(?:curve|circular|surface).*$", "")  # GEOS draws no curves
    shapes = shapely.from_wkt(plain.to_numpy().astype(object), on_invalid="ignore")
    middle = shapely.centroid(np.where(shapely.is_empty(shapes), None, shapes))
    return shapely.get_x(middle), shapely.get_y(middle)
