"""A worker process over the small city that kills itself at one exact place of its loop.

Its argument is JSON: bootstrap, redis, group, rejects (topic), now_s, records (of one poll), place
and passage: it sends itself SIGKILL when it comes to the place for the n-th time. Without a place
it works until it is told to end. The loop is that of `yiwang ingest`; only its ports are wrapped.
"""

import json
import logging
import os
import signal
import sys
import threading

from kafka import KafkaProducer
from logged_city import FEEDS, FRAME

from ingest import consumer
from ingest.consumer import Intake, Pace, Worker
from ingest.normalize import Normalizer
from ingest.sources.kafka import KafkaSettings, KafkaSource
from ingest.worker import RejectsTopic
from layers.store.client import connect


class Death:
    """Waits at one place."""

    def __init__(self, place, passage):
        self._place = place
        self._left = passage

    def at(self, place):
        self._left -= place == self._place
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)

    def beside(self, owner, method, name):
        """Wait before a method and after it; `name` gives the step at the time of the call."""
        call = getattr(owner, method)

        def passed(*arguments):
            step = name()
            self.at(f"before {step}")
            answer = call(*arguments)
            self.at(f"after {step}")
            return answer

        setattr(owner, method, passed)

    def inside(self, owner, method, name):
        """Wait where the first half of what a method is to write stands, and nothing else."""
        call = getattr(owner, method)

        def passed(items, *rest):
            if f"inside {name()}" != self._place or len(items) < 2:
                return call(items, *rest)
            half = len(items) // 2
            first = call(items[:half], *rest)
            self.at(self._place)
            return [*(first or ()), *(call(items[half:], *rest) or ())]

        setattr(owner, method, passed)


def _writer():
    """Give what writes to the store: polls have a thread of their own."""
    return "apply" if threading.current_thread().name.startswith("apply") else "sweep"


def main():
    logging.basicConfig(level=logging.INFO)
    said = json.loads(sys.argv[1])
    consumer._SWEEP_S = 0.0  # with every poll, so that one is met
    store = connect(said["redis"], prefix="t")
    producer = KafkaProducer(bootstrap_servers=said["bootstrap"])
    sink = RejectsTopic(producer, said["rejects"])
    pace = Pace(said["records"], 0.0, 0.0)
    worker = Worker(Intake(FEEDS, FRAME), store, sink, pace, lambda: said["now_s"])
    death = Death(said.get("place"), said.get("passage", 1))
    death.beside(worker, "begin", lambda: "take-over")
    settings = KafkaSettings(said["bootstrap"], said["group"], said["records"])
    source = KafkaSource(settings, worker.topics, worker.begin)
    death.beside(source, "poll", lambda: "poll")
    death.beside(Normalizer, "batch", lambda: "batch")
    death.beside(worker, "_normalize", lambda: "normalize")
    death.beside(sink, "send", lambda: "rejects")
    death.inside(sink, "send", lambda: "rejects")
    death.beside(store, "superseded", lambda: "superseded")
    death.beside(store, "apply_many", _writer)
    death.inside(store, "apply_many", _writer)
    death.beside(source, "commit", lambda: "commit")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    worker.run(source, stop)


if __name__ == "__main__":
    main()
