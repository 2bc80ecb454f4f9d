"""One change is read once, rendered once, and sent to those whom it concerns."""

import asyncio
import json
import logging
from dataclasses import replace

import pytest
from sample_city import NOW, area
from shown_city import CHAOYANG, WALL, ShownCity, Watching, hub_of, until

from dashboard import live
from dashboard.live import Viewer
from dashboard.pages import PAGES

DISTRICTS = {"districts"}
"""Panels that show the number of records without a place, by which these tests tell snapshots."""


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(live, "LEAST_PAUSE_S", 0.03)


def run(scenario, pages=PAGES):
    """Play a scenario over a fresh city and its started hub."""

    async def play():
        city = ShownCity()
        hub = hub_of(city, pages)
        await hub.start()
        try:
            await scenario(city, hub)
        finally:
            hub.stop()
            await asyncio.sleep(0.05)

    asyncio.run(play())


def test_a_viewer_hears_the_build_then_all_panels_of_the_page():
    async def scenario(city, hub):
        one = Watching(hub, WALL)
        await until(lambda: one.of("panels"))
        assert one.events[0] == ("hello", {"build": "build-1", "at": round(NOW.timestamp() * 1000)})
        first = one.of("panels")[0]
        assert first["page"] == WALL
        assert set(first["panels"]) == set(PAGES[0].panels)
        assert one.of("ping")[0]["link"] is True
        await one.leave()

    run(scenario)


def test_only_the_panels_that_differ_are_sent():
    async def scenario(city, hub):
        one = Watching(hub, WALL)
        await until(lambda: one.of("panels"))
        city.show(unassigned=18)
        await until(lambda: len(one.of("panels")) == 2)
        newer = one.of("panels")[1]
        assert set(newer["panels"]) == DISTRICTS
        assert newer["rev"] > one.of("panels")[0]["rev"]
        assert '"18"' in json.dumps(newer["panels"])
        await one.leave()

    run(scenario)


def test_a_change_that_shows_nowhere_sends_nothing():
    async def scenario(city, hub):
        one = Watching(hub, WALL)
        await until(lambda: one.of("panels"))
        reads = city.reads
        city.show()
        await until(lambda: city.reads > reads)
        await asyncio.sleep(0.1)
        assert len(one.of("panels")) == 1
        await one.leave()

    run(scenario)


def test_an_offer_takes_the_place_of_an_older_one_of_the_same_panel():
    viewer = Viewer()
    viewer.offer("/wall", {"map": b"1", "header": b"1"})
    viewer.offer("/wall", {"map": b"2"})
    assert viewer.take() == {"/wall": {"map": b"2", "header": b"1"}}
    assert viewer.take() == {}


def test_a_slow_viewer_finds_the_newest_and_only_that():
    async def scenario(city, hub):
        slow = Watching(hub, WALL, slow=True)
        while (await slow.step())[0] != "panels":
            pass
        for count in (18, 19, 20):
            reads = city.reads
            city.show(unassigned=count)
            await until(lambda reads=reads: city.reads > reads)
            await asyncio.sleep(0.05)
        name, newest = await slow.step()
        assert name == "panels"
        assert set(newest["panels"]) == DISTRICTS
        assert '"20"' in json.dumps(newest["panels"])
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(slow.step(), 0.2)
        await slow.leave()

    run(scenario)


def test_a_page_that_many_look_at_is_read_once():
    async def scenario(city, hub):
        viewers = [Watching(hub, WALL) for _ in range(20)]
        await until(lambda: all(one.of("panels") for one in viewers))
        assert city.reads == 1
        late = Watching(hub, WALL)
        await until(lambda: late.of("panels"))
        assert city.reads == 1
        assert set(late.of("panels")[0]["panels"]) == set(PAGES[0].panels)
        for one in (*viewers, late):
            await one.leave()

    run(scenario)


def test_a_page_is_forgotten_when_nobody_looks_at_it_any_more():
    async def scenario(city, hub):
        one, two = Watching(hub, WALL), Watching(hub, WALL)
        await until(lambda: one.of("panels") and two.of("panels"))
        await one.leave()
        assert WALL in hub.watches
        await two.leave()
        assert hub.watches == {}
        reads = city.reads
        city.show(unassigned=18)
        await asyncio.sleep(0.15)
        assert city.reads == reads

    run(scenario)


