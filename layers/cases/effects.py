"""What a step changes in a case besides its state: one small function an action."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from layers.cases.case_file import Assignment, CaseEvent, CaseFile, Rules
from layers.cases.guards import filing_rule
from layers.cases.limits import DAY_MS, Limit, LimitError, parse_limit

Effect = Callable[[CaseFile, CaseEvent, Rules], CaseFile]


def limit_of(text: str, rules: Rules) -> Limit | None:
    """Read a time limit of an event; None where there is none that can be read."""
    try:
        return parse_limit(text, rules.time.plain)
    except LimitError:
        return None


def _report(case: CaseFile, event: CaseEvent, _rules: Rules) -> CaseFile:
    return replace(case, reported_at=event.at, category=event.category or case.category)


def _verified(case: CaseFile, event: CaseEvent, _rules: Rules) -> CaseFile:
    return replace(case, verified=event.result)


def _file(case: CaseFile, event: CaseEvent, rules: Rules) -> CaseFile:
    rule = filing_rule(event, rules, event.at)
    fixed = rules.limits.get("handle") if rule is None else rule.limit
    return replace(
        case,
        condition=event.condition,
        category=rule.code if rule is not None else event.category or case.category,
        limit=limit_of(event.limit, rules) or fixed,
        filed_at=event.at,
    )


def _dispatch(case: CaseFile, event: CaseEvent, rules: Rules) -> CaseFile:
    limit = limit_of(event.limit, rules) or case.limit or rules.limits.get("handle")
    lead = event.lead or case.lead
    parts = [Assignment(lead, "lead", event.at, limit=limit)]
    parts += [
        Assignment(a.department, "assist", event.at, limit=limit_of(a.limit, rules) or limit)
        for a in event.assists
    ]
    ended = _ended(case, event.at, "reassigned")
    return replace(
        ended,
        lead=lead,
        limit=limit,
        assignments=(*ended.assignments, *parts),
        is_returned=False,
        pending=_without(case, "return", "extension"),
    )


def _return(case: CaseFile, event: CaseEvent, _rules: Rules) -> CaseFile:
    ended = _ended(case, event.at, "returned")
    pending = _without(case, "return", "extension")
    return replace(ended, returns=case.returns + 1, is_returned=True, pending=pending)


def _send_back(case: CaseFile, _event: CaseEvent, _rules: Rules) -> CaseFile:
    return replace(case, is_returned=False)


def _extend(case: CaseFile, _event: CaseEvent, _rules: Rules) -> CaseFile:
    parts = tuple(
        replace(a, extensions=a.extensions + 1) if a.end_ms is None else a
        for a in case.assignments
    )  # fmt: skip
    return replace(case, assignments=parts, pending=_without(case, "extension"))


def _suspend(case: CaseFile, event: CaseEvent, _rules: Rules) -> CaseFile:
    return replace(case, suspensions=case.suspensions + 1, suspended_until=event.until)


def _resume(case: CaseFile, _event: CaseEvent, _rules: Rules) -> CaseFile:
    return replace(case, suspended_until=None)


def _assist_done(case: CaseFile, event: CaseEvent, _rules: Rules) -> CaseFile:
    parts = tuple(
        replace(a, end_ms=event.at, outcome="submitted")
        if a in case.open_assists and a.department == event.by
        else a
        for a in case.assignments
    )
    return replace(case, assignments=parts)


def _fail(case: CaseFile, _event: CaseEvent, _rules: Rules) -> CaseFile:
    return replace(case, reworks=case.reworks + 1)


def _end(case: CaseFile, event: CaseEvent, _rules: Rules) -> CaseFile:
    ended = _ended(case, event.at, "ended")
    return replace(ended, closed_at=event.at, suspended_until=None,
                   pending=_without(case, "return", "extension"))  # fmt: skip


def _answer(case: CaseFile, event: CaseEvent, rules: Rules) -> CaseFile:
    return replace(_end(case, event, rules), is_direct=True)


def _merge(case: CaseFile, event: CaseEvent, rules: Rules) -> CaseFile:
    return replace(_end(case, event, rules), merged_into=event.other_case)


def _unmerge(case: CaseFile, _event: CaseEvent, _rules: Rules) -> CaseFile:
    return replace(case, merged_into="", closed_at=None)


def _absorb(case: CaseFile, event: CaseEvent, _rules: Rules) -> CaseFile:
    return replace(case, absorbed=tuple(dict.fromkeys((*case.absorbed, event.other_case))))


def _pass(case: CaseFile, event: CaseEvent, rules: Rules) -> CaseFile:
    return replace(_end(case, event, rules), closing=event.closing)


def _force_close(case: CaseFile, event: CaseEvent, rules: Rules) -> CaseFile:
    return replace(_end(case, event, rules), is_forced=True)


def _supervise(case: CaseFile, _event: CaseEvent, _rules: Rules) -> CaseFile:
    return replace(case, supervisions=case.supervisions + 1)


def _grant_appeal(case: CaseFile, _event: CaseEvent, _rules: Rules) -> CaseFile:
    """Exempt it from scoring; that it was overdue stays as it is."""
    return replace(case, is_exempt=True, pending=_without(case, "appeal"))


def _call_back(case: CaseFile, event: CaseEvent, _rules: Rules) -> CaseFile:
    return replace(case, call_back=event.result)


def _rate(case: CaseFile, event: CaseEvent, _rules: Rules) -> CaseFile:
    return replace(case, rating=event.rating)


def _exclude(case: CaseFile, _event: CaseEvent, _rules: Rules) -> CaseFile:
    return replace(case, is_excluded=True)


def _include(case: CaseFile, _event: CaseEvent, _rules: Rules) -> CaseFile:
    return replace(case, is_excluded=False)


def _reopen(case: CaseFile, event: CaseEvent, rules: Rules) -> CaseFile:
    return replace(
        case,
        closed_at=None,
        reopenings=case.reopenings + 1,
        is_recurrence=case.is_recurrence or recurs(case, event, rules),
        pending=_without(case, "appeal"),
    )


def recurs(case: CaseFile, event: CaseEvent, rules: Rules) -> bool:
    """Say whether a case that is opened again has recurred: within the days the city sets."""
    window = rules.recurrence_days * DAY_MS
    return case.closed_at is not None and event.at - case.closed_at <= window


def _ask(request: str) -> Effect:
    def effect(case: CaseFile, event: CaseEvent, _rules: Rules) -> CaseFile:
        return replace(case, pending={**case.pending, request: event.at})

    return effect


def _refuse(request: str) -> Effect:
    def effect(case: CaseFile, _event: CaseEvent, _rules: Rules) -> CaseFile:
        return replace(case, pending=_without(case, request))

    return effect


def _without(case: CaseFile, *requests: str) -> dict[str, int]:
    return {name: at for name, at in case.pending.items() if name not in requests}


def _ended(case: CaseFile, at: int, outcome: str) -> CaseFile:
    parts = tuple(
        replace(a, end_ms=at, outcome=outcome) if a.end_ms is None else a
        for a in case.assignments
    )  # fmt: skip
    return replace(case, assignments=parts)


EFFECTS: Mapping[str, Effect] = {
    "report": _report,
    "verified": _verified,
    "file": _file,
    "reject": _end,
    "void": _end,
    "send_back": _send_back,
    "answer": _answer,
    "merge": _merge,
    "unmerge": _unmerge,
    "absorb": _absorb,
    "dispatch": _dispatch,
    "return": _return,
    "ask_return": _ask("return"),
    "grant_return": _return,
    "refuse_return": _refuse("return"),
    "reassign": _dispatch,
    "ask_extension": _ask("extension"),
    "extend": _extend,
    "refuse_extension": _refuse("extension"),
    "suspend": _suspend,
    "resume": _resume,
    "assist_done": _assist_done,
    "fail": _fail,
    "pass": _pass,
    "conclude": _end,
    "force_close": _force_close,
    "supervise": _supervise,
    "ask_appeal": _ask("appeal"),
    "grant_appeal": _grant_appeal,
    "refuse_appeal": _refuse("appeal"),
    "call_back": _call_back,
    "rate": _rate,
    "exclude": _exclude,
    "include": _include,
    "reopen": _reopen,
}
"""Action → effect; an action that isn't here changes the state alone."""
