"""`make bench NAME=live`: produced → visible in the browser's DOM, under load.

Real Kafka, Redis, one ingest process, one web process and a headless Chromium that shows an area
page. Some 1,000 sensors of the whole city are read at the given rate; every two seconds a marker is
read in the district on screen, whose mean it alone makes up. The page notes when a marker's value
first stands in its DOM; the time since it was handed to the producer is the latency.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
from kafka import KafkaProducer
from playwright.sync_api import sync_playwright

from ingest.kafka_topics import create_topics
from ingest.local_kafka import LocalKafka
from layers.pack import CityPack, load_pack
from layers.processes import Child, free_port
from layers.store.local_redis import LocalRedis

DISTRICT = "110119"
"""Shown on screen; the load leaves it out, so that its mean is the marker alone."""
FLAGS = ("--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader", "--no-first-run")
WATCH = """() => {
  window.seen = {};
  const look = () => {
    for (const tile of document.querySelectorAll('.tile-value')) {
      window.seen[tile.textContent] ??= Date.now();
    }
  };
  new MutationObserver(look).observe(document.body,
    { subtree: true, childList: true, characterData: true });
}"""


def main() -> None:
    """Run the bench and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=1_000, help="events a second")
    parser.add_argument("--seconds", type=int, default=60)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="yiwang-bench-"))
    with (
        LocalKafka(folder / "kafka", throughput=True) as kafka,
        LocalRedis(folder / "redis") as redis,
    ):
        latencies, sent = _measure(kafka.bootstrap, redis.url, asked, folder)
    shutil.rmtree(folder, ignore_errors=True)
    result = {
        "bench": "live",
        "events_per_s": round(sent / asked.seconds),
        "samples": len(latencies),
        "p50_ms": round(float(np.percentile(latencies, 50))),
        "p95_ms": round(float(np.percentile(latencies, 95))),
    }
    sys.stdout.write(json.dumps(result) + "\n")


def _measure(
    bootstrap: str, redis_url: str, asked: argparse.Namespace, folder: Path
) -> tuple[list[float], int]:
    port = free_port()
    environ = os.environ | {
        "YIWANG_KAFKA__BOOTSTRAP": bootstrap,
        "YIWANG_REDIS__URL": redis_url,
        "YIWANG_SERVE__PORT": str(port),
        "YIWANG_CITY__PACK": "beijing",
    }
    pack = load_pack("beijing")
    topics = [f.stem for f in pack.feeds_dir.glob("*.yaml")]
    create_topics(bootstrap, [*topics, "yiwang.rejects"], 6)
    command = [sys.executable, "-m", "layers.command"]
    children = [
        Child([*command, "serve"], folder / "serve.log", environ),
        Child([*command, "ingest", "--name", "bench"], folder / "ingest.log", environ),
    ]
    try:
        _wait(f"http://127.0.0.1:{port}/readyz")
        return _watch(f"http://127.0.0.1:{port}", bootstrap, pack, asked)
    finally:
        for child in children:
            child.stop()


def _wait(url: str) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit(f"nothing answers at {url}")


def _watch(
    url: str, bootstrap: str, pack: CityPack, asked: argparse.Namespace
) -> tuple[list[float], int]:
    stop, sent = threading.Event(), [0]
    load = threading.Thread(target=_load, args=(bootstrap, pack, asked.rate, stop, sent))
    path = os.environ.get("CHROME", "/usr/bin/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        page.goto(f"{url}/area/{DISTRICT}?indicator=pm25")
        page.wait_for_selector(".tile-value")
        page.evaluate(WATCH)
        load.start()
        page.wait_for_timeout(5_000)  # the group joins, the first batches come through
        before = sent[0]
        told = _markers(bootstrap, pack, asked.seconds, page)
        counted = sent[0] - before
        page.wait_for_timeout(3_000)
        seen = page.evaluate("() => window.seen")
        browser.close()
    stop.set()
    load.join()
    found = [seen[text] - at for text, at in told.items() if text in seen]
    if len(found) < len(told) * 0.9:
        raise SystemExit(f"only {len(found)} of {len(told)} markers were ever seen")
    return found, counted


def _markers(bootstrap: str, pack: CityPack, seconds: int, page: Any) -> dict[str, float]:
    """Send a reading of its own value every two seconds: text on screen → when it was sent, ms."""
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    lng, lat = pack.geography.center_of(DISTRICT) or pack.center
    told = {}
    for turn in range(seconds // 2):
        value = 300 + turn
        at = time.time()
        told[f"{value}"] = at * 1000
        producer.send("air_quality", _message("marker", value, (lng, lat), at))
        producer.flush()
        page.wait_for_timeout(2_000)
    producer.close()
    return told


def _load(
    bootstrap: str, pack: CityPack, rate: int, stop: threading.Event, sent: list[int]
) -> None:
    """Send readings of 1,000 sensors outside the district, at an even rate."""
    producer = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=5)
    rng = np.random.default_rng(3)
    west, south, east, north = pack.geography.bbox_of(pack.code) or (116, 39.5, 117, 40.5)
    lng, lat = rng.uniform(west, east, 4_000), rng.uniform(south, north, 4_000)
    codes = [pack.geography.codes[i] for i in pack.geography.place(lng, lat)]
    places = [
        p for p, c in zip(zip(lng, lat, strict=True), codes, strict=True)
        if c != "000000" and not c.startswith(DISTRICT)
    ][:1_000]  # fmt: skip
    step = max(rate // 50, 1)
    begun, number = time.monotonic(), 0
    while not stop.is_set():
        at = time.time()
        for _ in range(step):
            sensor = number % len(places)
            producer.send(
                "air_quality", _message(f"load{sensor}", 50 + number % 40, places[sensor], at)
            )
            number += 1
        sent[0] = number
        time.sleep(max(0.0, begun + number / rate - time.monotonic()))
    producer.close()


def _message(station: str, value: float, place: tuple[float, float], at: float) -> bytes:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1000):03d}Z"
    return json.dumps(
        {
            "station": station,
            "property": "pm25",
            "value": value,
            "unit": "µg/m³",
            "observed_at": stamp,
            "lng": round(place[0], 6),
            "lat": round(place[1], 6),
        }
    ).encode()


if __name__ == "__main__":
    main()
