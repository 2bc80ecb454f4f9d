"""City packs: what ships is whole, and what is wrong is named with its remedy."""

import gzip
import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import shapely

from layers.documents import DocumentError
from layers.feeds import load_feeds
from layers.indicators import load_indicators
from layers.labels import Label
from layers.pack import CITIES, PackError, load_pack, pack_ids

CITY = """
id: test
name: {zh: 试市, en: Testville}
code: "99"
timezone: Asia/Shanghai
center: [0.5, 0.5]
zoom: 9
map_indicator: open
wall: [open]
levels:
  - {digits: 6, file: boundaries/district.geojson, title: {zh: 区, en: District}}
"""

SQUARE = [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]


@pytest.fixture(scope="module", params=pack_ids())
def shipped(request):
    return load_pack(request.param)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "boundaries").mkdir()
    (tmp_path / "codes").mkdir()
    write(tmp_path, CITY, [feature("990101")])
    return tmp_path


def feature(code, rings=SQUARE, **properties):
    return {
        "type": "Feature",
        "properties": {"code": code, "name": f"区{code}", **properties},
        "geometry": {"type": "Polygon", "coordinates": rings},
    }


def write(folder, city, features, level="district"):
    (folder / "city.yaml").write_text(city, encoding="utf-8")
    text = json.dumps({"type": "FeatureCollection", "features": features})
    (folder / "boundaries" / f"{level}.geojson").write_text(text, encoding="utf-8")


def refusal(folder):
    with pytest.raises(DocumentError) as caught:
        load_pack(folder)
    return str(caught.value)


def levels_of(pack):
    codes = pack.geography.regions
    return {n.digits: [c for c in codes if len(c) == n.digits] for n in pack.levels}


def test_beijing_has_its_districts_streets_communities_and_their_residents():
    pack = load_pack("beijing")
    assert {n: len(codes) for n, codes in levels_of(pack).items()} == {
        6: 16,
        9: 349,
        12: 7535,
        15: 1728,
    }
    # the sum of the districts is the published figure of the city (seventh census)
    assert pack.geography.regions["11"].population == 21_893_095
    assert pack.geography.regions["110101001"].name == Label("东华门街道", "Donghuamen Subdistrict")


def test_shapes_below_the_districts_of_beijing_are_marked_as_generated():
    regions = load_pack("beijing").geography.regions.values()
    assert {r.generated for r in regions if r.level <= 6} == {False}
    assert {r.generated for r in regions if r.level > 6} == {True}


def test_chicago_has_77_areas_in_nine_sides_and_nothing_generated():
    pack = load_pack("chicago")
    assert {n: len(codes) for n, codes in levels_of(pack).items()} == {6: 9, 9: 77}
    # the sum of the areas is the published figure of the city (census of 2010)
    assert pack.geography.regions["1731"].population == 2_695_598
    assert not any(r.generated for r in pack.geography.regions.values())


@pytest.mark.parametrize(
    ("city", "lng", "lat", "place"),
    [
        ("beijing", 116.3975, 39.9087, "东城区"),
        ("beijing", 116.3274, 39.9980, "海淀区"),
        ("beijing", 115.9747, 40.4567, "延庆区"),
        ("chicago", -87.6278, 41.8819, "卢普区"),
        ("chicago", -87.9048, 41.9786, "奥黑尔"),
        ("chicago", -87.5860, 41.7920, "海德公园"),
    ],
)
def test_landmarks_lie_where_people_know_them(city, lng, lat, place):
    geography = load_pack(city).geography
    (found,) = geography.place(np.array([lng]), np.array([lat]))
    assert place in [r.name.zh for r in geography.chain(geography.codes[found])]


def test_children_tile_their_parent_without_gap_or_overlap(shipped):
    geography = shipped.geography
    for codes in levels_of(shipped).values():
        assert shapely.coverage_is_valid([geography.shape_of(c) for c in codes])
    for code in geography.regions:
        parts = [geography.shape_of(r.code) for r in geography.children(code)]
        if parts and geography.shape_of(code) is not None:
            assert shapely.equals(shapely.coverage_union_all(parts), geography.shape_of(code))


def test_placing_in_a_shipped_city_equals_point_in_polygon(shipped):
    geography = shipped.geography
    rng = np.random.default_rng(11)
    west, south, east, north = geography.bbox_of(shipped.code)
    edges = [geography.shape_of(c) for c in geography.districts]
    corners = rng.permutation(shapely.get_coordinates(edges))[:1500]
    random = rng.uniform((west - 0.1, south - 0.1), (east + 0.1, north + 0.1), (3000, 2))
    near = corners + rng.normal(scale=1e-4, size=corners.shape)
    lng, lat = np.vstack([random, corners, near]).T
    expected = np.zeros(len(lng), dtype=int)
    codes = [c for c in geography.regions if geography.shape_of(c) is not None]
    # a lower code comes later, a deeper one later still, and overwrites
    codes.sort(key=lambda c: (len(c), -geography.codes.index(c)))
    tree = shapely.STRtree([geography.shape_of(c) for c in codes])
    which, where = tree.query(shapely.points(lng, lat), predicate="intersects")
    for region, point in sorted(zip(where, which, strict=True)):
        expected[point] = geography.codes.index(codes[region])
    assert (geography.place(lng, lat) == expected).all()


