"""The builder of boundaries: areas are cut and joined without gap or overlap."""

import numpy as np
import pytest
import shapely

from layers.cities.tiling import GRID, coverage, merged, simplified, split

BENT = shapely.union(shapely.box(0, 0, 3, 1), shapely.box(0, 0, 1, 3))
CODES = [f"110101{n:03}" for n in range(1, 13)]


def test_cells_fill_the_area_and_do_not_overlap():
    cells = split(BENT, CODES, (0.5, 0.5), 7)
    assert list(cells) == CODES
    assert sum(c.area for c in cells.values()) == pytest.approx(BENT.area)
    assert shapely.union_all(list(cells.values())).area == pytest.approx(BENT.area)


def test_cells_near_the_focus_are_smaller_and_come_first():
    cells = list(split(shapely.box(0, 0, 4, 4), [f"{n:09}" for n in range(60)], (1, 1), 7).values())
    assert cells[0].contains(shapely.Point(1, 1)) or cells[0].distance(shapely.Point(1, 1)) < 0.3
    near, far = cells[:15], cells[-15:]
    assert np.mean([c.area for c in near]) < 0.7 * np.mean([c.area for c in far])


def test_the_same_seed_gives_the_same_cells():
    first, second = (split(BENT, CODES, (0.5, 0.5), 7) for _ in range(2))
    assert first == second


def test_one_code_takes_the_whole_area():
    assert split(BENT, CODES[:1], (0, 0), 7) == {CODES[0]: BENT}


def test_where_two_areas_overlap_the_lower_code_keeps_the_overlap():
    made = coverage({"110101": shapely.box(0, 0, 1.002, 1), "110102": shapely.box(1, 0, 2, 1)})
    assert shapely.coverage_is_valid(list(made.values()))
    assert (made["110101"].area, made["110102"].area) == pytest.approx((1.002, 0.998))


def test_a_small_hole_goes_to_a_neighbour():
    hole = shapely.box(0.995, 0.4, 1, 0.41)
    left = shapely.difference(shapely.box(0, 0, 1, 1), hole)
    made = coverage({"110101": left, "110102": shapely.box(1, 0, 2, 1)})
    assert shapely.coverage_is_valid(list(made.values()))
    assert sum(s.area for s in made.values()) == pytest.approx(2)


def test_a_large_hole_stays_a_hole():
    ring = shapely.difference(shapely.box(0, 0, 3, 3), shapely.box(1, 1, 2, 2))
    made = coverage({"110101": ring})
    assert not made["110101"].contains(shapely.Point(1.5, 1.5))


def test_all_vertices_lie_on_the_grid():
    cells = coverage(split(BENT, CODES, (0.5, 0.5), 7))
    points = shapely.get_coordinates(list(cells.values())) / GRID
    assert np.abs(points - np.round(points)).max() < 1e-4


def test_parents_are_the_union_of_their_children():
    cells = coverage(split(BENT, CODES, (0.5, 0.5), 7))
    (whole,) = merged(cells, 6).values()
    assert whole.area == pytest.approx(sum(c.area for c in cells.values()), rel=1e-12)


def test_simplified_areas_still_meet_exactly():
    cells = coverage(split(shapely.Point(0, 0).buffer(2, 64), CODES, (0, 0), 7))
    made = simplified(cells, 0.05)
    assert shapely.coverage_is_valid(list(made.values()))
    before, after = (shapely.get_num_coordinates(list(c.values())).sum() for c in (cells, made))
    assert after < before
