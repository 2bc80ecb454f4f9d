"""Events in any order of arrival give one case: state, timeline, clocks."""

import math

import pytest
from case_events import (
    BECAUSE,
    DISPATCH,
    FILE,
    HOTLINE,
    TO_CLOSED,
    TO_HANDLING,
    TWO,
    URBAN,
    case_of,
    event,
    last,
    way,
)
from clocks import SHANGHAI, at, told
from hypothesis import given
from hypothesis import strategies as st

from layers.cases.case_clocks import department_clock, read, stage_clock
from layers.cases.case_file import Assist, CaseEvent
from layers.cases.clock import due
from layers.cases.flags import FLAGS
from layers.cases.flow import STATES, STEPS
from layers.cases.fold import fold, fold_all
from layers.cases.limits import HOUR_MS, parse_limit

NOW = at("2026-11-26 12:00")

TEXTS = st.sampled_from(["", "甲", "乙", "E0110-1", "2工作日", "尽快"])

EVENTS = st.builds(
    CaseEvent,
    case_id=st.just("A1"),
    action=st.sampled_from([s.action for s in STEPS] + ["observe", "observe", "?"]),
    at=st.one_of(st.integers(at("2026-11-20 00:00"), NOW), st.sampled_from([0, -1, 2**63, 2**80])),
    version=st.sampled_from([0.0, 1.0, 2.5, math.nan, math.inf]),
    by=TEXTS,
    reason=TEXTS,
    condition=TEXTS,
    closing=TEXTS,
    lead=TEXTS,
    limit=TEXTS,
    assists=st.lists(st.builds(Assist, TEXTS, TEXTS), max_size=2).map(tuple),
    until=st.one_of(st.none(), st.integers(NOW, NOW + 10**9), st.just(2**70)),
    approvals=st.sampled_from([(), ("丙",), ("丙", "丁")]),
    result=st.sampled_from(["", "exists", "absent", "solved"]),
    other_case=TEXTS,
    rating=st.sampled_from(["", "fair"]),
    status=st.sampled_from([*STATES, "", "?"]),
)


@given(data=st.data(), events=st.lists(EVENTS, max_size=12),
       rules=st.sampled_from([URBAN, HOTLINE]))  # fmt: skip
def test_the_same_events_give_the_same_case_in_any_order_and_however_often(data, events, rules):
    case = fold(events, rules, NOW)
    shuffled = data.draw(st.permutations(events + events[:3]))
    assert fold(shuffled, rules, NOW) == case
    moves = [fact for fact in case.facts if "automatic" not in fact.flags]
    assert len(moves) == len({repr(e).replace("version=nan", "version=0.0") for e in events})
    assert not [flag for fact in case.facts for flag in fact.flags if flag not in FLAGS]


@given(order=st.permutations(way(*TO_CLOSED)))
def test_a_whole_way_that_arrives_shuffled_is_closed(order):
    assert fold(order, URBAN, NOW) == case_of(*TO_CLOSED, now="2026-11-26 12:00")


@given(events=st.lists(EVENTS, max_size=12))
def test_the_timeline_has_no_gap_and_no_overlap_while_the_case_is_open(events):
    case = fold(events, URBAN, NOW)
    assert [h for h in case.hops[:-1] if h.end_ms is None] == []
    for before, after in zip(case.hops, case.hops[1:], strict=False):
        assert before.end_ms <= after.start_ms
    if case.hops and case.hops[-1].end_ms is None:
        assert case.hops[-1].state == case.state


def test_of_events_at_the_same_moment_the_version_decides():
    moment = "2026-11-23 09:00"
    rows = [event(moment, "report", version=1), event(moment, "file", version=2, **FILE[1]),
            event(moment, "dispatch", version=3, **DISPATCH[1])]  # fmt: skip
    assert fold(reversed(rows), URBAN, NOW).state == "dispatched"


def test_mixed_events_are_folded_case_by_case():
    found = fold_all([CaseEvent("B", "report", 2), CaseEvent("A", "report", 1)], URBAN, NOW)
    assert {name: case.state for name, case in found.items()} == {"A": "reported", "B": "reported"}
    assert found["A"].case_id == "A"


