"""Placing is exact, deepest first, and loses no point."""

from datetime import date

import numpy as np
import shapely

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
