"""Indicators: what a number means, and how it comes out of sums that add up over regions.

An indicator is one row of a city pack's `indicators.yaml`. Its `measure` (of kind count) or its
`kind` names a formula; a formula says which amounts it needs (`layers.amounts`) and how a value
comes out of them. Amounts are counts and sums: over regions they are added, and only then is a
ratio or a mean formed. Adding a measure is one function and one row of `FORMULAS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from layers import documents
from layers.amounts import Amount, Cells, Coverage, Ranked
from layers.documents import DocumentError
from layers.feed_spec import FeedSpec
from layers.labels import Label
from layers.moment import Bucket, Moment
from layers.snapshot import Priority
from layers.store import keys


class _Spec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base: an unknown key is an error."""


class Band(_Spec, frozen=True, kw_only=True):
    """A limit; passing it gives the value a priority."""

    priority: Priority
    above: float | None = None
    below: float | None = None

    def is_passed(self, value: float) -> bool:
        """Say whether the value lies beyond the limit."""
        over = self.above is not None and value > self.above
        return over or (self.below is not None and value < self.below)

    @property
    def text(self) -> str:
        """The limit as it is shown, e.g. "> 75"."""
        return f"> {self.above:g}" if self.above is not None else f"< {self.below:g}"


class Indicator(_Spec, frozen=True, kw_only=True):
    """One row of indicators.yaml."""

    code: str
    title: Label
    unit: Label
    kind: Literal["reading", "count", "online", "share"]
    """reading: mean of the latest readings; count: see `measure`; online: percent of the sources
    that report; share: percent of today's incidents with `outcome`."""
    feed: str
    source: Label
    """Standard and clause, or own calculation."""
    decimals: int = 0
    property: str = ""
    """Kind reading: which property of the feed's sensors."""
    window_s: int = 0
    """Kinds reading and online: an older reading does not count as reporting."""
    stale_after_s: int = 3600
    """The value is stale when the newest event behind it is older."""
    direction: Literal["up", "down", "none"] = "none"
    """Which way is better."""
    bands: tuple[Band, ...] = ()
    measure: str = ""
    """Kind count: a name of `FORMULAS`."""
    category: str = ""
    """Kind count, measures of received records: only this category."""
    outcome: str = ""
    """Kind share."""

    def cells(self, what: str, buckets: tuple[Bucket, ...]) -> Cells:
        """Give cells of a series of the feed; "received" is of the category if there is one."""
        tail = f".{self.category}" if self.category and what == "received" else ""
        return Cells(self.feed, what + tail, buckets)


@dataclass(frozen=True, slots=True)
class Formula:
    """How one kind of number is made of amounts."""

    amounts: Callable[[Indicator, Moment], tuple[Amount, ...]]
    value: Callable[[Sequence[int], Coverage], float | None]
    before: Callable[[Indicator, Moment], tuple[Amount, ...]] | None = None
    """The same amounts, a day earlier; None: there is no change to show."""
    hourly: str = ""
    """The series whose hours are the trend ("received", "closed", "property"); empty: none."""


def formula_of(indicator: Indicator) -> Formula:
    """Give the formula of an indicator."""
    return FORMULAS[_formula_name(indicator)]


def _formula_name(indicator: Indicator) -> str:
    return indicator.measure if indicator.kind == "count" else indicator.kind


def worst_band(bands: Sequence[Band], value: float | None) -> Band | None:
    """Give the most pressing band that a value has passed; None inside all of them."""
    if value is None:
        return None
    return min((b for b in bands if b.is_passed(value)), key=lambda b: b.priority, default=None)


def load_indicators(file: Path, feeds: Mapping[str, FeedSpec]) -> dict[str, Indicator]:
    """Read indicators.yaml: code → indicator, in the order of the file.

    Raises:
        layers.documents.DocumentError: the file can't be taken, a code is there twice, or an
            indicator misses what its kind needs.
    """
    found: dict[str, Indicator] = {}
    for one in documents.load(file, tuple[Indicator, ...]):
        problem = "the code is taken" if one.code in found else _problem(one, feeds)
        if problem:
            remedy = "Correct that entry; docs/architecture.md has the grammar."
            raise DocumentError(file, f"indicator {one.code!r}: {problem}", remedy)
        found[one.code] = one
    if not found:
        raise DocumentError(file, "holds no indicator", "Write at least one.")
    return found


def _problem(one: Indicator, feeds: Mapping[str, FeedSpec]) -> str:
    """Say what is wrong with an indicator; empty when nothing is."""
    checks = (
        (one.feed not in feeds, f"no feed {one.feed!r}; there are {', '.join(sorted(feeds))}"),
        (
            _formula_name(one) not in FORMULAS,
            f"no measure {one.measure!r}; there are {', '.join(sorted(FORMULAS))}",
        ),
        (one.kind == "reading" and not one.property, "kind reading needs `property`"),
        (
            one.kind in {"reading", "online"} and one.window_s <= 0,
            f"kind {one.kind} needs `window_s` above 0",
        ),
        (one.kind == "share" and not one.outcome, "kind share needs `outcome`"),
        (
            bool(one.category) and one.measure != "received_today",
            "`category` goes with measure received_today alone; categories have no minutes",
        ),
        (
            any((b.above is None) == (b.below is None) for b in one.bands),
            "a band needs either `above` or `below`",
        ),
    )
    return next((text for wrong, text in checks if wrong), "")


