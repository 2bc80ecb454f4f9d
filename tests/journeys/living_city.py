"""A city brought to life for a journey: its own Kafka, Redis, workers and web server."""

import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from datetime import UTC, datetime

import pandas as pd
from kafka import KafkaProducer

from ingest import mapping
from ingest.demo.play import Player
from ingest.kafka_topics import create_topics
from layers.config import load_config
from layers.pack import load_pack
from layers.processes import Child, free_port

GOOD = {"air_quality": 1_200, "weather": 450, "hotline": 300}
AGAIN = 20
"""Calls that come twice, among the good ones."""
BROKEN = 50
TOTAL = sum(GOOD.values()) + BROKEN


class LivingCity:
    """Beijing over given servers; what runs is stopped by `stop`."""

    def __init__(self, bootstrap, redis_url, folder):
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environ = os.environ | {
            "YIWANG_KAFKA__BOOTSTRAP": bootstrap,
            "YIWANG_REDIS__URL": redis_url,
            "YIWANG_SERVE__PORT": str(self.port),
            "YIWANG_INGEST__MAX_POLL_RECORDS": "40",
            "YIWANG_INGEST__LINGER_MS": "50",
        }
        self.pack = load_pack("beijing")
        self.feeds = mapping.load_feeds(self.pack.feeds_dir)
        topics = [*(f.topic_name for f in self.feeds.values()), load_config().kafka.rejects_topic]
        create_topics(bootstrap, topics, 3)
        self.producer = KafkaProducer(bootstrap_servers=bootstrap)
        self.children = []

    def start(self, *arguments):
        command = [sys.executable, "-m", "layers.command", *arguments]
        log = self.folder / f"{'-'.join(arguments)}-{len(self.children)}.log"
        child = Child(command, log, self.environ)
        self.children.append(child)
        return child

    def kill(self, child):
        """Kill -9, as a power cut would."""
        os.kill(child.pid, signal.SIGKILL)

    def stop(self):
        self.producer.close()
        for child in self.children:
            child.stop()

    def send(self, messages):
        for m in messages:
            self.producer.send(m.topic, key=m.key, value=m.value, timestamp_ms=m.at_ms)
        self.producer.flush()

    def json(self, path):
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)

    def read(self):
        feeds = self.json("/wall.json")["feeds"].values()
        return sum(feed["read"] for feed in feeds)

    def wait(self, what, seconds=90):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if what():
                    return
            except (urllib.error.URLError, ConnectionError):
                pass
            time.sleep(0.2)
        logs = "\n".join(child.tail() for child in self.children)
        raise AssertionError(f"waited {seconds} s in vain\n{logs}")

    def messages(self):
        """Give 1,950 good messages of three feeds, in the order of time, and 50 broken ones."""
        now = datetime.now(UTC)
        air = self._played("air_quality", now, 30)
        hotline = [m for m in self._played("hotline", now, 1) if _is_whole(m)]
        weather = self._played("weather", now, 30)
        good = [
            *air[-GOOD["air_quality"] :],
            *weather[-GOOD["weather"] :],
            *hotline[-GOOD["hotline"] + AGAIN :],
            *hotline[-AGAIN:],
        ]
        broken = _broken(air[:BROKEN])
        assert Counter(m.topic for m in good) == GOOD
        assert len(air) >= GOOD["air_quality"] + BROKEN, "a broken one must not also be a good one"
        return good, broken

    def _played(self, feed, now, hours):
        player = Player(self.pack.folder, {feed: self.feeds[feed]}, now)
        return [m for chunk in player.history(hours) for m in chunk]


def _is_whole(message):
    try:
        return bool(json.loads(message.value).get("accepted_at"))
    except ValueError:
        return False


