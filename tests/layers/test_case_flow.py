"""The steps of a case: what is legal, what each needs, and that nothing is ever lost."""

from pathlib import Path

import pytest
from case_events import (
    BECAUSE,
    DISPATCH,
    FILE,
    HELP,
    HOTLINE,
    PASS,
    SUBMIT,
    TO_CLOSED,
    TO_DISPATCHED,
    TO_HANDLING,
    TWO,
    URBAN,
    case_of,
    event,
    last,
    way,
)
from clocks import at

from ingest.checks import CASE_STATES
from layers.cases.choices import choices
from layers.cases.flags import FLAGS
from layers.cases.flow import BY_ACTION, ENDED, NEEDS, STATES, STEPS
from layers.cases.flow_chart import block, with_block
from layers.cases.fold import fold
from layers.cases.guards import BARS, NEED_CHECKS

DAY_MS = 86_400_000


def test_b4_a_case_goes_the_seven_stages_from_the_report_to_its_end():
    case = case_of(*TO_CLOSED)
    assert case.state == "closed"
    assert all(fact.legal and not fact.flags for fact in case.facts)
    assert [hop.state for hop in case.hops] == [
        "reported", "filed", "dispatched", "accepted", "handling", "feedback", "checking",
    ]  # fmt: skip
    assert (case.category, case.condition, case.closing) == ("E0110", "E0110-1", "E0110-1")
    assert case.limit.label.zh == "4工作时"
    assert case.closed_at == at("2026-11-23 09:07")


@pytest.mark.parametrize(
    ("steps", "step", "flag"),
    [
        (("report",), ("file", {}), "condition_missing"),
        (("report",), ("file", {"condition": "E0110-9"}), "condition_unknown"),
        (("report",), ("reject", {}), "reason_missing"),
        (("report", FILE), ("dispatch", {}), "lead_missing"),
        (TO_DISPATCHED, ("return", {"reason": " "}), "reason_missing"),
        (("report", "verify_pre", ("verified", {"result": "absent"})), FILE, "verified_absent"),
        (("report", "verify_pre"), ("verified", {"result": "?"}), "result_missing"),
        ((*TO_HANDLING, SUBMIT, "check_post"), ("pass", {}), "closing_missing"),
        ((*TO_HANDLING, SUBMIT, "check_post"), ("pass", {"closing": "C0101-1"}), "closing_unknown"),
        ((*TO_HANDLING, SUBMIT, "check_post"), ("fail", {}), "reason_missing"),
        (TO_HANDLING, ("force_close", {}), "reason_missing"),
        (TO_HANDLING, ("exclude", BECAUSE), "approval_missing"),
        (TO_CLOSED, ("rate", {"rating": "11"}), "rating_unknown"),
        (TO_CLOSED, ("ask_appeal", BECAUSE), "not_overdue"),
        (TO_DISPATCHED, ("grant_return", {}), "not_asked"),
        (TO_HANDLING, ("merge", {"other_case": "B"}), "wrong_state"),
        (TO_HANDLING, ("answer", {"reply": "x"}), "other_flow"),
        (TO_HANDLING, ("fly", {}), "unknown_action"),
        ((), ("accept", {}), "wrong_state"),
    ],
)
def test_an_illegal_step_is_a_fact_with_a_flag_and_changes_nothing(steps, step, flag):
    before = case_of(*steps)
    case = case_of(*steps, step)
    assert last(case) == (False, (flag,))
    assert case.state == before.state
    assert case.hops == before.hops
    assert len(case.facts) == len(before.facts) + 1


def test_b4_after_a_return_the_dispatcher_may_only_dispatch_again_or_send_back():
    returned = (*TO_DISPATCHED, ("return", BECAUSE))
    case = case_of(*returned)
    assert (case.state, case.returns) == ("filed", 1)
    for action in ("void", "force_close"):
        assert last(case_of(*returned, (action, BECAUSE))) == (False, ("is_returned",))
    assert case_of(*returned, DISPATCH).state == "dispatched"
    assert case_of(*returned, ("send_back", BECAUSE)).state == "reported"


def test_b7_a_return_is_asked_for_reviewed_and_reassigned():
    asked = (*TO_DISPATCHED, ("ask_return", BECAUSE))
    assert last(case_of(*asked, ("ask_return", BECAUSE))) == (False, ("asked_already",))
    refused = case_of(*asked, ("refuse_return", BECAUSE))
    assert (refused.state, refused.returns, dict(refused.pending)) == ("dispatched", 0, {})
    assert case_of(*asked, "grant_return").state == "filed"
    same = case_of(*asked, ("reassign", {"lead": "环卫中心"}))
    assert last(same) == (False, ("same_lead",))
    moved = case_of(*asked, ("reassign", {"lead": "园林中心"}))
    assert (moved.state, moved.lead) == ("dispatched", "园林中心")
    assert [a.outcome for a in moved.assignments] == ["reassigned", ""]
    assert [hop.holder for hop in moved.hops][-2:] == ["环卫中心", "园林中心"]