def test_the_wall_has_twelve_vitals_or_more_and_all_of_them_are_defined(shipped):
    indicators = load_indicators(shipped.indicators_file, load_feeds(shipped.feeds_dir))
    assert len(set(shipped.wall)) == len(shipped.wall) >= 12
    assert {*shipped.wall, shipped.map_indicator} <= indicators.keys()


def test_every_category_that_a_feed_or_an_indicator_knows_has_a_name(shipped):
    feeds = load_feeds(shipped.feeds_dir)
    used = {
        (f.id, c)
        for f in feeds.values()
        if (t := f.codes.get("category"))
        for c in t.table.values()
    }
    indicators = load_indicators(shipped.indicators_file, feeds).values()
    used |= {(i.feed, i.category) for i in indicators if i.category}
    assert used
    assert not [pair for pair in sorted(used) if pair[1] not in shipped.categories[pair[0]]]


def test_an_unknown_category_names_itself(shipped):
    assert shipped.category_label("no_feed", "X1") == Label("X1", "X1")


def test_all_packs_together_stay_below_15_megabytes():
    files = [f for f in CITIES.rglob("*") if f.is_file() and "__pycache__" not in f.parts]
    assert sum(f.stat().st_size for f in files) < 15_000_000


def test_a_folder_is_a_pack(folder):
    pack = load_pack(folder)
    assert (pack.name.en, pack.geography.districts) == ("Testville", ("990101",))
    assert pack.geography.regions["99"].population is None


def test_a_region_whose_last_day_has_passed_takes_no_points(folder):
    write(folder, CITY, [feature("990101", valid_to="2025-12-31")])
    spot = np.array([0.5])
    assert load_pack(folder, date(2025, 12, 31)).geography.place(spot, spot).tolist() == [2]
    assert load_pack(folder, date(2026, 1, 1)).geography.place(spot, spot).tolist() == [0]


def test_boundaries_may_be_compressed(folder):
    plain = folder / "boundaries" / "district.geojson"
    (folder / "boundaries" / "district.geojson.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    (folder / "city.yaml").write_text(CITY.replace(".geojson", ".geojson.gz"), encoding="utf-8")
    assert load_pack(folder).geography.districts == ("990101",)


def test_an_unknown_pack_is_answered_with_the_nearest_one():
    with pytest.raises(PackError, match=r"Did you mean 'beijing'\? Known packs: beijing, chicago"):
        load_pack("bejing")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("map_indicator", "map_indicater", "Did you mean `map_indicator`?"),
        ('code: "99"', 'code: "999"', "$.code"),
        ("Asia/Shanghai", "Asia/Shanghia", "Did you mean 'Asia/Shanghai'?"),
        ("digits: 6", "digits: 9", "`levels` have the digits [9]"),
        ("zoom: 9\n", "", "Add the key `zoom`."),
    ],
)
def test_a_mistake_in_city_yaml_is_named_with_its_remedy(folder, old, new, said):
    write(folder, CITY.replace(old, new), [feature("990101")])
    refused = refusal(folder)
    assert str(folder / "city.yaml") in refused
    assert said in refused


@pytest.mark.parametrize(
    ("features", "said"),
    [
        ([feature("99010")], "texts of 6 digits"),
        ([feature(990101)], "features[0].properties.code"),
        ([feature("990101"), feature("990101")], "is taken"),
        ([feature("110101")], "must begin with the city's code"),
        ([feature("990101", parent="98")], "Its parent is '99'"),
        ([feature("990101", [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]])], "Self-intersection"),
        ([feature("990101", [[[39, 116], [40, 116], [40, 117], [39, 116]]])], "outside the globe"),
        (
            [{**feature("990101"), "geometry": {"type": "Point", "coordinates": [0, 0]}}],
            "no polygon",
        ),
    ],
)
def test_a_mistake_in_the_boundaries_is_named_with_its_remedy(folder, features, said):
    write(folder, CITY, features)
    refused = refusal(folder)
    assert str(folder / "boundaries" / "district.geojson") in refused
    assert said in refused


def test_a_street_in_no_district_is_answered_with_the_nearest_district(folder):
    level = "  - {digits: 9, file: boundaries/street.geojson, title: {zh: 街道, en: Street}}\n"
    write(folder, CITY + level, [feature("990107001")], "street")
    assert "'990107001' lies in no known district. Did you mean '990101'?" in refusal(folder)


def test_a_missing_boundary_file_points_to_the_levels(folder):
    (folder / "boundaries" / "district.geojson").unlink()
    assert "Check `levels` in city.yaml." in refusal(folder)


def test_other_tables_among_the_code_tables_are_left_to_the_feeds_that_name_them(folder):
    (folder / "codes" / "devices.csv").write_bytes("编号,经度\n东门,1\n".encode("gb18030"))
    (folder / "codes" / "map.csv").write_text("value,code\nA,a\n", encoding="utf-8")
    assert set(load_pack(folder).categories["map"]) == set()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("code;zh;en\nA;甲;a\n", "They are code,zh,en."),
        ("code,zh,en\nA,甲,a\nA,乙,b\n", "line 3: 'A' is incomplete or stands twice"),
        ("code,zh,en\nA,甲\n", "line 2: 'A' is incomplete"),
    ],
)
def test_a_mistake_in_a_code_table_is_named_with_its_line(folder, text, said):
    (folder / "codes" / "hotline.csv").write_text(text, encoding="utf-8")
    refused = refusal(folder)
    assert str(Path("codes") / "hotline.csv") in refused
    assert said in refused
