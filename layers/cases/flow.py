"""The state machine of cases as a table: states, actions, from where to where, what each needs.

After GB/T 30428 (seven stages) with the branches of a hotline. 核实 `verify_pre` is before filing,
核查 `check_post` after handling; a city that says it the other way round changes the words alone.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from layers.cases.case_file import Flow, Stage
from layers.labels import Label

STATES: Mapping[str, Label] = {
    "reported": Label("已上报", "reported"),
    "verifying": Label("核实中", "being verified"),
    "filed": Label("已立案", "filed"),
    "rejected": Label("不予立案", "not filed"),
    "dispatched": Label("已派遣", "dispatched"),
    "accepted": Label("已签收", "accepted"),
    "handling": Label("处置中", "being handled"),
    "suspended": Label("挂账", "suspended"),
    "feedback": Label("已反馈", "submitted"),
    "checking": Label("核查中", "being checked"),
    "rework": Label("返工", "rework"),
    "closed": Label("已结案", "closed"),
    "void": Label("作废", "void"),
    "reopened": Label("重开", "reopened"),
}

ENDED = "closed", "void", "rejected"
OPEN = tuple(state for state in STATES if state not in ENDED)
WITH_DEPARTMENT = "dispatched", "accepted", "handling", "rework"
SENT_OUT = "filed", *WITH_DEPARTMENT, "suspended", "feedback", "checking", "reopened"

STAGES: Mapping[Stage, tuple[str, ...]] = {
    "verify": ("verifying",),
    "dispatch": ("filed", "reopened"),
    "handle": WITH_DEPARTMENT,
    "check": ("feedback", "checking"),
    "total": ("filed", "reopened", *WITH_DEPARTMENT, "feedback", "checking"),
}
"""Stage → the states in which its clock runs; in `suspended` all stand still."""

ROLES: Mapping[str, tuple[str, Label]] = {
    **dict.fromkeys(("reported",), ("intake", Label("受理员", "intake"))),
    **dict.fromkeys(("verifying", "checking"), ("officer", Label("监督员", "field officer"))),
    **dict.fromkeys(
        ("filed", "feedback", "reopened"), ("dispatcher", Label("派遣员", "dispatcher"))
    ),
    **dict.fromkeys(
        (*WITH_DEPARTMENT, "suspended"), ("department", Label("主办单位", "lead department"))
    ),
}
"""State → who holds a case in it."""

NEEDS: Mapping[str, Label] = {
    "reason": Label("理由", "reason"),
    "condition": Label("立案条件", "filing condition"),
    "closing": Label("结案条件", "closing condition"),
    "lead": Label("主办单位", "lead department"),
    "other_lead": Label("另一主办单位", "another lead department"),
    "assist": Label("协办单位", "helping department"),
    "reply": Label("答复内容", "reply"),
    "verify_result": Label("核实结果", "result of the verification"),
    "call_result": Label("回访结果", "result of the call"),
    "other_case": Label("另一案件", "the other case"),
    "until": Label("期限（一年内）", "end, within a year"),
    "approval": Label("审批人", "approval"),
    "approvals": Label("两级审批", "two approvals"),
    "rating": Label("评价等级", "rating"),
    "photo": Label("处置后照片", "picture taken afterwards"),
}
"""What an action must bring with it."""


class Step(msgspec.Struct, frozen=True):
    """One action: a row of the table."""

    action: str
    label: Label
    sources: tuple[str, ...]
    """States in which it can be done; "" is before the report."""
    target: str = ""
    """State afterwards; empty: it stays."""
    needs: tuple[str, ...] = ()
    """Keys of `NEEDS`."""
    bars: tuple[str, ...] = ()
    """What of the case itself can stand against it: keys of `layers.cases.guards.BARS`."""
    wishes: tuple[str, ...] = ()
    """Keys of `NEEDS` whose absence is flagged and nothing more."""
    flow: Flow | None = None
    """The only kind of case that has it; None: both."""


def _step(action: str, zh: str, en: str, way: str, **more: tuple[str, ...]) -> Step:
    """Make a row; `way`: sources, and the target behind an arrow, or no arrow where it stays."""
    sources, _, target = (part.strip() for part in way.partition("→"))
    return Step(action, Label(zh, en), _states(sources), target, **more)  # type: ignore[arg-type]


def _states(text: str) -> tuple[str, ...]:
    groups = {"open": OPEN, "sent": SENT_OUT, "department": WITH_DEPARTMENT, "start": ("",)}
    found: list[str] = []
    for name in text.split():
        found += groups.get(name, (name,))
    return tuple(found)


def _in(flow: Flow, step: Step) -> Step:
    return msgspec.structs.replace(step, flow=flow)


STEPS: tuple[Step, ...] = (
    _step("report", "上报", "report", "start → reported"),
    _step("verify_pre", "发起核实", "send to be verified", "reported → verifying"),
    _step("verified", "核实反馈", "tell what was found", "verifying", needs=("verify_result",)),
    _step("file", "立案", "file", "reported verifying → filed", needs=("condition",),
          bars=("verified_absent",)),
    _step("reject", "不予立案", "do not file", "reported verifying → rejected", needs=("reason",)),
    _step("void", "作废", "make void", "reported verifying filed → void", needs=("reason",),
          bars=("is_returned",)),
    _step("send_back", "回退", "send back to intake", "filed → reported", needs=("reason",)),
    _in("hotline", _step("answer", "直接答复", "answer at once", "reported → closed",
                         needs=("reply",))),
    _step("merge", "并单", "merge into another", "reported verifying filed → void",
          needs=("other_case",), bars=("is_returned",)),
    _step("unmerge", "撤销并单", "undo the merge", "void → reported", needs=("reason",),
          bars=("not_merged",)),
    _step("absorb", "并入他案", "take another in", "open", needs=("other_case",)),
    _step("dispatch", "派遣", "dispatch", "filed reopened → dispatched", needs=("lead",)),
    _step("accept", "签收", "accept", "dispatched → accepted"),
    _step("start", "开始处置", "start", "dispatched accepted rework → handling"),
    _in("city_management", _step("return", "退回", "return", "dispatched accepted → filed",
                                 needs=("reason",))),
    _step("ask_return", "申请退单", "ask to return", "dispatched accepted", needs=("reason",),
          bars=("return_waits",)),
    _step("grant_return", "同意退单", "grant the return", "dispatched accepted → filed",
          bars=("return_not_asked",)),
    _step("refuse_return", "驳回退单", "refuse the return", "dispatched accepted",
          needs=("reason",), bars=("return_not_asked",)),
    _step("reassign", "改派", "reassign", "dispatched accepted → dispatched",
          needs=("other_lead",), bars=("return_not_asked",)),
    _step("ask_extension", "申请延期", "ask for an extension", "department", needs=("reason",),
          bars=("extension_waits", "no_limit", "extensions_used", "overdue")),
    _step("extend", "同意延期", "extend", "department → handling",
          bars=("no_limit", "extensions_used", "overdue_unasked")),
    _step("refuse_extension", "驳回延期", "refuse the extension", "department",
          needs=("reason",), bars=("extension_not_asked",)),
    _step("suspend", "挂账", "suspend", "handling → suspended",
          needs=("reason", "until", "approvals"), bars=("suspended_before",)),
    _step("resume", "恢复", "resume", "suspended → handling"),
    _step("assist_done", "协办反馈", "submit a helper's part", "department suspended",
          needs=("assist",)),
    _step("submit", "提交处置", "submit", "handling rework → feedback", bars=("assists_open",),
          wishes=("photo",)),
    _step("check_post", "发核查", "send to be checked", "feedback → checking"),
    _step("pass", "核查通过", "pass", "checking → closed", needs=("closing",)),
    _step("fail", "核查不通过", "fail", "checking → rework", needs=("reason",)),
    _in("hotline", _step("conclude", "办结", "conclude", "feedback → closed", needs=("reply",))),
    _step("force_close", "强制结案", "close by force", "sent → closed", needs=("reason",),
          bars=("is_returned",)),
    _step("supervise", "督办", "supervise", "open", needs=("reason",)),
    _step("ask_appeal", "超时申诉", "appeal against overdue", "closed", needs=("reason",),
          bars=("appeal_waits", "not_overdue")),
    _step("grant_appeal", "申诉成立", "grant the appeal", "closed", needs=("approvals",),
          bars=("appeal_not_asked",)),
    _step("refuse_appeal", "申诉不成立", "refuse the appeal", "closed", needs=("reason",),
          bars=("appeal_not_asked",)),
    _step("call_back", "回访", "call back", "closed", needs=("call_result",)),
    _step("rate", "评价", "rate", "closed", needs=("rating",)),
    _step("exclude", "不纳入评价", "exclude from evaluation", "open closed",
          needs=("reason", "approval"), bars=("excluded_already",)),
    _step("include", "恢复评价", "include again", "open closed", needs=("reason",),
          bars=("not_excluded",)),
    _step("reopen", "重开", "reopen", "closed → reopened", needs=("reason",)),
)  # fmt: skip

BY_ACTION: Mapping[str, Step] = {step.action: step for step in STEPS}


def steps_of(flow: Flow) -> tuple[Step, ...]:
    """Give the actions that cases of one kind have."""
    return tuple(step for step in STEPS if step.flow in (None, flow))
