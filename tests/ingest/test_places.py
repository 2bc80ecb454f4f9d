"""Where a message lies, however its feed says so."""

import math
from datetime import date

import numpy as np
import polars as pl
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from one_feed import batch, body, places, regions
from pyproj import Proj, Transformer
from small_city import NAME, feed

from ingest.feed_checks import check_meaning
from ingest.positions import pairs
from layers.batch import Frame
from layers.documents import DocumentError
from layers.feed_spec import PlaceRule, ValueRule
from layers.feeds import read_feed
from layers.geography import Geography, Region

WEST = "110101001"
"""Region of longitude 0 … 1, latitude 0 … 2."""


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("0.5,1.25", "lng,lat"),
        ("0.5 1.25", "lng,lat"),
        ("(0.5; 1.25)", "lng,lat"),
        ("[0.5|1.25]", "lng,lat"),
        ("0.5，1.25", "lng,lat"),
        ("0.5-1.25", "lng,lat"),
        ("POINT (0.5 1.25)", "lng,lat"),
        ("0.5/1.25/38.0", "lng,lat"),
        ('{"type": "Point", "coordinates": [0.5, 1.25]}', "lng,lat"),
        ("1.25, 0.5", "lat,lng"),
        ("(1.25000, 0.50000)", "lat,lng"),
        ("1°15'0\"N 0°30'0\"E", "lat,lng"),
        ("1°15'N, 0°30'E", "lng,lat"),
        ("N1.25 E0.5", "lat,lng"),
        ("1.25N 0.5E", "lat,lng"),
        ("北纬1度15分 东经0度30分", "lat,lng"),
        ("POINT(0.5 1.25)", "wkt"),
        ("SRID=4326;POINT(0.5 1.25)", "wkt"),
        ("LINESTRING(0.4 1.25, 0.6 1.25)", "wkt"),
        ("POLYGON((0.4 1.15, 0.6 1.15, 0.6 1.35, 0.4 1.35, 0.4 1.15))", "wkt"),
        ("MULTIPOINT((0.4 1.25), (0.6 1.25))", "wkt"),
    ],
)
def test_a_point_in_one_text_is_found_whatever_stands_around_it(text, form):
    found, _ = places([{"pt": text}], {"point": "pt", "form": form})
    assert found == [((0.5, 1.25), WEST)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "unknown",
        "0.5",
        "1,2,3,4",
        "POINT EMPTY",
        "POINT(1",
        "NULL",
        "CIRCULARSTRING(0 0, 1 1, 2 0)",
        "POINT(1e999 1)",
        "GEOMETRYCOLLECTION EMPTY",
    ],
)
@pytest.mark.parametrize("form", ["lng,lat", "wkt"])
def test_a_text_that_is_no_point_lies_nowhere(text, form):
    found, rows = places([{"pt": text}], {"point": "pt", "form": form})
    assert found == [((None, None), "000000")]
    assert rows["outcome"].to_list() == [0]


def test_the_southern_and_the_western_half_are_negative():
    place = PlaceRule(point="pt", form="lat,lng")
    texts = ["33°52'8\"S 151°12'33\"E", "41.88N 87.63W", "41.88, -87.63", "S33.5, W70.6"]
    x, y = pairs(pl.DataFrame({"point_text": texts}), place, ValueRule())
    assert np.round(x, 4).tolist() == [151.2092, -87.63, -87.63, -70.6]
    assert np.round(y, 4).tolist() == [-33.8689, 41.88, 41.88, -33.5]


@pytest.mark.parametrize(
    ("lng", "lat"),
    [
        ("0.5", " 1.25 "), ("0°30'", "1°15'0\""), ("0:30:00", "1:15:00"), ("E0.5", "1.25N"),
        ("+0.5", "1,25e0".replace(",", ".")), ("0.5°", "1度15分"), ("０．５", "1.25"),
    ],
)  # fmt: skip
def test_each_coordinate_may_be_a_number_or_degrees_and_minutes(lng, lat):
    found, _ = places([{"x": lng, "y": lat}], {"lng": "x", "lat": "y"})
    assert found == [((0.5, 1.25), WEST)]


def test_coordinates_follow_the_decimal_sign_of_the_feed():
    values = {"decimal": ","}
    found, _ = places([{"x": "0,5", "y": "1,25"}], {"lng": "x", "lat": "y"}, values=values)
    assert found == [((0.5, 1.25), WEST)]
    found, _ = places([{"pt": "0,5; 1,25"}], {"point": "pt"}, values=values)
    assert found == [((0.5, 1.25), WEST)]


@given(st.floats(0.01, 1.99), st.floats(0.01, 1.99))
def test_a_projected_position_comes_back_to_where_it_was(x, y):
    to_grid = Transformer.from_crs(4326, 32631, always_xy=True)
    east, north = to_grid.transform(x, y)
    found, _ = places([{"x": east, "y": north}], {"lng": "x", "lat": "y", "epsg": 32631})
    ((lng, lat), _), = found  # fmt: skip
    assert abs(lng - x) < 1e-6
    assert abs(lat - y) < 1e-6


