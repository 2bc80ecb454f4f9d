"""The day of a scope: cases by stage, what was received by category, the course of the hours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from layers import amounts
from layers.amounts import Cells
from layers.asks import Answers, Asks
from layers.cases import reads as cases
from layers.feed_spec import FeedSpec
from layers.indicator_values import Facts, hours
from layers.indicators import Indicator, near_or_over, overdue
from layers.labels import Label
from layers.moment import Bucket
from layers.scope import Catalogue, Scope
from layers.snapshot import Funnel, Trend
from layers.store import keys

CATEGORIES = 10
"""Categories of the funnel that stand for themselves; the others are added up."""

OTHER = "other"

HOURS = tuple(range(24))


def need(asks: Asks, scope: Scope, subject: Indicator | None) -> None:
    """Ask for funnel, categories and the two days of a trend."""
    cases.need_stages(asks, scope)
    today = (scope.moment.today,)
    both: list[amounts.Amount] = [
        Cells(feed.id, "received", today) for feed in _received_feeds(scope.city)
    ]
    for feed in scope.city.feeds_of("case"):
        both += _clocks(feed, scope)
    own: list[amounts.Amount] = [
        Cells(feed.id, f"received.{code}", today)
        for feed in _received_feeds(scope.city)
        for code in _categories(feed, scope.city)
    ]
    if subject is not None:
        own += [_trend_cells(subject, scope.moment.hours_of_day(days_back)) for days_back in (1, 0)]
    amounts.need(asks, [*both, *own], scope.parts)
    amounts.need(asks, both, scope.child_parts)


def _clocks(feed: FeedSpec, scope: Scope) -> tuple[amounts.Amount, ...]:
    return (
        amounts.Ranked(keys.open_cases(feed.id), "-inf", "+inf"),
        overdue(feed.id, scope.moment),
        near_or_over(feed.id, scope.moment),
        Cells(feed.id, "closed", (scope.moment.today,)),
    )


def clocks(answers: Answers, scope: Scope, parts: Iterable[amounts.Part]) -> tuple[int, ...]:
    """Count cases over parts: open, overdue, due soon, closed today, received today.

    Received counts incidents too: what has come is what there is to look at.
    """
    where = tuple(parts)
    found = [0, 0, 0, 0]
    for feed in scope.city.feeds_of("case"):
        for i, amount in enumerate(_clocks(feed, scope)):
            found[i] += amounts.total(answers, amount, where)
    is_open, over, near, closed = found
    received = sum(
        amounts.total(answers, Cells(feed.id, "received", (scope.moment.today,)), where)
        for feed in _received_feeds(scope.city)
    )
    return is_open, over, near - over, closed, received


def _received_feeds(city: Catalogue) -> tuple[FeedSpec, ...]:
    """Give the feeds of cases, or, in a city that has none, of incidents."""
    return city.feeds_of("case") or city.feeds_of("incident")


def funnel(answers: Answers, scope: Scope) -> Funnel:
    """Give the cases of a scope by stage, clock and category."""
    is_open, over, near, closed, received = clocks(answers, scope, scope.parts)
    return Funnel(
        stages={**cases.stages(answers, scope), "closed": closed},
        open=is_open,
        due_soon=near,
        overdue=over,
        closed_today=closed,
        received_today=received,
        by_category=_by_category(answers, scope, received),
    )


def _by_category(answers: Answers, scope: Scope, received: int) -> dict[str, int]:
    """Count by category; what no table knows is in the rest, so the sum is what was received."""
    found: Counter[str] = Counter()
    for feed in _received_feeds(scope.city):
        for code in _categories(feed, scope.city):
            cells = Cells(feed.id, f"received.{code}", (scope.moment.today,))
            found[code] += amounts.total(answers, cells, scope.parts)
    largest = {code: n for code, n in found.most_common(CATEGORIES) if n}
    rest = received - sum(largest.values())
    if rest:
        largest[OTHER] = largest.get(OTHER, 0) + rest
    return largest


def _categories(feed: FeedSpec, city: Catalogue) -> tuple[str, ...]:
    known = dict.fromkeys(city.pack.categories.get(feed.id, {}))
    table = feed.codes.get("category")
    if table is not None:
        known |= dict.fromkeys((*table.table.values(), table.default))
    return tuple(known)


def trend_subject(city: Catalogue, shown: Indicator) -> Indicator | None:
    """Give the indicator whose day is drawn: the one on the map, or the next that has hours."""
    candidates = [shown, *(i for i in city.indicators.values() if i.feed == shown.feed)]
    candidates += city.indicators.values()
    return next((i for i in candidates if _has_hours(i, city)), None)


def _has_hours(one: Indicator, city: Catalogue) -> bool:
    return one.kind == "reading" or city.feeds[one.feed].kind in {"case", "incident"}


def _trend_cells(one: Indicator, buckets: tuple[Bucket, ...]) -> Cells:
    return one.cells(one.property if one.kind == "reading" else "received", buckets)


def trend(subject: Indicator | None, facts: Facts) -> Trend:
    """Give today and yesterday by hour; hours that have not come are missing."""
    local = facts.scope.moment.local
    today: tuple[float | None, ...] = (None,) * 24
    yesterday, title, unit = today, Label("", ""), Label("", "")
    if subject is not None:
        title, unit = _named(subject, facts.scope.city)
        come: tuple[Bucket, ...] = facts.scope.moment.hours_of_day(0, local.hour)
        today = (*_hours(subject, come, facts), *today[local.hour + 1 :])
        yesterday = _hours(subject, facts.scope.moment.hours_of_day(1), facts)
    return Trend(
        title=title,
        unit=unit,
        hours=HOURS,
        today=today,
        yesterday=yesterday,
        now_hour=local.hour + local.minute / 60,
    )


def _hours(one: Indicator, buckets: tuple[Bucket, ...], facts: Facts) -> tuple[float | None, ...]:
    return hours(one, _trend_cells(one, buckets), facts)


def _named(one: Indicator, city: Catalogue) -> tuple[Label, Label]:
    if one.kind == "reading":
        return one.title, one.unit
    feed = city.feeds[one.feed].title
    name = city.pack.category_label(one.feed, one.category) if one.category else Label("", "")
    zh, en = f"{feed.zh} {name.zh}".strip(), f"{feed.en} {name.en}".strip()
    return Label(f"{zh} · 每小时新增", f"{en}: received per hour"), Label("件", "records")


def category_names(city: Catalogue, codes: Iterable[tuple[str, str]]) -> dict[str, Label]:
    """Name the categories of a snapshot: pairs of feed and code."""
    tables = city.pack.categories
    return {code: tables[feed][code] for feed, code in codes if code in tables.get(feed, {})}
