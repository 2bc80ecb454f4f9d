"""The working-time clock: the golden values of domain §b5, and what holds for every clock."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from clocks import CHICAGO, SHANGHAI, at, told
from hypothesis import given
from hypothesis import strategies as st

from layers.cases.clock import (
    ClockRangeError,
    WorkingTime,
    due,
    due_after,
    due_column,
    due_times,
    elapsed,
    elapsed_times,
)
from layers.cases.limits import HOUR_MS, parse_limit

# a zone whose clocks change by half an hour, and one that skipped a whole day
LORD_HOWE = replace(SHANGHAI, zone="Australia/Lord_Howe", windows=((0, 300), (480, 1440)))
APIA = replace(SHANGHAI, zone="Pacific/Apia")

CLOCKS = st.sampled_from([SHANGHAI, CHICAGO, LORD_HOWE, APIA])
MOMENTS = st.integers(at("2010-01-01 00:00"), at("2029-12-31 00:00"))
AMOUNTS = st.integers(0, 200 * 8 * HOUR_MS)


def due_of(start, limit):
    return told(due(SHANGHAI, at(start), parse_limit(limit)))


def test_b5_friday_1730_and_4_working_hours_is_monday_1130():
    assert due_of("2026-11-20 17:30", "4工作时") == "Mon 2026-11-23 11:30"


def test_b5_friday_1730_and_1_working_day_is_monday_1730():
    assert due_of("2026-11-20 17:30", "1工作日") == "Mon 2026-11-23 17:30"


def test_b5_friday_1730_and_2_emergency_hours_is_friday_1930():
    assert due_of("2026-11-20 17:30", "2紧急工作时") == "Fri 2026-11-20 19:30"


def test_b5_eve_of_national_day_2025_and_4_working_hours_is_the_ninth_of_october():
    assert due_of("2025-09-30 17:30", "4工作时") == "Thu 2025-10-09 11:30"


def test_b5_friday_before_a_worked_saturday_and_2_working_days_ends_on_that_saturday():
    assert due_of("2025-10-10 08:00", "2工作日") == "Sat 2025-10-11 18:00"


def test_b5_an_emergency_day_and_a_calendar_day_are_24_hours_on_any_day():
    assert due_of("2025-10-04 12:00", "1紧急工作日") == "Sun 2025-10-05 12:00"
    assert due_of("2025-10-04 12:00", "1自然日") == "Sun 2025-10-05 12:00"


def test_what_begins_outside_working_time_counts_from_the_next_window():
    assert due_of("2026-11-20 12:30", "1工作时") == "Fri 2026-11-20 15:00"
    assert due_of("2026-11-21 10:00", "1工作时") == "Mon 2026-11-23 09:00"


def test_a_limit_that_ends_with_a_window_is_due_then_and_not_in_the_next():
    assert due_of("2026-11-20 08:00", "4工作时") == "Fri 2026-11-20 12:00"
    assert due_of("2026-11-20 08:00", "8工作时") == "Fri 2026-11-20 18:00"


def test_windows_and_the_length_of_a_working_day_are_the_citys_own():
    summer = replace(SHANGHAI, windows=((510, 720), (870, 1050)), workday_ms=round(6.5 * HOUR_MS))
    found = due(summer, at("2026-07-01 08:30"), parse_limit("2工作日"))
    assert told(found) == "Thu 2026-07-02 17:30"


def test_a_window_in_which_the_clocks_go_forward_is_shorter_by_that_hour():
    night = replace(CHICAGO, windows=((0, 240),), calendar=replace(CHICAGO.calendar, weekend=()))
    spring = at("2026-03-08 00:00", night.zone), at("2026-03-08 12:00", night.zone)
    autumn = at("2026-11-01 00:00", night.zone), at("2026-11-01 12:00", night.zone)
    assert elapsed(night, *spring) == 3 * HOUR_MS
    assert elapsed(night, *autumn) == 5 * HOUR_MS


def test_a_window_in_the_hour_that_clocks_skip_keeps_the_line_in_order():
    skipped = replace(CHICAGO, windows=((120, 150), (165, 180), (180, 240)))
    line = skipped.line
    assert (np.diff(line.starts) >= 0).all()
    assert (line.ends >= line.starts).all()


@given(clock=CLOCKS, start=MOMENTS, a=AMOUNTS, b=AMOUNTS, working=st.booleans())
def test_due_times_add_up(clock, start, a, b, working):
    at_once = due_after(clock, start, a + b, is_working=working)
    first = due_after(clock, start, a, is_working=working)
    assert due_after(clock, first, b, is_working=working) == at_once


@given(clock=CLOCKS, start=MOMENTS, amount=AMOUNTS, working=st.booleans())
def test_what_passes_until_the_due_time_is_the_limit(clock, start, amount, working):
    end = due_after(clock, start, amount, is_working=working)
    assert elapsed(clock, start, end, is_working=working) == amount


@given(clock=CLOCKS, start=MOMENTS, amount=AMOUNTS, later=st.integers(0, 10**9),
       longer=AMOUNTS, working=st.booleans())  # fmt: skip
def test_a_later_start_or_a_longer_limit_is_never_due_earlier(  # noqa: PLR0917
    clock, start, amount, later, longer, working
):
    base = due_after(clock, start, amount, is_working=working)
    assert base >= start
    assert due_after(clock, start + later, amount, is_working=working) >= base
    assert due_after(clock, start, amount + longer, is_working=working) >= base


@given(clock=CLOCKS, moments=st.lists(MOMENTS, min_size=3, max_size=3))
def test_working_time_between_three_moments_adds_up(clock, moments):
    first, second, third = sorted(moments)
    parts = elapsed(clock, first, second) + elapsed(clock, second, third)
    assert parts == elapsed(clock, first, third) <= third - first


@given(rows=st.lists(st.tuples(MOMENTS, AMOUNTS, st.booleans()), min_size=1, max_size=30))
def test_many_at_once_are_the_same_as_one_by_one(rows):
    starts, amounts = (np.array([r[n] for r in rows], dtype=np.int64) for n in (0, 1))
    working = np.array([r[2] for r in rows])
    many, good = due_times(SHANGHAI, starts, amounts, working)
    assert good.all()
    assert many.tolist() == [due_after(SHANGHAI, s, a, is_working=w) for s, a, w in rows]
    passed, good = elapsed_times(SHANGHAI, starts, many, working)
    assert good.all()
    assert passed.tolist() == amounts.tolist()


def test_a_row_without_a_moment_or_out_of_range_has_no_due_time_and_spoils_no_other():
    day, hour = at("2026-11-20 17:30"), 4 * HOUR_MS
    starts = pl.Series([day, None, 1_700_000_000, day, day], dtype=pl.Int64)
    amounts = pl.Series([hour, hour, hour, None, 2**62], dtype=pl.Int64)
    found = due_column(SHANGHAI, starts, amounts, pl.Series([True] * 5))
    assert found.to_list() == [at("2026-11-23 11:30"), None, None, None, None]


def test_a_moment_outside_the_days_of_the_clock_is_an_error_that_says_what_to_do():
    with pytest.raises(ClockRangeError, match="seconds that is read as milliseconds"):
        due(SHANGHAI, 1_700_000_000, parse_limit("1工作日"))
    with pytest.raises(ClockRangeError):
        elapsed(SHANGHAI, 0, 2**70)
    with pytest.raises(ClockRangeError):
        due_after(SHANGHAI, at("2026-01-01 00:00"), 2**70, is_working=True)


def test_a_city_that_never_works_still_counts_hours_that_pass():
    idle = WorkingTime("Asia/Shanghai", replace(SHANGHAI.calendar, weekend=frozenset(range(1, 8)),
                                                workdays=frozenset()))  # fmt: skip
    start = at("2026-01-01 00:00")
    assert elapsed(idle, start, start + HOUR_MS) == 0
    assert due_after(idle, start, HOUR_MS, is_working=False) == start + HOUR_MS
    assert due_after(idle, start, 0, is_working=True) == start
    with pytest.raises(ClockRangeError):
        due_after(idle, start, HOUR_MS, is_working=True)


def test_the_clock_says_how_sure_its_days_are():
    def status(first, last):
        return SHANGHAI.status(at(first), at(last))

    assert status("2026-01-01 00:00", "2026-12-31 23:00") == "announced"
    assert status("2026-12-31 12:00", "2027-01-04 12:00") == "provisional"
    assert status("2026-12-31 12:00", "2031-01-04 12:00") == "unknown"
    assert SHANGHAI.status(0, at("2026-01-02 00:00")) == "unknown"
