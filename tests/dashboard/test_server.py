"""The web process as programs and browsers meet it, over a real Redis."""

import base64
import gzip
import hashlib
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from served_city import Served

from dashboard.live import MOST_PAGES
from layers.processes import free_port
from layers.store.local_redis import LocalRedis
from layers.store.writes import Fence, Writes

WALL = "page=" + quote("/wall?lang=zh&theme=dark", safe="")


@pytest.fixture(scope="module")
def site(redis_url):
    """A city of which nothing has come yet."""
    made = Served(redis_url, "empty").start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def orphan():
    """A city whose Redis does not answer."""
    made = Served(f"redis://127.0.0.1:{free_port()}/0", "lost").start()
    yield made
    made.stop()


def test_first_requests_that_come_together_all_get_the_same_whole_page(redis_url):
    made = Served(redis_url, "first").start()
    try:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(made.ask, ["/wall"] * 16))
    finally:
        made.stop()
    assert {status for status, _, _ in answers} == {200}
    scripts = {tuple(re.findall(rb'<script[^>]*src="([^"]*)"', body)) for _, _, body in answers}
    assert len(scripts) == 1
    assert len(scripts.pop()) > 10
    assert len({headers["content-security-policy"] for _, headers, _ in answers}) == 1


def test_it_is_alive_and_ready(site):
    assert site.ask("/healthz")[::2] == (200, b"ok\n")
    assert site.ask("/readyz")[::2] == (200, b"ready\n")


def test_prometheus_gets_the_accounts_that_the_screen_shows(site):
    status, headers, body = site.ask("/metrics")
    assert (status, headers["content-type"].partition(";")[0]) == (200, "text/plain")
    feeds = json.loads(site.ask("/sources.json")[2])["feeds"]
    for feed in feeds.values():
        for outcome in ("read", "accepted", "duplicate", "rejected", "late"):
            name = f'yiwang_feed_messages_total{{feed="{feed["id"]}",outcome="{outcome}"}}'
            assert float(re.search(re.escape(name) + r" (\S+)", body.decode())[1]) == feed[outcome]


def test_without_redis_it_is_alive_not_ready_and_says_so_everywhere(orphan):
    assert orphan.ask("/healthz")[0] == 200
    status, headers, body = orphan.ask("/readyz")
    assert (status, headers["retry-after"]) == (503, "2")
    assert b"redis" in body
    for path in ("/wall.json", "/area/1731.json", "/sources.json"):
        status, headers, body = orphan.ask(path)
        assert (status, headers["retry-after"]) == (503, "2"), path
        assert "Redis does not answer" in json.loads(body)["error"]


def test_without_redis_a_page_stands_with_its_frame_and_says_what_is_wrong(orphan):
    tree, title = orphan.screen("/wall", "?lang=en")
    assert "The store (Redis) does not answer" in json.dumps(tree)
    assert "page-wall" in json.dumps(tree)
    assert title == "Wall"


def test_a_city_of_which_nothing_has_come_is_silent_and_not_zero(site):
    wall = site.json("/wall.json")
    assert wall["city"] == {"zh": "芝加哥", "en": "Chicago"}
    assert {feed["state"] for feed in wall["feeds"].values()} == {"silent"}
    values = wall["indicators"].values()
    assert len(values) >= 10
    assert {value["state"] for value in values} == {"silent"}
    assert {value["value"] for value in values} == {None}


def test_the_same_snapshot_is_rendered_as_a_page_and_given_as_json(site):
    tree, title = site.screen("/area/1731", "?lang=en&theme=light")
    drawn = json.dumps(tree, ensure_ascii=False)
    area = site.json("/area/1731.json")
    for child in area["children"]:
        assert f"/area/{child['region']['code']}?lang=en&theme=light" in drawn
    assert title == "Chicago · Area · Yiwang city operations"


