"""`make bench NAME=memory`: what a sensor and an open case cost in Redis, by the real pipeline.

One reading of one property per sensor, and one version per case with a due time, both spread over
the streets of Beijing; used_memory of a real Redis before and after. A sensor's share of the sums
depends on how many share a region and a minute; here they are as spread as they can be.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from bench.shapes import FEED, city_points
from ingest.applier import Applier, Work
from ingest.normalize import Normalizer
from ingest.sources.base import make_slice
from layers.batch import Frame
from layers.documents import convert
from layers.feed_spec import FeedSpec
from layers.pack import CityPack, load_pack
from layers.store.client import Store, connect
from layers.store.local_redis import LocalRedis

CASES = FEED | {
    "id": "bench.cases",
    "kind": "case",
    "bounds": {},
    "late_after_s": 86_400,
    "fields": {
        "case_id": "no", "category": "class", "title": "title", "status": "state",
        "reported_at": "reported", "due_at": "due", "address": "address", "lead": "lead",
    },
}  # fmt: skip


def main() -> None:
    """Run the bench and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    asked = parser.parse_args()
    pack = load_pack("beijing")
    with (
        tempfile.TemporaryDirectory(prefix="yiwang-bench-") as folder,
        LocalRedis(Path(folder) / "redis", append_only=False) as redis,
    ):
        store = connect(redis.url)
        sensors = _grow(store, pack, FEED, _readings(pack, asked.count))
        store.client.flushall()
        cases = _grow(store, pack, CASES, _cases(pack, asked.count))
    result = {
        "bench": "memory",
        "count": asked.count,
        "bytes_per_sensor": round(sensors / asked.count),
        "bytes_per_open_case": round(cases / asked.count),
        "mib_per_100k_sensors": round(sensors / asked.count * 100_000 / 2**20),
        "mib_per_100k_open_cases": round(cases / asked.count * 100_000 / 2**20),
    }
    sys.stdout.write(json.dumps(result) + "\n")


def _grow(store: Store, pack: CityPack, spec: dict[str, object], values: list[bytes]) -> int:
    """Read messages into the store; give the bytes by which it grew."""
    feed = convert(spec, FeedSpec, Path("bench"))
    frame = Frame(pack.geography, pack.code, pack.timezone)
    normalizer, applier = Normalizer(feed, frame), Applier(store, frame, time.time)
    applier.begin([f"{feed.id}:0"], {})
    before = store.client.info("memory")["used_memory"]
    now = int(time.time() * 1000)
    for at in range(0, len(values), 20_000):
        part = values[at : at + 20_000]
        offsets = range(at, at + len(part))
        applier.apply(
            Work(
                [normalizer.batch([make_slice(feed.id, 0, offsets, [now] * len(part), part)])],
                frame,
            )
        )
    return int(store.client.info("memory")["used_memory"] - before)


def _stamp(offset_s: float = 0) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + offset_s))


def _readings(pack: CityPack, count: int) -> list[bytes]:
    lng, lat = city_points(pack, np.random.default_rng(5), count)
    stamp = _stamp()
    return [
        f'{{"sensor_id":"S{i:06d}","property":"pm25","value":{i % 90}.5,"unit":"ug/m3",'
        f'"observed_at":"{stamp}","lng":{lng[i]:.6f},"lat":{lat[i]:.6f}}}'.encode()
        for i in range(count)
    ]


def _cases(pack: CityPack, count: int) -> list[bytes]:
    lng, lat = city_points(pack, np.random.default_rng(6), count)
    return [
        json.dumps(
            {
                "no": f"2026112400{i:06d}", "class": f"类别{i % 20}", "state": "handling",
                "title": "反映某小区供暖温度不达标，请求协调解决", "address": "某街道某小区",
                "lead": "某区某局", "reported": _stamp(-3600), "due": _stamp(86_400),
                "observed_at": _stamp(), "lng": round(lng[i], 6), "lat": round(lat[i], 6),
            },
            ensure_ascii=False,
        ).encode()
        for i in range(count)
    ]  # fmt: skip


if __name__ == "__main__":
    main()
