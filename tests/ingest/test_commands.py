"""The subcommands of ingest, run as an operator runs them, on a real Redis and a real Kafka."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest
from kafka import KafkaConsumer, TopicPartition

from ingest.kafka_topics import create_topics
from ingest.play_city import open_player
from layers.config import load_config
from layers.pack import CITIES

LINES = 40
TOPIC = "commands.incidents"


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """Chicago with a topic of its own, for the broker is everybody's."""
    folder = tmp_path_factory.mktemp("city") / "chicago"
    shutil.copytree(CITIES / "chicago", folder)
    feed = folder / "feeds" / "incidents.yaml"
    text = feed.read_text(encoding="utf-8")
    feed.write_text(
        re.sub(r"^topic: .*$", f"topic: {TOPIC}", text, flags=re.MULTILINE), encoding="utf-8"
    )
    return str(folder)


@pytest.fixture
def environ(redis_url, city, tmp_path):
    return {
        **os.environ,
        "YIWANG_CITY__PACK": city,
        "YIWANG_REDIS__URL": redis_url,
        "YIWANG_REDIS__PREFIX": "t",
        "YIWANG_LOCAL__STATE": str(tmp_path / "state"),
    }


@pytest.fixture
def recorded(tmp_path, city):
    """A file of played incidents, the last line broken."""
    config = load_config(environ={"YIWANG_CITY__PACK": city})
    player = open_player(config, 1.0, datetime.now(UTC))
    values = [m.value for chunk in player.history(30.0) for m in chunk][: LINES - 1]
    file = tmp_path / "incidents.ndjson"
    file.write_bytes(b"\n".join([*values, b"{broken"]) + b"\n")
    return file


def run(environ, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "layers.command", *arguments],
        capture_output=True,
        text=True,
        env=environ,
        timeout=120,
        check=False,
    )


def accounts(store):
    names = ("read", "accepted", "duplicate", "rejected", "late")
    keys = list(store.client.scan_iter(match="t:*acct:incidents"))
    return {n: sum(int(store.client.hget(k, n) or 0) for k in keys) for n in names}


def test_a_recorded_file_is_read_into_the_state_once_however_often_it_is_sent(
    store, environ, recorded
):
    done = run(environ, "replay", str(recorded), "--feed", "incidents")
    assert done.returncode == 0, done.stderr
    assert f"{LINES} messages read" in done.stderr
    first = accounts(store)
    assert first["read"] == LINES
    assert first["rejected"] == 1
    assert first["accepted"] == LINES - 1
    assert run(environ, "replay", str(recorded), "--feed", "incidents").returncode == 0
    assert accounts(store) == first


def test_a_recorded_file_is_produced_into_the_topic_of_its_feed(environ, recorded, kafka):
    create_topics(kafka, [TOPIC], 1)
    environ |= {"YIWANG_KAFKA__BOOTSTRAP": kafka}
    done = run(environ, "replay", str(recorded), "--feed", "incidents", "--kafka")
    assert done.returncode == 0, done.stderr
    assert f"{LINES} messages produced" in done.stderr
    consumer = KafkaConsumer(bootstrap_servers=kafka)
    partitions = [TopicPartition(TOPIC, p) for p in consumer.partitions_for_topic(TOPIC)]
    assert sum(consumer.end_offsets(partitions).values()) >= LINES
    consumer.close()


def test_an_unknown_feed_and_an_absent_file_are_told_in_one_sentence(environ, recorded, tmp_path):
    done = run(environ, "replay", str(recorded), "--feed", "incident")
    assert done.returncode == 1
    assert "incidents" in done.stderr
    done = run(environ, "replay", str(tmp_path / "absent"), "--feed", "incidents")
    assert done.returncode == 1
    assert "absent" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_worker_waits_for_kafka_says_so_and_ends_in_good_order(environ, tmp_path):
    log = tmp_path / "log"
    with log.open("wb") as output:
        worker = subprocess.Popen(
            [sys.executable, "-m", "layers.command", "ingest", "--name", "w1"],
            stderr=output,
            env=environ | {"YIWANG_KAFKA__BOOTSTRAP": "127.0.0.1:9"},
        )
    ends = time.monotonic() + 60
    while "waiting_for_kafka" not in log.read_text() and time.monotonic() < ends:
        time.sleep(0.1)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0
    assert log.read_text().count("event=waiting_for_kafka bootstrap=127.0.0.1:9") == 1
    assert "Traceback" not in log.read_text()


def test_played_messages_pass_kafka_and_a_worker_into_the_state(store, environ, kafka):
    create_topics(kafka, [TOPIC], 3)
    environ |= {"YIWANG_KAFKA__BOOTSTRAP": kafka, "YIWANG_KAFKA__GROUP": "commands"}
    environ |= {"YIWANG_KAFKA__REJECTS_TOPIC": TOPIC + ".rejects"}
    running = [
        subprocess.Popen([sys.executable, "-m", "layers.command", *words], env=environ)
        for words in (["ingest"], ["play", "--hours", "6"])
    ]
    try:
        ends = time.monotonic() + 90
        while not accounts(store)["accepted"] and time.monotonic() < ends:
            time.sleep(0.2)
        assert accounts(store)["accepted"] > 0
    finally:
        for process in running:
            process.terminate()
        codes = [process.wait(60) for process in running]
    assert codes == [0, 0]