def _broken(messages):
    """Break real readings in five ways, ten times each."""
    ways = [
        lambda body: json.dumps(body, ensure_ascii=False).encode()[:-9],
        lambda body: json.dumps(body | {"value": "n/a"}).encode(),
        lambda body: json.dumps(body | {"property": "pm25", "value": 9_999}).encode(),
        lambda body: json.dumps(body | {"observed_at": "soon"}).encode(),
        lambda body: json.dumps({k: v for k, v in body.items() if k != "station"}).encode(),
    ]
    return [
        type(m)(m.topic, m.key, ways[i % 5](json.loads(m.value)), m.at_ms)
        for i, m in enumerate(messages)
    ]


REASONS = {
    "can't be read": 10,
    "not a number": 10,
    "pm25 is outside 0 … 2000": 10,
    "not a time of the form iso": 10,
    "sensor_id is missing": 10,
}
"""What the screens must say of the broken ones."""


def reasons_of(rejects):
    """Count reject rows by their reason, the detail of an unreadable message left out."""
    return Counter(row["reason"]["en"].split(":")[0] for row in rejects)


WEATHER = ["station", "property", "value", "unit", "time", "lng", "lat"]
EVENT_TIME = {"air_quality": "observed_at", "weather": "time", "hotline": "updated_at"}
IDENTITY = {
    "air_quality": ["station", "property", "event"],
    "weather": ["station", "property", "event"],
    "hotline": ["order_no", "rev"],
}
LATE_AFTER = pd.Timedelta(hours=24)


class Truth:
    """What the screens must show, computed with pandas from the messages alone.

    The player's own trouble is in them: what came a day late and what came twice counts as such.
    """

    def __init__(self, city):
        self.zone = city.pack.timezone
        self.tables = {feed: self._table(feed, city.good) for feed in GOOD}
        stations = pd.read_csv(city.pack.samples_dir / "prsa_stations.csv", dtype={"adcode": str})
        self.district_of = dict(zip(stations.station_zh, stations.adcode, strict=True))

    def _table(self, feed, good):
        texts = [(m.value.decode(), m.at_ms) for m in good if m.topic == feed]
        csv = feed == "weather"
        rows = [
            dict(zip(WEATHER, t.split(","), strict=True)) if csv else json.loads(t)
            for t, _ in texts
        ]
        table = pd.DataFrame(rows)
        event = pd.to_datetime(table[EVENT_TIME[feed]])
        table["event"] = event if event.dt.tz is not None else event.dt.tz_localize(self.zone)
        produced = pd.to_datetime([at_ms for _, at_ms in texts], unit="ms", utc=True)
        table["late"] = produced - table.event > LATE_AFTER
        return table

    def accepted(self, feed):
        table = self.tables[feed]
        return table[~table.late].drop_duplicates(IDENTITY[feed])

    def accounts(self, feed):
        """Give read, accepted, duplicate, rejected and late, in the order of the screens."""
        table, accepted = self.tables[feed], len(self.accepted(feed))
        late, broken = int(table.late.sum()), BROKEN if feed == "air_quality" else 0
        return [len(table) + broken, accepted, len(table) - accepted - late, broken, late]

    def newest(self, feed, name, as_of):
        """Give the newest value of each station that is at most two hours old."""
        rows = self.accepted(feed).query("property == @name").sort_values("event")
        rows = rows.drop_duplicates("station", keep="last")
        rows = rows[rows.event >= as_of - pd.Timedelta(hours=2)]
        return rows.set_index("station").value.astype(float)

    def district_means(self, feed, name, as_of):
        """Give district code → mean of the newest values of its stations."""
        values = self.newest(feed, name, as_of)
        return values.groupby(values.index.map(self.district_of)).mean().to_dict()

    def received_today(self, as_of):
        """Give the calls that were taken today, one row a call."""
        calls = self.accepted("hotline").drop_duplicates("order_no")
        today = as_of.tz_convert(self.zone).normalize()
        return calls[pd.to_datetime(calls.accepted_at) >= today]

    def received_in(self, name, as_of):
        """Count the calls of today of a district, by the name in their address."""
        calls = self.received_today(as_of)
        placed = calls.lng.between(115.4, 117.6) & calls.lat.between(39.4, 41.1)
        return int((calls.address.str.startswith(name) & placed).sum())
