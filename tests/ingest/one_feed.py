"""Messages of one feed, as rows and rejects."""

import json

import polars as pl
from small_city import NOW_MS, feed, frame

from ingest.normalize import Normalizer
from ingest.sources.base import make_slice

FRAME = frame()


def body(**more):
    """Give a good message, with changes; None leaves a part out."""
    whole = {"id": "s1", "p": "no2", "v": 10, "x": 0.5, "y": 1.0, "at": NOW_MS} | more
    return {name: value for name, value in whole.items() if value is not None}


def batch(values, spec, geography=None):
    lines = [json.dumps(v, ensure_ascii=False).encode() for v in values]
    part = make_slice("air", 0, range(len(lines)), [NOW_MS] * len(lines), lines)
    city = FRAME if geography is None else geography
    return Normalizer(spec, city).batch([part])


def regions(rows):
    return [FRAME.geography.codes[r] for r in rows["region"]]


def places(sent, place, **spec):
    """Give (lng, lat) rounded, and the region, of messages in a place rule."""
    rows = batch([body(id=f"s{i}", **v) for i, v in enumerate(sent)], feed(place=place, **spec))
    rounded = rows.rows.select(pl.col("lng").round(6), pl.col("lat").round(6)).rows()
    return list(zip(rounded, regions(rows.rows), strict=True)), rows.rows