def test_a_viewer_who_comes_back_at_once_goes_on_hearing_changes():
    async def scenario(city, hub):
        one = Watching(hub, WALL, slow=True)
        while (await one.step())[0] != "panels":
            pass
        again = Watching(hub, WALL, slow=True)
        await one.stream.aclose()
        await again.step()  # no other task has run since the page was forgotten
        await asyncio.sleep(0.05)
        assert WALL in hub.watches
        while (await again.step())[0] != "panels":
            pass
        city.show(unassigned=18)
        assert set((await asyncio.wait_for(again.step(), 2))[1]["panels"]) == DISTRICTS
        await again.leave()

    run(scenario)


def test_a_change_elsewhere_does_not_read_an_area_again_and_a_warning_of_the_city_does():
    async def scenario(city, hub):
        one = Watching(hub, CHAOYANG)
        await until(lambda: one.of("panels"))
        reads = city.reads
        city.show("110108", unassigned=18)
        await asyncio.sleep(0.15)
        assert city.reads == reads
        city.show("11", unassigned=18)
        await until(lambda: city.reads > reads)
        await one.leave()

    run(scenario)


def test_a_lost_store_is_told_in_a_ping_at_once_and_its_return_too_with_what_was_missed():
    async def scenario(city, hub):
        one = Watching(hub, WALL)
        await until(lambda: one.of("panels"))
        city.lost, city.link_ok = True, False
        await until(lambda: one.of("ping")[-1]["link"] is False, 2)
        city.snapshot = area(unassigned=99)
        city.lost, city.link_ok = False, True
        await until(lambda: one.of("ping")[-1]["link"] is True, 2)
        await until(lambda: len(one.of("panels")) == 2, 2)
        assert set(one.of("panels")[1]["panels"]) == DISTRICTS
        await one.leave()

    run(scenario)


def test_a_page_opened_during_an_outage_fills_when_the_store_is_back():
    async def scenario(city, hub):
        city.lost, city.link_ok = True, False
        one = Watching(hub, WALL)
        await until(lambda: one.of("ping") and one.of("ping")[-1]["link"] is False)
        assert not one.of("panels")
        city.lost, city.link_ok = False, True
        await until(lambda: one.of("panels"), 2)
        await one.leave()

    run(scenario)


def test_a_fault_in_one_panel_ends_the_streams_of_its_page_and_no_other(caplog):
    def broken(snapshot, say, view):
        raise ZeroDivisionError

    wall = replace(PAGES[0], panels={**PAGES[0].panels, "trend": broken})

    async def scenario(city, hub):
        other, one = Watching(hub, CHAOYANG), Watching(hub, WALL)
        await until(lambda: one.ended)
        assert WALL not in hub.watches
        await until(lambda: other.of("panels"))
        assert not other.ended
        await other.leave()

    with caplog.at_level(logging.CRITICAL, "asyncio"):
        run(scenario, (wall, *PAGES[1:]))


def test_one_connection_watches_several_pages():
    async def scenario(city, hub):
        one = Watching(hub, WALL, CHAOYANG)
        await until(lambda: {data["page"] for data in one.of("panels")} == {WALL, CHAOYANG})
        await one.leave()
        assert hub.watches == {}

    run(scenario)


def test_all_streams_end_when_the_process_is_told_to_end():
    async def scenario(city, hub):
        viewers = [Watching(hub, WALL), Watching(hub, CHAOYANG)]
        await until(lambda: all(one.of("panels") for one in viewers))
        hub.stop()
        await until(lambda: all(one.ended for one in viewers), 2)

    run(scenario)


def test_a_viewer_who_leaves_in_the_moment_of_a_change_is_gone():
    async def scenario(city, hub):
        one = Watching(hub, WALL)
        await until(lambda: one.of("panels"))
        next(iter(hub._viewers)).offer(WALL, {"map": b"{}"})
        await asyncio.wait_for(one.leave(), 2)
        assert hub.watches == {}
        assert not hub._viewers

    run(scenario)
