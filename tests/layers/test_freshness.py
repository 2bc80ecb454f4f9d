"""A number says how old it is and who is missing; nothing silent looks like a zero."""

import msgspec
import pytest
from written_city import FEEDS, NOW, WrittenCity, ago, ms

from layers.feeds import feed_state, read_health, read_rejects


@pytest.fixture
def city(store):
    return WrittenCity(store)


def indicator(city, code, scope="11"):
    return city.reader().area(scope, NOW).indicators[code]


def write_six(city, **age):
    for number in range(6):
        city.reading(f"s{number}", 10, ago(**age), "110101001")


def test_all_expected_sources_make_a_value_live(city):
    city.account("air", accepted=6)
    write_six(city, minutes=10)
    found = indicator(city, "pm25")
    assert (found.state, found.sources_reporting, found.sources_expected) == ("live", 6, 6)
    assert found.since is None
    assert found.as_of == ago(minutes=10)


def test_a_missing_source_makes_a_value_partial_and_lowers_the_coverage(city):
    city.account("air", accepted=6)
    write_six(city, minutes=10)
    city.reading("s5", 10, ago(hours=3), "110101001")
    found = indicator(city, "pm25")
    assert (found.state, found.sources_reporting) == ("partial", 5)
    assert found.owner.zh == "air局"


def test_a_value_whose_newest_reading_is_too_old_is_silent_and_says_since_when(city):
    city.account("air", accepted=6)
    write_six(city, hours=3)
    found = indicator(city, "pm25")
    assert (found.state, found.value, found.since) == ("silent", None, ago(hours=3))


def test_a_feed_that_is_silent_makes_its_indicators_silent(city):
    city.account("hotline", at=ago(hours=5), accepted=6)
    city.case("1", "handling", ago(hours=5))
    found = indicator(city, "hot_open")
    assert (found.state, found.value, found.since) == ("silent", 1, ago(hours=5))
    assert (found.sources_reporting, found.sources_expected) == (0, 1)


def test_a_count_is_stale_when_the_newest_event_is_older_than_the_indicator_allows(city):
    city.account("hotline", at=NOW, event_at=ago(hours=3), accepted=6)
    city.case("1", "handling", ago(hours=3))
    found = indicator(city, "hot_open")
    assert (found.state, found.value, found.since) == ("stale", 1, ago(hours=3))


def test_nothing_heard_from_a_silent_feed_is_no_zero(city):
    city.account("hotline", at=ago(hours=30), accepted=6)
    for code in ("hot_today", "hot_open", "hot_rate", "hot_closed"):
        assert indicator(city, code).value is None
    city.account("hotline", at=NOW, accepted=1)
    assert indicator(city, "hot_today").value == 0


def test_a_feed_that_was_never_read_has_no_trend_of_zeros(city):
    assert indicator(city, "hot_today").trend == (None,) * 24


def test_a_silent_sensor_is_listed_as_silent_and_its_last_reading_raises_no_alert(city):
    city.account("air", accepted=2)
    city.reading("old", 180, ago(hours=3), "110101001")
    city.reading("new", 180, ago(hours=1), "110101001")
    found = city.reader().area("110101", NOW)
    states = {row.sensor: (row.state, row.breach) for row in found.sensors}
    assert states == {"old": ("silent", None), "new": ("live", "P2")}
    assert [a.id for a in found.alerts] == ["air|new|pm25"]


def test_the_worst_band_that_was_passed_is_shown(city):
    city.account("air", accepted=2)
    city.reading("s", 151, ago(minutes=1), "110101001")
    found = indicator(city, "pm25", "110101")
    assert (found.breach, found.band) == ("P2", "> 150")
    city.reading("s", 150, ago(minutes=1), "110101001")
    found = indicator(city, "pm25", "110101")
    assert (found.breach, found.band) == ("P3", "> 75")


def test_readings_are_read_again_when_the_accounts_of_their_home_have_moved(city):
    city.account("air", accepted=1)
    city.reading("s", 10, ago(minutes=9), "110101001")
    reader = city.reader()
    assert reader.area("110101", NOW).indicators["pm25"].value == 10
    city.account("air", accepted=1)
    city.reading("s", 20, ago(minutes=8), "110101001")
    city.flush()
    assert reader.area("110101", NOW).indicators["pm25"].value == 20


def test_readings_without_accounts_are_never_held(city):
    city.reading("s", 10, ago(minutes=9), "110101001")
    reader = city.reader()
    reader.area("110101", NOW)
    city.reading("s", 20, ago(minutes=8), "110101001")
    city.flush()
    assert reader.area("110101", NOW).indicators["pm25"].value == 20


def test_accounts_are_added_up_over_all_homes(city):
    city.account("air", home="110101", at=ago(minutes=2), read=10, accepted=7, rejected=3)
    city.account("air", home="000000", at=ago(minutes=1), read=5, accepted=2, late=3, unassigned=2)
    write_six(city, minutes=5)
    found = city.reader().sources(NOW)
    air = found.feeds["air"]
    assert (air.read, air.accepted, air.rejected, air.late, air.duplicate) == (15, 9, 3, 3, 0)
    assert air.last_message_at == ago(minutes=1)
    assert (air.sources_reporting, air.sources_expected) == (6, 6)
    assert found.unassigned == 2


