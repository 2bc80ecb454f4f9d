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
        """Give 1,950 good messages of three feeds and 50 broken ones, in the order of time."""
        now = datetime.now(UTC)
        found = {feed: [] for feed in GOOD}
        for chunk in Player(self.pack.folder, self.feeds, now).history(30):
            for m in chunk:
                if m.topic in found:
                    found[m.topic].append(m)
        hotline = [m for m in found["hotline"] if _is_whole(m)][-GOOD["hotline"] :]
        good = found["air_quality"][-GOOD["air_quality"] :] + found["weather"][-GOOD["weather"] :]
        return good + hotline, _broken(found["air_quality"][:BROKEN])


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


def truth(good, zone):
    """Compute from the messages alone, with pandas, what the screens must show."""
    air = pd.DataFrame([json.loads(m.value) for m in good if m.topic == "air_quality"])
    air["at"] = pd.to_datetime(air.observed_at)
    newest = air.sort_values("at").drop_duplicates(["station", "property"], keep="last")
    recent = newest[newest["at"] >= pd.Timestamp.now(tz=UTC) - pd.Timedelta(hours=2)]
    pm25 = recent[recent.property == "pm25"].set_index("station").value
    calls = pd.DataFrame([json.loads(m.value) for m in good if m.topic == "hotline"])
    calls["accepted_at"] = pd.to_datetime(calls.accepted_at)
    today = pd.Timestamp.now(tz=zone).normalize()
    return {
        "pm25": pm25,
        "air_unique": len(air.drop_duplicates(["station", "property", "observed_at"])),
        "calls_unique": len(calls.drop_duplicates(["order_no", "rev"])),
        "received_today": calls[calls.accepted_at >= today].order_no.nunique(),
    }
