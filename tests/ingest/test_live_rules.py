"""A feed's YAML changes under running workers: in force soon, nothing lost or doubled."""

import logging
import time
from datetime import UTC, datetime

import pytest
import yaml
from packed_city import PackedCity, RunningWorker, plain, write
from small_city import NOW_MS, feed

from ingest.kafka_topics import create_topics
from layers.city import open_city
from layers.feed_folder import digest_of
from layers.feeds import load_feeds

GOOD = {"id": "s1", "p": "pm25", "v": 7, "x": 0.5, "y": 1}


@pytest.fixture
def city(tmp_path, kafka, redis_url, new_topic):
    made = PackedCity(tmp_path, new_topic(stem="live"), kafka, redis_url)
    made.store.wipe()
    yield made
    made.close()


def yaml_of(city, feed_id="air"):
    file = city.pack / "feeds" / f"{feed_id}.yaml"
    return file, yaml.safe_load(file.read_text(encoding="utf-8"))


def sources(shown):
    return shown.reader.sources(datetime.now(UTC))


def until(condition, patience_s=30):
    ends = time.monotonic() + patience_s
    while not condition() and time.monotonic() < ends:
        time.sleep(0.1)
    assert condition()


def readings(count, first=0):
    return [GOOD | {"at": NOW_MS + first + n, "v": 500} for n in range(count)]


def test_a_changed_yaml_counts_from_then_on_without_loss_or_repetition(city):
    file, spec = yaml_of(city)
    shown = open_city(city.config)
    with RunningWorker(city.config), RunningWorker(city.config):
        city.produce("air", readings(200))
        city.await_read("air", 200)
        first = sources(shown).feeds["air"].rules
        assert first == digest_of(load_feeds(city.pack / "feeds")["air"])
        write(file, spec | {"bounds": {"value": {"pm25": [0, 100]}}})
        for batch in range(1, 21):  # goes on while it changes
            city.produce("air", readings(20, batch * 1000))
            time.sleep(0.2)
        until(lambda: sources(shown).feeds["air"].rules != first)
        time.sleep(1.5)  # the other worker has looked too
        city.produce("air", readings(50, 100_000))
        found = city.await_read("air", 200 + 400 + 50)
    assert found["accepted"] + found["rejected"] == 650
    assert 50 <= found["rejected"] <= 450
    assert found.get("duplicate", 0) == 0


def test_a_new_file_brings_its_topic_and_a_removed_one_takes_it_away(city, kafka):
    topic = f"{city.stem}.water"
    create_topics(kafka, [topic], 2)
    city.produce("water", readings(30))
    with RunningWorker(city.config):
        city.produce("air", readings(10))
        city.await_read("air", 10)
        file = city.pack / "feeds" / "water.yaml"
        write(file, plain(feed(id="water", late_after_s=86_400), topic=topic))
        city.await_read("water", 30)  # from its oldest message
        city.produce("air", readings(10, 5000))
        city.await_read("air", 20)
        file.unlink()
        until(lambda: not rules_of(city, "water"))
        city.produce("water", readings(5, 9000))
        time.sleep(2)
        city.produce("air", readings(10, 9000))
        city.await_read("air", 30)
        assert city.accounts("water")["read"] == 30
        write(file, plain(feed(id="water", late_after_s=86_400), topic=topic))
        city.await_read("water", 35)  # what came meanwhile is not lost


def rules_of(city, feed_id):
    told = city.store.client.hget(city.store.key("000000", "rules"), feed_id) or b""
    return b'"rules":""' not in told and bool(told)


def test_an_invalid_yaml_is_refused_and_said_and_the_old_rule_goes_on(city, caplog):
    caplog.set_level(logging.INFO)
    file, spec = yaml_of(city)
    shown = open_city(city.config)
    with RunningWorker(city.config):
        city.produce("air", readings(10))
        city.await_read("air", 10)
        first = sources(shown).feeds["air"].rules
        write(file, spec | {"late_after": 1})
        (city.pack / "feeds" / "new.yaml").write_text("id: [", encoding="utf-8")
        until(lambda: sources(shown).feeds["air"].refused and sources(shown).refused)
        told = sources(shown)
        assert "late_after_s" in told.feeds["air"].refused
        assert told.feeds["air"].rules == first
        assert "not YAML" in told.refused["new.yaml"]
        city.produce("air", readings(10, 5000))
        city.await_read("air", 20)
        assert caplog.text.count("event=feed_refused file=air.yaml") == 1
        write(file, spec)
        (city.pack / "feeds" / "new.yaml").unlink()
        until(lambda: not sources(shown).feeds["air"].refused and not sources(shown).refused)


def test_the_screens_take_up_a_new_feed_and_its_name_by_themselves(city):
    shown = open_city(city.config)
    changes = shown.changes()
    next(changes)
    file, spec = yaml_of(city)
    write(file, spec | {"title": {"zh": "新名", "en": "New name"}})
    until(lambda: next(changes) is not None and shown.feeds["air"].title.zh == "新名")
    assert sources(shown).feeds["air"].title.en == "New name"
    file.unlink()  # an indicator needs it: it stays on screen
    for _ in range(4):
        next(changes)
    assert "air" in shown.feeds
    changes.close()
