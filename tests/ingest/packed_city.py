"""The small city as a pack in a folder, and its feeds in a real Kafka, for commands to work on."""

import json
import os
import threading
import time
from datetime import UTC, datetime

import msgspec
import shapely
import yaml
from kafka import KafkaProducer
from small_city import SHAPES, case_feed, feed

from ingest.kafka_topics import create_topics
from ingest.worker import run_worker
from layers.config import load_config
from layers.store.client import connect

NAME = {"zh": "名", "en": "name"}
CAP = """<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{id}</identifier>
<sender>s</sender><sent>{at}</sent><status>Actual</status><msgType>Alert</msgType>
<scope>Public</scope><info><language>zh-CN</language><category>Met</category><event>大风</event>
<urgency>Future</urgency><severity>Moderate</severity><certainty>Likely</certainty>
<expires>{until}</expires><headline>大风蓝色预警</headline><description>d</description>
<area><areaDesc>全市</areaDesc><circle>1.0,1.0 1</circle></area></info></alert>"""


def feeds():
    """A feed of each kind."""
    police = {"incident_id": "no", "category": "cat", "outcome": "end"}
    warned = {"format": "cap", "kind": "warning", "fields": {}, "bounds": {}}
    return [
        feed(late_after_s=86_400),
        case_feed(),
        feed(id="police", kind="incident", fields=police, bounds={}, late_after_s=86_400),
        feed(id="alerts", late_after_s=86_400, place={}, **warned),
        feed(id="rev", late_after_s=86_400, dedupe={"revised": "replace"}),
    ]


def plain(spec, **changes):
    """Give a feed as its YAML file says it."""
    found = msgspec.to_builtins(spec) | changes
    return {k: v for k, v in found.items() if v not in ({}, None)}


def write_pack(folder, stem, zone="Asia/Shanghai"):
    """Write the pack; every topic is named `<stem>.<feed>`."""
    (folder / "boundaries").mkdir(parents=True)
    (folder / "feeds").mkdir()
    levels = []
    for digits in (6, 9):
        file = f"boundaries/{digits}.geojson"
        features = [
            {
                "type": "Feature",
                "properties": {"code": code, "name": code},
                "geometry": json.loads(shapely.to_geojson(shape)),
            }
            for code, shape in SHAPES.items()
            if len(code) == digits
        ]
        (folder / file).write_text(
            json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8"
        )
        levels.append({"digits": digits, "file": file, "title": NAME})
    city = {
        "id": "small", "name": NAME, "code": "11", "timezone": zone, "center": [1, 1], "zoom": 9,
        "map_indicator": "pm25", "wall": ["pm25"], "levels": levels,
    }  # fmt: skip
    write(folder / "city.yaml", city)
    pm25 = {
        "code": "pm25", "title": NAME, "unit": NAME, "decimals": 0, "kind": "reading",
        "feed": "air", "property": "pm25", "window_s": 7200, "stale_after_s": 7200,
        "direction": "down", "bands": [{"above": 75, "priority": "P3"}], "source": NAME,
    }  # fmt: skip
    write(folder / "indicators.yaml", [pm25])
    for spec in feeds():
        write(folder / "feeds" / f"{spec.id}.yaml", plain(spec, topic=f"{stem}.{spec.id}"))
    return folder


def write(file, value):
    """Write YAML at one stroke, as an editor does that saves in safety."""
    part = file.with_suffix(".part")
    part.write_text(yaml.safe_dump(value, allow_unicode=True), encoding="utf-8")
    part.replace(file)


class PackedCity:
    """A pack, its settings, its topics, and workers as they run in production."""

    def __init__(self, folder, stem, bootstrap, redis_url, partitions=2):
        self.stem = stem
        self.pack = write_pack(folder / "pack", stem)
        self.environ = {
            "YIWANG_CITY__PACK": str(self.pack),
            "YIWANG_KAFKA__BOOTSTRAP": bootstrap,
            "YIWANG_KAFKA__GROUP": stem,
            "YIWANG_KAFKA__REJECTS_TOPIC": f"{stem}.rejects",
            "YIWANG_REDIS__URL": redis_url,
            "YIWANG_REDIS__PREFIX": stem,
            "YIWANG_LOCAL__STATE": str(folder / "state"),
        }
        self.config = load_config(environ=self.environ)
        self.store = connect(redis_url, prefix=stem)
        topics = [f"{stem}.{spec.id}" for spec in feeds()]
        create_topics(bootstrap, [*topics, f"{stem}.rejects"], partitions)
        self.producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all")

    def command_environ(self):
        return {**os.environ, **self.environ}

    def produce(self, feed_id, values, keys=None, partition=None):
        for number, value in enumerate(values):
            body = value if isinstance(value, bytes) else json.dumps(value).encode()
            key = keys[number].encode() if keys else None
            self.producer.send(f"{self.stem}.{feed_id}", body, key=key, partition=partition)
        self.producer.flush()

    def produce_warning(self, number, now_s):
        at = [datetime.fromtimestamp(now_s + s, UTC).isoformat() for s in (0, 3600)]
        self.produce("alerts", [CAP.format(id=f"w{number}", at=at[0], until=at[1]).encode()])

    def accounts(self, feed_id):
        total = {}
        for key in self.store.client.scan_iter(f"{self.stem}:*:acct:{feed_id}"):
            for name, value in self.store.client.hgetall(key).items():
                if not name.endswith(b"_ms"):
                    total[name.decode()] = total.get(name.decode(), 0) + int(value)
        return total

    def await_read(self, feed_id, count, name="read", patience_s=60):
        ends = time.monotonic() + patience_s
        while self.accounts(feed_id).get(name, 0) < count and time.monotonic() < ends:
            time.sleep(0.05)
        found = self.accounts(feed_id)
        assert found.get(name, 0) == count, found
        return found

    def close(self):
        self.producer.close()
        self.store.wipe()
        self.store.client.close()


class RunningWorker:
    """A worker on a thread of its own."""

    def __init__(self, config):
        self.stop = threading.Event()
        self.thread = threading.Thread(target=run_worker, args=(config, self.stop, "w"))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join(60)
