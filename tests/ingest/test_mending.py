"""Rejects are listed, mended, played again, and counted once, on a real Kafka and Redis."""

import json
import re
import time
from dataclasses import dataclass

import pytest
import yaml
from kafka import KafkaConsumer, TopicPartition
from packed_city import PackedCity, RunningWorker, write
from small_city import NOW_MS

from ingest.mending.origin import HEADER
from layers.command import main
from layers.feeds import read_rejects

HOMES = ("000000", "110101", "110102", "11")
GOOD = {"id": "s1", "p": "pm25", "v": 7, "x": 0.5, "y": 1, "at": NOW_MS}
BAD = [
    GOOD | {"id": "far", "v": 5000},
    GOOD | {"id": "far", "v": 6000, "x": 3.0},
    GOOD | {"id": "odd", "v": "满"},
]
BROKEN = b'{"id": "s9", "p": "pm25", "v": 3, "x": 0.5, "y": 1, "at": ' + str(NOW_MS).encode()


@dataclass
class Done:
    code: int
    out: str
    err: str


@pytest.fixture
def city(tmp_path, kafka, redis_url, new_topic):
    made = PackedCity(tmp_path, new_topic(stem="mend"), kafka, redis_url)
    made.store.wipe()
    made.produce("air", [GOOD, *BAD, BROKEN], keys=["k0", "k1", "k2", "k3", "k4"], partition=1)
    yield made
    made.close()


@pytest.fixture
def command(city, monkeypatch, capsys):
    for name, value in city.environ.items():
        monkeypatch.setenv(name, value)

    def run(*words):
        code = main([str(w) for w in words])
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return run


def balanced(found):
    parts = ("accepted", "duplicate", "rejected", "late")
    return found["read"] == sum(found.get(name, 0) for name in parts)


def raise_bounds(city, **changes):
    """Mend the YAML of the feed."""
    file = city.pack / "feeds" / "air.yaml"
    spec = yaml.safe_load(file.read_text(encoding="utf-8"))
    write(file, spec | {"bounds": {"value": {"pm25": [0, 9000]}}} | changes)


def ids(done):
    return re.findall(r"\S+:1@\w+:\d+\S*", done.out)


def test_rejects_are_listed_by_feed_reason_and_time_and_shown_with_their_bytes(city, command):
    with RunningWorker(city.config):
        city.await_read("air", 5)
    listed = command("rejects", "list")
    assert listed.code == 0
    assert "4 条拒收，其中 0 条已修复" in listed.out
    assert len(ids(listed)) == 4
    assert len(ids(command("rejects", "list", "--topic", "--feed", "air"))) == 4
    assert len(ids(command("rejects", "list", "--reason", "not a number"))) == 1
    assert not ids(command("rejects", "list", "--feed", "hotline"))
    assert not ids(command("rejects", "list", "--since", "2099-01-01"))
    rows = [json.loads(line) for line in command("rejects", "list", "--json").out.splitlines()]
    assert {row["state"] for row in rows} == {"open"}
    assert {row["home"] for row in rows} == {"110101", "110102", "000000"}
    whole = next(row for row in rows if row["record"] == -1)
    shown = command("rejects", "show", whole["id"])
    assert "can't be read" in shown.out
    assert BROKEN.decode() in shown.out
    unknown = command("rejects", "show", "air:0:99")
    assert unknown.code == 1
    assert "no such reject" in unknown.err
    assert command("rejects", "list", "--feed", "ari").code == 1
    assert "not a time" in command("rejects", "list", "--since", "soon").err


def test_after_the_yaml_was_mended_the_messages_count_as_what_they_are_and_once(city, command):
    with RunningWorker(city.config):
        before = city.await_read("air", 5)
    assert (before["accepted"], before["rejected"]) == (1, 4)
    raise_bounds(city)
    with RunningWorker(city.config):
        done = command("rejects", "replay", "--feed", "air")
        assert done.code == 1  # two are still wrong
        assert "sent 2, 已修复 mended 2" in done.out
        assert done.out.count("would be rejected again") == 2
        after = city.accounts("air")
        assert after == before | {"accepted": 3, "rejected": 2, "mended": 2}
        again = command("rejects", "replay", "--feed", "air")
        assert "sent 0" in again.out
        rows, unread = read_rejects(city.store, HOMES, 50)
        assert unread == 0
        assert sorted(row.is_mended for row in rows) == [False, False, True, True]
        mended = [
            json.loads(line)
            for line in command("rejects", "list", "--json").out.splitlines()
            if '"mended"' in line
        ]
        assert len(mended) == 2
        refused = command("rejects", "replay", mended[0]["id"])
        assert refused.code == 1
        assert "mended once" in refused.err
    assert city.accounts("air") == after
    minutes = [
        city.store.client.hgetall(key)
        for key in city.store.client.scan_iter(f"{city.stem}:*:acctm:air:*")
    ]
    by_outcome = {}
    for cells in minutes:
        for name, count in cells.items():
            outcome = name.partition(b"|")[2].decode()
            by_outcome[outcome] = by_outcome.get(outcome, 0) + int(count)
    assert by_outcome == {"accepted": 3, "rejected": 2}