def beijing():
    shape = shapely.box(116.3, 39.8, 116.5, 40.0)
    regions = [Region("11", NAME), Region("110101", NAME)]
    return Frame(Geography(regions, {"110101": shape}, date(2025, 1, 1)), "11", "Asia/Shanghai")


EAST, NORTH = Proj("+proj=tmerc +lon_0=117 +x_0=500000 +ellps=GRS80")(116.404, 39.915)


@pytest.mark.parametrize(
    ("epsg", "east", "north"),
    [
        (4548, EAST, NORTH),  # CGCS2000, three degrees, central meridian 117
        (4527, EAST + 39_000_000, NORTH),  # the same with the number of the zone before it
        (4490, 116.404, 39.915),
    ],
)
def test_gauss_kruger_of_cgcs2000_is_placed_in_beijing(epsg, east, north):
    spec = feed(place={"lng": "x", "lat": "y", "epsg": epsg})
    rows = batch([body(x=east, y=north)], spec, beijing()).rows
    assert rows["region"].to_list() == [2]
    assert abs(rows["lng"][0] - 116.404) < 1e-5
    assert abs(rows["lat"][0] - 39.915) < 1e-5


def test_a_grid_of_the_citys_own_is_an_affine_map_into_a_known_one():
    affine = {"a": 0.0, "b": 1.0, "c": 400_000.0, "d": 1.0, "e": 0.0, "f": 4_400_000.0}
    spec = feed(place={"lng": "x", "lat": "y", "affine": affine | {"epsg": 4548}})
    rows = batch([body(x=NORTH - 4_400_000, y=EAST - 400_000)], spec, beijing()).rows
    assert abs(rows["lng"][0] - 116.404) < 1e-5
    assert abs(rows["lat"][0] - 39.915) < 1e-5


FAR = {"affine": {"a": 1e9, "b": 1e9, "c": 0, "d": 1e9, "e": 1, "f": 0, "epsg": 4548}}


@pytest.mark.parametrize(("x", "y"), [("1e300", "5"), ("inf", "inf"), ("-999", "-999"), ("x", "")])
@pytest.mark.parametrize("rule", [FAR, {}, {"epsg": 4548}, {"datum": "BD09"}, {"swapped": "mend"}])
def test_an_impossible_position_is_unassigned_and_never_raises(x, y, rule):
    found, _ = places([{"x": x, "y": y}], {"lng": "x", "lat": "y"} | rule)
    assert found[0][1] == "000000"


def test_exchanged_coordinates_are_mended_and_counted_only_when_told_to():
    sent = [{"x": 1.5, "y": 3.0}, {"x": 0.5, "y": 1.0}, {"x": 50, "y": 60}]
    found, rows = places(sent, {"lng": "x", "lat": "y", "swapped": "mend"})
    assert found[0] == ((3.0, 1.5), "110102")
    assert found[1] == ((0.5, 1.0), WEST)
    assert found[2] == ((50.0, 60.0), "000000")
    assert rows["swapped"].to_list() == [True, False, False]
    found, rows = places(sent, {"lng": "x", "lat": "y"})
    assert found[0][1] == "000000"
    assert "swapped" not in rows.columns


def test_exchanged_coordinates_that_are_impossible_as_they_stand_are_mended_too():
    spec = feed(place={"lng": "x", "lat": "y", "swapped": "mend"})
    rows = batch([body(x=39.915, y=116.404)], spec, beijing()).rows
    assert rows["region"].to_list() == [2]


def test_positions_that_stand_for_none_are_no_positions_and_are_counted():
    place = {"lng": "x", "lat": "y", "placeholders": [[0, 0], [1.5, 1.0]]}
    found, rows = places([{"x": 0, "y": 0}, {"x": 1.5, "y": "1.0"}, {"x": 0.5, "y": 1}], place)
    assert [region for _, region in found] == ["000000", "000000", WEST]
    assert rows["placeholder"].to_list() == [True, True, False]
    assert rows["lng"].to_list() == [None, None, 0.5]


@pytest.fixture
def pack(tmp_path):
    (tmp_path / "feeds").mkdir()
    (tmp_path / "devices.csv").write_text(
        "\ufeff编号,经度,纬度,网格,备注\nd1,0.5,1.0,,good\nd2,,,110102,\nd3,0,0,,\n",
        encoding="utf-8",
    )
    return tmp_path


def with_devices(pack, **more):
    device = {"file": str(pack / "devices.csv"), "id": "编号", "lng": "经度", "lat": "纬度"}
    return feed(place={"device": device | {"code": "网格"}} | more)


def test_a_device_stands_where_the_table_says_and_an_unknown_one_is_counted(pack):
    values = [body(id=i, x=None, y=None) for i in ("d1", " d2 ", "d3", "d9")]
    rows = batch(values, with_devices(pack)).rows
    assert regions(rows) == [WEST, "110102", "000000", "000000"]
    assert rows["unknown_device"].to_list() == [False, False, False, True]
    assert rows["lng"].to_list() == [0.5, None, None, None]


