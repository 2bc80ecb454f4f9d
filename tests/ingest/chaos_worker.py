"""A worker process over the small city, as `yiwang ingest` runs one, whose clock may be wrong.

Its argument is JSON: bootstrap, redis, rejects (topic), now_s.
"""

import json
import signal
import sys
import threading

from kafka import KafkaProducer
from logged_city import FEEDS, FRAME

from ingest.consumer import Intake, Pace, Worker
from ingest.sources.ahead import AheadSource
from ingest.sources.kafka import KafkaSettings, KafkaSource
from ingest.worker import RejectsTopic
from layers.store.client import connect


def main():
    said = json.loads(sys.argv[1])
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    producer = KafkaProducer(bootstrap_servers=said["bootstrap"], acks="all", max_block_ms=1_000)
    worker = Worker(
        Intake(FEEDS, FRAME),
        connect(said["redis"], prefix="t"),
        RejectsTopic(producer, said["rejects"]),
        Pace(200, 0.05, 0.5),
        lambda: said["now_s"],
    )
    settings = KafkaSettings(said["bootstrap"], "chaos", max_poll_records=50)
    source = AheadSource(
        lambda asking: KafkaSource(
            settings, worker.topics, asking(worker.begin), on_lost=asking(worker.lost)
        )
    )
    worker.run(source, stop)


if __name__ == "__main__":
    main()
