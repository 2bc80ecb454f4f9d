"""Every way to write a time that the grammar of feeds knows, and both changes of the clock."""

import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_city import feed, frame

from ingest.normalize import Normalizer
from ingest.sources.base import make_slice
from ingest.times import check_forms, read
from layers.feed_spec import TimeRule

NOON = 1_764_043_200_000  # 2025-11-25 12:00 in Shanghai
DAY = NOON - 12 * 3_600_000


def ms(text, form="iso", zone="Asia/Shanghai", **rule):
    return read(pl.Series([text], dtype=pl.String), TimeRule("t", form, zone, **rule)).item()


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("2025-11-25", "iso", DAY),
        ("20251125", "iso", DAY),
        ("20251125T1200", "iso", NOON),
        ("20251125120000", "iso", NOON),
        ("2025-11-25T12", "iso", NOON),
        ("2025/11/25 12:00", "iso", NOON),
        ("2025-W48-2T12:00", "iso", NOON),
        ("2025W482", "iso", DAY),
        ("2025-329T12:00", "iso", NOON),
        ("2025-11-25T12:00:00,250", "iso", NOON + 250),
        ("2025-11-25T12:00:00.2509999", "iso", NOON + 250),
        ("2025-11-25t04:00:00z", "iso", NOON),
        ("2025-11-25T12:00:00+0800", "iso", NOON),
        ("2025-11-25T12:00:00 +08", "iso", NOON),
        ("2025-11-24T23:30:00-4:30", "iso", NOON),
        ("2025-11-25T12:00:00+08:00[Asia/Shanghai]", "iso", NOON),
        ("2025-11-25T24:00:00", "iso", DAY + 86_400_000),
        ("2025-12-31T24:00", "iso", DAY + 37 * 86_400_000),
        ("２０２５－11－25 12：00", "iso", NOON),
        ("2025-11-25T24:00:01", "iso", None),
        ("2025-11-25T25:00", "iso", None),
        ("2025-02-29", "iso", None),
        ("2025-366", "iso", None),
        ("1764043200000", "iso", None),
        ("1764043200", "iso", None),
        ("1764043200", "epoch_s", NOON),
        (" 1764043200.25 ", "epoch_s", NOON + 250),
        ("1.7640432e9", "epoch_s", NOON),
        ("1764043200000.4", "epoch_ms", NOON),
        ("1764043200000250", "epoch_us", NOON),
        ("nan", "epoch_s", None),
        ("1e300", "epoch_ms", None),
        ("", "epoch_ms", None),
        ("45986.5", "excel", NOON),
        ("45986", "excel", DAY),
        ("45986.0416666667", "excel", DAY + 3_600_000),
        ("25/11/2025 12:00:00 PM", "%d/%m/%Y %I:%M:%S %p", NOON),
        ("25/11/2025 12:00:00 am", "%d/%m/%Y %I:%M:%S %p", DAY),
        ("25/11/2025 01:05:00 p.m.", "%d/%m/%Y %I:%M:%S %p", NOON + 65 * 60_000),
        ("2025年11月25日 12时", "%Y年%m月%d日 %H时", NOON),
        ("2025年11月25日 24时", "%Y年%m月%d日 %H时", DAY + 86_400_000),
        ("2025年11月25日 下午12:00", "%Y年%m月%d日 %p%I:%M", NOON),
        ("2025年11月25日上午0:00", "%Y年%m月%d日%p%H:%M", DAY),
        ("2025年11月25日", "%Y年%m月%d日", DAY),
        ("20251125120000", "%Y%m%d%H%M%S", NOON),
        ("2025112512", "%Y%m%d%H", NOON),
        ("2025-11-25 24", "%Y-%m-%d %H", DAY + 86_400_000),
        ("2025-11-25 12:00:00.125", "%Y-%m-%d %H:%M:%S.%f", NOON + 125),
        ("25-Nov-2025 12:00", "%d-%b-%Y %H:%M", NOON),
        ("25.11.25 12:00", "%d.%m.%y %H:%M", NOON),
        ("2025-329 12:00", "%Y-%j %H:%M", NOON),
        ("Tue, 25 Nov 2025 04:00:00 GMT", "%a, %d %b %Y %H:%M:%S %z", NOON),
        ("11/25/2025 12:00", "%-m/%-d/%Y %H:%M", NOON),
        ("2025-11-25 12:00", "%d/%m/%Y %H:%M", None),
        ("31/04/2025 12:00", "%d/%m/%Y %H:%M", None),
        ("13:00 PM 25/11/2025", "%I:%M %p %d/%m/%Y", None),
    ],
)
def test_each_form_gives_the_moment_it_says(text, form, expected):
    assert ms(text, form) == expected


@pytest.mark.parametrize("zone", ["+08:00", "UTC+8", "+0800", "GMT+08:00"])
def test_a_zone_may_be_an_offset_that_knows_no_summer(zone):
    texts = pl.Series(["2025-11-25T12:00", "2025-07-01T12:00"])
    assert read(texts, TimeRule("t", "iso", zone))[0] == NOON
    assert read(texts, TimeRule("t", "iso", "-05:30"))[0] == NOON + (8 * 60 + 5 * 60 + 30) * 60_000


def test_of_several_forms_the_first_that_fits_is_taken():
    forms = ("%d/%m/%Y %H:%M", "excel", "iso")
    texts = ["25/11/2025 12:00", "45986.5", "2025-11-25T12:00", "2025-11-25", "soon", None]
    found = read(pl.Series(texts), TimeRule("t", forms)).to_list()
    assert found == [NOON, NOON, NOON, DAY, None, None]


