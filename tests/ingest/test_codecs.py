"""Wire formats: a broken message costs only itself."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ingest.codecs import cap, csv, json
from ingest.sources.base import make_slice
from layers.feed_spec import CsvRule

PATHS = ("id", "geo.lng", "value")


def part(*values):
    return make_slice("t", 0, range(len(values)), [0] * len(values), values)


def test_json_gives_nested_paths_as_text():
    found = json.decode(part(b'{"id":"a","geo":{"lng":116.4},"value":1.5}', b'{"id":7}'), PATHS)
    assert found.columns.rows() == [("a", "116.4", "1.5"), ("7", None, None)]
    assert not found.broken


def test_json_line_feeds_inside_a_message_are_no_new_message():
    found = json.decode(part(b'{"id":"a",\n"value":2}', b'{"id":"b"}'), PATHS)
    assert found.columns["id"].to_list() == ["a", "b"]


def test_json_names_each_broken_message_and_reads_the_rest():
    values = [b'{"id":"a"}', b"{bad", b"", b"[1]", b'{"geo":5}', b"\xff\xfe", b'{"id":"z"}']
    found = json.decode(part(*values), PATHS)
    assert found.columns["id"].to_list() == ["a", None, None, None, None, None, "z"]
    assert sorted(found.broken) == [1, 2, 3, 4, 5]


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=12))
def test_no_bytes_make_json_raise_or_lose_a_row(values):
    found = json.decode(part(*values), PATHS)
    assert found.columns.height == len(values)


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=12))
def test_no_bytes_make_csv_raise_or_lose_a_row(values):
    found = csv.decode(part(*values), ("a", "c"), CsvRule(columns=("a", "b", "c")))
    assert found.columns.height == len(values)


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=4))
def test_no_bytes_make_cap_raise_or_lose_a_row(values):
    assert cap.decode(part(*values)).columns.height == len(values)


def test_csv_reads_quotes_and_refuses_a_line_with_cells_too_many():
    rule = CsvRule(columns=("a", "b"))
    found = csv.decode(part(b'1,"x,y"', b"1,2,3", b"3,4"), ("b",), rule)
    assert found.columns["b"].to_list() == ["x,y", None, "4"]
    assert list(found.broken) == [1]


def test_cap_refuses_a_document_type_declaration():
    hostile = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><alert>&x;</alert>'
    assert "declaration" in cap.decode(part(hostile)).broken[0]


def test_a_slice_gives_back_the_very_bytes():
    values = [b"a", b"", b"b\nc"]
    made = part(*values)
    assert [made.value(i) for i in range(3)] == values
    assert made.next == 3
    assert np.array_equal(made.offsets, [0, 1, 2])