def timeline(*rows, rules=URBAN, now="2026-11-26 12:00"):
    return fold([event(text, action, **more) for text, action, more in rows], rules, at(now))


WEEKEND = (
    ("2026-11-20 17:00", "report", {}),
    ("2026-11-20 17:30", "file", FILE[1]),
    ("2026-11-20 17:45", "dispatch", DISPATCH[1]),
    ("2026-11-23 08:30", "start", {}),
)


def test_each_hop_says_who_held_the_case_and_for_how_many_working_minutes():
    case = timeline(*WEEKEND, now="2026-11-23 09:00")
    assert [(h.state, h.role, h.holder, h.working_min) for h in case.hops] == [
        ("reported", "intake", "", 30),
        ("filed", "dispatcher", "", 15),
        ("dispatched", "department", "环卫中心", 45),
        ("handling", "department", "环卫中心", 30),
    ]
    named = timeline(WEEKEND[0], ("2026-11-20 17:10", "verify_pre", {"assignee": "张三"}))
    assert (named.hops[-1].role, named.hops[-1].holder) == ("officer", "张三")


def test_each_stage_has_its_clock():
    rows = (*WEEKEND, ("2026-11-23 10:00", "submit", {"photo": "p"}),
            ("2026-11-23 10:30", "check_post", {}),
            ("2026-11-23 11:00", "pass", {"closing": "E0110-1"}))  # fmt: skip
    case = timeline(*rows)
    used = {}
    for stage in ("dispatch", "handle", "check", "total"):
        found = read(stage_clock(case, stage, URBAN), URBAN, NOW)
        used[stage] = found.used_ms / HOUR_MS
    assert used == {"dispatch": 0.25, "handle": 2.25, "check": 1.0, "total": 3.5}


def test_the_clock_of_the_handling_starts_with_the_dispatch_and_is_due_by_the_filing_condition():
    case = timeline(*WEEKEND)
    found = read(stage_clock(case, "handle", URBAN), URBAN, NOW)
    assert found.due_ms == due(SHANGHAI, at("2026-11-20 17:45"), parse_limit("4工作时"))
    assert told(found.due_ms) == "Mon 2026-11-23 11:45"


def test_a_department_that_gets_a_returned_case_has_the_whole_limit_and_the_total_goes_on():
    rows = (*WEEKEND[:3], ("2026-11-23 10:00", "return", BECAUSE),
            ("2026-11-23 14:00", "dispatch", {"lead": "园林中心"}))  # fmt: skip
    case = timeline(*rows, now="2026-11-23 15:00")
    handle = read(stage_clock(case, "handle", URBAN), URBAN, at("2026-11-23 15:00"))
    assert told(handle.due_ms) == "Mon 2026-11-23 18:00"
    total = read(stage_clock(case, "total", URBAN), URBAN, at("2026-11-23 15:00"))
    assert total.used_ms == 5.5 * HOUR_MS


def test_lead_and_helpers_each_have_a_clock_and_an_extension_moves_those_still_at_it():
    helpers = (Assist("街道", "2工作时"), Assist("交管"))
    rows = (*WEEKEND[:2], ("2026-11-23 08:00", "dispatch", DISPATCH[1] | {"assists": helpers}),
            ("2026-11-23 08:30", "start", {}),
            ("2026-11-23 09:00", "assist_done", {"by": "街道"}),
            ("2026-11-23 09:30", "extend", {}))  # fmt: skip
    case = timeline(*rows, now="2026-11-23 10:00")
    found = {
        a.department: read(department_clock(case, a), URBAN, at("2026-11-23 10:00"))
        for a in case.assignments
    }
    assert {name: r.total_ms / HOUR_MS for name, r in found.items()} == {
        "环卫中心": 8, "街道": 2, "交管": 8,
    }  # fmt: skip
    assert found["街道"].used_ms == HOUR_MS


