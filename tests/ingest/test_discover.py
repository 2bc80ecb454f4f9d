"""A first YAML from a sample: what can be seen is right, what can't is asked."""

import gzip
import json
from pathlib import Path

import pytest
from pyproj import Transformer

from ingest.discover.draft import City, draft_of
from ingest.discover.samples import SampleError, read_sample
from ingest.discover.spelling import feed_id_of
from ingest.mapping import check_mapping
from ingest.normalize import Normalizer
from ingest.sources.file import FileSource
from layers.batch import ACCEPTED, DUPLICATE, REJECTED, Frame
from layers.command import main
from layers.feeds import read_feed
from layers.pack import load_pack

CATALOGUE = Path(__file__).resolve().parents[2] / "ingest" / "catalogue"
SAMPLES = sorted(CATALOGUE.glob("*/sample.*"))
PACK = load_pack("beijing")
CITY = City(PACK.geography, PACK.timezone)
FRAME = Frame(PACK.geography, PACK.code, PACK.timezone)


def drafted(file, tmp_path, kind=None, feed_id="draft"):
    """Draft a feed, check it, and read its own sample by it."""
    draft = draft_of(read_sample(file), feed_id, kind, CITY)
    (tmp_path / "feeds").mkdir(exist_ok=True)
    target = tmp_path / "feeds" / f"{feed_id}.yaml"
    target.write_text(draft.text, encoding="utf-8")
    feed = read_feed(target)
    check_mapping(feed, target)
    source = FileSource(feed, file, lambda names: dict.fromkeys(names, -1), 1_800_000_000_000)
    return draft, feed, Normalizer(feed, FRAME).batch(source.poll(0))


def written(tmp_path, name, content):
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


KINDS = {"service_ratings": "observation", "grid_officer_reports": "incident"}


@pytest.mark.parametrize("sample", SAMPLES, ids=[s.parent.name for s in SAMPLES])
def test_a_draft_of_every_sample_of_the_catalogue_passes_and_reads_its_sample(sample, tmp_path):
    draft, feed, batch = drafted(sample, tmp_path, feed_id=sample.parent.name)
    real = read_feed(sample.parent / "feed.yaml")
    assert feed.kind == KINDS.get(feed.id, real.kind) or feed.id == "grid_officer_reports"
    assert (feed.format, feed.encoding) == (real.format, real.encoding)
    taken = batch.rows["outcome"].is_in([ACCEPTED, DUPLICATE]).sum()
    told = {(r.field, r.reason.en) for _, r in batch.rejects}
    states_only = all("not a state" in why or "can't be read" in why for _, why in told)
    assert taken or states_only, told
    for zh, en in draft.questions:
        assert any("一" <= sign <= "鿿" for sign in zh)
        assert en.isascii() or "—" in en or "未" in en or any(c in en for c in zh)


def test_a_dialect_of_csv_is_seen(tmp_path):
    text = "报表 2026\r\n站号;经度;纬度;时间;项目;数值\r\n" + "".join(
        f"{n};116,4{n};39,9{n};2026/03/01 0{n}:00;PM2.5;3{n},5\r\n" for n in range(1, 9)
    )
    file = written(tmp_path, "a.csv", text.encode("gb18030"))
    _, feed, batch = drafted(file, tmp_path)
    assert (feed.encoding, feed.csv.delimiter, feed.csv.skip) == ("gb18030", ";", 1)
    assert feed.values.decimal == ","
    assert batch.rows["outcome"].to_list() == [ACCEPTED] * 8
    assert batch.rows["value"][0] == 31.5
    assert (batch.rows["region"] > 0).all()


def test_a_table_that_is_wide_by_hours_gets_its_hours_as_times(tmp_path):
    file = CATALOGUE / "air_quality_hourly" / "sample.csv.gz"
    _, feed, batch = drafted(file, tmp_path)
    assert "hour" in feed.wide.pattern
    assert batch.rows["event_ms"].n_unique() > 3


