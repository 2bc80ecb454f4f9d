"""A small city whose state is written into Redis by hand, in the stored formats, and remembered."""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgpack
import msgspec
import shapely

from layers.feed_spec import FeedSpec
from layers.geography import Geography, Region
from layers.indicators import Indicator
from layers.labels import Label
from layers.pack import CityPack
from layers.snapshot_reader import Reader

ZONE = "Asia/Shanghai"
NOW = datetime(2026, 11, 24, 6, 30, 20, tzinfo=UTC)
"""14:30:20 on the city's clocks."""
SEP = "\x1f"

BOXES = {
    "110101": (0, 0, 4, 4),
    "110102": (4, 0, 8, 4),
    "110101001": (0, 0, 2, 4),
    "110101002": (2, 0, 4, 4),
    "110102001": (4, 0, 8, 4),
    "110101001001": (0, 0, 2, 2),
    "110101001002": (0, 2, 2, 4),
}


def label(text):
    return Label(text, text)


def ms(moment):
    return round(moment.timestamp() * 1000)


def geography():
    regions = [Region("11", Label("北京市", "Beijing"))]
    regions += [Region(code, label(f"区{code}"), population=1000) for code in BOXES]
    return Geography(regions, {c: shapely.box(*b) for c, b in BOXES.items()}, date(2026, 11, 24))


def make_pack(wall=(), map_indicator="pm25"):
    return CityPack(
        id="small",
        name=Label("小城", "Small"),
        code="11",
        timezone=ZONE,
        center=(4.0, 2.0),
        zoom=8.0,
        legend_corner="br",
        demo=None,
        map_indicator=map_indicator,
        wall=tuple(wall),
        levels=(),
        geography=geography(),
        folder=Path("small"),
        categories={
            "hotline": {"heat": Label("供热", "Heating"), "noise": Label("噪声", "Noise")},
            "calls": {"odd": Label("怪", "Odd one")},
        },
    )


def feed(name, kind, **more):
    fields = {
        "id": name,
        "title": {"zh": f"源{name}", "en": name},
        "owner": {"code": "o", "zh": f"{name}局", "en": f"{name} bureau"},
        "contact": {"zh": "值班", "en": "desk"},
        "format": "json",
        "kind": kind,
        "origin": {"zh": "手写", "en": "by hand"},
        "expect": {"interval_s": 60, "sources": 1, "silent_after_s": 7200},
        "late_after_s": 86400,
    }
    return msgspec.convert(fields | more, FeedSpec)


FEEDS = {
    f.id: f
    for f in (
        feed(
            "air",
            "observation",
            expect={"interval_s": 3600, "sources": 6, "silent_after_s": 7200},
            time={"field": "t"},
            fields={"sensor_id": "station", "property": "p", "value": "v"},
        ),
        feed(
            "hotline",
            "case",
            time={"field": "updated"},
            fields={"case_id": "no", "status": "state", "title": "head.line"},
            place={"lng": "x", "lat": "y"},
            codes={"category": {"table": {"供热": "heat", "噪声": "noise"}}},
        ),
        feed("grid", "case"),
        feed("calls", "incident"),
        feed("official", "warning", format="cap"),
    )
}


def indicator(code, kind, of, **more):
    fields = {
        "code": code,
        "title": {"zh": f"指标{code}", "en": code},
        "unit": {"zh": "件", "en": "cases"},
        "kind": kind,
        "feed": of,
        "source": {"zh": "自算", "en": "own calculation"},
        "stale_after_s": 7200,
    }
    return msgspec.convert(fields | more, Indicator)


PM25_BANDS = [{"above": 75, "priority": "P3"}, {"above": 150, "priority": "P2"}]