def test_messages_of_the_last_hour_are_counted_by_the_minute(city):
    hour = ms(NOW) // 3_600_000
    city.pipe.hset(
        city.key("110101", f"acctm:air:{hour}"), mapping={"30|accepted": 4, "30|late": 1}
    )
    city.pipe.hset(
        city.key("000000", f"acctm:air:{hour - 1}"), mapping={"31|rejected": 7, "30|late": 9}
    )
    found = city.reader().sources(NOW).feeds["air"].read_per_minute
    assert len(found) == 60
    assert (found[-1], found[0], sum(found)) == (5, 7, 12)


def test_the_lag_is_the_sum_over_partitions_and_unknown_when_nobody_has_told_it_lately(city):
    lag = city.key("000000", "lag")
    city.pipe.hset(lag, mapping={"air:0": f"5|{ms(NOW)}", "air:1": f"7|{ms(NOW)}"})
    city.pipe.hset(lag, mapping={"hotline:0": f"9|{ms(ago(minutes=10))}"})
    found = city.reader().sources(NOW).feeds
    assert (found["air"].lag, found["hotline"].lag, found["grid"].lag) == (12, None, None)


def test_state_built_again_is_told_for_a_day(city):
    rebuilt = city.key("000000", "rebuilt")
    city.pipe.hset(rebuilt, mapping={"air:0@1f": ms(ago(hours=2)), "air:1@1f": ms(ago(hours=1))})
    city.pipe.hset(rebuilt, mapping={"hotline:0": ms(ago(hours=25))})
    found = city.reader().sources(NOW).feeds
    assert found["air"].rebuilt_at == ago(hours=1)
    assert found["hotline"].rebuilt_at is None


def test_rejects_of_all_homes_come_newest_first(city):
    for home, minutes in (("110101", 3), ("000000", 1), ("110102", 2)):
        reject = {
            "feed": "air", "topic": "air", "partition": 1, "offset": minutes, "field": "v",
            "at_ms": ms(ago(minutes=minutes)), "value": "x",
            "reason": {"zh": "因", "en": "r"}, "remedy": {"zh": "法", "en": "m"},
            "raw": "{",
        }  # fmt: skip
        city.pipe.lpush(city.key(home, "rejects"), msgspec.json.encode(reject))
    assert [r.offset for r in city.reader().sources(NOW).rejects] == [1, 2, 3]
    homes = ["000000", "110101", "110102", "11"]
    rows, unreadable = read_rejects(city.store, homes, 2)
    assert ([r.offset for r in rows], unreadable) == ([1, 2], 0)


def test_stored_rejects_that_can_not_be_read_are_counted_and_hide_no_others(city):
    good = {
        "feed": "air", "topic": "air", "partition": 1, "offset": 5, "field": "v",
        "at_ms": ms(NOW), "value": "x", "reason": {"zh": "因", "en": "r"},
        "remedy": {"zh": "法", "en": "m"}, "raw": "{",
    }  # fmt: skip
    older_version = {name: good[name] for name in ("feed", "offset")}
    for stored in (older_version, good, good | {"at_ms": 1 << 60}):
        city.pipe.lpush(city.key("110101", "rejects"), msgspec.json.encode(stored))
    city.pipe.lpush(city.key("110102", "rejects"), b"\xff{")
    found = city.reader().sources(NOW)
    assert ([r.offset for r in found.rejects], found.rejects_unreadable) == ([5], 3)


def test_a_feed_is_live_then_stale_then_silent(city):
    ages = {20: "live", 3 * 3600: "silent", 600: "stale"}
    for age, state in ages.items():
        assert feed_state(FEEDS["hotline"], ms(ago(seconds=age)), NOW) == state
    assert feed_state(FEEDS["hotline"], None, NOW) == "silent"
    assert read_health(city.store, FEEDS, ["110101"], NOW)["grid"].state == "silent"


def test_sums_are_read_again_when_the_accounts_of_their_feed_have_moved(city):
    city.account("hotline", accepted=1)
    city.case("1", "handling", ago(hours=1), region="110102001")
    reader = city.reader()
    assert reader.area("11", NOW).indicators["hot_today"].value == 1
    city.account("hotline", home="110102", accepted=1)
    city.case("2", "handling", ago(hours=1), region="110102001")
    city.flush()
    assert reader.area("11", NOW).indicators["hot_today"].value == 2
    assert reader.area("110102001", NOW).indicators["hot_today"].value == 2


def test_sums_are_read_again_when_a_record_has_gone_to_another_home(city):
    for home in ("110101", "110102"):
        city.account("hotline", home=home, accepted=1)
    city.case("1", "handling", ago(hours=1), region="110102001")
    reader = city.reader()
    assert reader.area("110102", NOW).indicators["hot_today"].value == 1
    city.pipe.hdel(city.key("110102", "rec:case"), "hotline|1")
    city.pipe.delete(city.key("110102", "d:202611"))
    city.flush()
    assert reader.area("110102", NOW).indicators["hot_today"].value == 0


def test_what_is_held_gives_the_same_snapshot_as_what_is_read(city):
    for home in ("110101", "110102"):
        for name in ("air", "hotline", "calls"):
            city.account(name, home=home, accepted=1)
    write_six(city, minutes=10)
    city.case("1", "handling", ago(hours=1), region="110102001", category="heat")
    city.incident("2", ago(hours=2), "110101001")
    reader = city.reader()
    for scope in ("110101001", "110101", "11", "110101"):
        assert reader.area(scope, NOW) == city.reader().area(scope, NOW)
