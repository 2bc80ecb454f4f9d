"""States of cases as sources write them → the canonical state, where there is little doubt."""

from __future__ import annotations

_STATES = {
    "reported": "open new 新建 新工单 待受理 已上报 上报 已登记 received submitted pending",
    "verifying": "核实中 待核实 verifying",
    "filed": "已立案 立案 filed",
    "rejected": "不予立案 不受理 已退回 rejected declined",
    "dispatched": "已派单 已派遣 派遣 已派发 待接单 assigned dispatched",
    "accepted": "已接单 已受理 受理 accepted acknowledged",
    "handling": "处理中 办理中 处置中 整改中 in_progress inprogress working processing",
    "suspended": "挂起 已挂起 延期 suspended on_hold onhold deferred",
    "feedback": "待反馈 已反馈 反馈 已处置 feedback",
    "checking": "待核查 核查中 待回访 checking inspection",
    "rework": "返工 退回重办 重办 rework",
    "closed": "closed completed resolved done finished 已结案 结案 已办结 办结 已完成 完成 合格",
    "void": "void canceled cancelled 作废 已作废 撤销 已撤销 duplicate",
    "reopened": "reopened 重开 再次打开",
}

_BY_WORD = {word: state for state, words in _STATES.items() for word in words.split()}


def state_of(text: str) -> str:
    """Give the canonical state of a text; empty when it is not plain."""
    return _BY_WORD.get(text.strip().casefold().replace(" ", "_").replace("-", "_"), "")
