"""Delimited text in any dialect and encoding, documents with a header, wide rows."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_city import NOW_MS, feed, frame

from ingest.codecs import csv, encoding
from ingest.normalize import Normalizer
from ingest.reading import Reader
from ingest.sources.base import make_slice
from ingest.sources.headers import headers_of
from ingest.sources.record_keys import keys_of
from layers.batch import ACCEPTED, REJECTED
from layers.feed_spec import CsvRule

ENCODINGS = ("utf-8", "gb18030", "utf-16", "latin-1")


def part(*values):
    values = [v if isinstance(v, bytes) else v.encode() for v in values]
    return make_slice("t", 0, range(len(values)), [0] * len(values), values)


def rows(paths, rule, *values, **more):
    return csv.decode(part(*values), paths, CsvRule(**rule), **more)


def test_a_delimiter_may_be_any_sign_or_several():
    for delimiter in (";", "|", "\t", "§", "||", ", "):
        lines = [delimiter.join(cells) for cells in ("ab", "cd")]
        found = rows(["y"], {"columns": ("x", "y"), "delimiter": delimiter}, *lines)
        assert found.columns["y"].to_list() == ["b", "d"], delimiter


def test_quotes_may_be_another_sign_or_mean_nothing():
    quoted = {"columns": ("x", "y"), "delimiter": ";", "quote": "'"}
    assert rows(["y"], quoted, "1;'a;b\nc'").columns["y"].to_list() == ["a;b\nc"]
    plain = {"columns": ("x", "y"), "quote": ""}
    assert rows(["y"], plain, '1,5" pipe', '2,"x').columns["y"].to_list() == ['5" pipe', '"x']


def test_a_line_may_end_with_a_delimiter():
    found = rows(["y"], {"columns": ("x", "y")}, "1,2,", "1,2,3", "1,2")
    assert found.columns["y"].to_list() == ["2", None, "2"]
    assert list(found.broken) == [1]


def test_a_document_names_its_columns_in_any_order_and_number():
    rule = {"header": True, "delimiter": ";"}
    found = rows(["b", "a"], rule, "a;b\r\n1;2\r\n3;4\r\n", "\ufeffc;b;a\n9;8;7")
    assert found.columns.rows() == [("2", "1"), ("4", "3"), ("8", "7")]
    assert found.message.tolist() == [0, 0, 1]
    assert found.raw.to_list()[1:] == ["a;b\n3;4", "c;b;a\n9;8;7"]


def test_a_broken_line_of_a_document_costs_only_itself():
    found = rows(["a"], {"header": True}, "a,b\n1,2\n3\n5,6\n")
    assert found.columns["a"].to_list() == ["1", None, "5"]
    assert found.broken == {1: "2 cells are expected, 1 came"}


def test_a_document_without_a_header_or_a_record_is_one_broken_row():
    found = rows(["a"], {"header": True, "skip": 1}, "x\na,b\n", "", "x\nq,r\n1,2\n", "x\na\n1")
    assert found.message.tolist() == [0, 1, 2, 3]
    assert found.broken[0] == "it holds no record"
    assert found.broken[1] == "it has no header"
    assert "names no column of the feed: 'q, r'" in found.broken[2]


def test_a_column_is_named_to_the_letter_whatever_signs_it_holds():
    names = ("PM2.5 [µg/m³]", "$id", "a\\b", "^x$", "*")
    paths = ["PM2.5 [µg/m³]", r"\$id", "^x$"]
    found = rows(paths, {"columns": names}, "1,2,3,4,5")
    assert found.columns.rows() == [("1", "2", "4")]


@pytest.mark.parametrize("name", ENCODINGS)
def test_messages_in_other_encodings_are_read_and_kept_as_utf_8(name):
    texts = ["s1;naïve\nline", "s2;µg", ""]
    if name != "latin-1":
        texts.append("东城;北京")
    made, broken = encoding.to_utf8(part(*(t.encode(name) for t in texts)), name)
    assert [made.value(i).decode() for i in range(len(texts))] == texts
    assert not broken


@given(st.sampled_from(ENCODINGS), st.lists(st.text(max_size=8), min_size=1, max_size=6))
def test_any_text_survives_its_encoding(name, texts):
    texts = [t.encode(name, "ignore").decode(name).lstrip("\ufeff\x00") for t in texts]
    made, broken = encoding.to_utf8(part(*(t.encode(name) for t in texts)), name)
    assert [made.value(i).decode() for i in range(len(texts))] == texts
    assert not broken


@given(st.sampled_from(ENCODINGS), st.lists(st.binary(max_size=12), min_size=1, max_size=6))
def test_no_bytes_make_an_encoding_raise_or_lose_a_message(name, values):
    made, broken = encoding.to_utf8(part(*values), name)
    assert len(made.bounds) == len(values) + 1
    for row in set(range(len(values))) - set(broken) if name != "utf-8" else ():
        made.value(row).decode()


def test_bytes_that_are_no_text_break_only_their_message():
    spec = feed(encoding="gb18030", format="csv", csv={"columns": ["id", "p"]})
    read = Reader(spec, ["id"])
    part_, found = read.read(part("东".encode("gb18030") + b",x", b"\xff\xff,x", b"a,b"))
    assert found.columns["id"].to_list()[::2] == ["东", "a"]
    assert found.broken == {1: "not GB18030: it can't be decoded at byte 0"}
    assert part_.value(0).decode() == "东,x"


def test_a_mark_of_byte_order_is_no_part_of_a_message():
    spec = feed()
    _, found = Reader(spec, ["id"]).read(part('\ufeff{"id":1}', '{"id":2}'))
    assert found.columns["id"].to_list() == ["1", "2"]


WIDE = {
    "format": "csv",
    "csv": {"columns": ["station", "day", "H01", "H02", "H24", "note"], "delimiter": ";"},
    "wide": {"pattern": r"H(?P<hour>\d\d)"},
    "place": {},
    "late_after_s": 10**9,
    "values": {"missing": ["-999"]},
    "fields": {"sensor_id": "station", "property": {"const": "pm25"}, "value": "$cell"},
    "time": {"field": {"join": ["day", "$column.hour"], "by": " "}, "form": "%Y-%m-%d %H"},
}


def batch(spec, *values):
    made = part(*values)
    times = [NOW_MS] * len(values)
    return Normalizer(spec, frame()).batch([make_slice("t", 0, made.offsets, times, values)])


def test_each_hour_of_a_wide_row_becomes_a_reading_and_blank_hours_none():
    found = batch(feed(**WIDE), b"A;2025-03-01;10;;30;", b"B;2025-03-01;1;-999; ;", b"A;x")
    read = found.rows.filter(found.rows["outcome"] == ACCEPTED)
    assert read.select("message", "sensor_id", "value").rows() == [
        (0, "A", 10.0),
        (0, "A", 30.0),
        (1, "B", 1.0),
    ]
    first, last, _ = read["event_ms"].to_list()
    assert last - first == 23 * 3_600_000
    assert found.rows["outcome"].to_list()[-1] == REJECTED


def test_a_wide_row_without_any_reading_is_rejected_and_seen():
    found = batch(feed(**WIDE), b"A;2025-03-01;;-999;;hello")
    assert found.rows["outcome"].to_list() == [REJECTED]
    ((_, reject),) = found.rejects
    assert reject.reason.en == "can't be read: it holds no record"


def test_many_values_of_one_object_become_records_by_their_paths():
    spec = feed(
        wide={"columns": ["air.pm25", r"air.no\.2"], "pattern": r"air\.(?P<what>.*)"},
        fields={"sensor_id": "id", "property": "$column.what", "value": "$cell"},
        bounds={},
    )
    found = batch(spec, b'{"id":"a","at":%d,"air":{"pm25":7,"no.2":null}}' % NOW_MS)
    assert found.rows.select("sensor_id", "property", "value").rows() == [("a", "pm25", 7.0)]


def test_columns_of_a_header_that_the_pattern_matches_become_records():
    spec = feed(
        format="csv",
        csv={"header": True},
        wide={"pattern": r"s\d+"},
        place={},
        fields={"sensor_id": "$column", "property": {"const": "q"}, "value": "$cell"},
        bounds={},
    )
    text = f"at,s1,s2,memo\n{NOW_MS},1,2,x\n{NOW_MS + 1},3,,y\n"
    found = batch(spec, text.encode(), f"s9,at\n4,{NOW_MS}".encode())
    assert found.rows["sensor_id"].to_list() == ["s1", "s2", "s1", "s9"]
    assert found.rows["value"].to_list() == [1.0, 2.0, 3.0, 4.0]


def test_wide_rows_may_lie_within_an_array():
    spec = feed(
        wide={"columns": ["r[].pm25", "r[].o3"]},
        fields={"sensor_id": "id", "property": "$column", "value": "$cell"},
        time={"field": "r[].t", "form": "epoch_ms"},
        codes={"property": {"table": {"r[].pm25": "pm25", "r[].o3": "o3"}}},
    )
    message = f'{{"id":1,"r":[{{"t":{NOW_MS},"pm25":1,"o3":2}},{{"t":{NOW_MS},"o3":3}}]}}'
    found = batch(spec, message.encode())
    assert found.rows.select("property", "value").rows() == [
        ("pm25", 1.0),
        ("o3", 2.0),
        ("o3", 3.0),
    ]


def test_what_stands_beside_the_value_is_read_by_paths_with_a_dollar():
    made = part('{"v":1}', '{"v":2}')
    headers = headers_of([[("ce_id", b"a"), ("ce_time", b"t")], []])
    whole = make_slice("t", 0, [0, 1], [5, -7], [b'{"v":1}', b'{"v":2}'])
    whole = replace(whole, headers=headers, keys=keys_of([b"k", None]))
    paths = ["v", "$header.ce_id", "$timestamp", "$key"]
    _, found = Reader(feed(), paths).read(whole)
    assert found.columns.select(paths).rows() == [("1", "a", "5", "k"), ("2", None, "7", None)]
    _, found = Reader(feed(), ["$timestamp"]).read(made)
    assert found.columns["$timestamp"].to_list() == ["0", "0"]


def test_a_feed_may_read_nothing_but_what_stands_beside_or_in_wide_columns():
    fields = {"sensor_id": "$column", "property": {"const": "q"}, "value": "$cell"}
    time = {"field": "$timestamp", "form": "epoch_ms"}
    more = {"fields": fields, "time": time, "place": {}, "bounds": {}}
    table = feed(format="csv", csv={"header": True}, wide={"pattern": r"s\d+"}, **more)
    found = batch(table, b"s1,s2\n1,2\n", b"x\n1\n", b"")
    assert found.rows["value"].to_list() == [1.0, 2.0, None, None]
    listed = feed(wide={"columns": ["a", "b"]}, **more)
    assert batch(listed, b'{"a":1}', b"{", b"{}").rows["value"].to_list() == [1.0, None, None]
    named = {"sensor_id": "$timestamp", "property": "$timestamp", "value": {"const": 1}}
    beside = feed(**more | {"fields": named})
    assert batch(beside, b'{"a":1}', b"{").rows["outcome"].to_list() == [ACCEPTED, REJECTED]