def test_b4_an_extension_is_granted_twice_at_most_and_a_refusal_costs_none():
    ask, grant = ("ask_extension", BECAUSE), "extend"
    refused = (*TO_HANDLING, ask, ("refuse_extension", BECAUSE))
    assert case_of(*refused).extensions == 0
    twice = (*refused, ask, grant, ask, grant)
    assert case_of(*twice).extensions == 2
    assert last(case_of(*twice, ask)) == (False, ("extensions_used",))
    assert case_of(*TO_DISPATCHED, ask, grant).state == "handling"


def overdue_case(*more):
    """A case of 4 working hours that was dispatched on Monday at 09:02."""
    return fold([*way(*TO_HANDLING), *more], URBAN, at("2026-11-24 12:00"))


def test_b4_what_is_overdue_is_not_extended_unless_it_was_asked_for_in_time():
    late = overdue_case(event("2026-11-23 16:00", "ask_extension", **BECAUSE))
    assert last(late) == (False, ("overdue",))
    assert last(overdue_case(event("2026-11-23 16:00", "extend"))) == (False, ("overdue",))
    asked = event("2026-11-23 14:00", "ask_extension", **BECAUSE)
    granted = overdue_case(asked, event("2026-11-23 16:00", "extend"))
    assert (last(granted), granted.extensions) == ((True, ()), 1)


def test_b4_a_suspension_needs_two_approvals_and_an_end_within_a_year_and_happens_once():
    until = at("2026-12-01 08:00")
    good = {**BECAUSE, **TWO, "until": until}
    assert case_of(*TO_HANDLING, ("suspend", good)).state == "suspended"
    for change, flag in (
        ({"reason": ""}, "reason_missing"),
        ({"approvals": ("科长", "科长")}, "approvals_missing"),
        ({"approvals": ("科长", "局长"), "by": "局长"}, "approvals_missing"),
        ({"until": None}, "until_missing"),
        ({"until": at("2026-11-01 08:00")}, "until_missing"),
        ({"until": until + 400 * DAY_MS}, "suspension_too_long"),
    ):
        assert last(case_of(*TO_HANDLING, ("suspend", good | change))) == (False, (flag,))
    again = case_of(*TO_HANDLING, ("suspend", good), "resume", ("suspend", good))
    assert last(again) == (False, ("suspended_before",))


def test_b4_a_suspension_ends_by_itself_on_its_day_before_what_follows():
    good = {**BECAUSE, **TWO, "until": at("2026-12-01 08:00")}
    steps = (*TO_HANDLING, ("suspend", good))
    assert case_of(*steps, now="2026-12-01 07:59").state == "suspended"
    case = case_of(*steps, now="2026-12-01 09:00")
    assert (case.state, last(case)) == ("handling", (True, ("automatic",)))
    assert case.facts[-1].at == good["until"]


def test_b4_a_check_that_fails_counts_a_rework_and_keeps_the_history():
    failed = (*TO_HANDLING, SUBMIT, "check_post", ("fail", BECAUSE))
    case = case_of(*failed, "start", SUBMIT, "check_post", PASS)
    assert (case.state, case.reworks) == ("closed", 1)
    assert [hop.state for hop in case.hops].count("checking") == 2


def test_a_joint_case_is_submitted_only_when_every_helper_has():
    joint = ("report", FILE, ("dispatch", {"lead": "环卫中心", "assists": HELP}), "start")
    one = (*joint, ("assist_done", {"by": "街道"}))
    assert last(case_of(*one, SUBMIT)) == (False, ("assists_open",))
    assert last(case_of(*joint, ("assist_done", {"by": "别人"}))) == (False, ("not_an_assistant",))
    assert last(case_of(*one, ("assist_done", {"by": "街道"}))) == (False, ("not_an_assistant",))
    both = (*one, ("assist_done", {"by": "交管"}))
    assert case_of(*both, SUBMIT).state == "feedback"


def test_a_forced_close_a_missing_picture_and_an_unreadable_limit_are_flagged_but_done():
    forced = case_of(*TO_HANDLING, ("force_close", BECAUSE))
    assert (forced.state, forced.is_forced, last(forced)) == ("closed", True, (True, ("forced",)))
    assert last(case_of(*TO_HANDLING, "submit")) == (True, ("photo_missing",))
    unread = case_of("report", ("file", FILE[1] | {"limit": "尽快"}))
    assert last(unread) == (True, ("limit_unreadable",))
    assert unread.limit.label.zh == "4工作时"


