"""A revised reading takes the earlier value back: the state is that of the last values."""

import json
import random
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from log_source import LogSource
from logged_city import accounts, state
from revised_city import (
    FRAME,
    HOUR_MS,
    NOW_S,
    Silent,
    cells,
    day,
    readings,
    revised_feed,
    run,
    stored,
    truth,
    worker,
)
from small_city import LOCAL, NOW_MS, feed

from ingest.audit.fields import ends_s, feed_of, moment_of
from ingest.consumer import Intake, Pace, Worker
from ingest.feed_checks import check_meaning
from layers.documents import DocumentError

SPEC = revised_feed()


def line(value, at=NOW_MS, sensor="s", x=0.5, p="no2"):
    body = {"id": sensor, "p": p, "v": value, "x": x, "y": 1, "at": at}
    return (NOW_MS, json.dumps(body).encode())


def hour_cell(store, region="110101"):
    cell = store.client.hget(store.key("110101", day()), f"air.no2|{region}|{LOCAL.hour}")
    return (
        None
        if cell is None
        else tuple(int(p) / (1 if n == 0 else 1e6) for n, p in enumerate(cell.split()))
    )


def check(store, log):
    last, wanted = truth(log)
    for width in "mhd":
        assert stored(store, width) == cells(last, width), width
    found = accounts(store, "air")
    found.pop("unassigned", None)
    assert found == wanted
    assert found["read"] == sum(
        found.get(part, 0) for part in ("accepted", "duplicate", "rejected", "late")
    )


def test_a_revised_value_replaces_the_earlier_one_in_every_sum(store):
    run(store, {("air", 0): [line(9), line(4, sensor="b"), line(6)]}, SPEC, [1, 1, 1])
    assert hour_cell(store) == (2, 10, 4, 6)
    assert accounts(store, "air")["revised"] == 1
    newest = store.client.hget(store.key("110101", "latest"), "air|s|no2")
    assert newest.split(b"\x1f")[1] == b"6.0"


def test_minimum_and_maximum_are_found_anew_when_they_are_taken_back(store):
    values = [line(1), line(5, sensor="b"), line(9, sensor="c")]
    run(store, {("air", 0): [*values, line(5), line(6, sensor="c")]}, SPEC, [3, 1, 1])
    assert hour_cell(store) == (3, 16, 5, 6)
    assert hour_cell(store, "110101001") == (3, 16, 5, 6)


def test_a_value_that_is_revised_to_what_it_was_changes_nothing(store):
    run(store, {("air", 0): [line(3), line(7), line(3)]}, SPEC, [1, 2])
    assert hour_cell(store) == (1, 3, 3, 3)
    assert accounts(store, "air")["revised"] == 2


def test_an_equal_value_is_a_duplicate(store):
    run(store, {("air", 0): [line(3), line(3.0000001), line(3)]}, SPEC, [1, 2])
    found = accounts(store, "air")
    assert (found["accepted"], found["duplicate"], found.get("revised")) == (1, 2, None)


def test_a_reading_whose_place_is_revised_counts_there_alone(store):
    run(store, {("air", 0): [line(3, x=0.5), line(4, x=1.5)]}, SPEC, [1, 1])
    assert hour_cell(store) == (1, 4, 4, 4)
    assert hour_cell(store, "110101001") is None
    assert hour_cell(store, "110101002") == (1, 4, 4, 4)


def test_a_revision_of_an_older_reading_leaves_the_newest_alone(store):
    log = {("air", 0): [line(3, at=NOW_MS - 60_000), line(8), line(5, at=NOW_MS - 60_000)]}
    run(store, log, SPEC, [1, 1, 1])
    newest = store.client.hget(store.key("110101", "latest"), "air|s|no2")
    assert newest.split(b"\x1f")[1] == b"8.0"
    assert hour_cell(store) == (2, 13, 5, 8)


def test_a_feed_that_does_not_say_so_ignores_revisions_and_keeps_no_values(store):
    run(store, {("air", 0): [line(3), line(4)]}, feed(), [1, 1])
    assert hour_cell(store) == (1, 3, 3, 3)
    assert not list(store.client.scan_iter("t:*:val:*"))


def logs(seed, count=120):
    return {("air", 0): readings(seed, count), ("air", 1): readings(seed + 1000, count, 1)}


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 500), sizes=st.lists(st.integers(1, 90), max_size=12), data=st.data())
def test_however_it_is_cut_and_repeated_the_state_is_that_of_the_last_values(
    redis_url, seed, sizes, data
):
    from layers.store.client import connect

    store = connect(redis_url, prefix="t")
    store.client.flushall()
    log = logs(seed)
    for _ in range(data.draw(st.integers(1, 3))):
        run(store, log, SPEC, sizes)
    check(store, log)
    found = state(store)
    store.client.flushall()
    run(store, log, SPEC)
    assert state(store) == found
    store.client.close()


