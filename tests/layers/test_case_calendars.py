"""Calendars of worked days: what ships, and what is wrong in a file."""

from datetime import date

import pytest
from clocks import CHINA, UNITED_STATES

from layers.cases.calendars import CALENDARS, STATUSES, load_calendar
from layers.cases.limits import HOUR_MS
from layers.cases.working_time import load_working_time
from layers.documents import DocumentError
from layers.pack import CITIES, load_pack, pack_ids

GOOD = """
id: test
title: {zh: 试, en: Test}
weekend: [6, 7]
years:
  2026:
    status: announced
    source: {zh: 通知, en: notice}
    holidays: [{name: {zh: 节, en: Feast}, from: 2026-10-01, to: 2026-10-07}]
    workdays: [2026-10-10]
"""


def load(tmp_path, text):
    file = tmp_path / "test.yaml"
    file.write_text(text, encoding="utf-8")
    return load_calendar(file)


@pytest.mark.parametrize(("year", "off", "worked"), [(2024, 28, 8), (2025, 28, 5), (2026, 33, 6)])
def test_the_announced_years_of_china_have_the_days_of_the_notices(year, off, worked):
    assert sum(day.year == year for day in CHINA.holidays) == off
    assert sum(day.year == year for day in CHINA.workdays) == worked
    assert CHINA.years[year].status == "announced"
    assert "国务院办公厅" in CHINA.years[year].source.zh


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        ("2024-02-09", True),  # 除夕: leave was only encouraged
        ("2024-02-18", True),
        ("2025-01-28", False),
        ("2025-10-08", False),
        ("2025-10-11", True),
        ("2026-02-14", True),
        ("2026-02-23", False),
        ("2026-09-20", True),
        ("2026-10-08", True),
    ],
)
def test_days_that_are_easily_mistaken_are_right(day, worked):
    assert CHINA.is_workday(date.fromisoformat(day)) is worked


def test_the_year_that_is_not_announced_holds_the_13_days_of_the_law_alone():
    days = [day for day in CHINA.holidays if day.year == 2027]
    assert len(days) == 13
    assert not [day for day in CHINA.workdays if day.year == 2027]
    assert CHINA.status(date(2027, 2, 9)) == "provisional"
    assert "暂定" in STATUSES["provisional"].zh


def test_a_year_that_the_file_does_not_speak_of_has_its_weekends_and_says_so():
    assert CHINA.status(date(2031, 1, 1)) == "unknown"
    assert CHINA.is_workday(date(2031, 1, 1))
    assert not CHINA.is_workday(date(2031, 1, 4))


def test_another_country_is_another_file():
    assert not UNITED_STATES.is_workday(date(2026, 7, 3))  # the fourth is a Saturday
    assert not UNITED_STATES.is_workday(date(2026, 11, 26))
    assert UNITED_STATES.is_workday(date(2026, 10, 1))


@pytest.mark.parametrize("file", sorted(CALENDARS.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_calendar_that_ships_can_be_read_and_names_its_sources(file):
    found = load_calendar(file)
    assert found.id == file.stem
    assert not [y for y, year in found.years.items() if not (year.source.zh and year.source.en)]


def test_a_calendar_as_the_guide_has_it_is_taken(tmp_path):
    found = load(tmp_path, GOOD)
    assert not found.is_workday(date(2026, 10, 7))
    assert found.is_workday(date(2026, 10, 10))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("2026-10-10", "2026-10-03", "under holidays (Feast) and under workdays"),
        ("2026-10-10", "2026-10-12", "is not on a weekend"),
        ("to: 2026-10-07", "to: 2026-09-07", "`to` follow `from`"),
        ("from: 2026-10-01", "from: 2024-10-01", "Feast"),
        ("workdays", "workday", "workdays"),
        ("announced", "sure", "sure"),
        ("2026:\n", "26:\n", "1900"),
    ],
)
def test_what_is_wrong_in_a_calendar_is_named(tmp_path, old, new, said):
    with pytest.raises(DocumentError, match=r"test\.yaml") as caught:
        load(tmp_path, GOOD.replace(old, new, 1))
    assert said in str(caught.value)


@pytest.mark.parametrize("pack", pack_ids())
def test_every_pack_that_ships_has_its_own_working_time(pack):
    city = load_pack(pack)
    found = load_working_time(city.folder, city.timezone)
    assert found.clock.zone == city.timezone
    assert found.clock.calendar.years
    hours = sum(last - first for first, last in found.clock.windows) / 60
    assert hours * HOUR_MS == found.clock.workday_ms


def test_a_pack_without_the_file_works_the_default_windows_on_weekdays(tmp_path):
    found = load_working_time(tmp_path, "Asia/Shanghai")
    assert found.clock.windows == ((480, 720), (840, 1080))
    assert found.clock.calendar.is_workday(date(2026, 10, 1))


def test_a_pack_may_bring_its_own_calendar(tmp_path):
    (tmp_path / "days.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "working_time.yaml").write_text("calendar: days.yaml\n", encoding="utf-8")
    assert load_working_time(tmp_path, "Asia/Shanghai").clock.calendar.id == "test"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("calendar: chna", "Did you mean `china`?"),
        ("calendar: xyz", "china, united_states"),
        ('windows: [["8am", "12:00"]]', "'8am' is not a time"),
        ('windows: [["08:00", "24:30"]]', "'24:30' is not a time"),
        ('windows: [["14:00", "18:00"], ["08:00", "12:00"]]', "out of order"),
        ('windows: [["12:00", "08:00"]]', "out of order"),
        ("windows: []", "empty"),
        ("workday_h: 0", "workday_h"),
        ("plan: work", "Did you mean `plain`?"),
    ],
)
def test_what_is_wrong_in_the_working_time_is_named(tmp_path, text, said):
    (tmp_path / "working_time.yaml").write_text(text + "\n", encoding="utf-8")
    with pytest.raises(DocumentError, match=r"working_time\.yaml") as caught:
        load_working_time(tmp_path, "Asia/Shanghai")
    assert said in str(caught.value)


def test_the_shipped_packs_stand_beside_the_calendars():
    assert CALENDARS.parent == CITIES
