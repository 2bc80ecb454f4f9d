"""Numbers as other countries write them, readings that are none, and units."""

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from one_feed import batch, body
from small_city import case_feed, feed

from ingest.feed_checks import check_meaning
from ingest.values import numbers
from layers.batch import ACCEPTED, REJECTED
from layers.documents import DocumentError
from layers.feed_spec import ValueRule


def read(text, **rule):
    return numbers(pl.Series([text], dtype=pl.String), ValueRule(**rule)).item()


@pytest.mark.parametrize(
    ("text", "rule", "expected"),
    [
        ("12.5", {}, 12.5),
        (" 12 ", {}, 12),
        ("１２．５", {}, 12.5),
        ("−3", {}, -3),
        ("1e3", {}, 1000),
        ("12,5", {}, None),
        ("1 234", {}, None),
        ("12,5", {"decimal": ","}, 12.5),
        ("12.5", {"decimal": ","}, 12.5),
        ("1.234,5", {"decimal": ",", "thousands": "."}, 1234.5),
        ("1.234", {"decimal": ",", "thousands": "."}, 1234),
        ("1.5", {"decimal": ",", "thousands": "."}, None),
        ("1,234,567.5", {"thousands": ","}, 1234567.5),
        ("12,34,567", {"thousands": ","}, 1234567),
        ("1,5", {"thousands": ","}, None),
        ("1 234,5", {"decimal": ",", "thousands": " "}, 1234.5),
        ("1\u202f234,5", {"decimal": ",", "thousands": " "}, 1234.5),
        ("1'234.5", {"thousands": "'"}, 1234.5),
        ("-1.234,5", {"decimal": ",", "thousands": "."}, -1234.5),
        ("12,5e2", {"decimal": ","}, 1250),
        ("", {"decimal": ","}, None),
        ("warm", {"decimal": ","}, None),
        ("1,2,3", {"decimal": ","}, None),
        (None, {"decimal": ","}, None),
    ],
)
def test_a_number_is_read_by_the_signs_of_its_feed(text, rule, expected):
    assert read(text, **rule) == expected


@given(st.integers(-(10**12), 10**12), st.sampled_from([(",", "."), (".", ","), (",", " ")]))
def test_a_number_written_with_any_signs_comes_back(millis, signs):
    decimal, thousands = signs
    plain = f"{millis / 1000:,.3f}"
    text = plain.replace(",", "\0").replace(".", decimal).replace("\0", thousands)
    assert read(text, decimal=decimal, thousands=thousands) == float(plain.replace(",", ""))


@given(st.text(max_size=20))
def test_no_text_makes_a_number_raise(text):
    for rule in ({}, {"decimal": ","}, {"thousands": " "}):
        read(text, **rule)


def test_a_reading_that_is_marked_as_missing_says_so():
    values = {"missing": ["-999", "NULL", "—"]}
    found = batch([body(v=v) for v in (-999, "-999.0", " NULL ", "—", 5)], feed(values=values))
    assert found.rows["outcome"].to_list() == [REJECTED] * 4 + [ACCEPTED]
    assert {r.reason.en for _, r in found.rejects} == {"marked as missing"}
    assert [r.value for _, r in found.rejects][1] == "-999.0"


UNITS = {
    "units": {
        "ppb": {"to": "µg/m³", "factor": 1.88},
        "no2:ppm": {"to": "µg/m³", "factor": 1880},
        "F": {"to": "°C", "factor": 5 / 9, "offset": -160 / 9},
    },
    "assumed": {"temp": "F"},
}
WITH_UNIT = {"sensor_id": "id", "property": "p", "value": "v", "unit": "u"}


def converted(values, rule, **spec):
    bounds = {"value": {"temp": [-50, 60]}}
    return batch(values, feed(fields=WITH_UNIT, values=rule, bounds=bounds, **spec))


