"""What a worker tells Prometheus and whoever restarts it."""

import json
import re
import socket
import urllib.error
import urllib.request

import pytest
from log_source import LogSource
from small_city import NOW_MS, NOW_S, feed, frame

from ingest import metrics
from ingest.consumer import Intake, Pace, Worker
from ingest.status import StatusAddressError, status


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def value(text, name):
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


class Sink:
    def send(self, rejects):
        pass


def test_a_worker_counts_what_it_applied_and_times_each_stage(store, free_port):
    bodies = [
        {"id": "s1", "p": "no2", "v": n, "x": 0.5, "y": 1, "at": NOW_MS + min(n, 8)}
        for n in range(10)
    ]
    log = {("air", 0): [(NOW_MS, json.dumps(b).encode()) for b in bodies] + [(NOW_MS, b"{")]}
    spec = feed(id="metered", topic="air")
    made = Worker(
        Intake({"metered": spec}, frame()), store, Sink(), Pace(99, 0.0, 0.0), lambda: NOW_S
    )
    with status("127.0.0.1", free_port, made.trouble) as port:
        made.drain(LogSource(log, made.begin, []))
        text = get(port, "/metrics")[1]
        assert get(port, "/readyz") == (200, "ready\n")
    name = 'yiwang_worker_messages_total{feed="metered",outcome="%s"}'
    counts = [value(text, name % o) for o in ("accepted", "duplicate", "rejected", "late")]
    assert counts == [9, 1, 1, 0]
    for stage in metrics.STAGES:
        if stage != "rejects":
            assert value(text, f'yiwang_worker_stage_seconds_count{{stage="{stage}"}}') >= 1
    assert value(text, "yiwang_worker_oldest_unapplied_timestamp_seconds") == 0


def test_a_worker_without_redis_lives_and_is_not_ready(free_port):
    with status("127.0.0.1", free_port, lambda: "redis does not answer") as port:
        assert get(port, "/healthz")[0] == 200
        assert get(port, "/readyz") == (503, "redis does not answer\n")
        assert get(port, "/else")[0] == 404


def test_a_taken_address_names_the_setting(free_port):
    with (
        status("127.0.0.1", free_port, lambda: ""),
        pytest.raises(StatusAddressError, match=r"ingest\.status_port"),
        status("127.0.0.1", free_port, lambda: ""),
    ):
        pass


def test_port_0_serves_nothing():
    with status("127.0.0.1", 0, lambda: "") as port:
        assert port == 0
