"""One record: its fields, its place, its clock, and the message it came from."""

from datetime import timedelta
from urllib.parse import unquote

import pytest
from written_city import NOW, WrittenCity, ago

from layers.labels import Label
from layers.snapshot import RecordField

RAW = (
    '{"no":"7","state":"办","updated":"x","x":1,"y":2,"head":{"line":"积水","extra":"深"},"t":[1]}'
)


@pytest.fixture
def city(store):
    found = WrittenCity(store)
    found.account("hotline", accepted=1)
    found.account("air", accepted=1)
    return found


def fields(found):
    return {f.name: f.value for f in found.fields}


def test_a_case_has_its_fields_its_clock_and_its_place_in_the_log(city):
    due = NOW + timedelta(hours=1)
    city.case("7", "handling", ago(hours=9), due, region="110101001001", raw=RAW.encode())
    found = city.reader().record("case", "hotline|7", "110101", NOW)
    assert fields(found)["due_at"] == "2026-11-24 15:30:20+08:00"
    assert (fields(found)["status"], fields(found)["closed_at"]) == ("handling", "")
    assert found.clock == "urgent"
    assert [r.code for r in found.chain] == ["11", "110101", "110101001", "110101001001"]
    assert (found.topic, found.partition, found.offset, found.raw) == ("hotline", 2, 41, RAW)


def test_a_category_has_its_name_beside_its_code_and_stands_for_a_title_that_is_missing(city):
    heating = Label("供热", "Heating")
    for number, category in (("7", "heat"), ("8", "odd")):
        city.case(number, "handling", ago(hours=9), category=category)
    city.incident("9", ago(hours=1), "110102001", category="odd")
    named, odd = (city.reader().record("case", f"hotline|{n}", "110101", NOW) for n in "78")
    assert RecordField(name="category", value="heat", label=heating) in named.fields
    assert RecordField(name="category", value="odd") in odd.fields
    untitled = city.reader().record("incident", "calls|9", "110102", NOW)
    assert untitled.title == Label("怪", "Odd one")


def test_ext_is_what_no_canonical_field_takes(city):
    city.case("7", "handling", ago(hours=9), raw=RAW.encode())
    found = city.reader().record("case", "hotline|7", "110101", NOW)
    assert {f.name: f.value for f in found.ext} == {"head.extra": "深", "t": "[1]"}


def test_a_message_that_is_no_text_is_shown_escaped(city):
    city.case("7", "handling", ago(hours=9), raw=b"\xff{")
    found = city.reader().record("case", "hotline|7", "110101", NOW)
    assert (found.raw, found.ext) == ("\\xff{", ())


def test_an_incident_and_a_warning_are_records_too(city):
    city.incident("a/b c", ago(hours=1), "110102001", point=(5.0, 1.0))
    raw = (
        '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><scope>Public</scope>'
        "<info><event>大风</event><web>x</web></info></alert>"
    )
    city.warning("w", geocodes="110101", raw=raw.encode())
    reader = city.reader()
    incident = reader.record("incident", "calls|a/b c", "110102", NOW)
    assert (incident.lng, incident.lat, incident.region.code) == (5.0, 1.0, "110102001")
    warning = reader.record("warning", "official|w", "11", NOW)
    assert (warning.title.en, warning.region.code) == ("w", "110101")
    assert {f.name: f.value for f in warning.ext} == {"scope": "Public", "web": "x"}


def test_a_row_leads_to_its_record(city):
    city.incident("a/b c", ago(hours=1), "110102001", point=(5.0, 1.0))
    city.case("七|8", "handling", ago(hours=2))
    city.reading("站 1", 80, ago(minutes=4), "110101001", point=(1.0, 1.0))
    reader = city.reader()
    page = reader.area("11", NOW)
    rows = [*page.events, *page.cases, *page.sensors, *page.alerts, *page.map.points]
    assert len(rows) == 7
    for row in rows:
        _, _, kind, district, identity = row.href.split("/")
        assert reader.record(kind, unquote(identity), district, NOW) is not None


def test_a_sensor_has_its_message_its_other_properties_and_its_hours(city):
    for hours, value in ((3, 30), (2, 40), (0.1, 50)):
        city.reading("s", value, ago(hours=hours), "110101001")
    city.reading("s", 7, ago(minutes=3), "110101001", prop="o3")
    found = city.reader().record("sensor", "air|s|pm25", "110101", NOW)
    assert (fields(found)["value"], fields(found)["unit"]) == ("50.0", "µg/m³")
    assert fields(found)["o3"].startswith("7 µg/m³ (2026-11-24 14:27")
    assert {f.name: f.value for f in found.ext} == {"note": "好"}
    assert [v for _, v in found.history] == [None] * 20 + [30, 40, None, 50]
    assert found.history[-1][0] == NOW.replace(minute=0, second=0)
    assert (found.topic, found.partition, found.offset) == ("air", 0, 7)


def test_a_sensor_that_shares_its_region_has_no_history_of_its_own(city):
    city.reading("s", 50, ago(hours=1), "110101001")
    city.reading("t", 70, ago(hours=1), "110101001")
    assert city.reader().record("sensor", "air|s|pm25", "110101", NOW).history == ()


@pytest.mark.parametrize(
    ("kind", "identity", "district"),
    [
        ("case", "hotline|8", "110101"),
        ("case", "hotline|7", "110102"),
        ("case", "nofeed|7", "110101"),
        ("case", "hotline|7", "990000"),
        ("sensor", "air|s", "110101"),
        ("secret", "hotline|7", "110101"),
        ("case", "", ""),
    ],
)
def test_what_is_not_there_is_none(city, kind, identity, district):
    city.case("7", "handling", ago(hours=9))
    assert city.reader().record(kind, identity, district, NOW) is None
