"""Events of a case, in any order of arrival → the case: state, timeline, facts.

Events are put in the order of their time and version first, and one that came twice counts once; so
the same events give the same case, however they arrived. An event that is not legal where it stands
is kept as a fact with its flags and changes nothing; none is lost and none raises.

A feed that tells states alone gives `observe` events. There the other system has decided: the case
goes where it says, and what the step should have brought is flagged.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
from msgspec.structs import replace

from layers.cases.case_clocks import ran_over
from layers.cases.case_file import CaseEvent, CaseFile, Fact, Hop, Rules
from layers.cases.clock import elapsed_times
from layers.cases.effects import EFFECTS, limit_of, recurs
from layers.cases.flow import (
    BY_ACTION,
    ENDED,
    ROLES,
    SENT_OUT,
    STATES,
    STEPS,
    WITH_DEPARTMENT,
    Step,
)
from layers.cases.guards import BARS, NEED_CHECKS

MINUTE_MS = 60_000

_EDGE = 2**62


def fold(events: Iterable[CaseEvent], rules: Rules, now_ms: int) -> CaseFile:
    """Make a case of its events.

    Args:
        events: of one case, in any order, repeated or not.
        rules: by what the city judges them.
        now_ms: the moment of the reading; an event after it counts and moves it.
    """
    case = CaseFile()
    for event in in_order(events):
        case = _take(_resumed(case, event.at, rules), event, rules)
        now_ms = max(now_ms, event.at)
    case = _resumed(case, now_ms, rules)
    timed = replace(case, hops=_timed(case.hops, rules, now_ms))
    return replace(timed, is_overdue=ran_over(timed, rules, now_ms))


def fold_all(events: Iterable[CaseEvent], rules: Rules, now_ms: int) -> Mapping[str, CaseFile]:
    """Make the cases of mixed events: case id → case."""
    found: dict[str, list[CaseEvent]] = {}
    for event in events:
        found.setdefault(event.case_id, []).append(event)
    return {case_id: fold(own, rules, now_ms) for case_id, own in sorted(found.items())}


def in_order(events: Iterable[CaseEvent]) -> list[CaseEvent]:
    """Put events in the order of time and version, each once; equals by their content."""
    once = {repr(replace(e, version=_number(e.version))): e for e in events}
    return [
        e for _, e in sorted(once.items(), key=lambda i: (i[1].at, _number(i[1].version), i[0]))
    ]


def _number(version: float) -> float:
    return 0.0 if math.isnan(version) else float(version)


def _take(case: CaseFile, event: CaseEvent, rules: Rules) -> CaseFile:
    case = replace(case, case_id=case.case_id or event.case_id)
    if event.action == "observe":
        return _observed(case, event, rules)
    step = BY_ACTION.get(event.action)
    flags: tuple[str, ...] = ("unknown_action",)
    if step is not None:
        flags = _against(step, case, event, rules)
    if step is None or flags:
        return _noted(case, event, case.state, flags, legal=False)
    moved = _moved(EFFECTS.get(step.action, _unchanged)(case, event, rules), step.target, event)
    return _noted(moved, event, case.state, _remarks(step, case, event, rules), legal=True)


def _unchanged(case: CaseFile, _event: CaseEvent, _rules: Rules) -> CaseFile:
    return case


def _against(step: Step, case: CaseFile, event: CaseEvent, rules: Rules) -> tuple[str, ...]:
    """Give what makes a step illegal here."""
    if step.flow not in (None, rules.flow):
        return ("other_flow",)
    if case.state not in step.sources:
        return ("wrong_state",)
    return _unmet(step, case, event, rules)


def _unmet(step: Step, case: CaseFile, event: CaseEvent, rules: Rules) -> tuple[str, ...]:
    needs = (NEED_CHECKS[name](event, case, rules) for name in step.needs)
    bars = (BARS[name](case, event.at, rules) for name in step.bars)
    return tuple(flag for flag in (*needs, *bars) if flag)


def _remarks(step: Step, case: CaseFile, event: CaseEvent, rules: Rules) -> tuple[str, ...]:
    """Give what is remarkable about a step that is taken."""
    found = []
    if rules.flow == "city_management":
        found += [NEED_CHECKS[name](event, case, rules) for name in step.wishes]
    limits = [event.limit, *(part.limit for part in event.assists)]
    if any(text.strip() and limit_of(text, rules) is None for text in limits):
        found.append("limit_unreadable")
    if step.action == "force_close":
        found.append("forced")
    if step.action == "reopen" and recurs(case, event, rules):
        found.append("recurrence")
    return tuple(flag for flag in found if flag)


def _observed(case: CaseFile, event: CaseEvent, rules: Rules) -> CaseFile:
    """Follow a feed that tells the state alone."""
    if event.status not in STATES:
        return _noted(case, event, case.state, ("state_unknown",), legal=False)
    if event.status == case.state:
        return _noted(case, event, case.state, (), legal=True)
    begun = case if case.reported_at is not None else replace(case, reported_at=event.at)
    step = _way(case.state, event.status, rules)
    flags: tuple[str, ...] = ("step_unseen",)
    if step is None:
        after = _caught_up(begun, event, rules)
    else:
        after = EFFECTS.get(step.action, _unchanged)(begun, event, rules)
        flags = (*_unmet(step, case, event, rules), *_remarks(step, case, event, rules))
    moved = _moved(after, event.status, event)
    return _noted(moved, event, case.state, flags, legal=step is not None)


def _caught_up(case: CaseFile, event: CaseEvent, rules: Rules) -> CaseFile:
    """Do what the steps did that a feed left out on the way to a state."""
    if event.status in SENT_OUT and case.filed_at is None:
        case = EFFECTS["file"](case, event, rules)
    lead = case.lead_assignment
    if event.status in _ASSIGNED and (lead is None or lead.end_ms is not None):
        case = EFFECTS["dispatch"](case, event, rules)
    return EFFECTS.get(_ARRIVALS.get(event.status, ""), _unchanged)(case, event, rules)


_UNSEEN = ("force_close", "merge", "unmerge")
"""What can't be told from a change of state alone."""

