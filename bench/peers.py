"""`make bench NAME=peers`: the same job in Yiwang and in the tools a city might take instead.

One run, one real Apache Kafka, one real Redis, one topic of readings; one process each: Quix
Streams, Bytewax, Faust and a hand-written kafka-python loop, then one worker of Yiwang. The peers'
programs lie in `bench/peer_jobs`, each written as its own documentation advises, all with the same
job in the middle (`job.py`). They are installed into an environment of their own, by a lock file.
Time runs from the first message in hand to the last one accounted for in Redis.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import redis
import shapely

from bench.ingest import TOPIC, Size
from bench.ingest import _bare as bare_seconds
from bench.ingest import _produce as produce
from bench.ingest import _work as worked
from ingest.kafka_topics import create_topics
from ingest.local_kafka import LocalKafka
from layers.pack import load_pack
from layers.store.local_redis import LocalRedis

JOBS = Path(__file__).parent / "peer_jobs"
PEERS = {
    "quix": "quix.py",
    "bytewax": "bytewax_flow.py",
    "faust": "faust_app.py",
    "kafka-python": "plain.py",
}
"""Peer → its program."""


def main() -> None:
    """Run the bench and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--sensors", type=int, default=10_000)
    parser.add_argument("--only", choices=PEERS, action="append")
    asked = parser.parse_args()
    size = Size(asked.events, asked.sensors, 6, 600)
    python = _environment()
    rates: dict[str, int] = {}
    with tempfile.TemporaryDirectory(prefix="yiwang-bench-") as made:
        folder = Path(made)
        with (
            LocalKafka(folder / "kafka", throughput=True) as kafka,
            LocalRedis(folder / "redis", append_only=False) as store,
        ):
            create_topics(kafka.bootstrap, [TOPIC], size.partitions)
            produce(kafka.bootstrap, size)
            regions = _regions(folder / "regions.txt")
            for peer in asked.only or PEERS:
                where = {
                    "JOB_KAFKA": kafka.bootstrap,
                    "JOB_REDIS": store.url,
                    "JOB_REGIONS": str(regions),
                    "JOB_TOPIC": TOPIC,
                    "JOB_EVENTS": str(size.events),
                }
                rates[peer] = _peer(python, PEERS[peer], where)
                print(f"{peer}: {rates[peer]} events/s", file=sys.stderr)
                redis.Redis.from_url(store.url).flushall()
            seconds, _ = worked(kafka.bootstrap, store.url, size)
            raw = size.events / bare_seconds(kafka.bootstrap, size)
    ours, best = size.events / seconds, max(rates.values())
    result = {
        "bench": "peers",
        "events": size.events,
        "events_per_s": round(ours),
        "raw_poll_per_s": round(raw),
        "peers_per_s": rates,
        "ratio_best_peer": round(ours / best, 2),
    }
    print(json.dumps(result))


def _environment() -> Path:
    """Give the Python of the peers' environment, made once for each lock file."""
    lock = JOBS / "requirements.txt"
    folder = Path("~/.cache/yiwang/bench-peers").expanduser()
    python, mark = folder / "bin" / "python", folder / "installed"
    if not mark.exists() or mark.read_text() != lock.read_text():
        print(f"installing the peers into {folder}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "install", "-q", "--require-hashes", "-r", str(lock)]
        subprocess.run(pip, check=True)
        mark.write_text(lock.read_text())
    return python


def _regions(file: Path) -> Path:
    """Write the regions of the city for the peers: code and WKB a line."""
    geography = load_pack("beijing").geography
    shapes = {code: geography.shape_of(code) for code in geography.codes}
    lines = [f"{code} {shapely.to_wkb(s, hex=True)}\n" for code, s in shapes.items() if s]
    file.write_text("".join(lines))
    return file


def _peer(python: Path, program: str, where: dict[str, str]) -> int:
    """Run one peer to the end of the topic; give its events a second, 0 when it failed."""
    done = subprocess.run(
        [str(python), program],
        cwd=JOBS,
        env=os.environ | where,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        print(done.stderr[-2000:], file=sys.stderr)
        raise SystemExit(f"{program} failed with {done.returncode}")
    return int(json.loads(lines[-1])["events_per_s"])


if __name__ == "__main__":
    main()
