"""A snapshot of an area, put together from what was read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from layers import alerts, city_map, day, indicator_values
from layers.asks import Answers
from layers.indicator_values import Facts
from layers.indicators import Indicator
from layers.readings import reads as readings
from layers.record_lists import Lists
from layers.scope import Scope, region_ref
from layers.snapshot import AreaSnapshot, ChildRow, FeedHealth, MapPoint, SensorRow
from layers.stored import Key
from layers.warnings.reads import Warned

SENSORS = 300
"""Most sensors of the list."""

CITY_SENSORS = 60
"""Sensors of the list besides those beyond a band, in a city."""


@dataclass(frozen=True, slots=True)
class AreaRead:
    """All that was read for one area."""

    scope: Scope
    shown: Indicator
    """What colours the map."""
    subject: Indicator | None
    """Whose day is drawn."""
    answers: Answers
    frame: pl.DataFrame
    """Readings of the scope, as `readings_of` gives them."""
    lists: Lists
    holding: Sequence[tuple[Key, Warned]]
    """Official warnings in force."""
    feeds: Mapping[str, FeedHealth]


def area(read: AreaRead) -> AreaSnapshot:
    """Put the snapshot of an area together."""
    scope, city = read.scope, read.scope.city
    coverages = readings.coverages(read.frame, tuple(city.indicators.values()))
    facts = Facts(scope, read.answers, coverages, read.feeds)
    values = indicator_values.child_values(facts)
    sensors = _sensors(read)
    chain = city.chain(scope.code)
    funnel = day.funnel(read.answers, scope)
    return AreaSnapshot(
        city=city.pack.name,
        demo=city.pack.demo,
        timezone=city.pack.timezone,
        as_of=scope.moment.at,
        region=chain[-1],
        chain=chain,
        indicators=indicator_values.values(facts),
        map=city_map.map_state(scope, read.shown, values, _points(read)),
        children=_children(read, values),
        alerts=alerts.alerts(read.holding, read.frame, scope),
        events=read.lists.events,
        cases=read.lists.cases,
        sensors=sensors,
        funnel=funnel,
        trend=day.trend(read.subject, facts),
        feeds=dict(read.feeds),
        unassigned=sum(health.unassigned for health in read.feeds.values()),
        category_names=day.category_names(city, _categories(read, funnel.by_category)),
    )


def _sensors(read: AreaRead) -> tuple[SensorRow, ...]:
    """Give the sensors beyond a band, the most pressing first, then the others by name."""
    beyond = read.frame.filter(pl.col("rank").is_not_null()).sort("rank", "sensor", "property")
    most = CITY_SENSORS if read.scope.is_city else SENSORS
    calm = read.frame.filter(pl.col("rank").is_null()).sort("sensor", "property").head(most)
    listed = pl.concat([beyond, calm]).head(SENSORS)
    return tuple(readings.sensor_rows(listed, read.scope.city))


def _points(read: AreaRead) -> list[MapPoint]:
    """Give the points of the map, the most pressing last: they are drawn on top."""
    chosen = pl.col("rank").is_not_null()
    if read.shown.kind == "reading":
        chosen |= (pl.col("feed") == read.shown.feed) & (pl.col("property") == read.shown.property)
    frame = read.frame.filter(chosen).sort("rank", nulls_last=True, maintain_order=True)
    sensors = city_map.sensor_points(readings.sensor_rows(frame, read.scope.city))
    calm = [p for p in sensors if p.priority is None]
    pressing = [p for p in reversed(sensors) if p.priority is not None]
    return [*calm, *read.lists.points, *pressing]


def _children(
    read: AreaRead, values: Mapping[str, dict[str, float | None]]
) -> tuple[ChildRow, ...]:
    scope = read.scope
    alarming = alerts.counts(read.holding, read.frame, scope)
    rows = []
    for child, part in zip(scope.children, scope.child_parts, strict=True):
        is_open, over, near, _, received = day.clocks(read.answers, scope, [part])
        rows.append(
            ChildRow(
                region=region_ref(child),
                values=values[child.code],
                open_cases=is_open,
                overdue=over,
                due_soon=near,
                received_today=received,
                alerts=alarming[child.code],
            )
        )
    return tuple(rows)


def _categories(read: AreaRead, counted: Iterable[str]) -> list[tuple[str, str]]:
    feeds = read.scope.city.feeds
    found = [(row.feed, row.category) for row in read.lists.events]
    found += [(row.feed, row.category) for row in read.lists.cases]
    return found + [(feed, code) for code in counted for feed in feeds]
