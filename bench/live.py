"""`make bench NAME=live`: produced → visible in the browser's DOM, under load.

Real Kafka, Redis, one ingest process, one web process and a headless Chromium. PM2.5 of some 1,000
sensors all over the city is read at the given rate; about every two seconds a marker, the only
ozone sensor of the city, is read with a value of its own. The page notes when the ozone tile shows
it; the time since it was handed to the producer is the latency.

The wall is on screen, which every reading of the load changes; `--page area` takes a district's
page instead. A marker that a later one overtook before it was drawn counts from its own sending to
the sight of the later one: what is slow is never left out. The pause between markers varies, so
that it does not fall in step with the pauses of the server.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass
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
PAGES = {"wall": "/wall", "area": f"/area/{DISTRICT}?indicator=o3"}
FLAGS = ("--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader", "--no-first-run")
TILE = '.tile[href*="indicator=o3"] .tile-value'
FIRST = 300
"""Value of the first marker; each is one more than the last."""

WATCH = """selector => {
  window.seen = [];
  const look = () => {
    const text = document.querySelector(selector)?.textContent;
    if (text !== window.seen.at(-1)?.[0]) window.seen.push([text, Date.now()]);
  };
  new MutationObserver(look).observe(document.body,
    { subtree: true, childList: true, characterData: true });
}"""


@dataclass(frozen=True)
class Course:
    """What came of a run."""

    latencies: list[float]
    events_per_s: float
    drained_ms: float
    """From the last event of the load until all were applied."""


def main() -> None:
    """Run the bench and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=1_000, help="events a second")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--page", choices=PAGES, default="wall", help="what is on screen")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="yiwang-bench-", ignore_cleanup_errors=True) as made,
        LocalKafka(Path(made) / "kafka", throughput=True) as kafka,
        LocalRedis(Path(made) / "redis") as redis,
    ):
        course = _measure(kafka.bootstrap, redis.url, asked, Path(made))
    result = {
        "bench": "live",
        "page": asked.page,
        "events_per_s": round(course.events_per_s),
        "samples": len(course.latencies),
        "p50_ms": round(float(np.percentile(course.latencies, 50))),
        "p95_ms": round(float(np.percentile(course.latencies, 95))),
        "max_ms": round(max(course.latencies)),
        "drained_ms": round(course.drained_ms),
    }
    sys.stdout.write(json.dumps(result) + "\n")


def _measure(bootstrap: str, redis_url: str, asked: argparse.Namespace, folder: Path) -> Course:
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


def _watch(url: str, bootstrap: str, pack: CityPack, asked: argparse.Namespace) -> Course:
    stop, sent = threading.Event(), [0]
    load = threading.Thread(target=_load, args=(bootstrap, pack, asked.rate, stop, sent))
    path = os.environ.get("CHROME", "/usr/bin/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        page.goto(f"{url}{PAGES[asked.page]}")
        page.wait_for_selector(".tile")
        page.evaluate(WATCH, TILE)
        load.start()
        page.wait_for_timeout(5_000)  # the group joins, the first batches come through
        before, begun = sent[0], time.monotonic()
        told = _markers(bootstrap, pack, asked.seconds, page)
        rate = (sent[0] - before) / (time.monotonic() - begun)
        page.wait_for_timeout(3_000)
        seen = page.evaluate("() => window.seen")
        browser.close()
    stop.set()
    load.join()
    drained = _drain(url, sent[0] + len(told))
    return Course(_latencies(told, seen), rate, drained)


def _latencies(told: dict[int, float], seen: list[tuple[str, float]]) -> list[float]:
    """Give for each marker the ms until it, or a later one in its place, stood on the tile."""
    shown = [(int(text), at) for text, at in seen if text and text.isdecimal()]
    found = []
    for value, sent_at in told.items():
        first = next((at for number, at in shown if number >= value), None)
        if first is None:
            raise SystemExit(f"marker {value} was never seen")
        found.append(first - sent_at)
    return found


def _drain(url: str, expected: int) -> float:
    """Wait until every message that was sent has been applied; give the ms."""
    begun, read = time.monotonic(), 0
    while time.monotonic() - begun < 30:
        with urllib.request.urlopen(f"{url}/sources.json", timeout=5) as answer:
            read = json.load(answer)["feeds"]["air_quality"]["read"]
        if read == expected:
            return (time.monotonic() - begun) * 1000
        time.sleep(0.05)
    raise SystemExit(f"{read} of {expected} messages were applied")


def _markers(bootstrap: str, pack: CityPack, seconds: int, page: Any) -> dict[int, float]:
    """Send a reading of its own value every two seconds or so: value → when it was sent, ms."""
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    rng = np.random.default_rng(5)
    place = pack.geography.center_of(DISTRICT) or pack.center
    told: dict[int, float] = {}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value, at = FIRST + len(told), time.time()
        told[value] = at * 1000
        producer.send("air_quality", _message("marker", ("o3", value), place, at))
        producer.flush()
        page.wait_for_timeout(rng.uniform(1_500, 2_500))
    producer.close()
    return told


def _load(
    bootstrap: str, pack: CityPack, rate: int, stop: threading.Event, sent: list[int]
) -> None:
    """Send readings of 1,000 sensors all over the city, at an even rate."""
    producer = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=5)
    rng = np.random.default_rng(3)
    west, south, east, north = pack.geography.bbox_of(pack.code) or (116, 39.5, 117, 40.5)
    lng, lat = rng.uniform(west, east, 4_000), rng.uniform(south, north, 4_000)
    codes = [pack.geography.codes[i] for i in pack.geography.place(lng, lat)]
    points = zip(lng, lat, codes, strict=True)
    places = [(x, y) for x, y, code in points if code != "000000"][:1_000]
    step = max(rate // 50, 1)
    begun, number = time.monotonic(), 0
    while not stop.is_set():
        at = time.time()
        for _ in range(step):
            sensor = number % len(places)
            producer.send(
                "air_quality",
                _message(f"load{sensor}", ("pm25", 50 + number % 40), places[sensor], at),
            )
            number += 1
        sent[0] = number
        time.sleep(max(0.0, begun + number / rate - time.monotonic()))
    producer.close()


def _message(
    station: str, reading: tuple[str, float], place: tuple[float, float], at: float
) -> bytes:
    name, value = reading
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1000):03d}Z"
    return json.dumps(
        {
            "station": station,
            "property": name,
            "value": value,
            "unit": "µg/m³",
            "observed_at": stamp,
            "lng": round(place[0], 6),
            "lat": round(place[1], 6),
        }
    ).encode()


if __name__ == "__main__":
    main()
