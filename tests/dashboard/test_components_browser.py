"""The browser side of the live screen, in a real Chromium, against a real server."""

from __future__ import annotations

import contextlib
import json
import os
import re

import pytest
from dash import html
from live_station import PAGE, ROOT, Station, city_map, figure, words
from playwright.sync_api import expect, sync_playwright

from dashboard.components import Chart, Spark

CHROME_FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"),
    *("--disable-component-update", "--no-first-run", "--enable-unsafe-swiftshader"),
]


@pytest.fixture(scope="module")
def browser():
    """A real Chromium."""
    path = os.environ.get("CHROME", "/usr/bin/chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=CHROME_FLAGS)
        yield started
        started.close()


@pytest.fixture
def station():
    """A running server."""
    made = Station()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def screen(browser, station):
    """A page that is open, with all that it asked for and complained of."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="dark")
    page = context.new_page()
    page.asked, page.complaints = [], []
    context.on("request", lambda request: page.asked.append(request.url))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("console", lambda m: page.complaints.append(m.text) if m.type == "error" else None)
    page.goto(station.address + "/wall?theme=dark&indicator=pm25")
    page.wait_for_selector("#words")
    yield page
    context.close()


def camera(page):
    return page.evaluate(
        "() => { const map = document.querySelector('.map-canvas').cityMap;"
        " return [map.getZoom(), map.getCenter().lng, map.getCenter().lat] }"
    )


def state_of(page, code):
    return page.evaluate(
        "(id) => document.querySelector('.map-canvas').cityMap"
        ".getFeatureState({source: 'area', id})",
        code,
    )


def wait_for_map(page):
    page.wait_for_selector(".map-canvas[data-drawn]", timeout=30000)
    page.wait_for_function(
        "() => document.querySelector('.map-canvas').cityMap.loaded()", timeout=30000
    )


def on_map(page, lng, lat):
    """Where a place is on the page, px."""
    x, y = page.evaluate(
        "(at) => { const p = document.querySelector('.map-canvas').cityMap.project(at);"
        " return [p.x, p.y] }",
        [lng, lat],
    )
    box = page.locator(".map-canvas").bounding_box()
    return box["x"] + x, box["y"] + y


def test_the_tree_of_the_server_is_shown_and_a_pushed_tree_takes_its_place(screen, station):
    expect(screen.locator("#words p")).to_have_text("第一棵树")
    expect(screen.locator(".link-state")).to_have_text("实时")
    station.push("words", words("第二棵树"))
    expect(screen.locator("#words p")).to_have_text("第二棵树", timeout=2000)


def test_what_did_not_change_in_a_tree_keeps_its_element(screen, station):
    expect(screen.locator(".link-state")).to_have_text("实时")
    screen.evaluate("() => { document.querySelector('#words p').marked = true }")
    station.push("words", words("第二棵树"))
    expect(screen.locator("#words p")).to_have_text("第二棵树")
    assert screen.evaluate("() => document.querySelector('#words p').marked")


def test_words_of_strangers_stay_words(screen, station):
    expect(screen.locator(".link-state")).to_have_text("实时")
    hostile = "<img src=x onerror=alert(1)>"
    link = html.A(hostile, href="javascript:alert(1)", id="bad")
    script = {"namespace": "dash_html_components", "type": "Script", "props": {"children": "1"}}
    station.push("words", html.Div([link, html.Span("旁边"), script]))
    expect(screen.locator("#bad")).to_have_text(hostile)
    assert screen.locator("#bad").get_attribute("href") is None
    assert screen.locator("#words script, #words img").count() == 0


def test_one_broken_panel_does_not_take_the_others_down(screen, station):
    expect(screen.locator(".link-state")).to_have_text("实时")
    station.push("words", Spark(points=[1]).to_plotly_json() | {"props": {"points": 5}})
    expect(screen.locator("#words .panel-broken")).to_be_visible()
    assert screen.locator("#chart").count() == 1
    station.push("words", words("又好了"))
    expect(screen.locator("#words p")).to_have_text("又好了")


def test_a_whole_screen_asks_no_other_host_and_breaks_no_policy(screen, station):
    wait_for_map(screen)
    expect(screen.locator("#chart [data-drawn]")).to_be_attached(timeout=20000)
    hosts = {re.match(r"\w+://([^/]+)/", url)[1] for url in screen.asked if "://" in url}
    assert hosts == {f"127.0.0.1:{station.port}"}
    assert not screen.complaints


def test_a_push_colours_the_map_anew_and_never_moves_it(screen, station):
    wait_for_map(screen)
    assert state_of(screen, "110100")["step"] == -1
    assert state_of(screen, "110105")["step"] == 4
    x, y = on_map(screen, 116.45, 39.9)
    screen.mouse.move(x, y)
    screen.mouse.down()
    screen.mouse.move(x + 90, y + 40, steps=5)
    screen.mouse.up()
    screen.locator(".maplibregl-ctrl-zoom-in").click()
    screen.wait_for_timeout(1500)
    before = camera(screen)
    tree = city_map(scale=3.0, point="新的警情")
    tree.values["110105"] = 1.0
    station.push("map", tree)
    screen.wait_for_function(
        "() => document.querySelector('.map-canvas').cityMap"
        ".getFeatureState({source: 'area', id: '110105'}).step === 0"
    )
    screen.set_viewport_size({"width": 1100, "height": 800})
    screen.wait_for_timeout(300)
    assert camera(screen) == pytest.approx(before)
    screen.locator(".map-reset").click()
    assert camera(screen) != pytest.approx(before)


def test_until_it_is_moved_the_map_shows_the_whole_area_in_any_window(screen):
    wait_for_map(screen)
    for width, height in ((1280, 900), (800, 700)):
        screen.set_viewport_size({"width": width, "height": height})
        screen.wait_for_timeout(300)
        west, south, east, north = screen.evaluate(
            "() => document.querySelector('.map-canvas').cityMap.getBounds().toArray().flat()"
        )
        assert west < 116.0
        assert east > 116.9
        assert south < 39.6
        assert north > 40.2


def test_a_click_on_a_district_leads_there_and_one_on_a_point_to_its_record(screen):
    wait_for_map(screen)
    screen.mouse.click(*on_map(screen, 116.75, 40.12))
    screen.wait_for_function("() => location.pathname === '/area/110105'")
    screen.mouse.click(*on_map(screen, 116.4, 39.8))
    screen.wait_for_function("() => location.pathname === '/record/s1'")
    assert "indicator=pm25" in screen.url


def test_the_legend_names_the_limits_the_missing_and_the_priorities(screen):
    legend = screen.locator(".map-legend")
    expect(legend.locator(".ramp i")).to_have_count(5)
    expect(legend.locator(".ramp-limits")).to_have_text("1020304050")
    expect(legend).to_contain_text("无数据")
    expect(legend).to_contain_text("P1 级 1")


def test_a_link_keeps_theme_and_indicator_and_does_not_load_the_page_again(screen):
    screen.evaluate("() => { window.here = true }")
    screen.locator("#go").click()
    assert screen.url.endswith("/area/110101?theme=dark&indicator=pm25")
    screen.locator("#english").click()
    assert "/area/110101?" in screen.url
    assert "lang=en" in screen.url
    assert screen.evaluate("() => window.here && document.documentElement.lang") == "en"


def test_an_age_goes_on_by_itself_and_turns_stale(screen):
    expect(screen.locator("#age.is-stale")).to_contain_text("秒前", timeout=6000)
    expect(screen.locator("#never")).to_have_text("—")


def test_after_a_restart_of_the_server_the_screen_catches_up_by_itself(screen, station):
    expect(screen.locator(".link-state")).to_have_text("实时")
    station.stop()
    station.push("words", words("停机时的变化"))
    expect(screen.locator(".link-banner")).to_contain_text("数据已中断 1", timeout=20000)
    assert screen.evaluate("() => document.documentElement.dataset.link") == "stale"
    station.start()
    expect(screen.locator("#words p")).to_have_text("停机时的变化", timeout=15000)
    expect(screen.locator(".link-banner")).to_have_count(0)


def test_a_server_without_its_store_is_told_on_screen(screen, station):
    expect(screen.locator(".link-state")).to_have_text("实时")
    station.link = False
    expect(screen.locator(".link-banner")).to_contain_text("连不上状态库", timeout=5000)
    station.link = True
    expect(screen.locator(".link-banner")).to_have_count(0, timeout=5000)


def test_ten_tabs_share_one_connection_and_all_are_fed(screen, station):
    tabs = [screen.context.new_page() for _ in range(9)]
    for tab in tabs:
        tab.goto(station.address + "/wall")
    expect(tabs[-1].locator(".link-state")).to_have_text("实时", timeout=15000)
    assert station.streams == 1
    station.push("words", words("给所有人"))
    for tab in [screen, *tabs]:
        expect(tab.locator("#words p")).to_have_text("给所有人")
    assert station.pages_asked == [PAGE]


def test_more_pages_than_one_connection_may_watch_are_all_fed(screen, station):
    expect(screen.locator(".link-state")).to_have_text("实时")
    screen.evaluate(
        "() => { window.fed = new Set(); for (let i = 0; i < 14; i++)"
        " yiwang.link.watch('/area/' + i, 'words', () => window.fed.add(i)) }"
    )
    screen.wait_for_function("() => window.fed.size === 14", timeout=10000)
    assert station.streams == 2


def test_a_browser_without_shared_workers_opens_the_stream_itself(browser, station):
    with contextlib.closing(browser.new_context()) as context:
        context.add_init_script("delete window.SharedWorker")
        page = context.new_page()
        page.goto(station.address + "/wall")
        expect(page.locator(".link-state")).to_have_text("实时")
        station.push("words", words("直接"))
        expect(page.locator("#words p")).to_have_text("直接")


def test_a_chart_is_drawn_anew_without_buttons_of_other_houses(screen, station):
    expect(screen.locator("#chart [data-drawn]")).to_be_attached(timeout=20000)
    first = screen.locator("#chart .js-line").get_attribute("d")
    station.push("chart", Chart(figure(9)))
    expect(screen.locator("#chart .js-line")).not_to_have_attribute("d", first)
    assert screen.locator("#chart .modebar-btn").count() == 0


def test_a_new_version_reloads_the_page_when_nobody_touches_it(screen, station):
    expect(screen.locator(".link-state")).to_have_text("实时")
    screen.evaluate("() => { window.old = true; }")
    screen.clock.install()
    station.stop()
    station.build = "b2"
    station.start()
    screen.clock.run_for(2000)
    screen.wait_for_timeout(4000)
    screen.clock.run_for(40000)
    screen.wait_for_function("() => !window.old", timeout=15000)


def test_a_wall_scales_by_its_height_and_other_pages_do_not(screen):
    size = "() => getComputedStyle(document.documentElement).fontSize"
    screen.set_viewport_size({"width": 3840, "height": 2160})
    screen.wait_for_function(f"() => ({size})() === '32px'")
    screen.locator("#go").click()
    assert screen.evaluate(size) == "16px"


def test_the_lock_of_the_frontend_names_no_host_and_checks_every_package():
    lock = json.loads((ROOT / "dashboard/frontend/package-lock.json").read_text("utf-8"))
    entries = [entry for path, entry in lock["packages"].items() if path]
    assert entries
    assert not [e for e in entries if "resolved" in e or "integrity" not in e]