@pytest.mark.parametrize(
    ("texts", "form", "asks"),
    [
        (["1772326800", "1772330400"], "epoch_s", False),
        (["1772326800000", "1772330400000"], "epoch_ms", False),
        (["2026-03-01T09:00:00+08:00"], "iso", False),
        (["2026年03月01日 09时30分"], "%Y年%m月%d日 %H时%M分", False),
        (["20260301093000", "20260302233000"], "iso", False),
        (["25/03/2026 09:00", "01/03/2026 09:00"], "%d/%m/%Y %H:%M", False),
        (["03/01/2026 09:00", "04/02/2026 09:00"], "%m/%d/%Y %H:%M", True),
    ],
)
def test_the_form_of_a_time_is_seen_and_an_open_one_is_asked(tmp_path, texts, form, asks):
    rows = [{"id": f"s{n}", "value": n + 0.5, "time": t} for n, t in enumerate(texts)]
    file = written(tmp_path, "a.ndjson", "\n".join(map(json.dumps, rows)))
    draft, feed, batch = drafted(file, tmp_path)
    assert feed.time.form == form
    assert batch.rows["outcome"].to_list() == [ACCEPTED] * len(rows)
    assert any("Day first" in en for _, en in draft.questions) == asks


def positions(count=20):
    return [(116.30 + n / 200, 39.85 + n / 300) for n in range(count)]


def readings(rows):
    return "\n".join(
        json.dumps({"id": f"s{n}", "value": n, "time": f"2026-03-01T09:00:{n:02d}Z", **row})
        for n, row in enumerate(rows)
    )


def test_exchanged_coordinates_are_put_right_and_metres_find_their_projection(tmp_path):
    swapped = written(
        tmp_path, "a.ndjson", readings([{"lng": y, "lat": x} for x, y in positions()])
    )
    draft, feed, batch = drafted(swapped, tmp_path)
    assert (feed.place.lng, feed.place.lat) == ("lat", "lng")
    assert (batch.rows["region"] > 0).all()
    assert any("exchanged" in en for _, en in draft.questions)
    assert any("datum" in en for _, en in draft.questions)
    for epsg in (4548, 4527, 3857):
        metres = Transformer.from_crs(4326, epsg, always_xy=True)
        rows = [
            dict(zip(("x", "y"), metres.transform(*position), strict=True))
            for position in positions()
        ]
        file = written(tmp_path, "b.ndjson", readings(rows))
        draft, feed, batch = drafted(file, tmp_path)
        assert feed.place.epsg == epsg
        assert (batch.rows["region"] > 0).all()
        (asked,) = [en for _, en in draft.questions if "Confirm" in en]
        # metres alone do not tell a grid from another of the same meridian
        assert ("EPSG:32650" in asked) == (epsg == 4548)


def test_geojson_one_text_and_well_known_text_give_positions(tmp_path):
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [x, y]},
            "properties": {"station": f"s{n}", "value": n, "time": "2026-03-01T09:00:00Z"},
        }
        for n, (x, y) in enumerate(positions(5))
    ]
    whole = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    file = written(tmp_path, "a.geojson.gz", gzip.compress(whole))
    _, feed, batch = drafted(file, tmp_path)
    assert feed.place.lng == "geometry.coordinates[0]"
    assert (batch.rows["region"] > 0).all()
    texts = {"lat,lng": "({1}, {0})", "lng,lat": "{0} {1}", "wkt": "POINT ({0} {1})"}
    for form, text in texts.items():
        rows = [{"where": text.format(*p)} for p in positions(5)]
        _, feed, batch = drafted(written(tmp_path, "b.ndjson", readings(rows)), tmp_path)
        assert feed.place.form == form
        assert (batch.rows["region"] > 0).all()