INDICATORS = {
    i.code: i
    for i in (
        indicator("pm25", "reading", "air", property="pm25", window_s=7200, bands=PM25_BANDS),
        indicator("air_online", "online", "air", window_s=7200),
        indicator("hot_today", "count", "hotline", measure="received_today"),
        indicator("hot_heat", "count", "hotline", measure="received_today", category="heat"),
        indicator("hot_hour", "count", "hotline", measure="received_hour"),
        indicator("hot_24h", "count", "hotline", measure="received_24h"),
        indicator("hot_open", "count", "hotline", measure="open"),
        indicator("hot_overdue", "count", "hotline", measure="overdue"),
        indicator("hot_soon", "count", "hotline", measure="due_soon"),
        indicator("hot_closed", "count", "hotline", measure="closed_today"),
        indicator("hot_rate", "count", "hotline", measure="on_time_rate"),
        indicator("false_share", "share", "calls", outcome="false"),
    )
}


@dataclass
class WrittenCity:
    """Writes rows into Redis as ingest would have, and keeps them for the tests' own sums."""

    store: object
    rows: list = field(default_factory=list)
    counts: dict = field(default_factory=dict)
    touched: set = field(default_factory=set)

    def __post_init__(self):
        self.pipe = self.store.client.pipeline(transaction=False)

    def flush(self):
        """Send what was written since; reading does it first."""
        for home, suffix, name in self.touched:
            text = " ".join(str(n) for n in self.counts[home, suffix, name])
            self.pipe.hset(self.key(home, suffix), name, text)
        self.touched.clear()
        self.pipe.execute()

    def reader(self, **pack):
        self.flush()
        return Reader(self.store, make_pack(**pack), FEEDS, INDICATORS)

    def key(self, home, suffix):
        return self.store.key(home, suffix)

    def account(self, name, home="110101", at=NOW, event_at=None, **counts):
        key = self.key(home, f"acct:{name}")
        for outcome, number in counts.items():
            self.pipe.hincrby(key, outcome, number)
        marks = {"last_message_ms": ms(at), "last_event_ms": ms(event_at or at)}
        self.pipe.hset(key, mapping=marks)

    def reading(self, sensor, value, at, region, *, prop="pm25", point=("", ""), feed="air"):
        home = region[:6]
        raw = json.dumps({"station": sensor, "p": prop, "v": value, "note": "好"})
        where = (*map(str, point), region, f"{feed}:0", "7", raw)
        text = SEP.join((f"{ms(at):013d}", str(float(value)), "µg/m³", *where))
        key = self.key(home, "latest")
        self.pipe.hset(key, f"{feed}|{sensor}|{prop}", text)
        self._sum(f"{feed}.{prop}", at, region, value, "mhd")
        self.rows.append(
            {"kind": "reading", "sensor": sensor, "value": value, "at": at, "region": region}
        )

    def case(self, number, status, reported, due=None, *, closed=None, region="110101", **more):
        name = more.get("feed", "hotline")
        body = {
            "feed": name, "case_id": number, "version": 1, "category": more.get("category"),
            "title": f"件{number}", "status": status, "reported_at": ms(reported),
            "updated_at": ms(closed or reported), "due_at": due and ms(due),
            "closed_at": closed and ms(closed), "lead": "街道", "address": None, "channel": "phone",
            "lng": more.get("lng"), "lat": more.get("lat"), "region": region,
            "partition": f"{name}:2@1f3c", "offset": 41, "at": ms(closed or reported),
        }  # fmt: skip
        identity = f"{name}|{number}"
        self._record("case", region[:6], identity, body, more.get("raw", b"{}"))
        is_open = status not in {"closed", "void", "rejected"}
        for code in prefixes(region):
            self.pipe.hincrby(self.key(region[:6], f"stage:{name}"), f"{code}|{status}", 1)
            if is_open:
                score = ms(due) if due else float("inf")
                self._rank(region, f"open:{name}:{code}", identity, score)
            if is_open and due:
                near = ms(reported) + 0.7 * (ms(due) - ms(reported))
                self._rank(region, f"near:{name}:{code}", identity, near)
        self._recent("case", region, identity, ms(closed or reported))
        self._sum(f"{name}.received", reported, region, 1, "mhd")
        if body["category"]:
            self._sum(f"{name}.received.{body['category']}", reported, region, 1, "hd")
        if closed and status == "closed":
            self._sum(f"{name}.closed", closed, region, 1, "hd")
            if due is None or closed <= due:
                self._sum(f"{name}.ontime", closed, region, 1, "hd")
        self.rows.append(
            {"kind": "case", "feed": name, "number": number, "region": region, "status": status,
             "reported": reported, "due": due, "closed": closed, "category": body["category"]}
        )  # fmt: skip

    def incident(self, number, at, region, outcome="true", *, category="fire", point=(None, None)):
        body = {
            "feed": "calls", "incident_id": number, "category": category, "title": "",
            "address": "", "outcome": outcome, "occurred_at": ms(at),
            "lng": point[0], "lat": point[1],
            "region": region, "partition": "calls:0", "offset": 3, "at": ms(at),
        }  # fmt: skip
        identity = f"calls|{number}"
        self._record("incident", region[:6], identity, body, b"{}")
        self._recent("incident", region, identity, ms(at))
        self._sum("calls.received", at, region, 1, "mhd")
        self._sum(f"calls.outcome.{outcome}", at, region, 1, "hd")
        self.rows.append({"kind": "incident", "at": at, "region": region, "outcome": outcome})

    def warning(self, identifier, **fields):
        sent = fields.pop("sent", NOW - timedelta(hours=1))
        expires = fields.pop("expires", NOW + timedelta(hours=5))
        raw = fields.pop("raw", b"<alert/>")
        body = {
            "feed": "official", "identifier": identifier, "sender": "bjqx", "sent": ms(sent),
            "status": "Actual", "msgType": "Alert", "references": None, "event": "大风",
            "event_code": "11B06", "severity": "Moderate", "urgency": "Expected",
            "certainty": "Likely", "effective": None, "onset": None,
            "expires": expires and ms(expires), "senderName": "市气象台", "headline": identifier,
            "description": "", "instruction": "", "areaDesc": "全市", "geocodes": "110000",
            "polygon": None, "partition": "official:0", "offset": 1, "at": ms(sent),
        } | fields  # fmt: skip
        self._record("warning", "11", f"official|{identifier}", body, raw)

    def _record(self, kind, home, identity, body, raw):
        packed = msgpack.packb([1, json.dumps(body).encode(), [], [], raw], use_bin_type=False)
        self.pipe.hset(self.key(home, f"rec:{kind}"), identity, packed)

    def _rank(self, region, suffix, member, score):
        self.pipe.zadd(self.key(region[:6], suffix), {member: score})

    def _recent(self, kind, region, identity, at):
        for code in prefixes(region):
            self._rank(region, f"recent:{code}", f"{kind}|{identity}", at)

    def _sum(self, series, at, region, value, widths):
        local = at.astimezone(ZoneInfo(ZONE))
        minute = ms(at) // 60_000
        buckets = {
            "m": (f"m:{minute // 60}", minute % 60),
            "h": (f"h:{local:%Y%m%d}", local.hour),
            "d": (f"d:{local:%Y%m}", local.day),
        }
        for width in widths:
            suffix, last = buckets[width]
            for code in prefixes(region):
                self._add(region[:6], suffix, f"{series}|{code}|{last}", round(value * 1_000_000))

    def _add(self, home, suffix, name, scaled):
        cell = self.counts.setdefault((home, suffix, name), [0, 0, scaled, scaled])
        cell[0] += 1
        cell[1] += scaled
        cell[2], cell[3] = min(cell[2], scaled), max(cell[3], scaled)
        self.touched.add((home, suffix, name))


def prefixes(region):
    return [region[:n] for n in (6, 9, 12, 15) if len(region) >= n]


def ago(**span):
    return NOW - timedelta(**span)