def test_a_suspension_stops_the_clock_and_is_told_as_paused_time():
    pause = BECAUSE | TWO | {"until": at("2026-11-24 10:00")}
    rows = (*WEEKEND, ("2026-11-23 09:00", "suspend", pause))
    case = timeline(*rows, now="2026-11-24 11:00")
    found = read(stage_clock(case, "handle", URBAN), URBAN, at("2026-11-24 11:00"))
    assert found.paused_ms == 9 * HOUR_MS
    assert told(found.due_ms) == "Tue 2026-11-24 14:45"
    assert not found.is_paused
    assert not case.is_overdue


def test_rework_uses_what_is_left_of_the_departments_time():
    rows = (*WEEKEND, ("2026-11-23 10:45", "submit", {"photo": "p"}),
            ("2026-11-23 10:50", "check_post", {}),
            ("2026-11-23 14:00", "fail", BECAUSE))  # fmt: skip
    case = timeline(*rows, now="2026-11-23 14:30")
    found = read(stage_clock(case, "handle", URBAN), URBAN, at("2026-11-23 14:30"))
    assert told(found.due_ms) == "Mon 2026-11-23 15:00"


def test_b4_a_granted_appeal_exempts_the_case_and_keeps_the_fact_that_it_was_overdue():
    rows = (*WEEKEND, ("2026-11-24 10:00", "submit", {"photo": "p"}),
            ("2026-11-24 10:30", "check_post", {}),
            ("2026-11-24 11:00", "pass", {"closing": "E0110-1"}),
            ("2026-11-25 09:00", "ask_appeal", BECAUSE))  # fmt: skip
    asked = timeline(*rows)
    assert (asked.is_overdue, asked.is_exempt) == (True, False)
    one = timeline(*rows, ("2026-11-25 10:00", "grant_appeal", {"approvals": ("甲",)}))
    assert last(one) == (False, ("approvals_missing",))
    granted = timeline(*rows, ("2026-11-25 10:00", "grant_appeal", TWO))
    assert (granted.state, granted.is_overdue, granted.is_exempt) == ("closed", True, True)
    refused = timeline(*rows, ("2026-11-25 10:00", "refuse_appeal", BECAUSE))
    assert (refused.is_exempt, dict(refused.pending)) == (False, {})


def test_supervision_is_counted_and_kept_on_the_timeline():
    case = case_of(*TO_HANDLING, ("supervise", BECAUSE), ("supervise", BECAUSE))
    assert case.supervisions == 2
    assert case.state == "handling"


@pytest.mark.parametrize("rules", [URBAN, HOTLINE])
def test_a_feed_that_tells_states_alone_is_followed_and_what_it_leaves_out_is_flagged(rules):
    def seen(text, status, **more):
        return text, "observe", {"status": status, **more}

    case = timeline(
        seen("2026-11-23 08:00", "reported"),
        seen("2026-11-23 08:30", "dispatched", lead="环卫中心", limit="4工作时"),
        seen("2026-11-23 09:00", "handling"),
        seen("2026-11-23 10:00", "feedback"),
        seen("2026-11-23 10:30", "handling"),
        seen("2026-11-23 11:00", "?"),
        rules=rules,
        now="2026-11-23 11:30",
    )
    assert case.state == "handling"
    assert case.reported_at == at("2026-11-23 08:00")
    assert [a.department for a in case.assignments] == ["环卫中心"]
    assert [fact.flags for fact in case.facts[1:3]] == [("step_unseen",), ()]
    assert [fact.flags for fact in case.facts[4:]] == [("step_unseen",), ("state_unknown",)]
    found = read(stage_clock(case, "handle", rules), rules, at("2026-11-23 11:30"))
    assert told(found.due_ms) == "Mon 2026-11-23 15:00"


def test_a_moment_that_no_calendar_holds_leaves_minutes_unknown_and_nothing_fails():
    case = fold([CaseEvent("A1", "report", 1_700_000_000)], URBAN, NOW)
    assert case.state == "reported"
    assert case.hops[0].working_min is None
