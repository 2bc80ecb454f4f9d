"""JSON of any shape: arrays become records, and one message's oddity is its own."""

import json as plain

from hypothesis import given
from hypothesis import strategies as st

from ingest.codecs import json
from ingest.sources.base import make_slice


def read(paths, *values):
    raw = [v if isinstance(v, bytes) else plain.dumps(v).encode() for v in values]
    return json.decode(make_slice("t", 0, range(len(raw)), [0] * len(raw), raw), paths)


def test_each_element_of_an_array_becomes_a_record_with_what_stands_beside_the_array():
    found = read(["id", "r[].v"], {"id": 1, "r": [{"v": 1}, {"v": "x"}]}, {"id": 2, "r": [{}]})
    assert found.columns.rows() == [("1", "1"), ("1", "x"), ("2", None)]
    assert found.message.tolist() == [0, 0, 1]
    assert not found.broken


def test_a_message_without_elements_is_one_row_that_holds_no_record():
    found = read(["id", "r[].v"], {"id": 1, "r": []}, {"id": 2}, {"r": [{"v": 3}]}, {"r": None})
    assert found.message.tolist() == [0, 1, 2, 3]
    assert found.broken == dict.fromkeys((0, 1, 3), "it holds no record")
    assert found.columns["r[].v"].to_list() == [None, None, "3", None]


def test_arrays_side_by_side_are_read_together():
    message = {"hourly": {"time": ["t1", "t2"], "pm25": [7, None]}}
    found = read(["hourly.time[]", "hourly.pm25[]"], message)
    assert found.columns.rows() == [("t1", "7"), ("t2", None)]


def test_arrays_side_by_side_of_unequal_length_break_their_message_alone():
    found = read(["a[]", "b[]"], {"a": [1], "b": [2]}, {"a": [1, 2], "b": [3]}, {"a": [4, 5]})
    assert found.broken == {1: "arrays side by side have 1 and 2 elements"}
    assert found.columns.rows() == [("1", "2"), (None, None), ("4", None), ("5", None)]


def test_arrays_within_arrays_are_taken_apart_to_the_deepest():
    stations = [
        {"n": "A", "r": [{"t": 1}, {"t": 2}]},
        {"n": "B", "r": []},
        {"n": "C", "r": [{"t": 3}]},
    ]
    found = read(["z", "s[].n", "s[].r[].t"], {"z": 0, "s": stations}, {"z": 1, "s": stations[1:2]})
    assert found.columns.rows()[:3] == [("0", "A", "1"), ("0", "A", "2"), ("0", "C", "3")]
    assert found.broken == {3: "it holds no record"}


def test_a_message_may_be_an_array_itself():
    found = read(["[].id", "[].at.c[1]"], [{"id": 1, "at": {"c": [1, 2.5]}}, {"id": 2}], {"id": 3})
    assert found.columns.rows() == [("1", "2.5"), ("2", None), ("3", None)]
    assert read(["[0].id"], [{"id": "a"}, {"id": "b"}]).columns.rows() == [("a",)]
    assert list(read(["[].id"], b"[1", 5, b"").broken) == [0, 1, 2]


def test_one_element_is_taken_by_its_number_from_the_front_or_the_end():
    paths = ["g.coordinates[0]", "g.coordinates[-1]", "g.coordinates[5]"]
    assert read(paths, {"g": {"coordinates": [1.5, 2]}}).columns.rows() == [("1.5", "2", None)]


def test_numbers_booleans_and_text_are_read_as_text_from_message_to_message():
    values = [1, "2", 2.5, True, None, 12345678901234567890123, "", "中"]
    found = read(["v"], *({"v": v} for v in values), {})
    wanted = ["1", "2", "2.5", "true", None, "12345678901234567890123", "", "中", None]
    assert found.columns["v"].to_list() == wanted


def test_an_object_or_array_where_text_is_asked_for_is_read_as_its_json():
    found = read(["v"], {"v": {"a": [1, "x"]}}, {"v": 5}, {"v": [1]})
    texts = found.columns["v"].to_list()
    assert [plain.loads(t) for t in texts] == [{"a": [1, "x"]}, 5, [1]]
    assert not found.broken


