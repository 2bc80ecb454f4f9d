"""A feed tried on messages: what would come of them, without anything being counted."""

import json
import re

import pytest
from packed_city import PackedCity
from small_city import NOW_MS

from layers.command import main

GOOD = {"id": "s1", "p": "pm25", "v": 7, "x": 0.5, "y": 1}


@pytest.fixture
def city(tmp_path, kafka, redis_url, new_topic):
    made = PackedCity(tmp_path, new_topic(stem="trial"), kafka, redis_url)
    made.store.wipe()
    yield made
    assert not list(made.store.client.scan_iter(f"{made.stem}:*"))  # nothing was counted
    made.close()


@pytest.fixture
def attempt(city, monkeypatch, capsys, redis_url):
    for name, value in city.environ.items():
        monkeypatch.setenv(name, value)

    def run(*words):
        code = main(["feed", "try", *(str(w) for w in words)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def recorded(tmp_path):
    rows = [GOOD | {"at": NOW_MS + n} for n in range(8)]
    rows += [GOOD | {"at": NOW_MS, "x": 50}, GOOD | {"at": NOW_MS + 1}, GOOD | {"v": "满"}]
    file = tmp_path / "air.ndjson"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return file


def test_outcomes_fields_places_times_and_rejects_are_told(attempt, recorded):
    code, out, _ = attempt("air", recorded, "--no-memory")
    assert code == 1
    assert "messages 11" in out
    assert "accepted 9, duplicate 1, rejected 1, late 0" in out
    assert re.search(r"sensor_id +100%  s1", out)
    assert re.search(r"unassigned +1 +11%", out)
    assert re.search(r"街镇 street +8 +89%", out)
    assert "time span: 20" in out
    assert "not a number" in out or "time" in out
    assert attempt("air", recorded, "--no-memory", "--bear", "10")[0] == 0


def test_unmapped_codes_are_counted_as_they_came(attempt, tmp_path):
    base = {"s": "reported", "r": NOW_MS, "at": NOW_MS, "x": 0.5, "y": 1}
    rows = [base | {"no": str(n), "cat": ["NOISE", "ODD", "ODDER", "ODD"][n % 4]} for n in range(8)]
    file = tmp_path / "c.ndjson"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    code, out, _ = attempt("hotline", file, "--no-memory")
    assert code == 0
    assert "unmapped category: 6 条" in out
    assert re.search(r"4 +'ODD'", out)
    assert re.search(r"2 +'ODDER'", out)


def test_the_memory_is_measured_and_the_points_are_drawn(attempt, recorded, tmp_path, redis_url):
    page = tmp_path / "map.html"
    _, out, _ = attempt("air", recorded, "--map", page, "--scratch", redis_url)
    assert re.search(r"memory in Redis: [\d,]+ B", out)
    assert re.search(r"latest +[\d,]+", out)
    text = page.read_text(encoding="utf-8")
    assert text.count('class="area"') == 2
    assert text.count('class="in"') == 1
    assert "outside 1" in text
    assert "http" not in text
    _, out, _ = attempt("air", recorded)  # a Redis of its own
    assert "memory in Redis" in out


def test_the_newest_messages_of_a_topic_can_be_tried(attempt, city):
    city.produce("air", [GOOD | {"at": NOW_MS + n} for n in range(50)])
    code, out, _ = attempt("air", "--topic", f"{city.stem}.air", "--limit", "20", "--no-memory")
    assert code == 0
    assert "messages 20" in out


def test_what_cannot_be_tried_is_said_with_its_remedy(attempt, recorded, tmp_path, city):
    assert "Use one of: air" in attempt("ari", recorded)[2]
    assert "not both" in attempt("air")[2]
    assert "absent" in attempt("air", tmp_path / "absent")[2]
    assert "no message" in attempt("air", "--topic", f"{city.stem}.none")[2]
    broken = tmp_path / "broken.yaml"
    broken.write_text("id: x\n", encoding="utf-8")
    assert "missing" in attempt(broken, recorded)[2]
