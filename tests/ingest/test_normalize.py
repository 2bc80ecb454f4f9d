"""Every message gets exactly one outcome, its place and its id."""

import json

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from small_city import NOW_MS, case_feed, feed, frame

from ingest.normalize import Normalizer
from ingest.sources.base import make_slice
from layers.batch import ACCEPTED, DUPLICATE, LATE, REJECTED
from layers.feed_spec import CsvRule

FRAME = frame()


def message(sensor="s1", value=10, x=0.5, at=NOW_MS, **more):
    body = {"id": sensor, "p": "pm25", "v": value, "x": x, "y": 1.0, "at": at} | more
    return json.dumps(body).encode()


def batch(values, spec=None, times=None):
    values = [v if isinstance(v, bytes) else json.dumps(v).encode() for v in values]
    times = times or [NOW_MS] * len(values)
    part = make_slice("air", 0, range(len(values)), times, values)
    return Normalizer(spec or feed(), FRAME).batch([part])


def test_a_good_message_is_accepted_and_placed_at_the_deepest_region():
    rows = batch([message()]).rows
    assert rows["outcome"].to_list() == [ACCEPTED]
    assert FRAME.geography.codes[rows["region"][0]] == "110101001"
    assert FRAME.homes[rows["home"][0]] == "110101"
    assert rows["value"].to_list() == [10.0]


def test_what_lies_nowhere_goes_to_unassigned_and_is_accepted():
    found = batch([message(x=99), message(sensor="s2", x="east"), message(sensor="s3", x=None)])
    assert found.rows["outcome"].to_list() == [ACCEPTED] * 3
    assert found.rows["home"].to_list() == [0, 0, 0]


def test_each_reject_names_field_value_reason_and_remedy():
    values = [
        b"{broken",
        message(value="warm"),
        message(value=5000),
        message(at="soon"),
        message(at=NOW_MS + 3 * 86_400_000),
        message(sensor=None),
        message(value=float("nan")),
    ]
    found = batch(values)
    assert found.rows["outcome"].to_list() == [REJECTED] * 7
    told = [(r.field, r.value, r.reason.en) for _, r in found.rejects]
    assert told[1] == ("v", "warm", "not a number")
    assert told[2] == ("v", "5000", "pm25 is outside 0 … 1000")
    assert told[3] == ("at", "soon", "not a time of the form epoch_ms")
    assert told[4][2] == "more than a day in the future"
    assert told[5] == ("id", "", "sensor_id is missing")
    assert told[0][2].startswith("can't be read: not JSON")
    assert all(r.remedy.zh and r.remedy.en and r.reason.zh and r.raw for _, r in found.rejects)


def test_late_is_broker_time_less_event_time_above_the_bound():
    found = batch([message(at=NOW_MS - 3_600_001), message(sensor="s2", at=NOW_MS - 3_600_000)])
    assert found.rows["outcome"].to_list() == [LATE, ACCEPTED]


def test_a_repetition_within_a_poll_is_a_duplicate():
    found = batch([message(), message(value=11), message(at=NOW_MS + 1)])
    assert found.rows["outcome"].to_list() == [ACCEPTED, DUPLICATE, ACCEPTED]


def test_ids_are_the_same_in_every_poll():
    at = 1_764_043_200_000
    values = [message(at=at), message(sensor="b", at=at)]
    one, two = batch(values), batch(values[::-1])
    assert one.rows["id"].to_list() == two.rows["id"].to_list()[::-1]
    assert one.rows["id"].to_list() == [346625725286965305, 9217964522641102126]


def test_an_unknown_category_is_kept_as_unmapped_and_counted():
    case = {"no": "1", "cat": "ODD", "s": "reported", "r": NOW_MS, "at": NOW_MS, "x": 0.5, "y": 1}
    rows = batch([case, case | {"no": "2", "cat": "NOISE"}], case_feed()).rows
    assert rows["category"].to_list() == ["UNMAPPED", "noise"]
    assert rows["unmapped"].to_list() == [True, False]


def test_an_unknown_state_of_a_case_is_rejected_with_the_list_of_states():
    case = {"no": "1", "s": "odd", "r": NOW_MS, "at": NOW_MS}
    (_, reject), *_ = batch([case], case_feed()).rejects
    assert reject.field == "s"
    assert "dispatched" in reject.remedy.zh


def test_csv_lines_are_read_by_the_columns_of_the_feed():
    spec = feed(format="csv", csv={"columns": ["id", "p", "v", "x", "y", "at"]})
    assert isinstance(spec.csv, CsvRule)
    found = batch([f"s1,pm25,10,0.5,1.0,{NOW_MS}".encode(), b"s1,pm25"], spec)
    assert found.rows["outcome"].to_list() == [ACCEPTED, REJECTED]


def test_a_region_code_places_what_has_no_coordinates():
    spec = feed(place={"code": "grid"})
    rows = batch([message(grid="110101002777"), message(sensor="b", grid="77")], spec).rows
    codes = [FRAME.geography.codes[r] for r in rows["region"]]
    assert codes == ["110101002", "000000"]


@given(st.lists(st.binary(max_size=80), min_size=1, max_size=8))
def test_no_bytes_make_a_feed_raise_or_lose_a_message(values):
    for spec in (feed(), case_feed(), feed(format="cap", kind="warning", fields={})):
        rows = batch(values, spec).rows
        assert rows.height == len(values)
        assert rows["outcome"].null_count() == 0


SCALARS = st.none() | st.text() | st.floats() | st.integers()
OBJECTS = st.dictionaries(st.sampled_from(["id", "p", "v", "x", "y", "at"]), SCALARS)


@given(st.lists(OBJECTS, min_size=1, max_size=6))
def test_no_object_makes_a_feed_raise(values):
    rows = batch(values).rows
    assert rows.select(pl.col("outcome").is_between(0, 3).all()).item()
