"""Effects exactly once: the state is that of the log, however it is cut or interrupted."""

import json
import random
import threading

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from log_source import LogSource
from logged_city import FEEDS, FRAME, accounts, logs, readings, state
from small_city import LOCAL, NOW_MS, NOW_S, feed

from ingest.consumer import Intake, Pace, Worker
from layers.store import keys
from layers.store.client import StoreUnavailableError


class Sink:
    def __init__(self):
        self.rejects = []

    def send(self, rejects):
        self.rejects += rejects


def worker(store, sink=None):
    return Worker(Intake(FEEDS, FRAME), store, sink or Sink(), Pace(500, 0.0, 1e9), lambda: NOW_S)


def run(store, log, sizes=(), sink=None):
    made = worker(store, sink)
    made.drain(LogSource(log, made.begin, sizes))


def truth(log):
    """What pandas makes of the readings, one after the other as they stand in the log."""
    rows = []
    for (topic, _), messages in log.items():
        for at, value in messages if topic == "air" else []:
            try:
                rows.append(json.loads(value) | {"broker": at})
            except ValueError:
                rows.append({"broken": True})
    frame = pd.DataFrame(rows)
    frame["rejected"] = frame.get("broken", False).fillna(False).astype(bool) | (
        (frame.v > 1000) & (frame.p == "pm25")
    )
    frame["late"] = ~frame.rejected & (frame.broker - frame["at"] > 3_600_000)
    return frame


def test_accounts_balance_and_sums_equal_pandas(store):
    log = {("air", 0): readings(random.Random(5), 600)}
    run(store, log)
    frame = truth(log)
    good = frame[~frame.rejected & ~frame.late]
    # an id is counted once in a home
    good = good.assign(
        home=good.x.map({0.5: "110101", 1.5: "110101", 3.0: "110102", 99.0: "000000"})
    )
    first = good.drop_duplicates(["id", "p", "at"])
    found = accounts(store, "air")
    assert found["read"] == len(frame)
    assert found["rejected"] == frame.rejected.sum()
    assert found["late"] == frame.late.sum()
    assert found["accepted"] == len(first)
    assert found["accepted"] + found["duplicate"] + found["rejected"] + found["late"] == len(frame)
    for home, region, x in (("110101", "110101001", 0.5), ("110102", "110102", 3.0)):
        part = first[(first.x == x) & (first.p == "no2")]
        cell = store.client.hget(
            store.key(home, f"h:{LOCAL:%Y%m%d}"), f"air.no2|{region}|{LOCAL.hour}"
        )
        assert [int(p) for p in cell.split()] == [
            len(part), part.v.sum() * 1e6, part.v.min() * 1e6, part.v.max() * 1e6
        ]  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 50), sizes=st.lists(st.integers(1, 120), max_size=12), data=st.data())
def test_however_it_is_cut_and_repeated_the_state_is_the_same(redis_url, seed, sizes, data):
    from layers.store.client import connect

    store = connect(redis_url, prefix="t")
    log = logs(seed)
    store.client.flushall()
    run(store, log)
    expected = state(store)
    store.client.flushall()
    for _ in range(data.draw(st.integers(1, 3))):
        run(store, log, sizes)
    assert state(store) == expected
    store.client.close()


