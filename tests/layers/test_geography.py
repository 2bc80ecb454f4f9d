"""Placing is exact, deepest first, and loses no point."""

from datetime import date

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.geography import Geography, Region
from layers.labels import Label

DAY = date(2026, 11, 24)
NAME = Label("名", "name")
SHAPES = {
    "110101": shapely.box(0, 0, 2, 2),
    "110102": shapely.box(2, 0, 4, 2),
    "110101001": shapely.box(0, 0, 1, 2),
    "110103": shapely.box(4, 0, 6, 2),
}


def city():
    regions = [Region("11", NAME)] + [Region(c, NAME) for c in SHAPES if c != "110103"]
    return Geography([*regions, Region("110103", NAME, valid_to=date(2020, 1, 1))], SHAPES, DAY)


def placed(lng, lat):
    found = city()
    return [found.codes[i] for i in found.place(np.array(lng), np.array(lat))]


def test_a_point_goes_to_the_deepest_region_and_a_stranger_to_unassigned():
    lng, lat = [0.5, 1.5, 3.0, 9.0, np.nan], [1.0, 1.0, 1.0, 1.0, 1.0]
    assert placed(lng, lat) == ["110101001", "110101", "110102", "000000", "000000"]


def test_a_point_on_a_shared_edge_goes_to_the_lower_code():
    assert placed([2.0], [1.0]) == ["110101"]


def test_a_region_that_no_longer_exists_takes_no_points():
    assert placed([5.0], [1.0]) == ["000000"]


def test_placing_equals_point_in_polygon():
    rng = np.random.default_rng(7)
    lng, lat = rng.uniform(-1, 5, 2000), rng.uniform(-1, 3, 2000)
    deepest = sorted((c for c in SHAPES if c != "110103"), key=len)
    expected = ["000000"] * 2000
    for code in deepest:
        for i in np.flatnonzero(shapely.contains_xy(SHAPES[code], lng, lat)):
            expected[i] = code
    assert placed(lng, lat) == expected


def test_the_tree_is_the_prefix():
    found = city()
    assert [r.code for r in found.children("11")] == ["110101", "110102", "110103"]
    assert [r.code for r in found.chain("110101001")] == ["11", "110101", "110101001"]
    codes = [found.codes[i] for i in found.index_of(["110101001777", "110102", "99"])]
    assert codes == ["110101001", "110102", "000000"]


def test_all_parts_of_a_region_take_points():
    parts = shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(8, 8, 9, 9)])
    found = Geography([Region("11", NAME), Region("110101", NAME)], {"110101": parts}, DAY)
    lng = np.array([0.5, 8.5, 4.5, 8.999])
    assert found.place(lng, lng).tolist() == [2, 2, 0, 2]


@settings(deadline=None)  # a machine under load is slow, not wrong
@given(
    st.lists(st.tuples(*[st.integers(0, 40)] * 4), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(-8, 330), st.integers(-8, 330)), min_size=1, max_size=60),
)
def test_whatever_the_shapes_overlaps_and_lines_of_the_raster_placing_is_exact(boxes, points):
    # corners on eighths and points on the same eighths: many points fall on edges and corners
    shapes = {
        f"1101{n:02}": shapely.box(x, y, x + w + 1, y + h + 1)
        for n, (x, y, w, h) in enumerate(boxes)
    }
    found = Geography([Region("11", NAME), *(Region(c, NAME) for c in shapes)], shapes, DAY)
    lng, lat = np.array(points).T / 4
    expected = [
        next((c for c, s in shapes.items() if s.intersects(shapely.Point(x, y))), "000000")
        for x, y in zip(lng, lat, strict=True)
    ]
    assert [found.codes[i] for i in found.place(lng, lat)] == expected


def test_a_geography_without_shapes_places_nothing():
    found = Geography([Region("11", NAME), Region("110101", NAME)], {}, DAY)
    assert found.place(np.array([1.0]), np.array([1.0])).tolist() == [0]
    assert (found.bbox_of("11"), found.center_of("110101")) == (None, None)


def test_a_region_knows_what_it_is_part_of():
    found = city().regions
    assert [found[c].parent for c in ("11", "110101", "110101001")] == ["", "11", "110101"]


def test_the_outline_is_geojson_of_the_regions_below():
    collection = city().outline("110101", 9)
    (feature,) = collection["features"]
    assert collection["type"] == "FeatureCollection"
    assert feature["properties"] == {
        "code": "110101001",
        "name": "名",
        "name_en": "name",
        "generated": False,
    }
    assert shapely.geometry.shape(feature["geometry"]).equals(SHAPES["110101001"])


def test_a_city_without_a_shape_has_the_box_and_the_middle_of_its_districts():
    assert city().bbox_of("11") == (0.0, 0.0, 6.0, 2.0)
    assert city().center_of("11") == (3.0, 1.0)


def test_the_centre_of_a_bent_region_lies_inside_it():
    bent = shapely.union(shapely.box(0, 0, 10, 1), shapely.box(0, 0, 1, 10))
    found = Geography([Region("11", NAME), Region("110101", NAME)], {"110101": bent}, DAY)
    assert bent.contains(shapely.Point(found.center_of("110101")))


def test_a_region_smaller_than_a_cell_of_the_raster_takes_its_points():
    tiny = shapely.box(1.0001, 1.0001, 1.0003, 1.0003)
    regions = [Region("11", NAME), Region("110101", NAME), Region("110101001", NAME)]
    found = Geography(regions, {"110101": shapely.box(0, 0, 2, 2), "110101001": tiny}, DAY)
    lng = np.array([1.0002, 1.0004])
    assert [found.codes[i] for i in found.place(lng, lng)] == ["110101001", "110101"]