def test_codes_states_missing_marks_repetitions_and_persons_are_noted(tmp_path):
    rows = [
        {
            "工单编号": f"G{n}",
            "工单状态": s,
            "问题分类": ["供暖", "噪声"][n % 2],
            "电话": "13800001234",
            "受理时间": "2026-03-01 08:00:00",
            "更新时间": f"2026-03-01 09:00:0{n}",
        }
        for n, s in enumerate(["已派单", "已办结", "绕行", "已派单"])
    ]
    rows.append(rows[0])
    rows.append(rows[1] | {"问题分类": "噪声2"})
    file = written(tmp_path, "a.ndjson", "\n".join(map(json.dumps, rows)))
    draft, feed, batch = drafted(file, tmp_path)
    assert feed.kind == "case"
    assert feed.codes["status"].table == {"已派单": "dispatched", "已办结": "closed"}
    assert set(feed.codes["category"].table) == {"供暖", "噪声", "噪声2"}
    assert feed.personal == {"电话": "mask"}
    assert "# 重复 repeated: 1" in draft.text
    assert any("revised" in en for _, en in draft.questions)
    assert any("绕行" in en for _, en in draft.questions)
    assert batch.rows["outcome"].to_list().count(REJECTED) == 1
    numbers = written(tmp_path, "b.csv", "station,time,value\na,2026-03-01,-999\nb,2026-03-02,3\n")
    _, feed, _ = drafted(numbers, tmp_path)
    assert feed.values.missing == ("-999",)


@pytest.mark.parametrize(
    ("name", "content"),
    [("empty.csv", b""), ("noise.bin", bytes(range(256))), ("broken.gz", b"no"), ("s.xml", b"<a>")],
)
def test_a_file_that_tells_nothing_is_refused_with_what_would(tmp_path, name, content):
    file = written(tmp_path, name, content)
    with pytest.raises(SampleError, match="NDJSON"):
        read_sample(file)


def test_the_command_writes_asks_and_says_what_is_left(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("YIWANG_CITY__PACK", "beijing")
    out = tmp_path / "feeds" / "water.yaml"
    out.parent.mkdir()
    sample = CATALOGUE / "water_level_rain" / "sample.ndjson"
    assert main(["feed", "new", str(sample), "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert "check: 通过 passes" in said.err
    assert "accepted" in said.err
    assert said.err.count("问 ") >= 5
    assert read_feed(out).id == feed_id_of(sample) == "sample"
    assert main(["feed", "new", str(sample), "--out", str(out)]) == 1
    assert "already" in capsys.readouterr().err
    file = written(tmp_path, "t.ndjson", '{"id": "a", "value": 3.5}\n')
    assert main(["feed", "new", str(file)]) == 0
    assert "time is missing" in capsys.readouterr().err
    assert main(["feed", "new", str(tmp_path / "absent")]) == 1
    assert "absent" in capsys.readouterr().err


def test_hours_with_flags_beside_them_and_a_date_in_three_columns(tmp_path):
    hours = [f"{n:02d}" for n in range(1, 25)]
    head = "ESTACION;MAGNITUD;ANO;MES;DIA;" + ";".join(f"H{n};V{n}" for n in hours)
    lines = [
        f"{station};{what};2025;10;{day};" + ";".join(f"{day},5;{'NV'[n != '07']}" for n in hours)
        for station in (4, 8)
        for what in (8, 9)
        for day in (25, 27)
    ]
    file = written(tmp_path, "madrid.csv", "\n".join([head, *lines]))
    _, feed, batch = drafted(file, tmp_path)
    assert (feed.wide.beside, feed.values.valid) == ({"flag": "V{hour}"}, ("V",))
    assert (feed.fields["sensor_id"], feed.fields["property"]) == ("ESTACION", "MAGNITUD")
    assert batch.rows["outcome"].to_list().count(ACCEPTED) == 8 * 23
    assert batch.rows["event_ms"].null_count() == 0
    assert {r.value for _, r in batch.rejects} == {"N"}


def test_a_clock_beside_its_date_latin_text_and_units_in_the_header(tmp_path):
    lines = ["Station;Datum;Uhrzeit;PM10 [µg/m³];NO2 [µg/m³]"]
    lines += [f"Süd {n};26.11.2025;{h:02d}:30;{h},5;7" for n in range(2) for h in range(24)]
    file = written(tmp_path, "luft.csv", "\n".join(lines).encode("latin-1"))
    _, feed, batch = drafted(file, tmp_path)
    assert (feed.encoding, feed.time.form) == ("latin-1", "%d.%m.%Y %H:%M")
    assert feed.values.assumed == {"pm10": "µg/m³", "no2": "µg/m³"}
    assert batch.rows["outcome"].to_list() == [ACCEPTED] * 96
    assert set(batch.rows["property"]) == {"pm10", "no2"}
    assert batch.rows["sensor_id"].n_unique() == 2
