"""Buckets of a moment, on the city's own clocks."""

from datetime import UTC, datetime

from layers.moment import Moment

CHICAGO = "America/Chicago"


def test_the_day_of_the_city_is_not_the_day_of_utc():
    moment = Moment(datetime(2026, 11, 23, 17, 5, tzinfo=UTC), "Asia/Shanghai")
    assert moment.today == ("d:202611", "24")
    assert moment.last_24_hours[0] == ("h:20261123", "2")
    assert moment.last_24_hours[-1] == ("h:20261124", "1")
    assert datetime.fromtimestamp(moment.day_start_ms / 1000, UTC).hour == 16


def test_on_the_first_of_a_month_yesterday_lies_in_another_month():
    moment = Moment(datetime(2026, 3, 1, 12, 0, tzinfo=UTC), "UTC")
    assert moment.hours_of_day(1)[0] == ("h:20260228", "0")
    assert moment.today == ("d:202603", "1")


def test_minutes_are_counted_in_hours_since_the_epoch():
    moment = Moment(datetime(1970, 1, 3, 1, 2, 30, tzinfo=UTC), "UTC")
    assert moment.begun_hour_yesterday == (("m:25", "0"), ("m:25", "1"), ("m:25", "2"))
    assert len(moment.begun_hour_yesterday + moment.rest_of_hour_yesterday) == 60
    assert moment.last_60_minutes[0] == ("m:48", "3")
    assert moment.last_60_minutes[-1] == ("m:49", "2")


def test_half_hour_zones_keep_minutes_and_hours_apart():
    moment = Moment(datetime(2026, 11, 24, 6, 10, tzinfo=UTC), "Asia/Kolkata")
    assert moment.last_24_hours[-1] == ("h:20261124", "11")
    first, last = moment.begun_hour_yesterday[0], moment.begun_hour_yesterday[-1]
    assert (first[1], last[1]) == ("30", "10")
    assert len(moment.begun_hour_yesterday) == 41


def test_when_the_clocks_change_there_are_still_24_hours_and_the_same_time_yesterday():
    moment = Moment(datetime(2026, 3, 8, 18, 0, tzinfo=UTC), CHICAGO)
    assert moment.local.hour == 13
    assert len(moment.last_24_hours) == 24
    assert ("h:20260308", "2") not in moment.last_24_hours
    assert moment.yesterday.hour == 13
