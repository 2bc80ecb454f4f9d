"""One believable quarter of an hour of a small city, as snapshots, and a view to look with."""

from datetime import UTC, datetime, timedelta

import msgspec

from dashboard.pages.page import View
from dashboard.text import Say
from layers.labels import Label
from layers.snapshot import (
    Alert,
    AreaSnapshot,
    CaseRow,
    ChildRow,
    EventRow,
    FeedHealth,
    Funnel,
    IndicatorValue,
    MapPoint,
    MapState,
    RecordField,
    RecordSnapshot,
    RegionRef,
    RejectRow,
    SensorRow,
    SourcesSnapshot,
    Trend,
)

ZONE = "Asia/Shanghai"
NOW = datetime(2026, 11, 24, 6, 30, 20, tzinfo=UTC)
"""14:30:20 on the city's clocks."""

CITY = RegionRef(code="11", name=Label("北京市", "Beijing"), level=2)
CHAOYANG = RegionRef(code="110105", name=Label("朝阳区", "Chaoyang"), level=6, population=3_452_460)
HAIDIAN = RegionRef(code="110108", name=Label("海淀区", "Haidian"), level=6, generated=True)

SOURCE = Label("HJ 633 第4条", "HJ 633 clause 4")
BUREAU = Label("市生态环境局", "Ecology and Environment Bureau")
DESK = Label("值班室 010-0000 0000", "Duty desk 010-0000 0000")
MADE = Label("由程序生成", "made by a program")

RECORD_TITLE = "Heating too weak"
"""What people wrote stands as they wrote it, in any language."""


def ago(**span):
    return NOW - timedelta(**span)


def view(lang="zh", theme="dark", indicator=None, path="/wall", params=None):
    return View(path, params or {}, lang, theme, indicator, NOW)


def say(lang="zh"):
    return Say(lang, ZONE)


def indicator(code="pm25", **more):
    fields = {
        "code": code,
        "title": Label("细颗粒物", "PM2.5"),
        "unit": Label("微克/立方米", "µg/m³"),
        "decimals": 0,
        "value": 41.6,
        "as_of": ago(minutes=8),
        "sources_reporting": 35,
        "sources_expected": 35,
        "owner": BUREAU,
        "feed": "air",
        "state": "live",
        "stale_after_s": 7200,
        "trend": (38.0, None, 40.0, 41.6),
        "change": 3.4,
        "direction": "down",
        "source": SOURCE,
    }
    return IndicatorValue(**(fields | more))


def stale(**more):
    return indicator(
        "water",
        **{"state": "stale", "value": 12.0, "as_of": ago(hours=5), "since": ago(hours=5)} | more,
    )


def silent(**more):
    fields = {"state": "silent", "value": None, "as_of": None, "sources_reporting": 0, "trend": ()}
    return indicator("noise", **fields | {"change": None} | more)


def breached(**more):
    return indicator("ozone", **{"value": 181.0, "breach": "P2", "band": "> 160"} | more)


def official(**more):
    fields = {
        "kind": "official",
        "id": "cap|bj-2026-7",
        "title": Label("大风蓝色预警", "Gale warning"),
        "detail": Label("阵风7级", "gusts of force 7"),
        "level": "blue",
        "region": CITY,
        "since": ago(hours=2),
        "until": NOW + timedelta(hours=20),
        "href": "/record/warning/11/cap%7Cbj-2026-7",
    }
    return Alert(**(fields | more))


def reading(**more):
    fields = {
        "kind": "reading",
        "id": "air|s-7|o3",
        "title": Label("臭氧", "Ozone"),
        "detail": Label("s-7 181 > 160", "s-7 181 > 160"),
        "priority": "P2",
        "region": CHAOYANG,
        "since": ago(minutes=12),
        "href": "/record/sensor/110105/air%7Cs-7%7Co3",
    }
    return Alert(**(fields | more))


def feed(name="air", **more):
    fields = {
        "id": name,
        "title": Label("空气质量", "Air quality"),
        "owner": BUREAU,
        "contact": DESK,
        "kind": "observation",
        "state": "live",
        "last_message_at": ago(seconds=40),
        "last_event_at": ago(minutes=8),
        "expected_interval_s": 3600,
        "silent_after_s": 7200,
        "sources_reporting": 35,
        "sources_expected": 35,
        "read": 12_345,
        "accepted": 12_000,
        "duplicate": 300,
        "rejected": 41,
        "late": 4,
        "read_per_minute": tuple(range(60)),
        "lag": 0,
        "origin": MADE,
    }
    return FeedHealth(**(fields | more))


def never(name="grid", **more):
    fields = dict.fromkeys(("read", "accepted", "duplicate", "rejected", "late"), 0)
    fields |= {"state": "silent", "last_message_at": None, "last_event_at": None, "lag": None}
    return feed(name, **fields | {"sources_reporting": 0, "read_per_minute": ()} | more)


FEEDS = {
    "air": feed(generated=True),
    "grid": never(kind="case"),
    "warnings": feed("warnings", kind="warning", title=Label("官方预警", "Official warnings")),
}


def case(**more):
    fields = {
        "id": "R-1",
        "feed": "hotline",
        "feed_title": Label("12345热线", "12345 hotline"),
        "title": RECORD_TITLE,
        "category": "heat",
        "status": "handling",
        "region": CHAOYANG,
        "reported_at": ago(days=2),
        "due_at": ago(hours=1),
        "clock": "overdue",
        "lead": "",
        "href": "/record/case/110105/hotline%7CR-1",
    }
    return CaseRow(**(fields | more))


