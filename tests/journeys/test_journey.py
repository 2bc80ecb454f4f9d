"""From a raw message to the pixel, on a real Kafka, a real Redis and a real browser."""

import json
import os
import time
from collections import Counter

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from living_city import BROKEN, GOOD, REASONS, TOTAL, LivingCity, Truth, reasons_of
from playwright.sync_api import sync_playwright

from ingest.local_kafka import LocalKafka
from layers.store.local_redis import LocalRedis

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"),
    *("--disable-component-update", "--no-first-run", "--enable-unsafe-swiftshader"),
]

MAP = "const m = document.querySelector('.map-canvas').cityMap;"
CAMERA = f"() => {{ {MAP} return [m.getZoom(), m.getCenter().lng, m.getCenter().lat]; }}"


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """A city that has read its 2,000 messages, though a worker was killed in the middle."""
    folder = tmp_path_factory.mktemp("city")
    with LocalKafka(folder / "kafka") as kafka, LocalRedis(None) as redis:
        made = LivingCity(kafka.bootstrap, redis.url, folder)
        try:
            made.start("serve")
            made.good, broken = made.messages()
            first = made.start("ingest", "--name", "first")
            made.wait(lambda: made.json("/sources.json") is not None)
            half = len(made.good) // 2
            made.send(made.good[:half])
            made.wait(lambda: made.read() >= 200)
            made.send(made.good[half:] + broken)
            made.kill(first)
            made.read_at_death = made.read()
            made.start("ingest", "--name", "second")
            made.wait(lambda: made.read() >= TOTAL)
            made.truth = Truth(made)
            yield made
        finally:
            made.stop()


