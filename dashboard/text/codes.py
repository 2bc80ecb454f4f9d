"""Words of canonical codes: family → code → word."""

from __future__ import annotations

from layers.labels import Label

STATE = {
    "live": Label("在线", "live"),
    "partial": Label("部分在线", "partial"),
    "stale": Label("迟到", "late"),
    "silent": Label("中断", "silent"),
}

STATUS = {
    "reported": Label("已上报", "reported"),
    "verifying": Label("核实中", "verifying"),
    "filed": Label("已立案", "filed"),
    "rejected": Label("不予立案", "not accepted"),
    "dispatched": Label("已派遣", "dispatched"),
    "accepted": Label("已签收", "accepted"),
    "handling": Label("处置中", "in progress"),
    "suspended": Label("挂账", "suspended"),
    "feedback": Label("已反馈", "reported back"),
    "checking": Label("核查中", "being checked"),
    "rework": Label("返工", "rework"),
    "closed": Label("已结案", "closed"),
    "void": Label("已作废", "void"),
    "reopened": Label("重开", "reopened"),
}
"""Stages of GB/T 30428: 核实 stands before filing, 核查 after handling."""

OUTCOME = {
    "arrest": Label("已抓获", "arrest"),
    "none": Label("未抓获", "no arrest"),
}
"""Outcomes of police incidents; other outcomes stand as the source gives them."""

CLOCK = {
    "normal": Label("期限内", "in time"),
    "near": Label("临期", "due soon"),
    "urgent": Label("紧急", "urgent"),
    "overdue": Label("超期", "overdue"),
    "none": Label("无时限", "no limit"),
    "closed": Label("已办结", "done"),
}

LEVEL = {
    "red": Label("红色", "Red"),
    "orange": Label("橙色", "Orange"),
    "yellow": Label("黄色", "Yellow"),
    "blue": Label("蓝色", "Blue"),
}
"""Legal colours of official warnings (突发事件应对法)."""

NUMERAL = {
    "red": Label("Ⅰ", "Ⅰ"),
    "orange": Label("Ⅱ", "Ⅱ"),
    "yellow": Label("Ⅲ", "Ⅲ"),
    "blue": Label("Ⅳ", "Ⅳ"),
}

KIND = {
    "case": Label("案件", "Case"),
    "incident": Label("事件", "Incident"),
    "warning": Label("官方预警", "Official warning"),
    "sensor": Label("传感器", "Sensor"),
    "observation": Label("监测", "Observation"),
}

FIELD = {
    "case_id": Label("案件编号", "Case number"),
    "incident_id": Label("事件编号", "Incident number"),
    "sensor_id": Label("传感器", "Sensor"),
    "identifier": Label("预警标识", "Identifier"),
    "id": Label("编号", "Number"),
    "feed": Label("来源", "Feed"),
    "version": Label("版本", "Version"),
    "category": Label("类别", "Category"),
    "title": Label("标题", "Title"),
    "status": Label("状态", "Status"),
    "reported_at": Label("上报时间", "Reported"),
    "updated_at": Label("更新时间", "Updated"),
    "occurred_at": Label("发生时间", "Occurred"),
    "observed_at": Label("观测时间", "Observed"),
    "due_at": Label("办理时限", "Due"),
    "closed_at": Label("结案时间", "Closed"),
    "at": Label("时间", "Time"),
    "lead": Label("主办单位", "Lead department"),
    "address": Label("地址", "Address"),
    "channel": Label("渠道", "Channel"),
    "outcome": Label("结果", "Outcome"),
    "property": Label("监测项", "Property"),
    "value": Label("数值", "Value"),
    "unit": Label("单位", "Unit"),
    "quality": Label("质量标记", "Quality flag"),
    "lng": Label("经度", "Longitude"),
    "lat": Label("纬度", "Latitude"),
    "region": Label("区划代码", "Region code"),
    "sender": Label("发布系统", "Sender"),
    "senderName": Label("发布单位", "Issued by"),
    "sent": Label("发布时间", "Sent"),
    "msgType": Label("报文类型", "Message type"),
    "references": Label("引用报文", "References"),
    "event": Label("预警事件", "Event"),
    "event_code": Label("事件代码", "Event code"),
    "severity": Label("严重程度", "Severity"),
    "urgency": Label("紧急程度", "Urgency"),
    "certainty": Label("确定程度", "Certainty"),
    "effective": Label("生效时间", "Effective"),
    "onset": Label("开始时间", "Onset"),
    "expires": Label("失效时间", "Expires"),
    "headline": Label("标题", "Headline"),
    "description": Label("内容", "Description"),
    "instruction": Label("防御指南", "Instruction"),
    "areaDesc": Label("影响区域", "Area"),
    "geocodes": Label("区域编码", "Area codes"),
    "polygon": Label("影响范围", "Polygon"),
    "partition": Label("分区", "Partition"),
    "offset": Label("位移", "Offset"),
}
"""Canonical fields of records."""

CATEGORY = {
    "UNMAPPED": Label("未归类", "Unmapped"),
    "other": Label("其他", "Other"),
}
"""The two categories that are the product's own; all others stand as the source gives them."""

LEVEL_NAME = {
    "2": Label("市", "City"),
    "4": Label("市", "City"),
    "6": Label("区", "District"),
    "9": Label("街道（镇）", "Street or town"),
    "12": Label("社区（村）", "Community"),
    "15": Label("网格", "Grid"),
}

FAMILIES: dict[str, dict[str, Label]] = {
    "state": STATE,
    "status": STATUS,
    "outcome": OUTCOME,
    "clock": CLOCK,
    "level": LEVEL,
    "numeral": NUMERAL,
    "kind": KIND,
    "field": FIELD,
    "category": CATEGORY,
    "level_name": LEVEL_NAME,
}