ZONES = (
    "America/Chicago", "Europe/Berlin", "Australia/Lord_Howe", "Australia/Adelaide",
    "America/St_Johns", "America/Santiago", "Asia/Tehran", "Asia/Shanghai", "Asia/Kathmandu",
)  # fmt: skip
HOURS = st.datetimes(datetime(2019, 1, 1), datetime(2025, 12, 31, 23))  # noqa: DTZ001  wall times


def changes(zone):
    """Wall times around both changes of a year."""
    at, found = datetime(2021, 1, 1, tzinfo=UTC), []
    while at.year < 2022:
        after = at + timedelta(hours=1)
        if at.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            wall = after.astimezone(zone).replace(tzinfo=None)
            found += [wall + timedelta(minutes=m) for m in range(-180, 180, 15)]
        at = after
    return found


def exists(wall, zone):
    there = wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    return there.replace(tzinfo=None) == wall


def check_against_zoneinfo(walls, zone_name):
    zone = ZoneInfo(zone_name)
    texts = pl.Series([wall.isoformat(sep=" ") for wall in walls])
    patterned = pl.Series([wall.strftime("%d.%m.%Y um %H:%M:%S") for wall in walls])
    for ambiguous, fold in (("earliest", 0), ("latest", 1)):
        # a wall time in a gap means the moment that the clock before the change would show
        for gap in ("reject", "shift"):
            wanted = [
                round(
                    wall.replace(tzinfo=zone, fold=fold if exists(wall, zone) else 0).timestamp()
                    * 1000
                )
                if gap == "shift" or exists(wall, zone)
                else None
                for wall in walls
            ]
            rule = TimeRule("t", "iso", zone_name, ambiguous, gap)
            assert read(texts, rule).to_list() == wanted
            rule = TimeRule("t", "%d.%m.%Y um %H:%M:%S", zone_name, ambiguous, gap)
            assert read(patterned, rule).to_list() == wanted


@pytest.mark.parametrize("zone", ZONES)
def test_around_both_changes_of_a_zone_times_are_those_of_zoneinfo(zone):
    walls = changes(ZoneInfo(zone))
    if walls:
        check_against_zoneinfo(walls, zone)


@given(st.lists(HOURS.map(lambda d: d.replace(microsecond=0)), min_size=1), st.sampled_from(ZONES))
def test_any_time_of_any_zone_is_that_of_zoneinfo(walls, zone):
    check_against_zoneinfo(walls, zone)


def rejected_of(text, **rule):
    spec = feed(time={"field": "at", **rule})
    message = json.dumps({"id": "s", "p": "no2", "v": 1, "x": 0.5, "y": 1, "at": text}).encode()
    part = make_slice("air", 0, [0], [NOON], [message])
    ((_, reject),) = Normalizer(spec, frame()).batch([part]).rejects
    return reject


def test_an_hour_that_comes_twice_can_be_rejected_and_says_zone_and_rule():
    assert ms("2025-10-26 02:30:00", zone="Europe/Berlin") is not None
    reject = rejected_of("2025-10-26 02:30:00", zone="Europe/Berlin", ambiguous="reject")
    assert "Europe/Berlin" in reject.reason.en
    assert "time.ambiguous" in reject.reason.zh
    assert reject.value == "2025-10-26 02:30:00"


def test_a_skipped_hour_is_rejected_and_says_zone_and_rule():
    form = "%d/%m/%Y %H:%M"
    reject = rejected_of("05/10/2025 02:15", zone="Australia/Lord_Howe", form=form)
    assert "Australia/Lord_Howe" in reject.reason.en
    assert "time.gap" in reject.reason.en
    other = rejected_of("soon", zone="Australia/Lord_Howe", form=form, ambiguous="reject")
    assert "not a time of the form" in other.reason.en


def test_an_offset_in_the_text_needs_no_rule_for_the_clock():
    assert ms("2025-10-26T02:30:00+01:00", zone="Europe/Berlin", ambiguous="reject") is not None


def test_a_day_begins_even_where_its_midnight_is_skipped():
    zone = "America/Santiago"
    start = datetime(2025, 9, 7, 1, tzinfo=ZoneInfo(zone)).timestamp() * 1000
    assert ms("2025-09-07", zone=zone) == start
    assert ms("07.09.2025", "%d.%m.%Y", zone) == start
    assert ms("2025-09-07T00:00:00", zone=zone) is None


@given(st.dates(date(1900, 1, 1), date(2200, 12, 31)))
def test_every_day_in_every_notation_is_the_same_day(day):
    year, week, weekday = day.isocalendar()
    notations = [
        day.isoformat(), day.strftime("%Y%m%d"), f"{year:04d}-W{week:02d}-{weekday}",
        day.strftime("%Y-%j"),
    ]  # fmt: skip
    start = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000
    found = read(pl.Series(notations), TimeRule("t", zone="UTC")).to_list()
    assert found == [start] * 4


@given(st.text(max_size=30), st.sampled_from(["iso", "epoch_s", "excel", "%Y年%m月%d日 %H时"]))
def test_no_text_makes_a_form_raise(text, form):
    ms(text, form)


def test_a_form_that_means_nothing_is_named():
    assert "%Q" in check_forms(TimeRule("t", "%Y-%Q"))
    assert "%p" in check_forms(TimeRule("t", "%d/%m/%Y %I:%M"))
    assert "no day" in check_forms(TimeRule("t", ("iso", "%H:%M")))
    assert check_forms(TimeRule("t", ("iso", "excel", "%d.%m.%Y"))) == ""