def test_b7_a_request_is_answered_at_once_or_goes_the_way_of_the_hotline():
    answer = ("answer", {"reply": "已告知办理地点"})
    direct = case_of("report", answer, rules=HOTLINE)
    assert (direct.state, direct.is_direct) == ("closed", True)
    steps = ("report", ("file", {"condition": "投诉"}), DISPATCH, "start", "submit",
             ("conclude", {"reply": "已修复"}), ("call_back", {"result": "solved"}),
             ("rate", {"rating": "satisfied"}),
             ("exclude", BECAUSE | {"approvals": ("主任",)}))  # fmt: skip
    case = case_of(*steps, rules=HOTLINE)
    assert not [fact for fact in case.facts if not fact.legal or fact.flags]
    assert (case.call_back, case.rating, case.is_excluded) == ("solved", "satisfied", True)
    assert case.limit.label.zh == "1工作日"


def test_b7_a_merge_can_be_undone_and_the_main_case_knows_what_it_took_in():
    merged = ("report", ("merge", {"other_case": "M"}))
    assert (case_of(*merged).state, case_of(*merged).merged_into) == ("void", "M")
    undone = case_of(*merged, ("unmerge", BECAUSE))
    assert (undone.state, undone.merged_into, undone.closed_at) == ("reported", "", None)
    void = case_of("report", ("void", BECAUSE), ("unmerge", BECAUSE))
    assert last(void) == (False, ("not_merged",))
    taken = [("absorb", {"other_case": name}) for name in ("X", "Y", "X")]
    assert case_of("report", *taken).absorbed == ("X", "Y")


def test_b4_a_case_opened_again_within_the_days_of_the_city_has_recurred():
    soon = case_of(*TO_CLOSED, ("reopen", BECAUSE), DISPATCH)
    assert (soon.state, soon.is_recurrence, soon.reopenings) == ("dispatched", True, 1)
    assert soon.facts[-2].flags == ("recurrence",)
    late = event("2027-02-01 09:00", "reopen", **BECAUSE)
    assert not fold([*way(*TO_CLOSED), late], URBAN, late.at).is_recurrence


def test_every_need_bar_and_flag_of_the_table_has_its_check_and_its_words():
    assert set(NEEDS) == set(NEED_CHECKS)
    assert {n for s in STEPS for n in (*s.needs, *s.wishes)} == set(NEEDS)
    assert {b for s in STEPS for b in s.bars} == set(BARS)
    assert len(BY_ACTION) == len(STEPS)
    labels = [*FLAGS.values(), *STATES.values(), *NEEDS.values(), *(s.label for s in STEPS)]
    assert not [label for label in labels if not (label.zh and label.en)]


def test_the_states_are_those_that_ingest_knows_and_each_can_be_reached_and_left():
    assert set(STATES) == set(CASE_STATES)
    assert {s.target for s in STEPS} - {""} == set(STATES)
    left = {source for s in STEPS if s.target for source in s.sources}
    assert set(STATES) - left == {"rejected"}
    assert {source for s in STEPS for source in s.sources} <= set(STATES) | {""}


def test_the_choices_say_what_can_be_done_now_and_why_the_rest_can_not():
    case = case_of(*TO_HANDLING)
    found = {c.action: c for c in choices(case, URBAN, at("2026-11-23 10:00"))}
    legal = {action for action, choice in found.items() if choice.is_legal}
    assert legal == {"absorb", "ask_extension", "extend", "suspend", "assist_done", "submit",
                     "force_close", "supervise", "exclude"}  # fmt: skip
    assert [label.zh for label in found["suspend"].need_labels] == [
        "理由", "期限（一年内）", "两级审批",
    ]  # fmt: skip
    assert "处置中" in found["pass"].why_not[0].zh
    assert "being checked" in found["pass"].why_not[0].en
    late = {c.action: c for c in choices(case, URBAN, at("2026-11-24 12:00"))}
    assert late["ask_extension"].why_not == (FLAGS["overdue"],)
    assert "answer" not in found
    (first, *_) = choices(fold([], URBAN, 0), URBAN, 0)
    assert (first.action, first.is_legal) == ("report", True)


def test_every_legal_choice_with_its_needs_filled_in_is_taken(step_fields):
    for steps in (("report",), ("report", FILE), TO_DISPATCHED, TO_HANDLING, TO_CLOSED):
        case = case_of(*steps)
        for choice in choices(case, URBAN, at("2026-11-23 09:30")):
            if choice.action == "assist_done":
                continue
            done = case_of(*steps, (choice.action, step_fields))
            assert done.facts[-1].legal is choice.is_legal, choice


@pytest.fixture
def step_fields():
    """Everything that any step may need."""
    return {
        "reason": "理由", "condition": "E0110-1", "closing": "E0110-1", "lead": "园林中心",
        "reply": "答复", "other_case": "B", "until": at("2026-12-01 08:00"), "rating": "fair",
        "approvals": ("甲", "乙"), "photo": "p", "result": "solved",
    }  # fmt: skip


def test_the_page_draws_the_machine_that_the_code_uses():
    page = Path(__file__).parents[2] / "docs" / "cases.md"
    text = page.read_text(encoding="utf-8")
    assert block() in text, "run `make docs`"
    assert with_block(text) == text
    assert not [state for state in ENDED if f"{state} --> [*]" not in text]
