"""Indicators of a region and of its children, out of one round trip's answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from layers import amounts
from layers.amounts import Amount, Cells, Coverage, Part
from layers.asks import Answers, Asks
from layers.feed_spec import FeedSpec
from layers.indicators import Indicator, formula_of, worst_band
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
    moment = scope.moment
    indicators = scope.city.indicators.values()
    whole = [amount for one in indicators for amount in formula_of(one).amounts(one, moment)]
    before = [amount for one in indicators for amount in _before(one, moment)]
    hours = [_hourly(i, moment.last_24_hours) for i in indicators if formula_of(i).hourly]
    hours += [_hourly(i, _same_hours(moment)) for i in indicators if i.kind == "reading"]
    amounts.need(asks, [*whole, *before, *hours], scope.parts)
    amounts.need(asks, whole, scope.child_parts)
    amounts.need_minutes(asks, before, scope.parts)


def _hourly(one: Indicator, buckets: tuple[Bucket, ...]) -> Cells:
    hourly = formula_of(one).hourly
    return one.cells(one.property if hourly == "property" else hourly, buckets)


def _before(one: Indicator, moment: Moment) -> tuple[Amount, ...]:
    """Give the amounts of a day earlier, none where there is nothing to compare with."""
    before = formula_of(one).before
    # categories have no minutes, and a day can't be cut at a minute without them
    return before(one, moment) if before is not None and not one.category else ()


def _same_hours(moment: Moment) -> tuple[Bucket, ...]:
    back = range(_HOURS_BACK)
    return tuple(moment.hour_of(moment.at - timedelta(hours=h), days_back=1) for h in back)


def values(facts: Facts) -> dict[str, IndicatorValue]:
    """Give the indicators of the scope itself, in their order."""
    return {code: _value(one, facts) for code, one in facts.scope.city.indicators.items()}


def child_values(facts: Facts) -> dict[str, dict[str, float | None]]:
    """Give child code → indicator code → value."""
    scope = facts.scope
    found: dict[str, dict[str, float | None]] = {region: {} for _, region in scope.child_parts}
    for code, one in scope.city.indicators.items():
        asked = formula_of(one).amounts(one, scope.moment)
        for part in scope.child_parts:
            coverage = _child_coverage(one, facts, part[1])
            found[part[1]][code] = _number(one, facts, _sums(asked, facts, [part]), coverage)
    return found


def _sums(asked: Sequence[Amount], facts: Facts, parts: Sequence[Part]) -> list[int]:
    return [amounts.total(facts.answers, amount, parts) for amount in asked]


def _value(one: Indicator, facts: Facts) -> IndicatorValue:
    feed = facts.scope.city.feeds[one.feed]
    coverage = _coverage(one, facts)
    asked = formula_of(one).amounts(one, facts.scope.moment)
    value = _number(one, facts, _sums(asked, facts, facts.scope.parts), coverage)
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


def _number(one: Indicator, facts: Facts, sums: Sequence[int], coverage: Coverage) -> float | None:
    """Form a value from sums; that nothing was heard from a silent feed is no zero."""
    if sums and not any(sums) and facts.healths[one.feed].state == "silent":
        return None
    return formula_of(one).value(sums, coverage)


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
    if not formula_of(one).hourly:
        return ()
    return hours(one, _hourly(one, facts.scope.moment.last_24_hours), facts)


def hours(one: Indicator, cells: Cells, facts: Facts) -> tuple[float | None, ...]:
    """Give a value per hour: means of readings, counts of records (none before the first word)."""
    if one.kind == "reading":
        return amounts.means(facts.answers, cells, facts.scope.parts)
    if facts.healths[one.feed].last_message_at is None:
        return (None,) * len(cells.buckets)
    return tuple(float(n) for n in amounts.counts(facts.answers, cells, facts.scope.parts))


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
        (before,) = amounts.means(facts.answers, _hourly(one, (bucket,)), scope.parts)
        return None if before is None else value - before
    asked = _before(one, scope.moment)
    if not asked or not amounts.are_kept(facts.answers, asked, scope.parts):
        return None
    yesterday = formula.value(_sums(asked, facts, scope.parts), Coverage())
    return None if yesterday is None else value - yesterday
