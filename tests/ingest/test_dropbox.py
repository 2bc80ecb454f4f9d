"""Files put into a folder reach the topic, each content once and each line once."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from threading import Event, Thread

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from packed_city import PackedCity, RunningWorker
from small_city import NOW_MS

from ingest.dropbox import produce
from ingest.dropbox.folder import DropFolder, Watch
from ingest.dropbox.ledger import Ledger, digest_of
from ingest.dropbox.produce import FileProducer
from ingest.kafka_topics import create_topics
from ingest.replay import produce_file
from layers.command import main
from layers.feeds import load_feeds


@pytest.fixture
def city(tmp_path, kafka, redis_url, new_topic):
    made = PackedCity(tmp_path, new_topic(stem="drop"), kafka, redis_url)
    made.store.wipe()
    made.inbox = tmp_path / "inbox"
    made.inbox.mkdir()
    yield made
    made.close()


@pytest.fixture
def command(city, monkeypatch, capsys):
    for name, value in city.environ.items():
        monkeypatch.setenv(name, value)

    def run(*words):
        code = main([str(w) for w in words])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def lines(count, first=0):
    body = {"id": "s1", "p": "pm25", "v": 7, "x": 0.5, "y": 1}
    rows = [json.dumps(body | {"at": NOW_MS + first + n}) for n in range(count)]
    return "\n".join([*rows, "{broken"]).encode() + b"\n"


def in_topic(city, feed_id="air"):
    """Give value → how often it stands in the topic, the keys and partitions."""
    consumer = KafkaConsumer(bootstrap_servers=city.environ["YIWANG_KAFKA__BOOTSTRAP"])
    topic = f"{city.stem}.{feed_id}"
    partitions = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic)]
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    left = sum(consumer.end_offsets(partitions).values())
    found = []
    while len(found) < left:
        found += [r for part in consumer.poll(timeout_ms=500).values() for r in part]
    consumer.close()
    return found


def watch(command, city, *more):
    return command("watch", city.inbox, "--feed", "air", "--once", "--every", "0.05", *more)


def test_a_file_is_produced_once_under_whatever_name_it_comes_and_moved(city, command):
    (city.inbox / "a.ndjson").write_bytes(lines(30))
    code, said = watch(command, city)
    assert code == 0, said
    assert "31 条" in said
    assert (city.inbox / "done" / "a.ndjson").is_file()
    (city.inbox / "a.ndjson").write_bytes(lines(30))
    code, said = watch(command, city)
    assert "produced before as a.ndjson" in said
    assert (city.inbox / "done" / "a.2.ndjson").is_file()
    records = in_topic(city)
    assert len(records) == 31
    digest = digest_of(city.inbox / "done" / "a.ndjson")[:16]
    assert {r.key.decode() for r in records} == {f"{digest}:{n}" for n in range(31)}
    with RunningWorker(city.config):
        found = city.await_read("air", 31)
    assert (found["accepted"], found["rejected"]) == (30, 1)


def test_what_cannot_be_read_goes_to_failed_with_its_reason(city, command):
    (city.inbox / "broken.gz").write_bytes(gzip.compress(lines(5))[:-20])
    (city.inbox / "empty.ndjson").write_bytes(b"")
    (city.inbox / "half.ndjson.part").write_bytes(lines(3))
    (city.inbox / ".hidden").write_bytes(lines(3))
    code, said = watch(command, city)
    assert code == 1
    assert said.count("failed") == 2
    for name in ("broken.gz", "empty.ndjson"):
        assert (city.inbox / "failed" / name).is_file()
        assert (city.inbox / "failed" / f"{name}.reason.txt").read_text(encoding="utf-8").strip()
    assert (city.inbox / "half.ndjson.part").is_file()
    assert (city.inbox / ".hidden").is_file()
    assert not in_topic(city)


def test_a_file_that_grows_is_taken_when_it_is_whole(city, tmp_path):
    feed = load_feeds(city.pack / "feeds")["air"]
    drop = DropFolder(city.inbox, feed)
    file = city.inbox / "slow.ndjson"
    body = lines(20)
    file.write_bytes(body[:100])
    assert not list(drop.arrived())
    file.write_bytes(body)
    assert not list(drop.arrived())
    assert list(drop.arrived()) == [file]
    drop.close()


def test_versions_of_a_case_stay_in_one_partition_in_their_order(city, command):
    rows = [{"no": str(n % 3), "s": "reported", "r": NOW_MS, "at": NOW_MS + n} for n in range(1200)]
    (city.inbox / "c.ndjson").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    code, _ = command("watch", city.inbox, "--feed", "hotline", "--once", "--every", "0.05")
    assert code == 0
    records = in_topic(city, "hotline")
    assert len({r.partition for r in records}) == 1
    assert [json.loads(r.value)["at"] - NOW_MS for r in records] == list(range(1200))


def test_a_death_in_the_middle_doubles_no_line_and_loses_none(city, tmp_path, monkeypatch):
    monkeypatch.setattr(produce, "NOTE_EVERY", 50)
    feed = load_feeds(city.pack / "feeds")["air"]
    ledger = Ledger(tmp_path / "ledger")
    values = lines(700).splitlines()
    for dies_at in (30, 120, 333, 690):
        maker = FileProducer(city.config, ledger)

        def mortal(dies_at=dies_at, maker=maker):
            for number, value in enumerate(values):
                if number == dies_at:
                    maker._producer.flush()  # some of it is there, and the ledger does not know
                    raise KeyboardInterrupt
                yield value

        with pytest.raises(KeyboardInterrupt):
            maker.produce(feed, "d" * 64, "f", (mortal(), lambda _: None))
        maker.close()
    maker = FileProducer(city.config, ledger)
    assert maker.produce(feed, "d" * 64, "f", (values, lambda _: None)) == 701
    assert maker.produce(feed, "d" * 64, "f", (values, lambda _: None)) == 701
    maker.close()
    assert Counter(r.value for r in in_topic(city)) == Counter(values)


def test_a_killed_watch_goes_on_and_a_second_one_is_refused(city, command):
    (city.inbox / "big.ndjson").write_bytes(lines(60_000))
    arguments = ["watch", str(city.inbox), "--feed", "air", "--every", "0.05"]
    process = subprocess.Popen(
        [sys.executable, "-m", "layers.command", *arguments], env=city.command_environ()
    )
    entries = city.inbox / ".yiwang"
    ends = time.monotonic() + 60
    while time.monotonic() < ends and not list(entries.glob("*.json")):
        time.sleep(0.005)
    code, said = watch(command, city)
    assert code == 1
    assert "in use by yiwang watch" in said
    os.kill(process.pid, signal.SIGKILL)
    process.wait(30)
    code, said = watch(command, city)
    assert code == 0, said
    counts = Counter(r.value for r in in_topic(city))
    assert len(counts) == 60_001
    assert set(counts.values()) == {1}


def test_an_outage_of_kafka_is_waited_for(city):
    feed = load_feeds(city.pack / "feeds")["air"]
    drop = DropFolder(city.inbox, feed)
    (city.inbox / "a.ndjson").write_bytes(lines(5))
    said, stop = [], Event()
    watched = Watch(city.config, {"air": drop}, said.append, lambda _: None)
    real, failures = FileProducer.produce, []

    def failing(self, *arguments):
        if len(failures) < 3:
            failures.append(1)
            raise KafkaError("down")
        return real(self, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FileProducer, "produce", failing)
        thread = Thread(target=watched.run, args=(stop, 0.05))
        thread.start()
        ends = time.monotonic() + 30
        while time.monotonic() < ends and not (city.inbox / "done" / "a.ndjson").is_file():
            time.sleep(0.05)
        stop.set()
        thread.join(30)
    drop.close()
    assert sum("waiting for Kafka" in line for line in said) == 1
    assert len(in_topic(city)) == 6


def test_replay_by_way_of_kafka_goes_on_and_repeats_nothing(city, tmp_path):
    file = tmp_path / "r.ndjson"
    file.write_bytes(lines(40))
    for _ in range(2):
        assert produce_file(city.config, "air", file, lambda *_: None) == 41
    assert len(in_topic(city)) == 41


def test_folders_can_stand_in_the_settings_and_what_is_missing_is_said(city, command, monkeypatch):
    code, said = command("watch", "--once")
    assert code == 1
    assert "ingest.folders" in said
    monkeypatch.setenv("YIWANG_INGEST__FOLDERS", json.dumps({"air": str(city.inbox)}))
    (city.inbox / "a.ndjson").write_bytes(lines(3))
    assert command("watch", "--once", "--every", "0.05")[0] == 0
    assert len(in_topic(city)) == 4
    assert "Use one of" in command("watch", city.inbox, "--feed", "ari", "--once")[1]
    assert "no folder" in command("watch", city.inbox / "no", "--feed", "air", "--once")[1]
    assert "--feed" in command("watch", city.inbox)[1]


def test_a_topic_that_was_made_again_gets_the_file_again(city, command):
    (city.inbox / "a.ndjson").write_bytes(lines(3))
    assert watch(command, city)[0] == 0
    topic, bootstrap = f"{city.stem}.air", city.environ["YIWANG_KAFKA__BOOTSTRAP"]
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.delete_topics([topic])
    while topic in admin.list_topics():
        time.sleep(0.1)
    admin.close()
    create_topics(bootstrap, [topic], 1)
    (city.inbox / "a.ndjson").write_bytes(lines(3))
    assert watch(command, city)[0] == 0
    assert len(in_topic(city)) == 4
