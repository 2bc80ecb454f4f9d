"""Datums of Chinese data: WGS84, CGCS2000, GCJ-02 and BD-09; one of them is stored (WGS84).

CGCS2000 differs from WGS84 by less than a metre and is taken as equal. GCJ-02 and BD-09 are turned
back by iteration to below 1e-9 degrees. Own calculation of the published shift formulas.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt

Degrees = npt.NDArray[np.float64]
Shift = Callable[[Degrees, Degrees], tuple[Degrees, Degrees]]
Datum = Literal["WGS84", "CGCS2000", "GCJ02", "BD09"]

_A = 6378245.0
_E2 = 0.00669342162296594323
_BD = np.pi * 3000.0 / 180.0

MAINLAND = (72.004, 0.8293, 137.8347, 55.8271)
"""West, south, east, north of the rectangle in which the shift applies."""


def to_wgs84(
    lng: Degrees, lat: Degrees, datum: Datum, mask: tuple[float, float, float, float] = MAINLAND
) -> tuple[Degrees, Degrees]:
    """Turn positions into WGS84.

    Args:
        lng: degrees east, any shape.
        lat: degrees north, the same shape.
        datum: what they are in.
        mask: rectangle outside of which GCJ-02 is not shifted.
    """
    if datum in ("WGS84", "CGCS2000"):
        return lng, lat
    if datum == "BD09":
        lng, lat = _undo(lng, lat, bd09_from_gcj02)
    return _undo(lng, lat, lambda x, y: gcj02_from_wgs84(x, y, mask))


def gcj02_from_wgs84(
    lng: Degrees, lat: Degrees, mask: tuple[float, float, float, float] = MAINLAND
) -> tuple[Degrees, Degrees]:
    """Shift WGS84 to GCJ-02; positions outside the mask stay."""
    x, y = lng - 105.0, lat - 35.0
    d_lat = _wave_lat(x, y)
    d_lng = _wave_lng(x, y)
    rad = np.radians(lat)
    magic = 1 - _E2 * np.sin(rad) ** 2
    root = np.sqrt(magic)
    d_lat = np.degrees(d_lat * magic * root / (_A * (1 - _E2)))
    d_lng = np.degrees(d_lng * root / (_A * np.cos(rad)))
    west, south, east, north = mask
    inside = (lng >= west) & (lng <= east) & (lat >= south) & (lat <= north)
    return np.where(inside, lng + d_lng, lng), np.where(inside, lat + d_lat, lat)


def bd09_from_gcj02(lng: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Shift GCJ-02 to BD-09."""
    radius = np.hypot(lng, lat) + 0.00002 * np.sin(lat * _BD)
    angle = np.arctan2(lat, lng) + 0.000003 * np.cos(lng * _BD)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def _undo(lng: Degrees, lat: Degrees, shift: Shift) -> tuple[Degrees, Degrees]:
    """Find the position whose shift is the given one; the shift is a contraction."""
    x, y = lng, lat
    for _ in range(12):
        moved_lng, moved_lat = shift(x, y)
        x, y = x + (lng - moved_lng), y + (lat - moved_lat)
    return x, y


def _wave_lat(x: Degrees, y: Degrees) -> Degrees:
    base = -100 + 2 * x + 3 * y + 0.2 * y**2 + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    first = (20 * np.sin(6 * x * np.pi) + 20 * np.sin(2 * x * np.pi)) * 2 / 3
    second = (20 * np.sin(y * np.pi) + 40 * np.sin(y / 3 * np.pi)) * 2 / 3
    third = (160 * np.sin(y / 12 * np.pi) + 320 * np.sin(y * np.pi / 30)) * 2 / 3
    wave: Degrees = base + first + second + third
    return wave


def _wave_lng(x: Degrees, y: Degrees) -> Degrees:
    base = 300 + x + 2 * y + 0.1 * x**2 + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    first = (20 * np.sin(6 * x * np.pi) + 20 * np.sin(2 * x * np.pi)) * 2 / 3
    second = (20 * np.sin(x * np.pi) + 40 * np.sin(x / 3 * np.pi)) * 2 / 3
    third = (150 * np.sin(x / 12 * np.pi) + 300 * np.sin(x * np.pi / 30)) * 2 / 3
    wave: Degrees = base + first + second + third
    return wave