class DyingStore:
    """Dies like a process: a call reaches only some homes, or its answer is lost."""

    def __init__(self, store, lives):
        self._store = store
        self._lives = lives

    def __getattr__(self, name):
        return getattr(self._store, name)

    def apply_many(self, shares, now_s):
        self._lives -= 1
        if self._lives:
            return self._store.apply_many(shares, now_s)
        self._store.apply_many(shares[: len(shares) // 2], now_s)
        raise KeyboardInterrupt


@pytest.mark.parametrize("seed", range(4))
def test_a_worker_that_dies_inside_an_apply_changes_no_number(store, seed):
    log = logs(seed, 300)
    run(store, log)
    expected = state(store)
    store.client.flushall()
    for lives in range(1, 9):
        made = worker(DyingStore(store, lives))
        with pytest.raises(KeyboardInterrupt):
            made.drain(LogSource(log, made.begin, [5] * 100))
    run(store, log, [33] * 100)
    assert state(store) == expected


def test_a_zombie_and_its_successor_together_change_no_number(store):
    log = logs(3, 200)
    run(store, log)
    expected = state(store)
    store.client.flushall()
    zombie, heir = worker(store), worker(store)
    first = LogSource(log, zombie.begin, [25] * 100)
    for _ in range(3):
        zombie.step(first)
    second = LogSource(log, heir.begin, [40] * 100)
    for _ in range(12):
        heir.step(second)
        zombie.step(first)
    zombie.drain(first)
    heir.drain(second)
    assert state(store) == expected


def test_lost_state_is_read_again_from_the_log(store):
    log = logs(4, 200)
    run(store, log)
    expected = state(store)
    store.client.flushall()
    made = worker(store)
    source = LogSource(log, made.begin, [30] * 200)
    for _ in range(4):
        made.step(source)
    made._settle()
    store.client.flushall()
    made.drain(source)
    assert state(store) == expected


def test_state_that_is_lost_before_the_idle_homes_have_followed_is_read_again_too(store):
    body = {"id": "s1", "p": "no2", "v": 7, "x": 0.5, "y": 1, "at": NOW_MS}
    log = {("air", 0): [*readings(random.Random(4), 90), (NOW_MS, json.dumps(body).encode())]}
    run(store, log)
    expected = state(store)
    store.client.flushall()
    made = worker(store)
    sweep, sweeps = made._applier.sweep, []

    def losing():
        if not sweeps:
            store.client.flushall()
        sweeps.append(1)
        sweep()

    made._applier.sweep = losing
    made.drain(LogSource(log, made.begin, [90] * 9))
    assert state(store) == expected


def test_an_outage_of_redis_is_waited_for_and_loses_nothing(store):
    log = logs(1, 100)
    run(store, log)
    expected = state(store)
    store.client.flushall()

    class Flaky(DyingStore):
        def apply_many(self, shares, now_s):
            self._lives -= 1
            if self._lives % 2:
                self._store.apply_many(shares[:1], now_s)
                raise StoreUnavailableError("down")
            return self._store.apply_many(shares, now_s)

    made = worker(Flaky(store, 50))
    made.drain(LogSource(log, made.begin, [40] * 100))
    assert state(store) == expected


def test_rejects_go_to_the_sink_and_to_the_list_of_their_home_once(store):
    log = logs(2, 300)
    sink = Sink()
    run(store, log, [50] * 100, sink)
    run(store, log, [70] * 100, sink)
    listed = sum(store.client.llen(store.key(home, keys.REJECTS)) for home in FRAME.homes)
    rejected = accounts(store, "air")["rejected"] + accounts(store, "hotline").get("rejected", 0)
    assert rejected == listed == len(sink.rejects) > 5


def test_a_case_whose_newer_version_lies_in_another_district_counts_there_alone(store):
    base = {"no": "7", "s": "reported", "r": NOW_MS, "y": 1, "cat": "NOISE"}
    log = {
        ("hotline", 0): [
            (NOW_MS, json.dumps(base | {"at": NOW_MS, "x": 0.5}).encode()),
            (NOW_MS, json.dumps(base | {"at": NOW_MS + 5, "x": 3.0}).encode()),
        ]
    }
    run(store, log, [1, 1])
    counts = [
        store.client.hget(store.key(home, "stage:hotline"), f"{home}|reported")
        for home in ("110101", "110102")
    ]
    assert counts == [None, b"1"]
    assert store.client.zcard(store.key("110101", "open:hotline:110101")) == 0


def test_stop_finishes_what_is_under_way(store):
    log = logs(6, 50)
    made = worker(store)
    stop = threading.Event()
    source = LogSource(log, made.begin, [50])
    stop_soon = threading.Timer(0.5, stop.set)
    stop_soon.start()
    made.run(source, stop)
    assert accounts(store, "air")["read"] == 100


def test_the_outcome_of_an_incident_is_kept_and_counted(store):
    fields = {"incident_id": "no", "category": "cat", "outcome": "end"}
    spec = feed(id="police", kind="incident", fields=fields, bounds={})
    body = {"no": "1", "cat": "theft", "end": "arrest", "at": NOW_MS, "x": 0.5, "y": 1}
    log = {("police", 0): [(NOW_MS, json.dumps(body).encode())]}
    made = Worker(Intake({"police": spec}, FRAME), store, Sink(), Pace(9, 0.0, 1e9), lambda: NOW_S)
    made.drain(LogSource(log, made.begin, []))
    cells = store.client.hgetall(store.key("110101", f"h:{LOCAL:%Y%m%d}"))
    assert cells[f"police.outcome.arrest|110101001|{LOCAL.hour}".encode()].startswith(b"1 ")
    record = store.client.hget(store.key("110101", "rec:incident"), "police|1")
    assert b'"outcome":"arrest"' in record


def test_a_repetition_in_a_backlog_older_than_the_lateness_bound_is_found(store):
    old = NOW_MS - 5 * 86_400_000
    body = {"id": "s1", "p": "no2", "v": 7, "x": 0.5, "y": 1, "at": old}
    log = {("air", 0): [(old, json.dumps(body).encode())] * 3}
    run(store, log, [1, 1, 1])
    found = accounts(store, "air")
    assert (found["accepted"], found["duplicate"]) == (1, 2)


def test_messages_numbered_anew_begin_above_every_fence(store):
    body = {"id": "s1", "p": "no2", "v": 7, "x": 0.5, "y": 1, "at": NOW_MS}
    made = worker(store)
    source = LogSource({("air", 0): [(NOW_MS, json.dumps(body).encode())]}, made.begin, [1])
    made.step(source)
    made._settle()  # and dies before the idle homes have followed
    heir = worker(store)
    assert heir.begin(["air:0"]) == {"air:0": -1}
    assert heir.begin_anew(["air:0"]) == {"air:0": 1}