def test_values_are_converted_into_the_canonical_unit_which_is_the_one_kept():
    values = [
        body(v=10, u="ppb"), body(v=0.01, u="ppm", id="b"), body(v=7, u="μg/m3", id="c"),
        body(v=7, u="µg/m³", id="d"), body(v=212, p="temp", u="F", id="e"),
        body(v=50, p="temp", id="f"), body(v=3, id="g"), body(v=3, u=" ", id="h"),
    ]  # fmt: skip
    found = converted(values, UNITS)
    rows = found.rows
    assert [round(v, 6) for v in rows["value"][:6]] == [18.8, 18.8, 7, 7, 100, 10]
    assert rows["unit"].to_list() == ["µg/m³"] * 4 + ["°C"] * 2 + [None] * 2
    # bounds are those of the canonical unit
    assert rows["outcome"].to_list() == [0, 0, 0, 0, REJECTED, 0, 0, 0]
    assert found.rejects[0][1].value == "212"


def test_a_unit_that_the_table_does_not_know_is_rejected_with_the_known_ones():
    found = converted([body(u="mol"), body(u="ppm", p="o3", id="b")], UNITS)
    assert found.rows["outcome"].to_list() == [REJECTED, REJECTED]
    reject = found.rejects[0][1]
    assert (reject.field, reject.value) == ("u", "mol")
    assert "ppb" in reject.remedy.zh
    assert "values.units" in reject.remedy.en


def test_a_table_of_one_property_leaves_the_units_of_others_alone():
    rule = {"units": {"no2:ppb": {"to": "µg/m³", "factor": 1.88}}}
    found = converted([body(p="hum", u="%"), body(u="%", id="b")], rule)
    assert found.rows["outcome"].to_list() == [ACCEPTED, REJECTED]
    assert found.rows["unit"][0] == "%"


def test_an_assumed_unit_is_kept_where_the_message_names_none():
    found = converted([body(v=1), body(v=1, u="x", id="b")], {"assumed": {"no2": "ppb"}})
    assert found.rows["unit"].to_list() == ["ppb", "x"]


def test_a_value_that_no_sum_can_hold_is_rejected_and_not_fatal():
    found = batch([body(v=1e300), body(v=-1e13, id="b"), body(v=1e12, id="c")], feed())
    assert found.rows["outcome"].to_list() == [REJECTED, REJECTED, ACCEPTED]
    assert math.isfinite(found.rows["value"][2])


@pytest.mark.parametrize(
    "codes", [{"table": {"NOISE": "noise", "Road Works": "road"}, "ignore_case": True}]
)
def test_case_and_blanks_make_no_difference_when_told_so(codes):
    base = {"s": "reported", "r": body()["at"], "at": body()["at"]}
    cats = ["noise", " NOISE ", "road works", "other", None]
    spec = case_feed(codes={"category": codes | {"default": "misc"}})
    rows = batch([base | {"no": str(i), "cat": c} for i, c in enumerate(cats)], spec).rows
    assert rows["category"].to_list() == ["noise", "noise", "road", "misc", None]
    assert rows["unmapped"].to_list() == [False, False, False, True, False]


def test_what_no_table_knows_is_counted_in_every_coded_field():
    spec = feed(codes={"property": {"table": {"NO2": "no2"}, "default": "odd"}})
    rows = batch([body(p="NO2"), body(p="XX", id="b")], spec).rows
    assert rows["property"].to_list() == ["no2", "odd"]
    assert rows["unmapped"].to_list() == [False, True]


def test_an_unknown_state_is_shown_as_it_came():
    spec = case_feed(codes={"status": {"table": {"x": "closed"}}})
    case = {"no": "1", "s": "weird", "r": body()["at"], "at": body()["at"]}
    ((_, reject),) = batch([case], spec).rejects
    assert reject.value == "weird"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"values": {"decimal": ",", "thousands": ","}}, "same sign"),
        ({"values": {"thousands": "1"}}, "part of numbers"),
        ({"codes": {"categroy": {"table": {}}}}, "categroy"),
        ({"time": {"field": "at", "zone": "Asia/Shanghia"}}, "Asia/Shanghai"),
        ({"time": {"field": "at", "form": "%d/%m"}}, "time.form"),
    ],
)
def test_a_rule_that_can_not_work_is_an_error_of_the_file(tmp_path, changes, problem):
    with pytest.raises(DocumentError, match=problem):
        check_meaning(feed(**changes), tmp_path / "feed.yaml")
