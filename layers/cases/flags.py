"""What can be remarkable or wrong with a step of a case, in words."""

from __future__ import annotations

from collections.abc import Mapping

from layers.labels import Label

FLAGS: Mapping[str, Label] = {
    # why a step is not legal
    "unknown_action": Label("没有这一操作", "there is no such action"),
    "other_flow": Label("此类案件没有这一操作", "cases of this kind have no such action"),
    "wrong_state": Label("当前状态不能执行", "not possible in the present state"),
    "reason_missing": Label("未填写理由", "no reason is given"),
    "condition_missing": Label("未选立案条件", "no filing condition was chosen"),
    "condition_unknown": Label("立案条件不在当日标准中", "the filing condition is not in force"),
    "closing_missing": Label("未选结案条件", "no closing condition was chosen"),
    "closing_unknown": Label(
        "结案条件不属于该类别", "the closing condition is not one of the category"
    ),
    "lead_missing": Label("未指定主办单位", "no lead department is named"),
    "same_lead": Label("改派给同一单位", "it is assigned to the same department again"),
    "reply_missing": Label("没有答复内容", "there is no reply"),
    "result_missing": Label("没有结果或结果不可识别", "the result is missing or not known"),
    "other_case_missing": Label("未指明另一案件", "the other case is not named"),
    "until_missing": Label("未写明挂账期限", "no end of the suspension is given"),
    "suspension_too_long": Label("挂账期限超过一年", "the suspension is longer than a year"),
    "approval_missing": Label("缺少审批", "an approval is missing"),
    "approvals_missing": Label("缺少两级审批", "two approvals by different people are needed"),
    "rating_unknown": Label("评价等级不可识别", "the rating is not one of the scale"),
    "not_an_assistant": Label(
        "不是尚未反馈的协办单位", "not a helping department that is still at it"
    ),
    "verified_absent": Label("核实结果为不存在", "the verification found nothing there"),
    "is_returned": Label(
        "退回后只能再派遣或回退", "after a return it can only be dispatched again or sent back"
    ),
    "not_merged": Label("案件未被并单", "the case was not merged"),
    "asked_already": Label("已有待审的申请", "a request already waits for a decision"),
    "not_asked": Label("没有待审的申请", "there is no request to decide on"),
    "no_limit": Label("案件没有时限", "the case has no time limit"),
    "extensions_used": Label("延期次数已用完", "no extension is left"),
    "overdue": Label("已超期，不能再延期", "it is overdue and can't be extended any more"),
    "suspended_before": Label("已挂账过一次", "it was suspended once already"),
    "assists_open": Label("协办单位尚未全部反馈", "helping departments have not all submitted"),
    "not_overdue": Label("案件没有超期", "the case is not overdue"),
    "excluded_already": Label("已不纳入评价", "it is excluded already"),
    "not_excluded": Label("案件未被剔除", "the case is not excluded"),
    # what is remarkable about a step that was taken
    "photo_missing": Label("没有处置后照片", "there is no picture taken afterwards"),
    "limit_unreadable": Label(
        "时限读不懂，未采用", "the time limit can't be read and was left out"
    ),
    "forced": Label("强制结案", "closed by force"),
    "recurrence": Label("复发", "it has recurred"),
    "automatic": Label("到期自动恢复", "resumed by itself on its day"),
    "step_unseen": Label("中间环节未上报", "the steps in between were not reported"),
    "state_unknown": Label("状态不可识别", "the state is not known"),
}