def test_a_message_is_played_as_it_should_have_been_to_its_own_log(city, command, kafka, tmp_path):
    with RunningWorker(city.config):
        before = city.await_read("air", 5)
        listed = command("rejects", "list", "--reason", "can't be read")
        file = tmp_path / "mended.json"
        file.write_bytes(BROKEN + b"}\n")
        (name,) = ids(listed)
        assert command("rejects", "replay", name, name, "--edit", file).code == 1
        done = command("rejects", "replay", name, "--edit", file)
        assert done.code == 0, done.out
    assert city.accounts("air") == before | {"accepted": 2, "rejected": 3, "mended": 1}
    consumer = KafkaConsumer(bootstrap_servers=kafka)
    partition = TopicPartition(f"{city.stem}.air", 1)
    consumer.assign([partition])
    consumer.seek(partition, 5)
    (record,) = consumer.poll(timeout_ms=10_000)[partition]
    consumer.close()
    assert record.key == b"k4"
    assert record.headers[-1][0] == HEADER
    assert f"{city.stem}.air:1@" in record.headers[-1][1].decode()


def test_a_replay_that_nobody_applies_yet_is_sent_once(city, command):
    with RunningWorker(city.config):
        before = city.await_read("air", 5)
    raise_bounds(city)
    done = command("rejects", "replay", "--feed", "air", "--wait", "0.1")
    assert "is a worker running" in done.out
    assert "sent 0" in command("rejects", "replay", "--feed", "air", "--wait", "0").out
    assert "已重放 sent" in command("rejects", "list").out
    with RunningWorker(city.config):
        city.await_read("air", 2, "mended")
    assert city.accounts("air") == before | {"accepted": 3, "rejected": 2, "mended": 2}


def test_what_a_worker_rejects_again_is_not_counted_again_and_can_be_mended_later(city, command):
    with RunningWorker(city.config):
        before = city.await_read("air", 5)
    old = (city.pack / "feeds" / "air.yaml").read_text(encoding="utf-8")
    raise_bounds(city)
    command("rejects", "replay", "--feed", "air", "--wait", "0")
    (city.pack / "feeds" / "air.yaml").write_text(old, encoding="utf-8")
    with RunningWorker(city.config):
        ends = time.monotonic() + 30
        while time.monotonic() < ends and "已重放 sent" in command("rejects", "list").out:
            time.sleep(0.2)
    assert city.accounts("air") == before
    listed = command("rejects", "list")
    assert "4 条拒收，其中 0 条已修复" in listed.out
    raise_bounds(city)
    with RunningWorker(city.config):
        assert "mended 2" in command("rejects", "replay", "--feed", "air").out
    assert city.accounts("air") == before | {"accepted": 3, "rejected": 2, "mended": 2}


def test_the_same_replay_sent_twice_mends_once_and_the_accounts_hold(city, command):
    with RunningWorker(city.config):
        city.await_read("air", 5)
    raise_bounds(city)
    command("rejects", "replay", "--feed", "air", "--wait", "0")
    city.store.client.delete(city.store.key("000000", "sent"))  # a command died before its note
    command("rejects", "replay", "--feed", "air", "--wait", "0")
    with RunningWorker(city.config):
        found = city.await_read("air", 2, "duplicate")
    assert found["mended"] == 2
    assert found["accepted"] == 3
    assert balanced(found)


def test_a_late_message_is_judged_by_the_time_at_which_it_came_first(city, command):
    old = GOOD | {"at": NOW_MS - 80_000_000, "v": 5000}
    city.produce("air", [old], partition=1)
    with RunningWorker(city.config):
        before = city.await_read("air", 6)
    raise_bounds(city)
    with RunningWorker(city.config):
        command("rejects", "replay", "--feed", "air")
    assert city.accounts("air").get("late", 0) == 0
    assert city.accounts("air")["accepted"] == before["accepted"] + 3


def test_the_audit_agrees_after_rejects_were_mended(city, command, redis_url):
    with RunningWorker(city.config):
        city.await_read("air", 5)
    raise_bounds(city)
    with RunningWorker(city.config):
        command("rejects", "replay", "--feed", "air")
    # what the older rule refused, the newer one takes: the audit says so, and where
    done = command("audit", "--scratch", redis_url, "--show", "50")
    assert done.code == 1
    assert "mended" in done.out
