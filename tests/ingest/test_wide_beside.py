"""Wide rows whose records have a column of their own beside them: a flag, a unit."""

import json
from collections import Counter

import pytest
from small_city import NOW_MS, feed, frame

from ingest.normalize import Normalizer
from ingest.sources.base import make_slice
from layers.batch import ACCEPTED, REJECTED


def rows_of(spec, values):
    part = make_slice("air", 0, range(len(values)), [NOW_MS] * len(values), values)
    return Normalizer(spec, frame()).batch([part])


FLAGGED = {
    "format": "csv",
    "bounds": {},
    "place": {},
    "late_after_s": 10**9,
    "wide": {"pattern": r"H(?P<hour>\d\d)", "beside": {"flag": "V{hour}"}},
    "time": {"field": {"join": ["day", "$column.hour"], "by": " "}, "form": "%Y-%m-%d %H"},
    "fields": {
        "sensor_id": "station", "property": "item", "value": "$cell", "quality": "$beside.flag",
    },
    "values": {"decimal": ",", "valid": ["V"]},
}  # fmt: skip
HEADER = "station;day;item;H01;V01;H02;V02;H24;V24"
LINE = "s1;2025-10-26;no2;1,5;V;2,5;N;;"


@pytest.mark.parametrize("header", [False, True])
def test_each_hour_has_its_own_flag_and_only_valid_ones_count(header):
    columns = HEADER.split(";")
    rule = {"header": True} if header else {"columns": columns}
    spec = feed(**FLAGGED | {"csv": {"delimiter": ";", **rule}})
    found = rows_of(spec, [f"{HEADER}\n{LINE}".encode() if header else LINE.encode()])
    assert found.rows.select("value", "quality", "outcome").rows() == [
        (1.5, "V", ACCEPTED), (2.5, "N", REJECTED),
    ]  # fmt: skip
    ((_, reject),) = found.rejects
    assert (reject.field, reject.value) == ("$beside.flag", "N")
    assert "values.valid" in reject.remedy.en


def test_a_row_without_the_column_beside_has_none():
    spec = feed(
        **FLAGGED | {"csv": {"delimiter": ";", "columns": ["station", "day", "item", "H01"]}}
    )
    found = rows_of(spec, [b"s1;2025-10-26;no2;1,5"])
    assert found.rows["quality"].to_list() == [None]
    assert Counter(found.rows["outcome"].to_list()) == {REJECTED: 1}


def test_listed_paths_of_json_have_their_units_beside_them():
    spec = feed(
        bounds={},
        wide={
            "columns": ["pm25.value", "no2.value"],
            "pattern": r"(?P<what>.*)\.value",
            "beside": {"unit": "{what}.unitCode"},
        },
        fields={
            "sensor_id": "id",
            "property": "$column.what",
            "value": "$cell",
            "unit": "$beside.unit",
        },
    )
    body = {"id": "s", "x": 0.5, "y": 1, "at": NOW_MS, "pm25": {"value": 7, "unitCode": "GQ"}}
    found = rows_of(spec, [json.dumps(body | {"no2": {"value": 8}}).encode()])
    assert found.rows.select("property", "value", "unit").rows() == [
        ("pm25", 7.0, "GQ"), ("no2", 8.0, None),
    ]  # fmt: skip