def _received_today(one: Indicator, moment: Moment) -> tuple[Amount, ...]:
    return (one.cells("received", (moment.today,)),)


def _closed_today(one: Indicator, moment: Moment) -> tuple[Amount, ...]:
    return (one.cells("closed", (moment.today,)),)


def _until_now_yesterday(one: Indicator, moment: Moment) -> tuple[Amount, ...]:
    """Whole hours, then the minutes of the hour that had begun."""
    whole = moment.hours_of_day(1, moment.yesterday.hour - 1)
    return one.cells("received", whole), one.cells("received", moment.begun_hour_yesterday)


def _received_hour(one: Indicator, moment: Moment) -> tuple[Amount, ...]:
    return (one.cells("received", moment.last_60_minutes),)


def _received_hour_yesterday(one: Indicator, moment: Moment) -> tuple[Amount, ...]:
    return (one.cells("received", moment.last_60_minutes_yesterday),)


def _received_24h(one: Indicator, moment: Moment) -> tuple[Amount, ...]:
    """The 23 hours before the current one, it, and the rest of the hour a day ago."""
    return (
        one.cells("received", moment.last_24_hours),
        one.cells("received", moment.rest_of_hour_yesterday),
    )


def _open(one: Indicator, _: Moment) -> tuple[Amount, ...]:
    return (Ranked(keys.open_cases(one.feed), "-inf", "+inf"),)


def _overdue(one: Indicator, moment: Moment) -> tuple[Amount, ...]:
    return (overdue(one.feed, moment),)


def _due_soon(one: Indicator, moment: Moment) -> tuple[Amount, ...]:
    return near_or_over(one.feed, moment), overdue(one.feed, moment)


def overdue(feed: str, moment: Moment) -> Ranked:
    """Open cases whose due time has passed."""
    return Ranked(keys.open_cases(feed), "-inf", f"({moment.ms}")


def near_or_over(feed: str, moment: Moment) -> Ranked:
    """Open cases that have used 70 % of their time or more, the overdue ones included."""
    return Ranked(keys.near_cases(feed), "-inf", str(moment.ms))


def _on_time_rate(one: Indicator, moment: Moment) -> tuple[Amount, ...]:
    fell_due = Ranked(keys.open_cases(one.feed), str(moment.day_start_ms), f"({moment.ms}")
    today = (moment.today,)
    return one.cells("ontime", today), one.cells("closed", today), fell_due


def _share(one: Indicator, moment: Moment) -> tuple[Amount, ...]:
    today = (moment.today,)
    return one.cells(f"outcome.{one.outcome}", today), one.cells("received", today)


def _none(_: Indicator, __: Moment) -> tuple[Amount, ...]:
    return ()


def _total(amounts: Sequence[int], _: Coverage) -> float:
    return float(sum(amounts))


def _difference(amounts: Sequence[int], _: Coverage) -> float:
    return float(amounts[0] - amounts[1])


def _percent(part: float, whole: float) -> float | None:
    return 100 * part / whole if whole else None


def _on_time_percent(amounts: Sequence[int], _: Coverage) -> float | None:
    """按期结案率: closed in time / (closed + fell due today and still open).

    The denominator is 应结案数 (GB/T 30428.4: handled + overdue and not handled), so that a
    case that nobody closes can't leave the rate.
    """
    on_time, closed, fell_due = amounts
    return _percent(on_time, closed + fell_due)


def _share_percent(amounts: Sequence[int], _: Coverage) -> float | None:
    return _percent(amounts[0], amounts[1])


def _mean(_: Sequence[int], coverage: Coverage) -> float | None:
    return coverage.total / coverage.reporting if coverage.reporting else None


def _online_percent(_: Sequence[int], coverage: Coverage) -> float | None:
    return _percent(coverage.reporting, coverage.expected)


FORMULAS: Mapping[str, Formula] = {
    "reading": Formula(_none, _mean, hourly="property"),
    "online": Formula(_none, _online_percent),
    "share": Formula(_share, _share_percent),
    "received_today": Formula(
        _received_today, _total, before=_until_now_yesterday, hourly="received"
    ),
    "received_hour": Formula(
        _received_hour, _total, before=_received_hour_yesterday, hourly="received"
    ),
    "received_24h": Formula(_received_24h, _total, hourly="received"),
    "closed_today": Formula(_closed_today, _total, hourly="closed"),
    "open": Formula(_open, _total),
    "overdue": Formula(_overdue, _total),
    "due_soon": Formula(_due_soon, _difference),
    "on_time_rate": Formula(_on_time_rate, _on_time_percent),
}
"""Kinds other than count, and the measures of kind count."""
