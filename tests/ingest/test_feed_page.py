"""The tables of docs/feeds.md about meaning, tried row by row."""

import json
import re
from datetime import date, datetime
from pathlib import Path

import pytest
import shapely
import yaml
from small_city import NAME, feed

from ingest.normalize import Normalizer
from ingest.sources.base import make_slice
from layers.batch import Frame
from layers.geography import Geography, Region

PAGE = (Path(__file__).parents[2] / "docs" / "feeds.md").read_text(encoding="utf-8")

SHAPE = shapely.box(116.0, 39.5, 117.0, 40.5)
REGIONS = [Region("11", NAME), Region("110101", NAME)]
FRAME = Frame(Geography(REGIONS, {"110101": SHAPE}, date(2026, 1, 1)), "11", "Asia/Shanghai")
AT = "2026-03-01T09:12:05+08:00"


def rows(head):
    """Give the rows of the table whose first column has that head."""
    table = PAGE.split(f"\n| {head} | sent | is |\n", 1)[1].split("\n\n", 1)[0]
    found = [
        re.fullmatch(r"\| `(.*)` \| `(.*)` \| (.*) \|", line) for line in table.splitlines()[1:]
    ]
    return [pytest.param(*match.groups(), id=match[2]) for match in found]


def batch(spec, body):
    value = json.dumps({"id": "s", "p": "no2", "v": 1, "at": AT} | body).encode()
    at_ms = int(datetime.fromisoformat(AT).timestamp() * 1000)
    part = make_slice("air", 0, [0], [-at_ms], [value])
    return Normalizer(spec, FRAME).batch([part])


def described(**changes):
    return feed(**{"time": {"field": "at"}, "place": {}, "bounds": {}, "late_after_s": 9} | changes)


@pytest.mark.parametrize(("rule", "sent", "is_"), rows("time"))
def test_a_time_is_what_the_page_says(rule, sent, is_):
    found = batch(described(time={"field": "at", **yaml.safe_load(rule)}), {"at": sent})
    if is_ == "rejected":
        assert "Europe/Berlin" in found.rejects[0][1].reason.zh
        return
    assert found.rows["event_ms"].item() == datetime.fromisoformat(is_).timestamp() * 1000


@pytest.mark.parametrize(("rule", "sent", "is_"), rows("place"))
def test_a_place_is_where_the_page_says(rule, sent, is_):
    found = batch(described(place=yaml.safe_load(rule)), yaml.safe_load(sent)).rows
    if is_ == "nowhere":
        assert found["region"].item() == 0
        return
    assert found["region"].item() == 2
    for name, wanted in zip(("lng", "lat"), map(float, is_.split()), strict=True):
        assert abs(found[name].item() - wanted) < 2e-6


@pytest.mark.parametrize(("rule", "sent", "is_"), rows("values"))
def test_a_value_is_what_the_page_says(rule, sent, is_):
    value, _, unit = sent.partition(" ")
    fields = {"sensor_id": "id", "property": "p", "value": "v", "unit": "u"}
    spec = described(values=yaml.safe_load(rule), fields=fields)
    found = batch(spec, {"v": value, "u": unit or None})
    if not is_[0].isdigit():
        assert found.rejects[0][1].reason.en == is_
        return
    number, _, kept = is_.partition(" ")
    assert round(found.rows["value"].item(), 9) == float(number)
    assert found.rows["unit"].item() == (kept or None)
