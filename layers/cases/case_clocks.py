"""The clocks of a case, made from its timeline: of each stage, and of each department."""

from __future__ import annotations

from collections.abc import Iterable

from layers.cases.case_file import Assignment, CaseFile, Hop, Rules, Stage
from layers.cases.clock import ClockRangeError
from layers.cases.deadlines import ClockReading, Span, StageClock, read_clock
from layers.cases.flow import STAGES


def stage_clock(case: CaseFile, stage: Stage, rules: Rules) -> StageClock:
    """Give the clock of a stage; `handle` is that of the lead department that has it now.

    Time with a department counts against the department that had it: when a case is returned and
    sent out again, the next one has the whole limit. `total` goes on all the time from the filing.
    """
    if stage == "handle":
        lead = case.lead_assignment
        return StageClock(()) if lead is None else department_clock(case, lead)
    return StageClock(
        runs=_spans(case.hops, STAGES[stage]),
        pauses=_spans(case.hops, ("suspended",)) if stage == "total" else (),
        limit=rules.limits.get(stage),
    )


def department_clock(case: CaseFile, part: Assignment) -> StageClock:
    """Give the clock of one department's part: it runs while departments have the case."""
    hops = [cut for hop in case.hops if (cut := _within(hop, part)) is not None]
    return StageClock(
        runs=_spans(hops, STAGES["handle"]),
        pauses=_spans(hops, ("suspended",)),
        limit=part.limit,
        extensions=part.extensions,
    )


def _spans(hops: Iterable[Hop], states: tuple[str, ...]) -> tuple[Span, ...]:
    """Give the time in some states; hops that follow on each other are one span."""
    found: list[Span] = []
    for hop in hops:
        if hop.state not in states:
            continue
        if found and found[-1].end_ms == hop.start_ms:
            found[-1] = Span(found[-1].start_ms, hop.end_ms)
        else:
            found.append(Span(hop.start_ms, hop.end_ms))
    return tuple(found)


def _within(hop: Hop, part: Assignment) -> Hop | None:
    start = max(hop.start_ms, part.start_ms)
    ends = [end for end in (hop.end_ms, part.end_ms) if end is not None]
    end = min(ends) if ends else None
    if end is not None and end <= start:
        return None
    return Hop(hop.state, hop.role, hop.holder, start, end)


def read(stage: StageClock, rules: Rules, now_ms: int) -> ClockReading | None:
    """Read a clock; None where a moment lies outside the days of the city's clock."""
    try:
        return read_clock(stage, rules.time.clock, now_ms)
    except ClockRangeError:
        return None


def is_over(stage: StageClock, rules: Rules, now_ms: int) -> bool:
    """Say whether a clock has run over its limit."""
    found = read(stage, rules, now_ms)
    return found is not None and found.band == "overdue"


def ran_over(case: CaseFile, rules: Rules, now_ms: int) -> bool:
    """Say whether a lead department, or the case as a whole, was or is overdue."""
    leads = (department_clock(case, a) for a in case.assignments if a.part == "lead")
    clocks = (*leads, stage_clock(case, "total", rules))
    return any(is_over(clock, rules, now_ms) for clock in clocks)
