"""The cases and incidents of a scope: what happened last, what presses, what is on the map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from layers import stored
from layers.asks import Answers, Asks
from layers.cases import reads as cases
from layers.cases.reads import Case, Standing
from layers.incidents import reads as incidents
from layers.incidents.reads import Incident
from layers.records import OPEN_END
from layers.scope import Scope
from layers.snapshot import CaseRow, EventRow, MapPoint
from layers.store import keys
from layers.store.client import Store
from layers.stored import Key

EVENTS = 30
"""Latest events of a snapshot."""

_EVENT_KINDS = ("case", "incident")
_RECENT = 200
_RECENT_PER_PART = EVENTS
_FEW_QUEUES = 4
_FIRST_PER_QUEUE = 12


@dataclass(frozen=True, slots=True)
class Lists:
    """Records of a scope, ready to be shown."""

    events: tuple[EventRow, ...]
    cases: tuple[CaseRow, ...]
    points: tuple[MapPoint, ...]


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Which records are shown, before they are read."""

    recent: list[tuple[str, Key]]
    """Kind and key, newest first."""
    first: list[Standing]
    hot: list[Standing]

    def keys_of(self, kind: str) -> list[Key]:
        """Give the recent ones of a kind."""
        return [key for k, key in self.recent if k == kind]


@dataclass(frozen=True, slots=True)
class _Found:
    cases: Mapping[Key, Case] = field(default_factory=dict)
    incidents: Mapping[Key, Incident] = field(default_factory=dict)


def need(asks: Asks, scope: Scope) -> None:
    """Ask which records are the newest and the most pressing."""
    for home, region in scope.parts:
        asks.add("zrevrange", home, keys.recent(region), 0, _recent(scope) - 1, True)
    cases.need_first(asks, scope, _most(scope))
    cases.need_hot(asks, scope)


def read(store: Store, answers: Answers, scope: Scope) -> Lists:
    """Read the records that the answers name."""
    newest, first = _newest(answers, scope), _first(store, answers, scope)
    chosen = _Chosen(newest, first, cases.hot(answers, scope))
    latest = newest[:EVENTS]
    wanted = [key for kind, key in latest if kind == "case"]
    wanted += [standing.key for standing in (*chosen.first, *chosen.hot)]
    shown = [key for kind, key in latest if kind == "incident"]
    shown += chosen.keys_of("incident")[: incidents.POINTS]
    asks = Asks()
    stored.need(asks, "case", wanted)
    stored.need(asks, "incident", shown)
    bodies = asks.send(store)
    found = _Found(stored.bodies(bodies, "case", Case), stored.bodies(bodies, "incident", Incident))
    return _shown(chosen, found, scope)


def _recent(scope: Scope) -> int:
    return _RECENT_PER_PART if scope.is_city else _RECENT


def _most(scope: Scope) -> int:
    """With many queues a few of each are nearly always enough; `first` says when they are not."""
    return cases.CASES if len(cases.queues(scope)) <= _FEW_QUEUES else _FIRST_PER_QUEUE


def _first(store: Store, answers: Answers, scope: Scope) -> list[Standing]:
    found, is_enough = cases.first(answers, scope, _most(scope))
    if is_enough or _most(scope) == cases.CASES:
        return found
    more = Asks()
    cases.need_first(more, scope, cases.CASES)
    return cases.first(more.send(store), scope, cases.CASES)[0]


def _newest(answers: Answers, scope: Scope) -> list[tuple[str, Key]]:
    rest = (0, _recent(scope) - 1, True)
    found = [
        (float(at), member.decode(), home)
        for home, region in scope.parts
        for member, at in answers.plain["zrevrange", home, keys.recent(region), rest]
    ]
    found.sort(key=lambda item: (-item[0], item[1]))
    split = ((member.partition("|"), home) for _, member, home in found)
    return [(kind, (home, identity)) for (kind, _, identity), home in split if kind in _EVENT_KINDS]


def _shown(chosen: _Chosen, found: _Found, scope: Scope) -> Lists:
    city, now_ms = scope.city, scope.moment.ms
    events = [
        cases.event(found.cases[key], key, city)
        if kind == "case"
        else incidents.event(found.incidents[key], key, city)
        for kind, key in chosen.recent[:EVENTS]
        if key in (found.cases if kind == "case" else found.incidents)
    ]
    rows = [
        cases.row(found.cases[s.key], s.key, city, now_ms)
        for s in chosen.first
        # one may have been closed since the first round trip
        if s.key in found.cases and found.cases[s.key].status not in OPEN_END
    ]
    hot = [(s.key, found.cases[s.key]) for s in chosen.hot if s.key in found.cases]
    calm = [
        (key, found.incidents[key]) for key in chosen.keys_of("incident") if key in found.incidents
    ]
    points = (*incidents.points(calm), *reversed(cases.points(hot, now_ms)))
    return Lists(tuple(events), tuple(rows), points)
