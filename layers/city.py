"""The city as a process opens it: store, pack, feeds, indicators, and the reader of snapshots."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from layers.config import Config
from layers.documents import DocumentError
from layers.feed_folder import FeedFolder
from layers.feed_spec import FeedSpec
from layers.feeds import load_feeds
from layers.indicators import Indicator, load_indicators
from layers.pack import CityPack, load_pack
from layers.snapshot_reader import Reader
from layers.store.client import Store, connect

log = logging.getLogger(__name__)

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
    folder: FeedFolder | None = None
    """Where the feeds are read again from when a YAML changes; None: nowhere."""
    looked_s: float = 0.0

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
            everything = self._follow_feeds() or not self.link_ok
            found = set(self.reader.city.homes) if everything else homes
            self.link_ok = True
            self.reader.changed(found)
            yield found

    def _follow_feeds(self) -> bool:
        """Take changed feeds, as the workers do; say whether there were any.

        Feeds with which the indicators can't work are left aside: the log says why.
        """
        now = time.monotonic()
        if self.folder is None or now - self.looked_s < STEP_S:
            return False
        self.looked_s = now
        taken = self.folder.look()
        if taken is None or not taken.changed:
            return False
        try:
            indicators = load_indicators(self.pack.indicators_file, taken.feeds)
        except DocumentError as error:
            log.error("event=feeds_not_shown detail=%s", error)  # noqa: TRY400  no traceback
            return False
        self.reader = Reader(self.store, self.pack, taken.feeds, indicators)
        self.feeds, self.indicators = taken.feeds, indicators
        log.info("event=feeds_changed feeds=%s", ",".join(taken.changed))
        return True


def open_city(config: Config) -> City:
    """Open the configured city; nothing is sent to Redis yet.

    Raises:
        layers.documents.DocumentError: pack, feeds or indicators can't be taken.
    """
    pack = load_pack(config.city.pack)
    feeds = load_feeds(pack.feeds_dir)
    indicators = load_indicators(pack.indicators_file, feeds)
    store = connect(config.redis.address, prefix=config.redis.prefix, cluster=config.redis.cluster)
    folder = FeedFolder(pack.feeds_dir)
    folder.begin(feeds)
    reader = Reader(store, pack, feeds, indicators)
    return City(store, pack, feeds, indicators, reader, folder=folder)