def test_every_area_of_every_level_is_there(site):
    codes = list(site.city.pack.geography.regions)
    for code in (codes[0], codes[len(codes) // 2], codes[-1], "000000"):
        assert site.json(f"/area/{code}.json")["region"]["code"] == code
        assert site.ask(f"/area/{code}")[0] == 200


@pytest.mark.parametrize(
    "path", ["/area/999999", "/record/case/1731/nobody%7C1", "/record/case/999999/incidents%7C1"]
)
def test_what_the_city_does_not_have_is_404_as_json_and_as_a_page(site, path):
    status, headers, body = site.ask(f"{path}.json")
    assert (status, headers["content-type"]) == (404, "application/json")
    assert json.loads(body)["error"]
    status, headers, _ = site.ask(path)
    assert status == 404
    assert headers["content-type"].startswith("text/html")
    tree, title = site.screen(path, "?lang=en")
    assert title == "There is no such page"
    assert "There is no such page" in json.dumps(tree)


def test_an_address_of_no_page_is_404_in_the_language_of_the_viewer(site):
    assert site.ask("/nowhere?lang=en")[0] == 404
    assert site.screen("/nowhere", "?lang=en")[1] == "There is no such page"
    assert site.screen("/nowhere")[1] == "没有这个页面"


def test_a_record_that_is_no_longer_kept_says_so(site):
    path = f"/record/incident/{site.city.reader.city.homes[0]}/incidents%7Cgone%2F7"
    assert site.ask(f"{path}.json")[0] == 404
    assert site.ask(path)[0] == 200
    assert "记录已超过保存期限" in json.dumps(site.screen(path)[0], ensure_ascii=False)


def test_the_shapes_of_the_map_are_those_of_the_children_and_are_kept_by_browsers(site):
    status, headers, body = site.ask("/geo/1731/6.json", Accept_Encoding="gzip")
    assert (status, headers["content-encoding"]) == (200, "gzip")
    shapes = json.loads(gzip.decompress(body))
    children = {child["region"]["code"] for child in site.json("/area/1731.json")["children"]}
    assert {shape["properties"]["code"] for shape in shapes["features"]} == children
    assert site.ask("/geo/1731/6.json", If_None_Match=headers["etag"])[::2] == (304, b"")
    assert site.ask("/geo/9999/6.json")[0] == 404
    assert site.ask("/geo/1731/7.json")[0] == 404


def test_a_snapshot_that_has_not_changed_is_not_sent_again(site):
    first = site.ask("/sources.json")[1]["etag"]
    status, headers, body = site.ask("/sources.json", If_None_Match=first)
    assert (status, headers["etag"], body) == (304, first, b"")
    assert site.ask("/sources.json", If_None_Match='W/"other"')[0] == 200


def test_the_front_door_leads_to_the_wall_and_keeps_what_was_chosen(site):
    status, headers, _ = site.ask("/?lang=en&theme=light")
    assert (status, headers["location"]) == (307, "/wall?lang=en&theme=light")


def test_the_first_html_has_the_language_and_theme_of_the_viewer_and_nothing_else(site):
    def root(query):
        return re.search(rb"<html[^>]*>", site.ask(f"/wall{query}")[2]).group().decode()

    assert root("") == '<html lang="zh-CN" data-theme="dark">'
    assert root("?lang=en&theme=light") == '<html lang="en" data-theme="light">'
    evil = quote('"><script>alert(1)</script>')
    assert root(f"?lang={evil}&theme={evil}") == '<html lang="zh-CN" data-theme="dark">'


def test_a_browser_runs_only_scripts_of_this_server(site):
    _, headers, body = site.ask("/wall")
    policy = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
    allowed = policy["script-src"].split()
    assert allowed[0] == "'self'"
    page = body.decode()
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL)
    for attributes, code in scripts:
        source = re.search(r'src="([^"]*)"', attributes)
        if source:
            assert source[1].startswith("/")
            assert not source[1].startswith("//")
        elif code.strip() and "application/json" not in attributes:
            digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in allowed
    assert len(scripts) > 3
    assert all(rule == "'self'" or rule.startswith("'sha256-") for rule in allowed)
    assert not re.search(r"<[^>]+\son\w+=", page)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


@pytest.mark.parametrize(
    "path",
    ["/wall", "/wall.json", "/healthz", "/nowhere", "/assets/tokens.css", "/geo/1731/6.json"],
)
def test_every_answer_binds_the_browser_to_this_server(site, path):
    headers = site.ask(path)[1]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "'unsafe-eval'" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"


def test_a_page_is_small_on_the_wire(site):
    _, headers, body = site.ask("/assets/tokens.css", Accept_Encoding="gzip")
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(body) == site.ask("/assets/tokens.css")[2]


def test_the_stream_says_hello_then_all_panels_of_the_pages_that_exist(site):
    stream = site.stream(f"page=%2Fnowhere&{WALL}&page=%2Frecord")
    try:
        assert stream.status == 200
        assert stream.answer.headers["content-type"].startswith("text/event-stream")
        assert stream.answer.headers["cache-control"] == "no-cache"
        assert stream.next()[0] == "hello"
        panels = stream.until(lambda name, _: name == "panels")
        assert panels["page"] == "/wall?lang=zh&theme=dark"
        assert "vitals" in panels["panels"]
    finally:
        stream.close()


@pytest.mark.parametrize(
    "query", ["", "page=%2Fnowhere", "&".join(f"page=/area/{i}" for i in range(MOST_PAGES + 1))]
)
def test_a_stream_of_no_page_or_of_too_many_is_refused(site, query):
    assert site.ask(f"/live/stream?{query}")[0] == 400


def test_a_change_in_redis_reaches_an_open_page_within_two_seconds(redis_url):
    made = Served(redis_url, "moving").start()
    stream = made.stream(WALL)
    try:
        stream.until(lambda name, _: name == "panels")
        writes = Writes(fences=[Fence("incidents:0", "", 3)])
        writes.counts.append(("acct:incidents", 0, ["read", "accepted"], [3, 3]))
        began = time.monotonic()
        assert made.city.store.apply("1731", writes, 1).status == "ok"
        newer = stream.until(lambda name, _: name == "panels")
        assert time.monotonic() - began < 2
        assert "health" in newer["panels"]
        assert "map" not in newer["panels"]
    finally:
        stream.close()
        made.stop()


def test_a_lost_redis_is_told_to_open_pages_and_its_return_too():
    port = free_port()
    redis = LocalRedis(None, port).start()
    made = Served(redis.url, "gone").start()
    stream = made.stream(WALL)
    try:
        stream.until(lambda name, data: name == "ping" and data["link"])
        redis.stop()
        stream.until(lambda name, data: name == "ping" and not data["link"])
        assert made.ask("/readyz")[0] == 503
        redis = LocalRedis(None, port).start()
        stream.until(lambda name, data: name == "ping" and data["link"])
        assert made.ask("/readyz")[0] == 200
    finally:
        stream.close()
        made.stop()
        redis.stop()


def test_it_ends_at_once_though_streams_are_open(redis_url):
    made = Served(redis_url, "ending").start()
    stream = made.stream(WALL)
    stream.until(lambda name, _: name == "panels")
    began = time.monotonic()
    made.end()
    assert time.monotonic() - began < 2.5
    assert not made.thread.is_alive()
    stream.close()
    made.stop()