@pytest.fixture(scope="module")
def browser():
    path = os.environ.get("CHROME", "/usr/bin/chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def page(browser, city):
    """A page on which, whatever the test does, nobody else is asked and nothing complains."""
    opened = browser.new_page(viewport={"width": 1920, "height": 1080})
    requested, complaints = [], []
    opened.on("request", lambda r: requested.append(r.url))
    opened.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    opened.on("pageerror", lambda e: complaints.append(str(e)))
    yield opened
    opened.close()
    hosts = {url.split("/")[2] for url in requested if url.startswith(("http", "ws"))}
    assert hosts == {f"127.0.0.1:{city.port}"}
    assert complaints == []


def moment(snapshot):
    return pd.Timestamp(snapshot["as_of"])


def tile(page, code):
    """Give the value on the tile of an indicator, folded away or not."""
    return page.text_content(f'.tile[href*="indicator={code}"] .tile-value')


def test_every_message_is_read_once_though_a_worker_was_killed_in_the_middle(city):
    feeds = city.json("/wall.json")["feeds"]
    assert 200 <= city.read_at_death < TOTAL
    assert sum(feed["read"] for feed in feeds.values()) == TOTAL
    outcomes = ("read", "accepted", "duplicate", "rejected", "late")
    shown = {feed: [feeds[feed][name] for name in outcomes] for feed in GOOD}
    assert shown == {feed: city.truth.accounts(feed) for feed in GOOD}


def test_the_wall_has_the_numbers_that_pandas_computes(city):
    wall = city.json("/wall.json")
    shown = wall["indicators"]
    for code, feed in (("pm25", "air_quality"), ("o3", "air_quality"), ("temp", "weather")):
        newest = city.truth.newest(feed, code, moment(wall))
        assert shown[code]["value"] == pytest.approx(newest.mean()), code
        assert shown[code]["sources_reporting"] == len(newest), code
    received = city.truth.received_today(moment(wall))
    assert shown["hotline_today"]["value"] == len(received)
    of_districts = sum(row["received_today"] for row in wall["children"])
    assert of_districts + wall["unassigned"] >= len(received) >= of_districts


def test_every_district_has_the_numbers_that_pandas_computes(city):
    compared = 0
    for child in city.json("/wall.json")["children"]:
        code, name = child["region"]["code"], child["region"]["name"]["zh"]
        area = city.json(f"/area/{code}.json")
        for indicator, feed in (("pm25", "air_quality"), ("temp", "weather")):
            mean = city.truth.district_means(feed, indicator, moment(area)).get(code)
            assert area["indicators"][indicator]["value"] == pytest.approx(mean), (code, indicator)
            compared += mean is not None
        received = area["indicators"]["hotline_today"]["value"]
        assert received == city.truth.received_in(name, moment(area)), name
    assert compared >= 10


def test_the_broken_ones_stand_in_rejects_with_their_reasons(city):
    rejects = city.json("/sources.json")["rejects"]
    assert reasons_of(rejects) == REASONS
    assert all(r["remedy"]["zh"] and r["remedy"]["en"] and r["raw"] for r in rejects)


def test_the_sources_page_shows_each_broken_message_with_reason_remedy_and_bytes(city, page):
    page.goto(city.url + "/sources?lang=en")
    page.wait_for_selector(".panel-rejects tbody tr")
    cells = "rows => rows.map(r => [...r.cells].slice(-3).map(c => c.textContent))"
    rows = page.eval_on_selector_all(".panel-rejects tbody tr", cells)
    assert Counter(reason.split(":")[0] for reason, _, _ in rows) == REASONS
    assert all(remedy.strip() and "{" in raw for _, remedy, raw in rows)
    dd = page.locator("#feed-air_quality .account-rejected dd")
    assert dd.inner_text().lstrip("+").strip() == str(BROKEN)


def test_the_wall_shows_what_pandas_computes(city, page):
    page.goto(city.url + "/wall")
    page.wait_for_selector(".tile")
    now = moment(city.json("/wall.json"))
    assert tile(page, "pm25") == f"{city.truth.newest('air_quality', 'pm25', now).mean():.0f}"
    assert tile(page, "temp") == f"{city.truth.newest('weather', 'temp', now).mean():.1f}"
    cells = (
        "rows => rows.map(({cells: c}) => [c[0].querySelector('a'), c[4]].map(e => e.textContent))"
    )
    rows = page.eval_on_selector_all(".table-districts tbody tr", cells)
    assert rows == [[name, str(city.truth.received_in(name, now))] for name, _ in rows]
    assert len(rows) >= 8
    assert page.locator(".tile").count() >= 12
    for feed in GOOD:
        terms = page.locator(f'.health[href*="#feed-{feed}"] .term').all_inner_texts()
        assert [int(t.replace(",", "")) for t in terms] == city.truth.accounts(feed), feed
    page.wait_for_function("() => document.querySelector('.map-canvas')?.cityMap?.loaded()")
    assert "演示数据" in page.inner_text(".header")


def test_an_area_shows_what_pandas_computes_and_says_it_in_english_at_a_click(city, page):
    page.goto(city.url + "/area/110105")
    page.wait_for_selector(".tile")
    now = moment(city.json("/area/110105.json"))
    pm25 = f"{city.truth.district_means('air_quality', 'pm25', now)['110105']:.0f}"
    calls = str(city.truth.received_in("朝阳区", now))
    assert (tile(page, "pm25"), tile(page, "hotline_today")) == (pm25, calls)
    assert "臭氧" in page.inner_text("main")
    page.evaluate("() => { window.kept = true; }")
    page.click(".switch-lang")
    page.wait_for_function("() => document.querySelector('main').innerText.includes('Ozone')")
    assert "臭氧" not in page.inner_text("main")
    assert page.evaluate("() => [document.documentElement.lang, window.kept]") == ["en", True]
    assert "lang=en" in page.url
    assert (tile(page, "pm25"), tile(page, "hotline_today")) == (pm25, calls)


def test_a_click_leads_from_the_city_to_one_record_and_back(city, page):
    page.goto(city.url + "/wall")
    page.click(".table-districts .cell-link >> nth=0")
    page.wait_for_selector(".page-area .table-cases .cell-link")
    district = page.url
    page.click(".table-cases .cell-link >> nth=0")
    page.wait_for_selector(".page-record .raw")
    assert "order_no" in page.inner_text(".page-record pre.raw")
    page.go_back()
    page.wait_for_selector(".page-area")
    assert page.url == district


@pytest.mark.parametrize("path", ["/wall", "/area/110105", "/sources"])
def test_nothing_is_wider_than_a_phone(city, page, path):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(city.url + path + "?lang=en&theme=light")
    page.wait_for_selector("main .panel")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    assert page.evaluate("() => document.documentElement.lang") == "en"


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("name", ["wall", "area", "sources", "record"])
def test_nothing_serious_shuts_anybody_out_of_a_page(city, page, name, theme):
    """As axe-core sees it: contrast, names, landmarks, order of headings, tables, keyboard."""
    record = city.json("/area/110105.json")["cases"][0]["href"]
    paths = {"wall": "/wall", "area": "/area/110105", "sources": "/sources", "record": record}
    page.goto(f"{city.url}{paths[name]}?lang=en&theme={theme}")
    page.wait_for_selector(f".page-{name} .panel")
    page.wait_for_function("() => document.fonts.status === 'loaded'")
    found = Axe().run(page).response["violations"]
    assert not [
        (each["id"], each["nodes"][0]["html"])
        for each in found
        if each["impact"] in {"serious", "critical"}
        or each["id"].startswith(("landmark", "region"))
    ]


def test_a_new_reading_reaches_the_screen_without_reload_and_leaves_the_camera_alone(city, page):
    page.goto(city.url + "/area/110105?indicator=pm25")
    page.wait_for_function("() => document.querySelector('.map-canvas')?.cityMap?.loaded()")
    page.evaluate(f"() => {{ {MAP} m.jumpTo({{zoom: m.getZoom() + 1, center: [116.5, 39.95]}}); }}")
    page.evaluate("() => { window.kept = true; }")
    before = page.evaluate(CAMERA)
    last = next(m for m in reversed(city.good) if m.topic == "air_quality")
    body = json.loads(last.value)
    district = pd.read_csv(city.pack.samples_dir / "prsa_stations.csv", dtype={"adcode": str})
    moment = pd.Timestamp.now(tz=city.pack.timezone).strftime("%Y-%m-%dT%H:%M:%S+08:00")
    for row in district[district.adcode == "110105"].to_dict("records"):
        fresh = body | {
            "station": row["station_zh"], "property": "pm25", "value": 777.0,
            "observed_at": moment, "lng": row["lng"], "lat": row["lat"],
        }  # fmt: skip
        at_ms = int(time.time() * 1000)
        city.send([type(last)("air_quality", last.key, json.dumps(fresh).encode(), at_ms)])
    page.wait_for_function(
        "() => [...document.querySelectorAll('.tile-value')].some(t => t.textContent === '777')",
        timeout=15_000,
    )
    assert page.evaluate("() => window.kept")
    assert page.evaluate(CAMERA) == before