@pytest.mark.parametrize("seed", range(4))
def test_a_zombie_and_its_successor_together_change_no_number(store, seed):
    log = logs(seed)
    rng = random.Random(seed)
    zombie, heir = worker(store, SPEC), worker(store, SPEC)
    first = LogSource(log, zombie.begin, [rng.randrange(1, 30) for _ in range(99)])
    for _ in range(2):
        zombie.step(first)
    second = LogSource(log, heir.begin, [rng.randrange(1, 30) for _ in range(99)])
    for _ in range(8):
        rng.choice([lambda: heir.step(second), lambda: zombie.step(first)])()
    zombie.drain(first)
    heir.drain(second)
    check(store, log)


@pytest.mark.parametrize("seed", range(3))
def test_a_worker_that_dies_inside_an_apply_changes_no_number(store, seed):
    class Dying:
        def __init__(self, lives):
            self.lives = lives

        def __getattr__(self, name):
            return getattr(store, name)

        def apply_many(self, shares, now_s):
            self.lives -= 1
            if self.lives:
                return store.apply_many(shares, now_s)
            store.apply_many(shares[: len(shares) // 2], now_s)
            raise KeyboardInterrupt

    log = logs(seed)
    for lives in range(1, 9):
        made = worker(Dying(lives), SPEC)
        with pytest.raises(KeyboardInterrupt):
            made.drain(LogSource(log, made.begin, [5] * 100))
    run(store, log, SPEC, [33] * 100)
    check(store, log)


def test_lost_state_is_read_again_from_the_log(store):
    log = logs(7)
    made = worker(store, SPEC)
    source = LogSource(log, made.begin, [30] * 200)
    for _ in range(3):
        made.step(source)
    made._settle()
    store.client.flushall()
    made.drain(source)
    check(store, log)


def test_the_values_of_a_half_hour_zone_stay_with_their_local_hour(store):
    """An hour of the wall clock there lies in two hours of the epoch."""
    half = replace(FRAME, timezone="Asia/Kolkata")
    base = NOW_MS - NOW_MS % HOUR_MS
    log = {
        ("air", 0): [
            line(1, at=base - 60_000), line(5, at=base + 60_000), line(2, at=base - 60_000)
        ]
    }  # fmt: skip
    made = Worker(Intake({"air": SPEC}, half), store, Silent(), Pace(9, 0.0, 1e9), lambda: NOW_S)
    made.drain(LogSource(log, made.begin, [1, 1, 1]))
    found = [c for (_, s, n), c in stored(store, "h").items() if n.startswith("air.no2|110101|")]
    assert found == [(2, 7_000_000, 2_000_000, 5_000_000)]


def test_a_key_of_the_feeds_own_tells_what_is_the_same(store):
    spec = feed(dedupe={"key": ["id", "p"], "horizon_s": 7200})
    log = {("air", 0): [line(3), line(4, at=NOW_MS - HOUR_MS + 1000), line(4, sensor="b")]}
    run(store, log, spec, [1, 1, 1])
    found = accounts(store, "air")
    assert (found["accepted"], found["duplicate"]) == (2, 1)
    run(store, {("air", 1): [line(9, at=NOW_MS + 1)]}, spec)
    assert accounts(store, "air")["duplicate"] == 2


def test_a_key_without_the_time_can_not_be_revised(tmp_path):
    with pytest.raises(DocumentError, match=r"dedupe\.key"):
        check_meaning(feed(dedupe={"key": ["id"], "revised": "replace"}), tmp_path / "f.yaml")
    check_meaning(feed(dedupe={"key": ["id", "at"], "revised": "replace"}), tmp_path / "f.yaml")


def test_the_audit_knows_of_which_time_values_and_ids_are():
    at = datetime(2026, 11, 24, 12, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()
    assert moment_of("val:air:2026112412", "1", b"", "Asia/Shanghai") == at * 1000
    assert feed_of("val:air:2026112412", "1", {"air"}) == "air"
    assert moment_of("seen:air:k12", "1", b"", "Asia/Shanghai") is None
    assert ends_s("seen:air:k12", 3600, "UTC") == 14 * 3600
    assert ends_s("val:air:2026112412", 60, "Asia/Shanghai") == at + 7260