def event(**more):
    fields = {
        "kind": "case",
        "id": "R-1",
        "feed": "hotline",
        "feed_title": Label("12345热线", "12345 hotline"),
        "title": "",
        "category": "heat",
        "status": "dispatched",
        "region": HAIDIAN,
        "at": ago(minutes=3),
        "href": "/record/case/110108/hotline%7CR-2",
    }
    return EventRow(**(fields | more))


def sensor(**more):
    fields = {
        "sensor": "s-7",
        "property": "o3",
        "title": Label("臭氧", "Ozone"),
        "value": 181.0,
        "unit": "µg/m³",
        "observed_at": ago(minutes=12),
        "state": "live",
        "stale_after_s": 7200,
        "breach": "P2",
        "region": CHAOYANG,
        "lng": 116.46,
        "lat": 39.93,
        "feed": "air",
        "href": "/record/sensor/110105/air%7Cs-7%7Co3",
    }
    return SensorRow(**(fields | more))


def child(region, overdue=0, open_cases=0, alerts=0, value=None):
    return ChildRow(
        region=region,
        values={"pm25": value},
        open_cases=open_cases,
        overdue=overdue,
        due_soon=1,
        received_today=9,
        alerts=alerts,
    )


def city_map(**more):
    fields = {
        "indicator": "pm25",
        "title": Label("细颗粒物", "PM2.5"),
        "unit": Label("微克/立方米", "µg/m³"),
        "decimals": 0,
        "values": {"110105": 41.6, "110108": None},
        "breaks": (20.0, 40.0),
        "points": (
            MapPoint(
                lng=116.46,
                lat=39.93,
                kind="sensor",
                id="s-7",
                title="s-7",
                priority="P2",
                href="/record/sensor/110105/air%7Cs-7%7Co3",
            ),
        ),
        "child_level": 6,
        "center": (116.4, 39.9),
        "zoom": 8.0,
    }
    return MapState(**(fields | more))


FUNNEL = Funnel(
    stages={
        "reported": 5,
        "filed": 9,
        "dispatched": 14,
        "handling": 12_345,
        "checking": 3,
        "closed": 21,
    },
    open=12_376,
    due_soon=6,
    overdue=2,
    closed_today=21,
    received_today=31,
    by_category={"heat": 20, "UNMAPPED": 6, "odd-7": 5},
)

TREND = Trend(
    title=Label("热线 · 每小时新增", "Hotline: received per hour"),
    unit=Label("件", "records"),
    hours=tuple(range(24)),
    today=tuple(float(h) for h in range(14)) + (None,) * 10,
    yesterday=tuple(float(h + 1) for h in range(24)),
    now_hour=14.5,
)


def area(**more):
    indicators = (indicator(), stale(), silent(), breached())
    fields = {
        "city": CITY.name,
        "demo": Label("部分数据由程序生成", "Part of the data is made by a program"),
        "timezone": ZONE,
        "as_of": NOW,
        "region": CITY,
        "chain": (CITY,),
        "indicators": {value.code: value for value in indicators},
        "map": city_map(),
        "children": (child(HAIDIAN, 1, 4), child(CHAOYANG, 2, 3, alerts=1, value=41.6)),
        "alerts": (official(), official(exercise=True, generated=True), reading()),
        "events": (event(), event(kind="incident", title="Kitchen fire", status="", feed="119")),
        "cases": (case(), case(id="R-3", title="", clock="none", due_at=None, generated=True)),
        "sensors": (sensor(), sensor(sensor="s-8", state="stale", breach=None, generated=True)),
        "funnel": FUNNEL,
        "trend": TREND,
        "feeds": FEEDS,
        "unassigned": 17,
        "category_names": {"heat": Label("供热", "Heating")},
    }
    return AreaSnapshot(**(fields | more))


def district(**more):
    """Chaoyang, which has no children in this city."""
    fields = {"region": CHAOYANG, "chain": (CITY, CHAOYANG), "children": ()}
    return area(**fields | {"map": city_map(values={}, child_level=0)} | more)


REJECT = RejectRow(
    feed="air",
    partition=1,
    offset=77,
    at=ago(minutes=30),
    field="value",
    value="n/a",
    reason=Label("不是数字", "It is no number"),
    remedy=Label("请来源改送数字", "Ask the source for a number"),
    raw='{"value": "n/a"}',
)


def sources(**more):
    fields = {
        "city": CITY.name,
        "demo": None,
        "timezone": ZONE,
        "as_of": NOW,
        "feeds": {"air": feed(), "grid": never()},
        "rejects": (REJECT, msgspec.structs.replace(REJECT, feed="gone", value="")),
        "unassigned": 17,
    }
    return SourcesSnapshot(**(fields | more))


def record(**more):
    fields = {
        "city": CITY.name,
        "demo": None,
        "timezone": ZONE,
        "as_of": NOW,
        "kind": "sensor",
        "id": "air|s-7|o3",
        "title": Label("s-7 · 臭氧", "s-7 · Ozone"),
        "feed": "air",
        "feed_title": Label("空气质量", "Air quality"),
        "owner": BUREAU,
        "generated": True,
        "region": CHAOYANG,
        "chain": (CITY, CHAOYANG),
        "lng": 116.46,
        "lat": 39.93,
        "fields": (RecordField(name="value", value="181"), RecordField(name="unit", value="")),
        "ext": (RecordField(name="vendor_code", value="x-9"),),
        "history": tuple((ago(hours=h), 100.0 + h if h % 5 else None) for h in range(23, -1, -1)),
        "raw": '{"v": 181}',
        "topic": "air",
        "partition": 2,
        "offset": 991,
    }
    return RecordSnapshot(**(fields | more))
