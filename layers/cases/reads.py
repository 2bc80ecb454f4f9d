"""Cases out of Redis: their clock, their stages, the most pressing and the newest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import msgspec

from layers.amounts import Part
from layers.asks import Answers, Asks
from layers.records import OPEN_END
from layers.scope import Catalogue, Scope, record_href
from layers.snapshot import CaseRow, EventRow, MapPoint, Priority
from layers.store import keys
from layers.stored import Key
from layers.times import from_ms

Clock = Literal["normal", "near", "urgent", "overdue", "none", "closed"]

STAGES: Mapping[str, tuple[str, ...]] = {
    "reported": ("reported", "verifying"),
    "filed": ("filed",),
    "dispatched": ("dispatched", "accepted"),
    "handling": ("handling", "suspended", "rework", "reopened"),
    "checking": ("feedback", "checking"),
}
"""Stages of the funnel → states (GB/T 30428.8: seven stages; the first two are told apart by the
filing, the last is `closed`)."""

NEAR, URGENT = 0.7, 0.9
"""Shares of the limit from which a case is 临期 and 紧急."""

CASES = 60
"""Length of the case list."""

POINTS = 60
"""Most cases on the map."""


class Case(msgspec.Struct, frozen=True):
    """A case as it is stored; times in milliseconds since the epoch."""

    feed: str
    case_id: str
    status: str
    reported_at: int
    updated_at: int
    region: str
    version: int | float | str | None = None
    category: str | None = None
    title: str | None = None
    due_at: int | None = None
    closed_at: int | None = None
    lead: str | None = None
    address: str | None = None
    channel: str | None = None
    lng: float | None = None
    lat: float | None = None
    partition: str = ""
    offset: int = -1
    at: int | None = None


def clock_of(case: Case, now_ms: int) -> Clock:
    """Say how much of its limit a case has used; domain thresholds 70, 90 and 100 %."""
    if case.status in OPEN_END:
        return "closed"
    if case.due_at is None:
        return "none"
    if now_ms > case.due_at:
        return "overdue"
    limit = case.due_at - case.reported_at
    used = (now_ms - case.reported_at) / limit if limit > 0 else 1.0
    if used >= URGENT:
        return "urgent"
    return "near" if used >= NEAR else "normal"


@dataclass(frozen=True, slots=True)
class Queue:
    """One set of open cases, by due time: of one feed in one part of the scope."""

    feed: str
    part: Part

    @property
    def suffix(self) -> str:
        """Suffix of the set."""
        return keys.open_cases(self.feed) + self.part[1]


@dataclass(frozen=True, slots=True)
class Standing:
    """An open case by its place in a queue."""

    due_ms: float
    key: Key


def queues(scope: Scope) -> tuple[Queue, ...]:
    """Give the queues of a scope."""
    feeds = scope.city.feeds_of("case")
    return tuple(Queue(feed.id, part) for feed in feeds for part in scope.parts)


def need_first(asks: Asks, scope: Scope, most: int) -> None:
    """Ask for the first cases of every queue, the longest overdue first."""
    for queue in queues(scope):
        asks.add("zrange", queue.part[0], queue.suffix, 0, most - 1, False, True)


def first(answers: Answers, scope: Scope, most: int) -> tuple[list[Standing], bool]:
    """Give the most pressing cases over all queues.

    Returns:
        The cases, at most `CASES`; and whether `most` of each queue were enough to be sure: a
        queue that was cut short before the last of them may hold more that belong there.
    """
    found: list[Standing] = []
    last_seen: list[float] = []
    for queue in queues(scope):
        part = _standings(answers, queue, (0, most - 1, False, True), "zrange")
        found += part
        if len(part) == most:
            last_seen.append(part[-1].due_ms)
    found.sort(key=lambda s: (s.due_ms, s.key))
    enough = len(found) >= CASES and all(cut >= found[CASES - 1].due_ms for cut in last_seen)
    return found[:CASES], enough or not last_seen


def need_hot(asks: Asks, scope: Scope) -> None:
    """Ask for the cases around their due time: just overdue, and next to be."""
    for queue, over, soon in _hot(scope):
        asks.add("zrevrangebyscore", queue.part[0], queue.suffix, *over)
        asks.add("zrangebyscore", queue.part[0], queue.suffix, *soon)


def hot(answers: Answers, scope: Scope) -> list[Standing]:
    """Give the cases around their due time, the latest to fall due first."""
    found: list[Standing] = []
    for queue, over, soon in _hot(scope):
        found += _standings(answers, queue, over, "zrevrangebyscore")
        found += _standings(answers, queue, soon, "zrangebyscore")
    return sorted(found, key=lambda s: s.due_ms, reverse=True)


def _hot(scope: Scope) -> Iterable[tuple[Queue, tuple[object, ...], tuple[object, ...]]]:
    found = queues(scope)
    most = max(POINTS // max(2 * len(found), 1), 3)
    now_ms = scope.moment.ms
    for queue in found:
        yield queue, (f"({now_ms}", "-inf", 0, most, True), (now_ms, "(+inf", 0, most, True)


def _standings(
    answers: Answers, queue: Queue, rest: tuple[object, ...], command: str
) -> list[Standing]:
    found = answers.plain[command, queue.part[0], queue.suffix, rest]
    home = queue.part[0]
    return [Standing(due, (home, member.decode())) for member, due in found]


def need_stages(asks: Asks, scope: Scope) -> None:
    """Ask how many cases are in each state."""
    for feed in scope.city.feeds_of("case"):
        for home, region in scope.parts:
            asks.fields(home, keys.stages(feed.id), [f"{region}|{s}" for s in _OPEN_STATES])


def stages(answers: Answers, scope: Scope) -> dict[str, int]:
    """Count the open cases by stage, in the order of the funnel."""
    counts = dict.fromkeys(STAGES, 0)
    for feed in scope.city.feeds_of("case"):
        for home, region in scope.parts:
            found = answers.fields[home, keys.stages(feed.id)]
            for state, stage in _OPEN_STATES.items():
                counts[stage] += int(found.get(f"{region}|{state}", 0))
    return counts


_OPEN_STATES = {state: stage for stage, states in STAGES.items() for state in states}


def row(case: Case, key: Key, city: Catalogue, now_ms: int) -> CaseRow:
    """Give a case as a row of the case list."""
    feed = city.feeds[case.feed]
    return CaseRow(
        id=case.case_id,
        feed=case.feed,
        feed_title=feed.title,
        title=case.title or case.category or case.case_id,
        category=case.category or "",
        status=case.status,
        region=city.region(case.region),
        reported_at=datetime.fromtimestamp(case.reported_at / 1000, tz=UTC),
        due_at=from_ms(case.due_at),
        clock=clock_of(case, now_ms),
        lead=case.lead or "",
        href=record_href("case", *key),
        generated=feed.generated,
    )


def event(case: Case, key: Key, city: Catalogue) -> EventRow:
    """Give a case as one of the latest events."""
    feed = city.feeds[case.feed]
    return EventRow(
        kind="case",
        id=case.case_id,
        feed=case.feed,
        feed_title=feed.title,
        title=case.title or "",
        category=case.category or "",
        status=case.status,
        region=city.region(case.region),
        at=datetime.fromtimestamp(case.updated_at / 1000, tz=UTC),
        href=record_href("case", *key),
        generated=feed.generated,
    )


PRESSING: Mapping[Clock, Priority | None] = {"overdue": "P3", "urgent": None}
"""Cases that are on the map, and how they are marked; what is only urgent is a neutral point."""


def points(found: Sequence[tuple[Key, Case]], now_ms: int) -> list[MapPoint]:
    """Give the overdue and urgent ones of some cases as points, at most `POINTS`."""
    shown: list[MapPoint] = []
    for key, case in found:
        clock = clock_of(case, now_ms)
        if clock not in PRESSING or case.lng is None or case.lat is None:
            continue
        shown.append(
            MapPoint(
                lng=case.lng,
                lat=case.lat,
                kind="case",
                id=case.case_id,
                title=case.title or case.category or case.case_id,
                priority=PRESSING[clock],
                href=record_href("case", *key),
            )
        )
    return shown[:POINTS]
