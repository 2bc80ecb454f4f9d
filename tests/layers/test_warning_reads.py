"""Official warnings: only those in force, in their order, where they are meant."""

from datetime import timedelta

import pytest
from written_city import NOW, WrittenCity, ago

from layers.warnings.reads import shortened


@pytest.fixture
def city(store):
    return WrittenCity(store)


def official(city, scope="11"):
    return [a for a in city.reader().area(scope, NOW).alerts if a.kind == "official"]


def ids(city, scope="11"):
    return [a.id for a in official(city, scope)]


def test_the_most_severe_comes_first_in_its_legal_colour_then_the_newest(city):
    for name, severity in (("d", "Minor"), ("b", "Severe"), ("a", "Extreme"), ("c", "Moderate")):
        city.warning(name, severity=severity)
    city.warning("b2", severity="Severe", sent=ago(minutes=5))
    city.warning("x", severity="Unknown")
    found = [(a.id, a.level) for a in official(city)]
    assert found == [
        ("a", "red"), ("b2", "orange"), ("b", "orange"), ("c", "yellow"), ("d", "blue"),
        ("x", None),
    ]  # fmt: skip


ALERT = """<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
<info><language>zh-CN</language><event>大风蓝色预警</event></info>
<info><language>en-US</language><event>Blue gale warning</event><senderName>BJQX</senderName></info>
</alert>"""


def test_an_english_screen_reads_the_english_words_of_a_warning_and_its_areas_by_code(city):
    city.warning("both", raw=ALERT.encode(), geocodes="110101,110102", areaDesc="东城、西城")
    city.warning("chinese", raw=ALERT.replace("en-US", "fr").encode(), sent=ago(hours=9))
    city.warning("broken", raw=b"<language>en", sent=ago(hours=10))
    both, chinese, broken = official(city)
    assert (both.title.zh, both.title.en) == ("大风", "Blue gale warning")
    assert (both.detail.zh, both.detail.en) == (
        "市气象台 · 东城、西城",
        "BJQX · 区110101, 区110102",
    )
    assert chinese.title.en == broken.title.en == "大风"
    record = city.reader().record("warning", "official|both", "11", NOW)
    assert (record.title.zh, record.title.en) == ("both", "Blue gale warning")


def test_a_warning_ends_when_it_expires(city):
    city.warning("over", expires=ago(seconds=1))
    city.warning("now", expires=NOW)
    city.warning("still", expires=NOW + timedelta(seconds=1))
    city.warning("open", expires=None)
    assert set(ids(city)) == {"still", "open"}


def test_an_update_takes_the_place_of_what_it_names(city):
    city.warning("first")
    city.warning("second", msgType="Update", references="bjqx,first,2026-11-24T13:30:20+08:00")
    assert ids(city) == ["second"]


def test_a_cancel_ends_all_that_it_names_and_is_no_warning_itself(city):
    for name in ("one", "two", "three"):
        city.warning(name)
    named = "bjqx,one,2026-11-24T13:30:20+08:00 bjqx,two,2026-11-24T13:30:20+08:00"
    city.warning("end", msgType="Cancel", references=named)
    assert ids(city) == ["three"]


def test_the_message_of_another_sender_ends_nothing(city):
    city.warning("one")
    city.warning("end", msgType="Cancel", references="other,one,2026-11-24T13:30:20+08:00")
    assert ids(city) == ["one"]


def test_an_exercise_is_marked_comes_last_and_is_never_counted(city):
    city.warning("drill", status="Exercise", severity="Extreme")
    city.warning("real", severity="Minor")
    found = city.reader().area("11", NOW)
    assert [(a.id, a.exercise) for a in found.alerts] == [("real", False), ("drill", True)]
    assert [child.alerts for child in found.children] == [1, 1]


def test_an_exercise_can_not_end_an_actual_warning(city):
    city.warning("real")
    city.warning("end", status="Exercise", msgType="Cancel", references="bjqx,real,x")
    assert ids(city) == ["real"]


@pytest.mark.parametrize("status", ["Test", "Draft", "System"])
def test_what_is_not_actual_never_raises_an_alert(city, status):
    city.warning("no", status=status)
    assert ids(city) == []


def test_acknowledgements_and_errors_are_no_warnings(city):
    city.warning("ack", msgType="Ack")
    city.warning("error", msgType="Error")
    assert ids(city) == []


def test_a_warning_is_shown_above_and_below_the_region_it_is_for(city):
    city.warning("district", geocodes="110101")
    city.warning("street", geocodes="110102001000")
    assert set(ids(city)) == {"district", "street"}
    assert ids(city, "110101") == ["district"]
    assert ids(city, "110101001001") == ["district"]
    assert ids(city, "110102") == ["street"]
    assert official(city, "110101")[0].region.code == "110101"


def test_without_codes_of_the_city_the_polygon_decides_and_without_it_the_whole_city(city):
    city.warning("shape", geocodes=None, polygon="1,5 3,5 3,7 1,7 1,5")
    city.warning("strange", geocodes="017031")
    assert set(ids(city, "110102")) == {"shape", "strange"}
    assert ids(city, "110101") == ["strange"]


def test_zeros_that_mean_all_of_it_are_cut_off():
    assert [shortened(c) for c in ("110000", "110105", "110105000000", "110105001000", "11")] == [
        "11", "110105", "110105", "110105001", "11",
    ]  # fmt: skip


def test_official_warnings_stand_before_readings_and_readings_have_no_legal_colour(city):
    city.account("air", accepted=2)
    city.reading("b", 160, ago(minutes=9), "110101001")
    city.reading("c", 80, ago(minutes=3), "110102001")
    city.warning("w", severity="Minor")
    found = city.reader().area("11", NOW).alerts
    assert [(a.kind, a.level, a.priority) for a in found] == [
        ("official", "blue", None), ("reading", None, "P3"), ("reading", None, "P2"),
    ]  # fmt: skip
    assert found[0].href == "/record/warning/11/official%7Cw"
    assert found[1].href == "/record/sensor/110102/air%7Cc%7Cpm25"
    assert found[2].detail.zh == "b 160 件 (> 150)"
