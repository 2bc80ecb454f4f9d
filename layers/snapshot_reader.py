"""From the state in Redis to snapshots: a handful of round trips, then arithmetic.

Round trips of an area: (1) every amount of every indicator, the accounts, the newest readings of
homes that are not held, the members of the lists; (2) readings and sums of homes that have moved;
(3) the records that the lists name. A city adds up its districts and 未定位.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
import polars as pl

from layers import day, indicator_values, marks, record_lists, record_reader
from layers.area import AreaRead, area
from layers.asks import Answers, Asks
from layers.feed_spec import FeedSpec
from layers.feeds import health_asks, healths, read_health, read_refused, read_rejects
from layers.held_cells import HeldCells
from layers.indicators import Indicator
from layers.late import read_late
from layers.moment import Moment
from layers.pack import CityPack
from layers.readings import reads as readings
from layers.readings.latest import Latest
from layers.scope import Catalogue, Scope
from layers.snapshot import AreaSnapshot, FeedHealth, RecordSnapshot, SourcesSnapshot
from layers.store import keys
from layers.store.client import Store
from layers.stored import Key, Stored
from layers.warnings import reads as warnings
from layers.warnings.reads import Warned

REJECTS = 200
"""Rejected messages of a snapshot."""

_SOURCES_HOLD = timedelta(seconds=15)
"""Pages of areas show how many sensors of a feed report in the whole city; that count may be so
old, so that they need not read the sensors of other districts each time."""


class Reader:
    """Reads snapshots. It may be used by several threads.

    Args:
        store: where the state is.
        pack: the city.
        feeds: feed id → feed.
        indicators: code → indicator.
    """

    def __init__(
        self,
        store: Store,
        pack: CityPack,
        feeds: Mapping[str, FeedSpec],
        indicators: Mapping[str, Indicator],
    ) -> None:
        first = [code for code in pack.wall if code in indicators]
        ordered = {code: indicators[code] for code in (*first, *indicators)}
        self.store = store
        self.city = Catalogue(pack, feeds, ordered)
        self._latest = Latest([feed.id for feed in self.city.feeds_of("observation")])
        self._cells = HeldCells()
        self._sources: tuple[datetime, dict[str, tuple[int, int]]] | None = None

    def changed(self, homes: set[str]) -> None:
        """Take note of homes that have moved: saves a round trip; nothing depends on it."""
        self._latest.drop(homes)

    def area(self, code: str, now: datetime, indicator: str | None = None) -> AreaSnapshot | None:
        """Read the city (`pack.code`), one area of it, or 未定位 (`000000`).

        Args:
            code: of the region.
            now: aware.
            indicator: what colours the map; an unknown one or None gives that of the pack.

        Returns:
            None when there is no such region.
        """
        if code not in self.city.pack.geography.regions and code != keys.UNASSIGNED:
            return None
        scope = Scope(self.city, code, Moment(now, self.city.pack.timezone))
        shown = self._shown(indicator)
        subject = day.trend_subject(self.city, shown)
        homes = self._sensor_homes(scope)
        asks = Asks()
        marks.need(asks, self.city.feeds, self.city.homes)
        asks.add_all(health_asks(self.city.feeds, self.city.homes))
        asks.add("hgetall", self.city.pack.code, keys.records("warning"))
        self._latest.need(asks, homes)
        indicator_values.need(asks, scope)
        day.need(asks, scope, subject)
        record_lists.need(asks, scope)
        answers = self._cells.send(asks, self.store)
        frame = self._latest.take(answers, homes, self.store)
        return area(
            AreaRead(
                scope=scope,
                shown=shown,
                subject=subject,
                answers=answers,
                frame=readings.readings_of(frame, scope),
                lists=record_lists.read(self.store, answers, scope),
                holding=self._holding(answers, scope.moment),
                feeds=self._healths(answers, frame, homes, scope.moment),
            )
        )

    def sources(self, now: datetime) -> SourcesSnapshot:
        """Read the accounts of all feeds and the newest rejected messages."""
        city = self.city
        asks = Asks()
        marks.need(asks, city.feeds, city.homes)
        self._latest.need(asks, city.homes[:-1])
        frame = self._latest.take(asks.send(self.store), city.homes[:-1], self.store)
        counted = readings.sources(frame, city, Moment(now, city.pack.timezone).ms)
        feeds = _counted(read_health(self.store, city.feeds, city.homes, now), counted)
        rejects, unreadable = read_rejects(self.store, city.homes, REJECTS)
        return SourcesSnapshot(
            city=city.pack.name,
            demo=city.pack.demo,
            timezone=city.pack.timezone,
            as_of=now,
            feeds=feeds,
            rejects=rejects,
            rejects_unreadable=unreadable,
            late=read_late(self.store, city.homes, REJECTS),
            refused=read_refused(self.store, city.feeds),
            unassigned=sum(health.unassigned for health in feeds.values()),
        )

    def record(
        self, kind: str, identity: str, district: str, now: datetime
    ) -> RecordSnapshot | None:
        """Read one record or sensor.

        Args:
            kind: case | incident | warning | sensor.
            identity: `feed|source id`; of a sensor `feed|sensor|property`.
            district: the home in which it lies, as in the address of its page.
            now: aware.

        Returns:
            None when there is no such record.
        """
        if district not in self.city.homes or identity.partition("|")[0] not in self.city.feeds:
            return None
        moment = Moment(now, self.city.pack.timezone)
        known = next((k for k in record_reader.KINDS if k == kind), None)
        if known is None:
            return None
        return record_reader.read(self.store, self.city, (known, district, identity), moment)

    def _shown(self, code: str | None) -> Indicator:
        indicators = self.city.indicators
        wanted = (code or "", self.city.pack.map_indicator, *indicators)
        return next(indicators[c] for c in wanted if c in indicators)

    def _sensor_homes(self, scope: Scope) -> tuple[str, ...]:
        held = self._sources is not None and (
            abs(scope.moment.at - self._sources[0]) <= _SOURCES_HOLD
        )
        return scope.homes if held and not scope.is_city else self.city.homes[:-1]

    def _holding(self, answers: Answers, moment: Moment) -> list[tuple[Key, Warned]]:
        home = self.city.pack.code
        packed = answers.plain["hgetall", home, keys.records("warning"), ()]
        found = [
            ((home, identity.decode()), warnings.warned(Stored.unpack(value)))
            for identity, value in packed.items()
        ]
        return warnings.in_force(found, moment.ms)

    def _healths(
        self, answers: Answers, frame: pl.DataFrame, homes: tuple[str, ...], moment: Moment
    ) -> dict[str, FeedHealth]:
        if len(homes) > 1 or self._sources is None:
            self._sources = (moment.at, readings.sources(frame, self.city, moment.ms))
        found = healths(self.city.feeds, self.city.homes, answers.plain, moment.at)
        return _counted(found, self._sources[1])


def _counted(
    found: Mapping[str, FeedHealth], counted: Mapping[str, tuple[int, int]]
) -> dict[str, FeedHealth]:
    """Put the sensors that were counted into the healths of their feeds."""
    return {
        feed: msgspec.structs.replace(
            health,
            sources_reporting=counted.get(feed, (0, 0))[0],
            sources_expected=max(health.sources_expected, counted.get(feed, (0, 0))[1]),
        )
        if health.kind == "observation"
        else health
        for feed, health in found.items()
    }
