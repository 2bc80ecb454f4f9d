"""One clock of a case: runs, pauses, extensions, and how pressing it is."""

import pytest
from clocks import CHICAGO, SHANGHAI, at, told
from hypothesis import given
from hypothesis import strategies as st

from layers.cases.clock import due_after, elapsed
from layers.cases.deadlines import Span, StageClock, read_clock
from layers.cases.limits import HOUR_MS, Limit, parse_limit

DAY_LIMIT = Limit(1, "work_day")
START = at("2026-11-20 08:00")


BEGUN = (Span(START),)


def read(now, *, runs=BEGUN, pauses=(), limit=DAY_LIMIT, extensions=0):
    return read_clock(StageClock(runs, pauses, limit, extensions), SHANGHAI, at(now))


@pytest.mark.parametrize(
    ("now", "band"),
    [
        ("2026-11-20 08:00", "normal"),
        ("2026-11-20 15:35", "normal"),  # 5 h 35 of 8 h
        ("2026-11-20 15:36", "near"),  # 70 %
        ("2026-11-20 17:11", "near"),
        ("2026-11-20 17:12", "urgent"),  # 90 %
        ("2026-11-20 18:00", "urgent"),  # 100 % is not over it
        ("2026-11-20 18:01", "overdue"),
        ("2026-11-23 08:01", "overdue"),
    ],
)
def test_b5_a_clock_is_due_soon_from_70_urgent_from_90_and_overdue_above_100_percent(now, band):
    assert read(now).band == band


def test_an_emergency_limit_runs_through_the_night():
    found = read("2026-11-20 22:00", runs=(Span(at("2026-11-20 21:00")),),
                 limit=parse_limit("2紧急工作时"))  # fmt: skip
    assert told(found.due_ms) == "Fri 2026-11-20 23:00"
    assert found.share == 0.5


def test_a_pause_puts_the_due_time_off_by_its_own_working_time():
    pause = Span(at("2026-11-20 10:00"), at("2026-11-23 09:00"))
    runs = (Span(START, pause.start_ms), Span(pause.end_ms))
    found = read("2026-11-23 10:00", runs=runs, pauses=(pause,))
    assert told(found.due_ms) == "Mon 2026-11-23 17:00"
    assert found.used_ms == 3 * HOUR_MS
    assert found.paused_ms == 7 * HOUR_MS
    assert not found.is_paused


def test_a_clock_that_stands_does_not_become_overdue_and_tells_when_it_would_be_due():
    pauses = (Span(at("2026-11-20 10:00")),)
    runs = (Span(START, pauses[0].start_ms),)
    found = read("2026-12-18 08:00", runs=runs, pauses=pauses)
    assert (found.band, found.is_paused) == ("normal", True)
    assert told(found.due_ms) == "Fri 2026-12-18 16:00"


def test_an_extension_adds_the_original_limit_to_the_due_time():
    assert told(read("2026-11-20 09:00", extensions=1).due_ms) == "Mon 2026-11-23 18:00"
    assert told(read("2026-11-20 09:00", extensions=2).due_ms) == "Tue 2026-11-24 18:00"
    assert read("2026-11-20 18:30", extensions=1).band == "normal"


def test_a_clock_that_has_ended_is_judged_by_its_end():
    in_time = (Span(START, at("2026-11-20 17:00")),)
    too_late = (Span(START, at("2026-11-23 08:30")),)
    assert read("2026-12-01 08:00", runs=in_time).band == "near"
    assert read("2026-12-01 08:00", runs=too_late).band == "overdue"
    assert told(read("2026-12-01 08:00", runs=too_late).due_ms) == "Fri 2026-11-20 18:00"


def test_rework_goes_on_with_the_time_that_was_left():
    runs = (Span(START, at("2026-11-20 12:00")), Span(at("2026-11-23 14:00")))
    assert told(read("2026-11-23 15:00", runs=runs).due_ms) == "Mon 2026-11-23 18:00"


def test_without_a_limit_time_is_counted_and_nothing_is_due():
    found = read("2026-11-20 10:00", limit=None)
    assert (found.used_ms, found.due_ms, found.share, found.band) == (
        2 * HOUR_MS,
        None,
        None,
        "none",
    )
    assert read("2026-11-20 10:00", runs=()).band == "none"


def test_a_due_time_in_a_year_that_is_not_announced_is_marked():
    late = (Span(at("2026-12-31 17:00")),)
    assert read("2026-12-31 17:30", runs=late).calendar == "provisional"
    assert read("2026-11-20 17:30").calendar == "announced"
    emergency = parse_limit("2紧急工作日")
    assert read("2026-12-31 17:30", runs=late, limit=emergency).calendar == "announced"


@given(
    clock=st.sampled_from([SHANGHAI, CHICAGO]),
    start=st.integers(at("2024-01-01 00:00"), at("2026-06-30 00:00")),
    gaps=st.lists(st.integers(1, 10**9), min_size=2, max_size=2),
    limit=st.sampled_from(["4工作时", "3工作日", "2紧急工作时", "2紧急工作日"]),
)
def test_a_pause_before_the_due_time_shifts_it_by_exactly_what_passed(clock, start, gaps, limit):
    limit = parse_limit(limit)
    amount, working = limit.amount_ms(clock.workday_ms), limit.is_working
    stop = start + gaps[0]
    go = stop + gaps[1]
    plain = due_after(clock, start, amount, is_working=working)
    paused = StageClock((Span(start, stop), Span(go)), (Span(stop, go),), limit)
    found = read_clock(paused, clock, go)
    if elapsed(clock, start, stop, is_working=working) >= amount:
        assert found.due_ms == plain
    else:
        passed = elapsed(clock, stop, go, is_working=working)
        assert found.due_ms == due_after(clock, plain, passed, is_working=working)
        assert found.paused_ms == passed
