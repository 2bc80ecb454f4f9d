"""Indicators of a region and of its children, out of one round trip's answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from layers import amounts
from layers.amounts import Coverage, Part
from layers.asks import Answers, Asks
from layers.feeds import FeedSpec
from layers.indicators import Formula, Indicator, formula_of, worst_band
from layers.moment import Bucket, Moment
from layers.scope import Scope
from layers.snapshot import FeedHealth, IndicatorValue, State

_HOURS_BACK = 3
"""A change is shown while the newest reading is from one of the last three hours of the clock."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was read for a scope."""

    scope: Scope
    answers: Answers
    coverages: Mapping[tuple[str, str], Coverage]
    """Indicator and child → sensors behind it."""
    healths: Mapping[str, FeedHealth]


def need(asks: Asks, scope: Scope) -> None:
    """Ask for all that the indicators of a scope and its children are made of."""
    for one in scope.city.indicators.values():
        formula = formula_of(one)
        amounts.need(asks, formula.amounts(one, scope.moment), scope.parts)
        amounts.need(asks, formula.amounts(one, scope.moment), scope.child_parts)
        if formula.before is not None:
            before = formula.before(one, scope.moment)
            amounts.need(asks, before, scope.parts)
            amounts.need_minutes(asks, before, scope.parts)
        if formula.hourly:
            hours = amounts.Cells(hourly_series(one, formula), scope.moment.last_24_hours)
            amounts.need(asks, [hours], scope.parts)
        if one.kind == "reading":
            hours = amounts.Cells(hourly_series(one, formula), _same_hours(scope.moment))
            amounts.need(asks, [hours], scope.parts)


def hourly_series(one: Indicator, formula: Formula) -> str:
    """Name the series whose hours are the trend of an indicator."""
    return one.series(one.property if formula.hourly == "property" else formula.hourly)


def _same_hours(moment: Moment) -> tuple[Bucket, ...]:
    back = range(_HOURS_BACK)
    return tuple(moment.hour_of(moment.at - timedelta(hours=h), days_back=1) for h in back)


def values(facts: Facts) -> dict[str, IndicatorValue]:
    """Give the indicators of the scope itself, in their order."""
    return {code: _value(one, facts) for code, one in facts.scope.city.indicators.items()}


def child_values(facts: Facts) -> dict[str, dict[str, float | None]]:
    """Give child code → indicator code → value."""
    indicators = facts.scope.city.indicators
    return {
        region: {
            code: _number(one, facts, [(home, region)], _child_coverage(one, facts, region))
            for code, one in indicators.items()
        }
        for home, region in facts.scope.child_parts
    }


def _value(one: Indicator, facts: Facts) -> IndicatorValue:
    feed = facts.scope.city.feeds[one.feed]
    coverage = _coverage(one, facts)
    value = _number(one, facts, facts.scope.parts, coverage)
    band = worst_band(one.bands, value)
    state = _state(one, feed, coverage, facts)
    return IndicatorValue(
        code=one.code,
        title=one.title,
        unit=one.unit,
        decimals=one.decimals,
        value=value,
        as_of=coverage.newest,
        sources_reporting=coverage.reporting,
        sources_expected=coverage.expected,
        owner=feed.owner.label,
        feed=one.feed,
        state=state,
        since=coverage.newest if state in {"stale", "silent"} else None,
        stale_after_s=one.stale_after_s,
        breach=band.priority if band else None,
        band=band.text if band else "",
        trend=_trend(one, facts),
        change=_change(one, facts, value, coverage.newest),
        direction=one.direction,
        source=one.source,
        generated=feed.generated,
    )


def _number(
    one: Indicator, facts: Facts, parts: Sequence[Part], coverage: Coverage
) -> float | None:
    """Form a value from amounts added over parts; nothing heard from a silent feed is no zero."""
    formula = formula_of(one)
    asked = formula.amounts(one, facts.scope.moment)
    found = [amounts.total(facts.answers, amount, parts) for amount in asked]
    if found and not any(found) and facts.healths[one.feed].state == "silent":
        return None
    return formula.value(found, coverage)


def _coverage(one: Indicator, facts: Facts) -> Coverage:
    """Give the sources behind an indicator in the whole scope."""
    feed = facts.scope.city.feeds[one.feed]
    if not _has_sensors(one, feed):
        return _feed_coverage(facts.healths[one.feed])
    parts = (found for (code, _), found in facts.coverages.items() if code == one.code)
    found = sum(parts, Coverage())
    if not facts.scope.is_city or found.expected >= feed.expect.sources:
        return found
    return Coverage(found.reporting, feed.expect.sources, found.total, found.newest)


def _child_coverage(one: Indicator, facts: Facts, child: str) -> Coverage:
    if not _has_sensors(one, facts.scope.city.feeds[one.feed]):
        return _feed_coverage(facts.healths[one.feed])
    return facts.coverages.get((one.code, child), Coverage())


def _has_sensors(one: Indicator, feed: FeedSpec) -> bool:
    return one.kind in {"reading", "online"} and feed.kind == "observation"


def _feed_coverage(health: FeedHealth) -> Coverage:
    """Give a feed of records as one source, which reports while it is not silent."""
    return Coverage(int(health.state != "silent"), 1, 0.0, health.last_event_at)


def _state(one: Indicator, feed: FeedSpec, coverage: Coverage, facts: Facts) -> State:
    if coverage.newest is None or facts.healths[one.feed].state == "silent":
        return "silent"
    age_s = (facts.scope.moment.at - coverage.newest).total_seconds()
    if _has_sensors(one, feed) and age_s > max(feed.expect.silent_after_s, one.stale_after_s):
        return "silent"
    if age_s > one.stale_after_s:
        return "stale"
    return "partial" if coverage.reporting < coverage.expected else "live"


def _trend(one: Indicator, facts: Facts) -> tuple[float | None, ...]:
    formula, scope = formula_of(one), facts.scope
    if not formula.hourly:
        return ()
    return hours(one, hourly_series(one, formula), scope.moment.last_24_hours, facts)


def hours(
    one: Indicator, series: str, buckets: Sequence[Bucket], facts: Facts
) -> tuple[float | None, ...]:
    """Give a value per hour: means of readings, counts of records (none before the first word)."""
    if one.kind == "reading":
        return amounts.means(facts.answers, series, buckets, facts.scope.parts)
    if facts.healths[one.feed].last_message_at is None:
        return (None,) * len(buckets)
    counts = amounts.counts(facts.answers, series, buckets, facts.scope.parts)
    return tuple(float(n) for n in counts)


def _change(
    one: Indicator, facts: Facts, value: float | None, as_of: datetime | None
) -> float | None:
    """Compare with the same hour (readings) or the same time (records) of the day before."""
    if value is None or as_of is None:
        return None
    scope, formula = facts.scope, formula_of(one)
    if one.kind == "reading":
        bucket = scope.moment.hour_of(as_of, days_back=1)
        if bucket not in _same_hours(scope.moment):
            return None
        series = hourly_series(one, formula)
        (before,) = amounts.means(facts.answers, series, [bucket], scope.parts)
        return None if before is None else value - before
    # categories have no minutes, and a day can't be cut at a minute without them
    if formula.before is None or one.category:
        return None
    asked = formula.before(one, scope.moment)
    if not amounts.are_kept(facts.answers, asked, scope.parts):
        return None
    earlier = [amounts.total(facts.answers, amount, scope.parts) for amount in asked]
    yesterday = formula.value(earlier, Coverage())
    return None if yesterday is None else value - yesterday
