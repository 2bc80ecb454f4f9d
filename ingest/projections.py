"""Coordinates of other reference systems into degrees WGS84, offline."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pyproj import Transformer
from pyproj.network import set_network_enabled  # type: ignore[attr-defined]  # not in __all__

from layers.datum import to_wgs84
from layers.feed_spec import PlaceRule

Numbers = npt.NDArray[np.float64]

_WGS84 = 4326


class Projection:
    """The way of a feed's coordinates to WGS84.

    Args:
        rule: an affine grid, an EPSG code or a datum, in this order.

    Raises:
        pyproj.exceptions.ProjError: no such EPSG code.
    """

    def __init__(self, rule: PlaceRule) -> None:
        self._datum = rule.datum
        self._affine = rule.affine
        epsg = rule.affine.epsg if rule.affine else rule.epsg
        self._transformer: Transformer | None = None
        if epsg:
            # grids that PROJ would fetch are worth centimetres here, and nothing may be fetched
            set_network_enabled(active=False)
            self._transformer = Transformer.from_crs(epsg, _WGS84, always_xy=True)

    def to_wgs84(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        """Give longitude and latitude; NaN for what can be no position."""
        if self._affine is not None:
            a = self._affine
            x, y = a.a * x + a.b * y + a.c, a.d * x + a.e * y + a.f
        if self._transformer is not None:
            lng, lat = self._transformer.transform(x, y)
        else:
            lng, lat = _possible(x, y)
            lng, lat = to_wgs84(lng, lat, self._datum)
        return _possible(np.asarray(lng), np.asarray(lat))


def _possible(lng: Numbers, lat: Numbers) -> tuple[Numbers, Numbers]:
    possible = (np.abs(lng) <= 180) & (np.abs(lat) <= 90)
    return np.where(possible, lng, np.nan), np.where(possible, lat, np.nan)