def test_a_place_may_be_asked_for_both_as_a_text_and_as_an_object():
    found = read(["r", "r.v", "r[].w"], {"r": 5}, {"r": {"v": 6, "w": 7}}, {"r": [{"w": 8}]})
    assert found.columns["r.v"].to_list() == [None, "6", None]
    assert found.columns["r[].w"].to_list() == [None, "7", "8"]


def test_what_is_blank_where_an_object_or_array_is_expected_is_absent():
    found = read(
        ["id", "geo.x", "c[0]"], *({"id": 1, "geo": g, "c": g} for g in ("", None, [], {}))
    )
    assert found.columns.rows() == [("1", None, None)] * 4
    assert not found.broken


def test_another_value_where_an_object_is_expected_breaks_its_message_and_names_the_place():
    found = read(["id", "geo.x"], {"id": 1, "geo": "there"}, {"id": 2, "geo": {"x": 3}})
    assert found.broken == {0: "an object is expected at geo, not 'there'"}
    assert found.columns.rows() == [(None, None), ("2", "3")]


def test_a_single_element_is_taken_for_an_array_of_one():
    assert read(["r[].v", "id"], {"id": 1, "r": {"v": 7}}).columns.rows() == [("7", "1")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=8,
)
PATHS = st.lists(
    st.sampled_from(["a", "b", "a.b", "a.b.c", "c[0]", "c[1].a", "b.a"]), min_size=1, unique=True
)
EXPLODED = st.lists(st.sampled_from(["[].a", "[].b.c", "[].c[0]", "[]"]), min_size=1, unique=True)


@given(PATHS | EXPLODED, st.lists(JSON, min_size=1, max_size=6))
def test_a_message_is_read_the_same_whatever_stands_beside_it(paths, values):
    together = read(paths, *values)
    at = together.message if together.message is not None else range(len(values))
    rows, alone, broken = together.columns.rows(), [], {}
    for value in values:
        single = read(paths, value)
        broken |= {len(alone) + row: why for row, why in single.broken.items()}
        alone += single.columns.rows()
    assert rows == alone
    assert dict(together.broken) == broken
    assert sorted(set(at)) == list(range(len(values)))


@given(st.lists(JSON, min_size=1, max_size=5), st.lists(JSON, min_size=1, max_size=5))
def test_an_odd_neighbour_does_not_change_how_a_message_is_read(values, others):
    paths = ["a", "b.a"]
    dicts = [{"a": v, "b": {"a": v}} for v in values]
    calm = read(paths, *dicts).columns.rows()
    assert read(paths, *dicts, b"{odd", *others).columns.rows()[: len(dicts)] == calm


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=8))
def test_no_bytes_make_a_feed_of_arrays_raise_or_lose_a_message(values):
    for paths in (["[].a", "[].b[0]"], ["a[].b[].c", "a[].d", "e"], ["a", "a.b", "a[]"]):
        found = read(paths, *values)
        assert sorted(set(found.message.tolist())) == list(range(len(values)))


def test_a_value_nested_without_end_breaks_only_its_message():
    found = read(["a", "b.c"], b'{"a":' + b"[" * 100_000 + b"}", {"a": 1})
    assert list(found.broken) == [0]
    assert found.columns["a"].to_list() == [None, "1"]


def test_json_written_as_a_text_within_json_is_read_where_more_is_expected():
    inner = plain.dumps({"v": 5, "r": [{"x": 1}, {"x": 2}]})
    found = read(["id", "body.v", "body.r[].x"], {"id": 1, "body": inner})
    assert found.columns.rows() == [("1", "5", "1"), ("1", "5", "2")]
    assert read(["body"], {"body": inner}).columns.item() == inner
    assert read(["id", "body.v"], {"id": 1, "body": "{bad"}).broken


def test_a_number_that_is_none_costs_only_its_record():
    found = read(["r[].v"], b'{"r":[{"v":1},{"v":NaN},{"v":-Infinity}]}', b'{"r":[{"v":2}]}')
    assert found.columns["r[].v"].to_list() == ["1", "NaN", "-Infinity", "2"]
    assert not found.broken
