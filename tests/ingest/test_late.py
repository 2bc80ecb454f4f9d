"""Late messages: counted and kept in any case; where a feed says so, they correct their time."""

import json
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from log_source import LogSource
from logged_city import accounts, state
from revised_city import FRAME, HOUR_MS, run, worker
from small_city import LOCAL, NOW_MS, case_feed, feed

from ingest.consumer import Intake, Pace, Worker
from layers.batch import Frame, Retention
from layers.feeds import read_health
from layers.late import read_late

SPEC = feed(late={"apply_within_s": 5 * 3600})


def line(value, age_h=0.0, sensor="s", came=NOW_MS, **more):
    at = NOW_MS - int(age_h * HOUR_MS)
    body = {"id": sensor, "p": "no2", "v": value, "x": 0.5, "y": 1, "at": at} | more
    return (came, json.dumps(body).encode())


def hours(store, width="h"):
    return {
        name.decode(): cell.decode()
        for key in store.client.scan_iter(f"t:{{110101}}:{width}:*")
        for name, cell in store.client.hgetall(key).items()
        if b"|110101|" in name
    }


def test_a_late_reading_corrects_the_sums_of_its_own_time_and_is_counted_as_late(store):
    run(store, {("air", 0): [line(5), line(7, 2)]}, SPEC, [1, 1])
    found = accounts(store, "air")
    assert (found["accepted"], found["late"], found["late_taken"]) == (1, 1, 1)
    earlier = hours(store)[f"air.no2|110101|{(LOCAL.hour - 2) % 24}"]
    assert earlier == "1 7000000 7000000 7000000"
    newest = store.client.hget(store.key("110101", "latest"), "air|s|no2")
    assert newest.split(b"\x1f")[1] == b"5.0"


def test_a_late_reading_is_the_newest_of_a_sensor_that_has_no_newer_one(store):
    run(store, {("air", 0): [line(7, 2)]}, SPEC)
    assert store.client.hget(store.key("110101", "latest"), "air|s|no2")


def test_what_is_too_late_even_for_that_is_only_counted_and_kept(store):
    run(store, {("air", 0): [line(5), line(7, 6)]}, SPEC, [1, 1])
    found = accounts(store, "air")
    assert (found["late"], found.get("late_taken")) == (1, None)
    assert len(hours(store)) == 1
    (row,) = read_late(store, FRAME.homes, 10)
    assert (row.feed, row.partition, row.offset, row.applied) == ("air", "air:0", 1, False)
    assert json.loads(row.raw)["v"] == 7
    assert row.event_ms == NOW_MS - 6 * HOUR_MS


def test_a_feed_without_a_rule_keeps_its_late_messages_too_and_applies_none(store):
    run(store, {("air", 0): [line(5), line(7, 2), line(8, 3)]}, feed(), [1, 1, 1])
    rows = read_late(store, FRAME.homes, 10)
    assert [row.offset for row in rows] == [2, 1]
    assert not any(row.applied for row in rows)
    assert len(hours(store)) == 1


def test_a_late_repetition_is_counted_as_late_and_added_once(store):
    log = {("air", 0): [line(7, 2), line(7, 2), line(9, 2), line(7, 2)]}
    run(store, log, SPEC, [2, 1, 1])
    found = accounts(store, "air")
    assert (found["late"], found["late_taken"]) == (4, 1)
    assert set(hours(store).values()) == {"1 7000000 7000000 7000000"}


def test_a_repetition_of_what_came_in_time_is_not_added_when_it_comes_late(store):
    first = line(7, 2, came=NOW_MS - 2 * HOUR_MS)
    run(store, {("air", 0): [first, line(7, 2)]}, SPEC, [1, 1])
    found = accounts(store, "air")
    assert (found["accepted"], found["late"], found.get("late_taken")) == (1, 1, None)
    assert set(hours(store).values()) == {"1 7000000 7000000 7000000"}


def test_sums_that_have_expired_are_not_made_again(store):
    short = Frame(FRAME.geography, "11", "Asia/Shanghai", Retention(minute_h=1))
    made = Worker(
        Intake({"air": SPEC}, short), store, type("S", (), {"send": lambda *_: None})(),
        Pace(9, 0.0, 1e9), lambda: NOW_MS // 1000,
    )  # fmt: skip
    made.drain(LogSource({("air", 0): [line(7, 4)]}, made.begin, [1]))
    assert len(hours(store)) == 1
    assert hours(store, "m") == {}


def test_a_late_version_of_a_case_is_applied_and_an_older_one_replaces_nothing(store):
    spec = case_feed(late_after_s=3600, late={"apply_within_s": 5 * 3600})
    base = {"no": "1", "s": "reported", "r": NOW_MS - 3 * HOUR_MS, "x": 0.5, "y": 1}
    log = {
        ("hotline", 0): [
            (NOW_MS, json.dumps(base | {"at": NOW_MS - 2 * HOUR_MS, "s": "handling"}).encode()),
            (NOW_MS, json.dumps(base | {"at": NOW_MS - 3 * HOUR_MS}).encode()),
        ]
    }
    run(store, log, spec, [1, 1])
    stages = store.client.hgetall(store.key("110101", "stage:hotline"))
    assert stages == {b"110101|handling": b"1", b"110101001|handling": b"1"}


def test_the_health_of_a_feed_says_what_was_noted(store):
    spec = feed(place={"lng": "x", "lat": "y", "swapped": "mend"}, late={"apply_within_s": 18_000})
    log = {("air", 0): [line(1, x=1.5, y=3.0), line(2, 2, sensor="b"), line(3, x=0, y=0, id="c")]}
    run(store, log, spec)
    health = read_health(store, {"air": spec}, FRAME.homes, datetime.fromtimestamp(0, tz=UTC))
    assert health["air"].noted == {"placeholder": 1, "swapped": 1, "late_taken": 1}


@settings(max_examples=12, deadline=None)
@given(
    ages=st.lists(st.sampled_from([0, 0, 0.5, 1.5, 2, 4, 7]), min_size=1, max_size=40),
    sizes=st.lists(st.integers(1, 12), max_size=12),
    data=st.data(),
)
def test_however_it_is_cut_and_repeated_the_state_is_the_same(redis_url, ages, sizes, data):
    from layers.store.client import connect

    store = connect(redis_url, prefix="t")
    store.client.flushall()
    log = {
        ("air", 0): [line(n % 7, age, f"s{n % 3}") for n, age in enumerate(ages)],
    }
    run(store, log, SPEC)
    expected = state(store)
    kept = read_late(store, FRAME.homes, 100)
    store.client.flushall()
    made = worker(store, SPEC)
    source = LogSource(log, made.begin, sizes)
    for _ in range(data.draw(st.integers(0, 3))):
        made.step(source)
    run(store, log, SPEC, sizes)
    assert state(store) == expected
    assert read_late(store, FRAME.homes, 100) == kept
    store.client.close()
