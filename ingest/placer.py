"""Positions of messages, as text, to regions; what was placed once is remembered."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from ingest.devices import read_devices
from ingest.positions import pairs
from ingest.projections import Projection
from layers.feed_spec import FeedSpec, Where
from layers.geography import Geography

_REMEMBERED = 300_000
"""Most sensors never move; when so many places are known, the memory starts anew."""

_FOUND = {"lng": pl.Float64, "lat": pl.Float64, "region": pl.Int32, "noted": pl.UInt8}

NOTED = {"swapped": 1, "placeholder": 2, "unknown_device": 4}
"""What is noted of a place → its bit; each becomes a column of rows in which it occurs."""

Numbers = npt.NDArray[np.float64]


def place_texts(feed: FeedSpec) -> dict[str, Where]:
    """Give the columns that say where a message lies: name → how it is got."""
    place = feed.place
    wanted: dict[str, Where] = {
        "lng_text": place.lng,
        "lat_text": place.lat,
        "point_text": place.point,
        "code_text": place.code,
    }
    if place.device:
        wanted["device_text"] = feed.fields["sensor_id"]
    return {name: where for name, where in wanted.items() if where}


class Placer:
    """Places the messages of one feed.

    Args:
        geography: the regions.
        feed: where its positions stand and what they are in.
    """

    def __init__(self, geography: Geography, feed: FeedSpec) -> None:
        self._geography = geography
        self._rule = feed.place
        self._values = feed.values
        self._key = list(place_texts(feed))
        self._projection = Projection(feed.place)
        self._devices = read_devices(feed.place.device) if feed.place.device else None
        self._known = self._nothing()

    def place(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Give lng, lat (WGS84, may be null) and region (0: 未定位) of every row, and notes.

        Args:
            rows: the columns of `place_texts`; coordinates go before a device, that before a code.
        """
        if not self._key:
            nowhere = pl.DataFrame(schema=_FOUND).drop("noted").clear(rows.height)
            return nowhere.with_columns(pl.col("region").fill_null(0))
        wanted = rows.select(self._key).with_columns(pl.all().fill_null(""))
        found = self._look_up(wanted)
        if found["region"].null_count():
            new = wanted.filter(found["region"].is_null()).unique()
            if self._known.height + new.height > _REMEMBERED:
                self._known = self._nothing()
                new = wanted.unique()
            with np.errstate(all="ignore"):  # what is beyond numbers ends as no position
                placed = self._placed(new)
            self._known = pl.concat([self._known, placed])
            found = self._look_up(wanted)
        return _unfolded(found.select(*_FOUND))

    def _nothing(self) -> pl.DataFrame:
        return pl.DataFrame(schema={**dict.fromkeys(self._key, pl.String), **_FOUND})

    def _look_up(self, wanted: pl.DataFrame) -> pl.DataFrame:
        return wanted.join(self._known, on=self._key, how="left", maintain_order="left")

    def _placed(self, new: pl.DataFrame) -> pl.DataFrame:
        x, y = pairs(new, self._rule, self._values)
        placeholder = self._is_placeholder(x, y)
        x, y = np.where(placeholder, np.nan, x), np.where(placeholder, np.nan, y)
        lng, lat, region = self._located(x, y)
        noted = np.where(placeholder, NOTED["placeholder"], 0).astype(np.uint8)
        if self._rule.swapped == "mend":
            turned_lng, turned_lat, turned = self._located(y, x)
            mended = (region == 0) & (turned > 0)
            noted[mended] |= NOTED["swapped"]
            lng, lat = np.where(mended, turned_lng, lng), np.where(mended, turned_lat, lat)
            region = np.where(mended, turned, region)
        codes = [new["code_text"]] if "code_text" in self._key else []
        if self._devices is not None:
            device = self._device(new)
            of_x, of_y = pairs(device, self._rule, self._values)
            nowhere = self._is_placeholder(of_x, of_y)
            of_x, of_y = np.where(nowhere, np.nan, of_x), np.where(nowhere, np.nan, of_y)
            other_lng, other_lat, other = self._located(of_x, of_y)
            open_ = region == 0
            lng, lat = (
                np.where(open_, _or(other_lng, lng), lng),
                np.where(open_, _or(other_lat, lat), lat),
            )
            region = np.where(open_, other, region)
            noted[open_ & device["unknown"].to_numpy()] |= NOTED["unknown_device"]
            codes.insert(0, device["code"])
        for code in codes:
            by_code = self._geography.index_of(code.fill_null("").str.strip_chars().to_list())
            region = np.where(region > 0, region, by_code)
        return new.with_columns(
            pl.Series("lng", lng, nan_to_null=True),
            pl.Series("lat", lat, nan_to_null=True),
            pl.Series("region", region.astype(np.int32), dtype=pl.Int32),
            pl.Series("noted", noted, dtype=pl.UInt8),
        )

    def _located(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers, npt.NDArray[np.int32]]:
        lng, lat = self._projection.to_wgs84(x, y)
        return lng, lat, self._geography.place(lng, lat)

    def _is_placeholder(self, x: Numbers, y: Numbers) -> npt.NDArray[np.bool_]:
        found = np.zeros(len(x), dtype=np.bool_)
        for lng, lat in self._rule.placeholders:
            found |= np.isclose(x, lng, rtol=0, atol=1e-9) & np.isclose(y, lat, rtol=0, atol=1e-9)
        return found

    def _device(self, new: pl.DataFrame) -> pl.DataFrame:
        assert self._devices is not None, "asked only where there is a table"  # noqa: S101
        named = new.select(id=pl.col("device_text").str.strip_chars())
        joined = named.join(self._devices, on="id", how="left", maintain_order="left")
        return joined.with_columns(unknown=pl.col("listed").is_null())


def _or(one: Numbers, two: Numbers) -> Numbers:
    return np.where(np.isfinite(one), one, two)


def _unfolded(found: pl.DataFrame) -> pl.DataFrame:
    """Give what is noted as columns, those that occur."""
    noted = found["noted"]
    bits = int(np.bitwise_or.reduce(noted.to_numpy(), initial=0))
    return found.drop("noted").with_columns(
        (noted & bit).cast(pl.Boolean).alias(name) for name, bit in NOTED.items() if bits & bit
    )
