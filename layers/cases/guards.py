"""What stands against a step: what it must bring with it, and what of the case itself forbids it.

Each check gives the code of a flag (layers.cases.flags), or nothing when all is well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from layers.cases.case_clocks import is_over, ran_over, stage_clock
from layers.cases.case_file import CaseEvent, CaseFile, Rules
from layers.cases.limits import DAY_MS
from layers.cases.standards import FilingRule

Need = Callable[[CaseEvent, CaseFile, Rules], str]
Bar = Callable[[CaseFile, int, Rules], str]
"""Case, moment and rules → flag."""

LONGEST_SUSPENSION_MS = 366 * DAY_MS


def filing_rule(event: CaseEvent, rules: Rules, at: int) -> FilingRule | None:
    """Give the row of the filing standards that an event names, in force on its day."""
    if rules.standards is None or not event.condition:
        return None
    return rules.standards.rule(event.condition, rules.time.clock.day(at))


def _condition(event: CaseEvent, _case: CaseFile, rules: Rules) -> str:
    if not event.condition.strip():
        return "condition_missing"
    known = rules.standards is None or filing_rule(event, rules, event.at) is not None
    return "" if known else "condition_unknown"


def _closing(event: CaseEvent, case: CaseFile, rules: Rules) -> str:
    if not event.closing.strip():
        return "closing_missing"
    if rules.standards is None or not case.category or case.filed_at is None:
        return ""
    day = rules.time.clock.day(case.filed_at)
    ids = {rule.id for rule in rules.standards.of_category(case.category, day)}
    return "" if event.closing in ids or not ids else "closing_unknown"


def _other_lead(event: CaseEvent, case: CaseFile, _rules: Rules) -> str:
    if not event.lead.strip():
        return "lead_missing"
    return "same_lead" if event.lead == case.lead else ""


def _assist(event: CaseEvent, case: CaseFile, _rules: Rules) -> str:
    names = [part.department for part in case.open_assists]
    return "" if event.by in names else "not_an_assistant"


def _until(event: CaseEvent, _case: CaseFile, _rules: Rules) -> str:
    if event.until is None or event.until <= event.at:
        return "until_missing"
    return "suspension_too_long" if event.until - event.at > LONGEST_SUSPENSION_MS else ""


def _approvals(event: CaseEvent, _case: CaseFile, _rules: Rules) -> str:
    return "" if len(set(event.approvals) - {"", event.by}) >= 2 else "approvals_missing"


def _approval(event: CaseEvent, _case: CaseFile, _rules: Rules) -> str:
    return "" if set(event.approvals) - {"", event.by} else "approval_missing"


def _given(name: str, flag: str) -> Need:
    def check(event: CaseEvent, _case: CaseFile, _rules: Rules) -> str:
        return "" if str(getattr(event, name)).strip() else flag

    return check


def _result(*known: str) -> Need:
    def check(event: CaseEvent, _case: CaseFile, _rules: Rules) -> str:
        return "" if event.result in known else "result_missing"

    return check


def _rating(event: CaseEvent, _case: CaseFile, rules: Rules) -> str:
    return "" if event.rating in rules.ratings else "rating_unknown"


NEED_CHECKS: Mapping[str, Need] = {
    "reason": _given("reason", "reason_missing"),
    "condition": _condition,
    "closing": _closing,
    "lead": _given("lead", "lead_missing"),
    "other_lead": _other_lead,
    "assist": _assist,
    "reply": _given("reply", "reply_missing"),
    "verify_result": _result("exists", "absent", "unverifiable"),
    "call_result": _result("solved", "unsolved", "unreached"),
    "other_case": _given("other_case", "other_case_missing"),
    "until": _until,
    "approval": _approval,
    "approvals": _approvals,
    "rating": _rating,
    "photo": _given("photo", "photo_missing"),
}


def _when(claim: Callable[[CaseFile], bool], flag: str) -> Bar:
    def check(case: CaseFile, _at: int, _rules: Rules) -> str:
        return flag if claim(case) else ""

    return check


def _waits(request: str) -> Bar:
    return _when(lambda case: request in case.pending, "asked_already")


def _not_asked(request: str) -> Bar:
    return _when(lambda case: request not in case.pending, "not_asked")


def _no_limit(case: CaseFile, _at: int, _rules: Rules) -> str:
    lead = case.lead_assignment
    return "no_limit" if lead is None or lead.limit is None else ""


def _extensions_used(case: CaseFile, _at: int, rules: Rules) -> str:
    return "extensions_used" if case.extensions >= rules.most_extensions else ""


def _overdue(case: CaseFile, at: int, rules: Rules) -> str:
    return "overdue" if is_over(stage_clock(case, "handle", rules), rules, at) else ""


def _overdue_unasked(case: CaseFile, at: int, rules: Rules) -> str:
    """What was asked for in time may be granted later."""
    return _overdue(case, case.pending.get("extension", at), rules)


def _not_overdue(case: CaseFile, at: int, rules: Rules) -> str:
    return "" if ran_over(case, rules, at) else "not_overdue"


BARS: Mapping[str, Bar] = {
    "verified_absent": _when(lambda case: case.verified == "absent", "verified_absent"),
    "is_returned": _when(lambda case: case.is_returned, "is_returned"),
    "not_merged": _when(lambda case: not case.merged_into, "not_merged"),
    "return_waits": _waits("return"),
    "return_not_asked": _not_asked("return"),
    "extension_waits": _waits("extension"),
    "extension_not_asked": _not_asked("extension"),
    "appeal_waits": _waits("appeal"),
    "appeal_not_asked": _not_asked("appeal"),
    "no_limit": _no_limit,
    "extensions_used": _extensions_used,
    "overdue": _overdue,
    "overdue_unasked": _overdue_unasked,
    "suspended_before": _when(lambda case: case.suspensions > 0, "suspended_before"),
    "assists_open": _when(lambda case: bool(case.open_assists), "assists_open"),
    "not_overdue": _not_overdue,
    "excluded_already": _when(lambda case: case.is_excluded, "excluded_already"),
    "not_excluded": _when(lambda case: not case.is_excluded, "not_excluded"),
}
