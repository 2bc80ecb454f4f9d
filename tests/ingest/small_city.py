"""A city of two districts and a few feeds, small enough to count by hand."""

import time
from datetime import date, datetime
from zoneinfo import ZoneInfo

import shapely

from layers.batch import Frame
from layers.documents import convert
from layers.feed_spec import FeedSpec
from layers.geography import Geography, Region
from layers.labels import Label

NAME = Label("名", "name")
SHAPES = {
    "110101": shapely.box(0, 0, 2, 2),
    "110102": shapely.box(2, 0, 4, 2),
    "110101001": shapely.box(0, 0, 1, 2),
    "110101002": shapely.box(1, 0, 2, 2),
}
NOW_MS = int(time.time()) // 3600 * 3_600_000 + 1_200_000
"""Twenty past this hour: Redis expires by its own clock, so the past must be near."""
LOCAL = datetime.fromtimestamp(NOW_MS / 1000, ZoneInfo("Asia/Shanghai"))
NOW_S = NOW_MS // 1000


def frame():
    """Give the homes of the small city."""
    regions = [Region("11", NAME), *(Region(code, NAME) for code in SHAPES)]
    return Frame(Geography(regions, SHAPES, date(2025, 11, 25)), "11", "Asia/Shanghai")


def feed(**changes):
    """Give a feed of sensors, with changes."""
    base = {
        "id": "air",
        "title": {"zh": "空气", "en": "Air"},
        "owner": {"code": "hb", "zh": "环保", "en": "Environment"},
        "contact": {"zh": "电话", "en": "phone"},
        "format": "json",
        "kind": "observation",
        "origin": {"zh": "测试", "en": "test"},
        "expect": {"interval_s": 60, "sources": 3, "silent_after_s": 600},
        "late_after_s": 3600,
        "time": {"field": "at", "form": "epoch_ms"},
        "place": {"lng": "x", "lat": "y"},
        "fields": {"sensor_id": "id", "property": "p", "value": "v"},
        "bounds": {"value": {"pm25": [0, 1000]}},
    }
    return convert(base | changes, FeedSpec, "feed.yaml")


def case_feed(**changes):
    """Give a feed of cases, with changes."""
    fields = {
        "case_id": "no", "category": "cat", "title": "t", "status": "s",
        "reported_at": "r", "due_at": "due", "closed_at": "c",
    }  # fmt: skip
    table = {"NOISE": "noise", "ROAD": "road"}
    return feed(
        **{
            "id": "hotline",
            "kind": "case",
            "late_after_s": 86_400,
            "fields": fields,
            "codes": {"category": {"table": table}},
            "bounds": {},
        }
        | changes
    )
