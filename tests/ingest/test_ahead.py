"""Reading one poll ahead changes no number: effects exactly once through all that comes between."""

import threading

import pytest
from log_source import LogSource
from logged_city import FEEDS, FRAME, accounts, logs, state
from small_city import NOW_S

from ingest.consumer import Intake, Pace, Worker
from ingest.sources.ahead import AheadSource


class Sink:
    def send(self, rejects):
        pass


class Regained(LogSource):
    """Loses its partitions now and then, and asks while polling where to begin again."""

    def __init__(self, logs, begin, sizes, every):
        super().__init__(logs, begin, sizes)
        self._ask, self._every, self._polls = begin, every, 0

    def poll(self, timeout_s):
        self._polls += 1
        found = super().poll(timeout_s)
        if self._polls % self._every == 0:
            self.seek(self._ask(list(self._at)))
        return found


def worker(store):
    return Worker(Intake(FEEDS, FRAME), store, Sink(), Pace(120, 0.02, 0.0), lambda: NOW_S)


def drained(made, source):
    made.drain(source)
    made.drain(source)
    source.close()


@pytest.fixture
def expected(store):
    log = logs(9, 250)
    made = worker(store)
    made.drain(LogSource(log, made.begin, []))
    found = state(store)
    store.client.flushall()
    return log, found


@pytest.mark.parametrize("every", [2, 3, 7, 10_000])
def test_partitions_lost_and_won_back_change_no_number(store, expected, every):
    log, truth = expected
    made = worker(store)
    source = AheadSource(lambda asking: Regained(log, asking(made.begin), [17] * 200, every))
    for _ in range(12):
        made.step(source)
    made._settle()
    source.close()
    heir = worker(store)
    drained(heir, AheadSource(lambda asking: LogSource(log, asking(heir.begin), [40] * 99)))
    assert state(store) == truth


def test_lost_state_is_read_again(store, expected):
    log, truth = expected
    made = worker(store)
    source = AheadSource(lambda asking: LogSource(log, asking(made.begin), [20] * 200))
    for _ in range(4):
        made.step(source)
    made._settle()
    store.client.flushall()
    drained(made, source)
    assert state(store) == truth


def test_what_was_read_ahead_of_a_stop_is_left_to_the_next(store, expected):
    log, truth = expected
    made = worker(store)
    stop = threading.Event()
    threading.Timer(0.15, stop.set).start()
    made.run(AheadSource(lambda asking: LogSource(log, asking(made.begin), [3] * 500)), stop)
    heir = worker(store)
    drained(heir, AheadSource(lambda asking: LogSource(log, asking(heir.begin), [40] * 99)))
    assert state(store) == truth
    assert accounts(store, "air")["read"] == 500


def test_a_source_that_fails_tells_the_loop(store):
    class Failing(LogSource):
        def poll(self, timeout_s):
            raise RuntimeError("gone")

    source = AheadSource(lambda asking: Failing({}, asking(dict.fromkeys), []))
    with pytest.raises(RuntimeError, match="gone"):
        source.poll(0.1)
    source.close()


def test_an_answer_that_fails_is_raised_where_it_was_asked():
    def broken(names):
        raise ValueError("no answer")

    class Asking(LogSource):
        def poll(self, timeout_s):
            return broken_asked(["x:0"])

    def opened(asking):
        nonlocal broken_asked
        broken_asked = asking(broken)
        return Asking({}, dict.fromkeys, [])

    broken_asked = None
    source = AheadSource(opened)
    with pytest.raises(ValueError, match="no answer"):
        source.poll(0.1)
    source.close()