def test_coordinates_go_before_the_table_and_the_table_before_a_code(pack):
    spec = with_devices(pack, lng="x", lat="y", code="grid")
    values = [
        body(id="d1", x=3.0, y=1.0, grid="110101002"),
        body(id="d1", x=0, y=0, grid="110101002", p="a"),
        body(id="d9", x=None, y=None, grid="110101002"),
    ]
    rows = batch(values, spec).rows
    assert regions(rows) == ["110102", WEST, "110101002"]


def test_a_table_encoded_by_an_older_program_is_read(pack):
    text = "编号,网格\n东门,110102\n"
    (pack / "devices.csv").write_bytes(text.encode("gb18030"))
    device = {"file": str(pack / "devices.csv"), "id": "编号", "code": "网格"}
    rows = batch([body(id="东门", x=None, y=None)], feed(place={"device": device})).rows
    assert regions(rows) == ["110102"]


def test_an_address_alone_is_never_guessed_at():
    fields = {"incident_id": "no"}
    spec = feed(id="police", kind="incident", fields=fields, bounds={}, place={"address": "where"})
    rows = batch([{"no": "1", "where": "东城区某路 1 号", "at": body()["at"]}], spec).rows
    assert regions(rows) == ["000000"]
    assert rows["address"].to_list() == ["东城区某路 1 号"]


def test_a_feed_without_a_place_lies_nowhere_and_is_accepted():
    rows = batch([body(), body(id="s2")], feed(place={})).rows
    assert regions(rows) == ["000000"] * 2
    assert rows["outcome"].to_list() == [0, 0]


@given(st.lists(st.text(max_size=25), min_size=1, max_size=5), st.sampled_from(["lat,lng", "wkt"]))
def test_no_text_makes_a_place_raise(texts, form):
    place = {"lng": "x", "lat": "y", "point": "pt", "form": form, "swapped": "mend", "epsg": 4548}
    found, _ = places([{"x": t, "y": t, "pt": t} for t in texts], place)
    assert len(found) == len(texts)


@pytest.mark.parametrize(
    ("place", "problem"),
    [
        ({"lng": "x", "lat": "y", "epsg": 99999}, "EPSG:99999"),
        ({"lng": "x"}, "lng and lat"),
        ({"device": {"file": "no.csv", "id": "a", "code": "b"}}, "no.csv"),
        ({"device": {"file": "no.csv", "id": "a"}}, "no column of a place"),
    ],
)
def test_a_place_that_can_not_work_is_an_error_of_the_file(tmp_path, place, problem):
    with pytest.raises(DocumentError, match=problem):
        check_meaning(feed(place=place), tmp_path / "feed.yaml")


def test_a_table_without_the_column_that_the_feed_names_is_an_error(pack):
    device = {"file": str(pack / "devices.csv"), "id": "编 号", "code": "网格"}
    with pytest.raises(DocumentError, match="编号"):
        check_meaning(feed(place={"device": device}), pack / "feed.yaml")


def test_files_of_a_feed_are_named_from_the_folder_of_the_pack(pack):
    (pack / "kinds.csv").write_text("value,code\nROAD,road\nTREE,wrong\n", encoding="utf-8")
    (pack / "feeds" / "air.yaml").write_text(
        """
id: air
title: {zh: 空气, en: Air}
owner: {code: hb, zh: 环保, en: Environment}
contact: {zh: 电话, en: phone}
format: json
kind: observation
origin: {zh: 测试, en: test}
expect: {interval_s: 60, sources: 3, silent_after_s: 600}
late_after_s: 3600
time: {field: at, form: epoch_ms}
place: {device: {file: devices.csv, id: 编号, code: 网格}}
fields: {sensor_id: id, property: p, value: v}
codes: {property: {file: kinds.csv, table: {TREE: tree}}}
""",
        encoding="utf-8",
    )
    spec = read_feed(pack / "feeds" / "air.yaml")
    check_meaning(spec, pack / "feeds" / "air.yaml")
    assert spec.codes["property"].table == {"ROAD": "road", "TREE": "tree"}
    rows = batch([body(id="d2", p="ROAD")], spec).rows
    assert regions(rows) == ["110102"]
    assert rows["property"].to_list() == ["road"]


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize(
    "text",
    ["(39.9, 116.4)", "39.9;116.4", "39.9N 116.4E", "POINT (116.4 39.9)", "point(116.4 39.9)"],
)
def test_points_in_one_text_are_read_whatever_the_decimal_sign_of_the_values(text, decimal):
    place = PlaceRule(point="p", form="lat,lng")
    x, y = pairs(pl.DataFrame({"point_text": [text, None]}), place, ValueRule(decimal=decimal))
    assert (x[0], y[0]) == (116.4, 39.9)
    assert math.isnan(x[1])


def test_points_with_a_decimal_comma_are_read():
    place = PlaceRule(point="p", form="lat,lng")
    found = pairs(pl.DataFrame({"point_text": ["39,9; 116,4"]}), place, ValueRule(decimal=","))
    assert [part[0] for part in found] == [39.9, 116.4][::-1]
