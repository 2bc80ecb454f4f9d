"""The city as a process opens it: store, pack, feeds, indicators, and the reader of snapshots."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from layers.config import Config
from layers.feed_spec import FeedSpec
from layers.feeds import load_feeds
from layers.indicators import Indicator, load_indicators
from layers.pack import CityPack, load_pack
from layers.snapshot_reader import Reader
from layers.store.client import Store, connect

STEP_S = 1.0
"""Longest time between two steps of `City.changes`."""


@dataclass(slots=True)
class City:
    """What pages are read from."""

    store: Store
    pack: CityPack
    feeds: Mapping[str, FeedSpec]
    indicators: Mapping[str, Indicator]
    reader: Reader
    link_ok: bool = True
    """False while Redis does not answer to `changes`."""

    def changes(self, sleep: Callable[[float], object] = time.sleep) -> Iterator[set[str]]:
        """Yield the homes that have moved since the last step, for ever.

        An empty set when nothing has moved for a second, or when Redis can't be heard; `link_ok`
        says which. The first step after an outage names every home: nobody knows what was missed.

        Args:
            sleep: how to wait during an outage.
        """
        for homes in self.store.changed_homes(STEP_S):
            if homes is None:
                self.link_ok = False
                sleep(STEP_S)
                yield set()
                continue
            found = homes if self.link_ok else set(self.reader.city.homes)
            self.link_ok = True
            self.reader.changed(found)
            yield found


def open_city(config: Config) -> City:
    """Open the configured city; nothing is sent to Redis yet.

    Raises:
        layers.documents.DocumentError: pack, feeds or indicators can't be taken.
    """
    pack = load_pack(config.city.pack)
    feeds = load_feeds(pack.feeds_dir)
    indicators = load_indicators(pack.indicators_file, feeds)
    store = connect(config.redis.address, prefix=config.redis.prefix, cluster=config.redis.cluster)
    return City(store, pack, feeds, indicators, Reader(store, pack, feeds, indicators))
