"""From a raw message to the pixel, on a real Kafka, a real Redis and a real browser."""

import json
import os
import time

import pandas as pd
import pytest
from living_city import BROKEN, REASONS, TOTAL, LivingCity, reasons_of, truth
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
            made.truth = truth(made.good, made.pack.timezone)
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
def page(browser):
    opened = browser.new_page(viewport={"width": 1920, "height": 1080})
    opened.requested, opened.complaints = [], []
    opened.on("request", lambda r: opened.requested.append(r.url))
    opened.on("console", lambda m: opened.complaints.append(m.text) if m.type == "error" else None)
    opened.on("pageerror", lambda e: opened.complaints.append(str(e)))
    yield opened
    opened.close()


def test_every_message_is_read_once_though_a_worker_was_killed_in_the_middle(city):
    feeds = city.json("/wall.json")["feeds"]
    assert city.read_at_death < TOTAL
    assert sum(feed["read"] for feed in feeds.values()) == TOTAL
    for feed in feeds.values():
        outcomes = ("accepted", "duplicate", "rejected", "late")
        assert feed["read"] == sum(feed[name] for name in outcomes), feed["id"]
    assert feeds["air_quality"]["rejected"] == BROKEN
    assert feeds["air_quality"]["accepted"] == city.truth["air_unique"]
    assert feeds["hotline"]["accepted"] == city.truth["calls_unique"]


def test_wall_and_area_show_the_numbers_that_pandas_computes(city):
    stations = pd.read_csv(city.pack.samples_dir / "prsa_stations.csv", dtype={"adcode": str})
    wall = city.json("/wall.json")["indicators"]
    pm25 = city.truth["pm25"]
    assert wall["pm25"]["value"] == pytest.approx(pm25.mean())
    assert wall["pm25"]["sources_reporting"] == len(pm25)
    assert wall["hotline_today"]["value"] == city.truth["received_today"]
    compared = 0
    for code, part in stations.groupby("adcode"):
        values = pm25[pm25.index.isin(part.station) | pm25.index.isin(part.station_zh)]
        if len(values):
            area = city.json(f"/area/{code}.json")["indicators"]["pm25"]
            assert area["value"] == pytest.approx(values.mean()), code
            compared += 1
    assert compared >= 5


def test_the_broken_ones_stand_in_rejects_with_their_reasons(city):
    rejects = city.json("/sources.json")["rejects"]
    assert reasons_of(rejects) == REASONS
    assert all(r["remedy"]["zh"] and r["remedy"]["en"] and r["raw"] for r in rejects)


def test_the_wall_shows_them_and_asks_nobody_else(city, page):
    page.goto(city.url + "/wall")
    page.wait_for_selector(".tile")
    shown = page.inner_text("main")
    assert f"{city.truth['pm25'].mean():.0f}" in shown
    assert page.locator(".tile").count() >= 12
    page.wait_for_function("() => document.querySelector('.map-canvas')?.cityMap?.loaded()")
    assert page.inner_text(".page-wall .footer").count("=") == len(city.feeds)
    assert "演示数据" in page.inner_text(".header")
    hosts = {url.split("/")[2] for url in page.requested if url.startswith("http")}
    assert hosts == {f"127.0.0.1:{city.port}"}
    assert page.complaints == []


def test_a_new_reading_reaches_the_screen_without_reload_and_leaves_the_camera_alone(city, page):
    page.goto(city.url + "/area/110105?indicator=pm25")
    page.wait_for_function("() => document.querySelector('.map-canvas')?.cityMap?.loaded()")
    page.evaluate(f"() => {{ {MAP} m.jumpTo({{zoom: m.getZoom() + 1}}); window.kept = true; }}")
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


@pytest.mark.parametrize("path", ["/area/110105", "/sources"])
def test_nothing_is_wider_than_a_phone(city, page, path):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(city.url + path + "?lang=en&theme=light")
    page.wait_for_selector("main .panel")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    assert page.evaluate("() => document.documentElement.lang") == "en"
