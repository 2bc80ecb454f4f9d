"""`yiwang demo`: all of it started by one command, and all of it gone afterwards."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import socket

import pytest

from ingest.demo_city import demo_environment, screens_url, status_line
from ingest.demo_parts import MOST_RESTARTS, DemoError, Parts
from ingest.play_city import Mark, Play, newest_first, open_player, play_direct
from layers.config import load_config
from layers.processes import free_port
from layers.times import to_ms


class RunningDemo:
    """A demo of the small city, started by the command."""

    def __init__(self, state, *arguments):
        self.port = free_port()
        command = [sys.executable, "-m", "layers.command", "demo", "--city", "chicago"]
        jars = load_config().local.folder / "jars"
        (state / "jars").exists() or (state / "jars").symlink_to(jars)
        self.process = subprocess.Popen(
            [*command, "--hours", "6", "--port", str(self.port), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "YIWANG_LOCAL__STATE": str(state)},
        )
        self.said = []

    def until(self, word):
        for line in self.process.stdout:
            self.said.append(line)
            if word in line:
                return line
        raise AssertionError("".join(self.said))

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
            return json.loads(answer.read())

    def descendants(self):
        """Process ids of everything that the demo has started."""
        parents = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                words = stat.read_text().rpartition(")")[2].split()
                parents[int(stat.parent.name)] = int(words[1])
        found, new = set(), {self.process.pid}
        while new:
            new = {pid for pid, parent in parents.items() if parent in new}
            found |= new
        return found

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)
        self.process.stdout.close()


def are_gone(pids, patience_s=20):
    ends = time.monotonic() + patience_s
    while time.monotonic() < ends:
        if not any(Path(f"/proc/{pid}/exe").exists() for pid in pids):
            return True
        time.sleep(0.1)
    return False


@pytest.fixture
def demo(tmp_path, request):
    started = []

    def start(*arguments):
        started.append(RunningDemo(tmp_path, *arguments))
        return started[-1]

    yield start
    for one in started:
        one.end()


def accepted(snapshot):
    return sum(feed["accepted"] for feed in snapshot["feeds"].values())


def wait_for(check, patience_s=60):
    ends = time.monotonic() + patience_s
    while time.monotonic() < ends:
        found = check()
        if found:
            return found
        time.sleep(0.3)
    raise AssertionError("waited in vain")


def test_the_demo_shows_a_city_by_way_of_kafka_and_leaves_nothing_running(demo, kafka):
    one = demo()
    assert re.search(rf"http://127.0.0.1:{one.port}/wall", one.until("Open"))
    first = wait_for(lambda: accepted(one.get("/sources.json")))
    assert first > 0
    pids = one.descendants()
    assert len(pids) >= 6  # Redis, Kafka, web, player, two workers
    one.process.send_signal(signal.SIGINT)
    assert one.process.wait(60) == 0
    assert "已全部停止" in one.process.stdout.read()
    assert are_gone(pids)

    again = demo()
    again.until("Open")
    assert accepted(again.get("/sources.json")) >= first  # history is kept


def test_the_demo_without_kafka_shows_the_same_and_dies_with_a_killed_parent(demo):
    one = demo("--no-kafka")
    one.until("Open")
    wait_for(lambda: accepted(one.get("/sources.json")))
    pids = one.descendants()
    assert len(pids) >= 3  # Redis, web, player
    one.process.kill()
    one.process.wait()
    assert are_gone(pids)


def test_without_a_network_and_jars_the_demo_says_so_and_goes_on_without_kafka(
    demo, tmp_path, monkeypatch
):
    (tmp_path / "jars").mkdir()
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    one = demo()
    one.until("Maven's registry")
    one.until("going on without Kafka")
    one.until("Open")
    assert wait_for(lambda: accepted(one.get("/sources.json"))) > 0


def test_a_busy_port_is_told_before_anything_starts(tmp_path):
    with socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "layers.command", "demo", "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "YIWANG_LOCAL__STATE": str(tmp_path)},
            check=False,
        )
    assert done.returncode == 1
    assert f"Port {port}" in done.stderr
    assert "PORT=8060" in done.stderr
    assert not (tmp_path / "demo").exists()


def test_a_part_that_ends_is_started_again_and_told(tmp_path):
    said = []
    parts = Parts(tmp_path, os.environ, said.append)
    parts.start("redis", "redis", "--port", "0", "--state", str(tmp_path / "redis"))
    first = parts.pids()["redis"]
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: (parts.mend(), said)[1])
    assert "signal 9" in said[0]
    second = parts.pids()["redis"]
    assert second != first
    parts.stop()
    assert are_gone([first, second])


def test_a_part_that_ends_again_and_again_ends_the_demo_with_its_last_words(tmp_path):
    said = []
    parts = Parts(tmp_path, os.environ, said.append)
    parts.start("broken", "no-such-command")

    def mend_until_it_gives_up():
        try:
            parts.mend()
        except DemoError as error:
            return str(error)
        return ""

    words = wait_for(mend_until_it_gives_up)
    assert "exit code 2" in words
    assert "invalid choice" in words
    assert len(said) == MOST_RESTARTS


def test_the_parts_use_the_servers_of_the_demo_whatever_the_settings_name():
    environ = {
        "PATH": "/bin",
        "YIWANG_KAFKA__SASL_PLAIN_PASSWORD": "x",
        "YIWANG_KAFKA__SECURITY__SECURITY_PROTOCOL": "SASL_SSL",
        "YIWANG_REDIS__PASSWORD": "x",
        "YIWANG_REDIS__CLUSTER": "true",
    }
    config = load_config(environ={"YIWANG_CITY__PACK": "chicago"})
    own = demo_environment(config, "redis://127.0.0.1:1/0", "127.0.0.1:2", environ)
    assert own["PATH"] == "/bin"
    loaded = load_config(environ=own)
    assert loaded.city.pack == "chicago"
    assert loaded.kafka.bootstrap == "127.0.0.1:2"
    assert loaded.kafka.security == {}
    assert loaded.redis.address == "redis://127.0.0.1:1/0"
    assert not loaded.redis.cluster


def test_the_address_told_is_one_that_a_browser_can_open():
    config = load_config(environ={"YIWANG_SERVE__HOST": "0.0.0.0"})
    assert screens_url(config) == "http://127.0.0.1:8050"


def test_the_status_adds_up_the_accounts_of_all_feeds():
    feed = {"read": 6, "accepted": 3, "duplicate": 1, "rejected": 1, "late": 1, "lag": None}
    line = status_line([{**feed, "state": "live"}, {**feed, "lag": 4, "state": "silent"}])
    assert line == "read=12 accepted=6 duplicate=2 rejected=2 late=2 lag=4 feeds_live=1/2"


def test_a_state_that_was_played_directly_goes_on_where_it_was_left(store, redis_url, tmp_path):
    environ = {
        "YIWANG_CITY__PACK": "chicago",
        "YIWANG_REDIS__URL": redis_url,
        "YIWANG_REDIS__PREFIX": "t",
    }
    config = load_config(environ=environ)
    mark = Mark(tmp_path / "played.json")

    def total(name):
        keys = store.client.scan_iter(match="t:*acct:*")
        return sum(int(store.client.hget(key, name) or 0) for key in keys)

    def play(ahead):
        stop, before = threading.Event(), mark.read()
        how = Play(4.0, 1.0, tmp_path / "played.json")
        arguments = (config, how, stop, lambda: datetime.now(UTC) + ahead)
        thread = threading.Thread(target=play_direct, args=arguments)
        thread.start()
        try:
            wait_for(lambda: mark.read() != before)
        finally:
            stop.set()
            thread.join(60)
        return total("read")

    first = play(timedelta(0))
    assert play(timedelta(hours=2)) > first > 0
    assert total("duplicate") == 0


def test_the_history_begins_with_the_last_hours_and_says_everything_once():
    config = load_config(environ={"YIWANG_CITY__PACK": "chicago"})
    player = open_player(config, 1.0, datetime.now(UTC))
    given = [m for chunk in newest_first(player, 30.0, None) for m in chunk]
    assert given[0].at_ms > to_ms(player.now) - 2 * 3_600_000
    assert given[-1].at_ms < given[0].at_ms
    assert sorted(given, key=repr) == sorted(
        (m for chunk in player.history(30.0) for m in chunk), key=repr
    )


def test_what_an_earlier_run_has_played_is_not_played_again():
    config = load_config(environ={"YIWANG_CITY__PACK": "chicago"})
    now = datetime.now(UTC)
    player = open_player(config, 1.0, now)
    for hours in (1, 10):
        since = now - timedelta(hours=hours)
        given = [m for chunk in newest_first(player, 30.0, since) for m in chunk]
        assert min(m.at_ms for m in given) >= to_ms(since)
