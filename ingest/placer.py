"""Positions of messages, as text, to regions; what was placed once is remembered."""

from __future__ import annotations

import numpy as np
import polars as pl

from layers.datum import to_wgs84
from layers.feed_spec import PlaceRule
from layers.geography import Geography

_REMEMBERED = 300_000
"""Most sensors never move; when so many places are known, the memory starts anew."""
_KEY = ["lng_text", "lat_text", "code_text"]
_EMPTY = pl.DataFrame(
    schema={
        **dict.fromkeys(_KEY, pl.String),
        "lng": pl.Float64,
        "lat": pl.Float64,
        "region": pl.Int32,
    }
)


class Placer:
    """Places the messages of one feed.

    Args:
        geography: the regions.
        rule: datum of the coordinates.
    """

    def __init__(self, geography: Geography, rule: PlaceRule) -> None:
        self._geography = geography
        self._rule = rule
        self._known = _EMPTY

    def place(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Give lng, lat (WGS84, may be null) and region (0: 未定位) of every row.

        Args:
            rows: lng_text, lat_text, code_text; coordinates go before a code.
        """
        wanted = rows.select(_KEY).with_columns(pl.all().fill_null(""))
        found = self._look_up(wanted)
        if found["region"].null_count():
            new = wanted.filter(found["region"].is_null()).unique()
            if self._known.height + new.height > _REMEMBERED:
                self._known = _EMPTY
                new = wanted.unique()
            self._known = pl.concat([self._known, self._placed(new)])
            found = self._look_up(wanted)
        return found.select("lng", "lat", "region")

    def _look_up(self, wanted: pl.DataFrame) -> pl.DataFrame:
        return wanted.join(self._known, on=_KEY, how="left", maintain_order="left")

    def _placed(self, new: pl.DataFrame) -> pl.DataFrame:
        lng, lat = (
            new[name].str.strip_chars().cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
            for name in ("lng_text", "lat_text")
        )
        possible = (np.abs(lng) <= 180) & (np.abs(lat) <= 90)
        lng, lat = np.where(possible, lng, np.nan), np.where(possible, lat, np.nan)
        lng, lat = to_wgs84(lng, lat, self._rule.datum)
        region = self._geography.place(lng, lat)
        if self._rule.code:
            by_code = self._geography.index_of(new["code_text"].to_list())
            region = np.where(region > 0, region, by_code).astype(np.int32)
        return new.with_columns(
            pl.Series("lng", lng, nan_to_null=True),
            pl.Series("lat", lat, nan_to_null=True),
            pl.Series("region", region, dtype=pl.Int32),
        )