_ASSIGNED = (*WITH_DEPARTMENT, "suspended", "feedback", "checking")
"""States that a case has only after a department was named."""

_ARRIVALS = {
    "suspended": "suspend",
    "rework": "fail",
    "reopened": "reopen",
    **dict.fromkeys(ENDED, "reject"),
}
"""State that came without its steps → the action whose effect it has in any case."""


def _way(before: str, after: str, rules: Rules) -> Step | None:
    return next(
        (
            step
            for step in STEPS
            if step.target == after
            and before in step.sources
            and step.flow in (None, rules.flow)
            and step.action not in _UNSEEN
        ),
        None,
    )


def _resumed(case: CaseFile, now_ms: int, rules: Rules) -> CaseFile:
    """End a suspension on its day."""
    if case.state != "suspended" or case.suspended_until is None or case.suspended_until > now_ms:
        return case
    event = CaseEvent(case.case_id, "resume", case.suspended_until)
    moved = _moved(EFFECTS["resume"](case, event, rules), "handling", event)
    return _noted(moved, event, case.state, ("automatic",), legal=True)


def _moved(case: CaseFile, target: str, event: CaseEvent) -> CaseFile:
    """Go to a state: the hop that was open ends, the next begins."""
    state = target or case.state
    role = ROLES[state][0] if state in ROLES else ""
    last = case.hops[-1] if case.hops else None
    holder = event.assignee or (case.lead if role == "department" else "")
    if last is not None and last.end_ms is None and last.state == state:
        holder = holder or last.holder
        if holder == last.holder:
            return case
    ended = tuple(replace(h, end_ms=event.at) if h.end_ms is None else h for h in case.hops)
    opened = () if state in ENDED else (Hop(state, role, holder, event.at),)
    return replace(case, state=state, hops=(*ended, *opened))


def _noted(
    case: CaseFile, event: CaseEvent, before: str, flags: tuple[str, ...], *, legal: bool
) -> CaseFile:
    fact = Fact(
        at=event.at,
        version=event.version,
        action=event.action,
        by=event.by,
        before=before,
        after=case.state,
        legal=legal,
        flags=flags,
        reason=event.reason,
    )
    return replace(case, facts=(*case.facts, fact))


def _timed(hops: tuple[Hop, ...], rules: Rules, now_ms: int) -> tuple[Hop, ...]:
    """Give each hop its working minutes, None outside the days of the clock."""
    if not hops:
        return hops
    starts = np.array([_bounded(hop.start_ms) for hop in hops], dtype=np.int64)
    ends = [_bounded(now_ms if hop.end_ms is None else hop.end_ms) for hop in hops]
    working = np.ones(len(hops), dtype=bool)
    passed, good = elapsed_times(rules.time.clock, starts, np.array(ends, dtype=np.int64), working)
    minutes = (passed // MINUTE_MS).tolist()
    return tuple(
        replace(hop, working_min=minutes[n] if good[n] else None) for n, hop in enumerate(hops)
    )


def _bounded(moment_ms: int) -> int:
    return min(max(moment_ms, -_EDGE), _EDGE)
