"""A process opens the city from its settings and hears what moves."""

import msgspec
import pytest
from written_city import FEEDS, INDICATORS, NOW, WrittenCity, make_pack

from layers.city import City, open_city
from layers.config import Config
from layers.snapshot_reader import Reader
from layers.store.client import connect
from layers.store.writes import Fence, Writes


def opened(store):
    reader = WrittenCity(store).reader()
    return City(store, make_pack(), FEEDS, INDICATORS, reader)


def move(store, home, start):
    expected = "" if start < 0 else str(start)
    writes = Writes(fences=[Fence("air:0", expected, start + 5)])
    writes.latest.append(("latest", ["air|s|pm25"], ["0000000000001\x1f5"]))
    assert store.apply(home, writes, 1).status == "ok"


def test_homes_that_move_are_named_and_quiet_seconds_are_empty(store):
    city = opened(store)
    changes = city.changes()
    assert next(changes) == set()
    move(store, "110101", -1)
    move(store, "110102", -1)
    heard = set()
    for _ in range(5):
        heard |= next(changes)
        if len(heard) == 2:
            break
    assert heard == {"110101", "110102"}
    assert city.link_ok


def test_an_outage_raises_nothing_and_is_told_and_its_end_names_every_home(redis_url):
    store = connect("redis://127.0.0.1:1/0", prefix="t")
    city = opened_without_redis(store)
    waited = []
    changes = city.changes(waited.append)
    assert next(changes) == set()
    assert not city.link_ok
    assert waited == [1.0]
    store.client = connect(redis_url, prefix="t").client
    assert next(changes) == {"000000", "110101", "110102", "11"}
    assert city.link_ok


def opened_without_redis(store):
    pack = make_pack()
    return City(store, pack, FEEDS, INDICATORS, Reader(store, pack, FEEDS, INDICATORS))


@pytest.mark.parametrize("pack", ["beijing", "chicago"])
def test_the_packs_that_ship_can_be_opened_and_read_while_nothing_has_come(redis_url, pack):
    config = msgspec.convert(
        {"city": {"pack": pack}, "redis": {"url": redis_url, "prefix": "empty"}}, Config
    )
    city = open_city(config)
    found = city.reader.area(city.pack.code, NOW)
    assert len(found.children) == len(city.pack.geography.districts)
    assert {i.state for i in found.indicators.values()} == {"silent"}
    kinds = city.indicators
    values = {i.value for i in found.indicators.values() if kinds[i.code].kind != "online"}
    assert values == {None}
    assert city.reader.sources(NOW).feeds.keys() == city.feeds.keys()
