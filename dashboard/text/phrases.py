"""The phrases of the screens. Named fields stand in braces."""

from __future__ import annotations

from layers.labels import Label

SHELL = {
    "product": Label("一网统管", "Yiwang city operations"),
    "demo": Label("演示数据", "DEMO DATA"),
    "demo_hint": Label("由程序生成，并非真实记录", "Made by a program; no real record"),
    "watermark": Label("演示数据 DEMO DATA", "DEMO DATA 演示数据"),
    "switches": Label("语言与主题", "Language and theme"),
    "switch_lang": Label("English", "中文"),
    "switch_dark": Label("深色", "Dark"),
    "switch_light": Label("浅色", "Light"),
    "skip": Label("跳到正文", "Skip to content"),
    "not_found": Label("没有这个页面", "There is no such page"),
    "not_found_hint": Label(
        "地址中的区划代码或编号不存在，或记录已超过保存期限。",
        "No region or record has this code, or the record is older than what is kept.",
    ),
    "to_wall": Label("返回大屏", "To the wall"),
    "outage": Label("暂时读不到城市状态", "The state of the city can't be read now"),
    "outage_hint": Label(
        "数据存储（Redis）没有应答。恢复后本页自动更新，无需刷新。",
        "The store (Redis) does not answer. This page fills by itself when it is back.",
    ),
    "needs_script": Label(
        "本页需要启用 JavaScript。同一份数据也可从 /wall.json 读取。",
        "This page needs JavaScript. The same data can be read at /wall.json.",
    ),
}

WALL = {
    "wall": Label("大屏", "Wall"),
    "wall_title": Label("{city}城市运行“一网统管”", "{city} city operations"),
    "vitals": Label("城市体征", "City vitals"),
    "coverage": Label("来源 {reporting}/{expected}", "{reporting}/{expected} src"),
    "no_new_since": Label("自 {time} 起无新数据", "No new data since {time}"),
    "never": Label("尚无数据", "No data yet"),
    "change_hint": Label("较昨日同一小时", "Against the same hour yesterday"),
    "alerts": Label("预警与越限", "Warnings and breaches"),
    "alerts_count": Label(
        "官方预警 {official} · 越限 {readings}", "{official} official · {readings} readings"
    ),
    "no_alerts": Label(
        "没有生效的官方预警，也没有越限读数",
        "No official warning in force, no reading beyond its band",
    ),
    "no_warning_feed": Label("未接入官方预警", "No feed of official warnings"),
    "no_alerts_no_feed": Label(
        "未接入官方预警；没有越限读数", "No feed of official warnings; no reading beyond its band"
    ),
    "more_alerts": Label("另有 {n} 条 ›", "{n} more ›"),
    "no_warnings": Label("无生效官方预警", "No official warning in force"),
    "more_warnings": Label("另有 {n} 条 ›", "{n} more ›"),
    "exercise": Label("演练", "EXERCISE"),
    "until": Label("至 {time}", "until {time}"),
    "events": Label("最新事件", "Latest events"),
    "no_events": Label("还没有事件", "No events yet"),
    "funnel": Label("案件流转", "Cases by stage"),
    "received_closed": Label(
        "今日受理 {received} · 结案 {closed}", "today {received} in · {closed} out"
    ),
    "stage_reported": Label("上报", "New"),
    "stage_filed": Label("立案", "Filed"),
    "stage_dispatched": Label("派遣", "Sent"),
    "stage_handling": Label("处置", "At work"),
    "stage_checking": Label("核查", "Check"),
    "stage_closed": Label("结案", "Closed"),
    "open": Label("未结", "Open"),
    "due_soon": Label("临期", "Due soon"),
    "overdue": Label("超期", "Overdue"),
    "received_today": Label("今日", "Today"),
    "children": Label("{level}一览", "By {level}"),
    "children_caption": Label(
        "下级区域的案件与指标，与地图内容相同",
        "Cases and indicator of the areas within; the same as on the map",
    ),
    "by_risk": Label("按超期排列", "by overdue"),
    "by_received": Label("按今日排列", "by today"),
    "share": Label("占比", "Share"),
    "alerts_here": Label("{n} 条告警", "{n} alerts"),
    "more_children": Label("其余 {n} 个 ›", "{n} more ›"),
    "unassigned": Label("未定位", "Unassigned"),
    "trend": Label("{title}（{unit}）", "{title} ({unit})"),
    "today": Label("今日", "Today"),
    "yesterday": Label("昨日", "Yesterday"),
    "now": Label("现在", "Now"),
    "no_trend": Label("今天还没有数据", "No data today yet"),
    "data_health": Label("数据健康", "Data health"),
    "equation_words": Label(
        "读取＝接受＋重复＋拒收＋迟到", "read = accepted + duplicate + rejected + late"
    ),
    "equation_spoken": Label(
        "读取 {read} = 接受 {accepted} + 重复 {duplicate} + 拒收 {rejected} + 迟到 {late}",
        "read {read} = accepted {accepted} + duplicate {duplicate} + rejected {rejected}"
        " + late {late}",
    ),
    "feeds_alive": Label("{live}/{all} 路数据在线", "{live}/{all} feeds live"),
    "map_title": Label("{region} · {indicator}", "{region} · {indicator}"),
    "legend_title": Label("{indicator}（{unit}）", "{indicator} ({unit})"),
    "no_data": Label("无数据", "no data"),
    "map_value": Label("图示", "Map"),
    "choose_indicator": Label("换指标", "Indicator"),
}

AREA = {
    "breadcrumb": Label("所在位置", "You are here"),
    "population": Label("人口 {n}", "population {n}"),
    "shape_generated": Label("边界由程序生成", "The outline is made by a program"),
    "indicators": Label("指标", "Indicators"),
    "indicators_hint": Label("点选指标为地图着色", "Choose one to colour the map"),
    "more_indicators": Label("其余 {n} 项指标", "{n} more indicators"),
    "more_rows": Label("展开其余 {n} 条", "Show {n} more"),
    "unassigned_why": Label(
        "这里的记录没有坐标、区划代码未知，或位于全市各区之外，因此不在地图上；计入全市合计，不丢弃。",
        "These records have no coordinates or an unknown region code, or lie outside all districts:"
        " no map shows them. They count in the totals of the city; none is dropped.",
    ),
    "no_indicators": Label("本区域没有指标", "This area has no indicators"),
    "category": Label("类别", "Category"),
    "categories": Label("今日受理类别", "Received today by category"),
    "cases": Label("未结案件", "Open cases"),
    "cases_count": Label("显示 {shown} / 未结 {open}", "{shown} shown of {open} open"),
    "no_cases": Label("没有未结案件", "No open cases"),
    "case": Label("案件", "Case"),
    "place": Label("位置", "Place"),
    "status": Label("状态", "Status"),
    "lead": Label("主办", "Lead"),
    "reported": Label("上报", "Reported"),
    "due": Label("时限", "Due"),
    "sensors": Label("传感器", "Sensors"),
    "sensors_count": Label("{n} 个", "{n}"),
    "no_sensors": Label("本区域没有传感器", "No sensors in this area"),
    "sensor": Label("传感器", "Sensor"),
    "property": Label("监测项", "Property"),
    "value": Label("数值", "Value"),
    "state": Label("状态", "State"),
    "observed": Label("观测", "Observed"),
    "fields": Label("记录", "Record"),
    "field": Label("字段", "Field"),
    "ext": Label("来源的其他字段", "Further fields of the source"),
    "no_place": Label("记录没有坐标", "The record has no coordinates"),
    "history": Label("最近 24 小时", "Last 24 hours"),
    "raw": Label("原始报文", "Message as it came"),
    "topic": Label("主题", "Topic"),
    "partition": Label("分区", "Partition"),
    "offset": Label("位移", "Offset"),
}

SOURCES = {
    "sources_title": Label("数据源", "Sources"),
    "feeds": Label("数据源账目", "Accounts of the feeds"),
    "feed": Label("来源", "Feed"),
    "read": Label("读取", "Read"),
    "accepted": Label("接受", "Accepted"),
    "duplicate": Label("重复", "Duplicate"),
    "rejected": Label("拒收", "Rejected"),
    "late": Label("迟到", "Late"),
    "per_minute": Label(
        "近 60 分钟每分钟条数：最高 {top}，合计 {last}",
        "Messages a minute, last 60 minutes: at most {top}, {last} in all",
    ),
    "last_message": Label("最近报文", "Last message"),
    "last_event": Label("最近事件时间", "Newest event time"),
    "lag": Label("积压", "Lag"),
    "rebuilding": Label(
        "状态丢失，正由 Kafka 重建，始于", "State lost, rebuilding from Kafka since"
    ),
    "rebuilt": Label("状态曾丢失，已由 Kafka 重建，始于", "State was lost, rebuilt from Kafka at"),
    "rebuilding_words": Label(
        "{n} 个数据源的状态丢失，{at} 起正由 Kafka 重建，数字尚不完整",
        "State of {n} feeds was lost; rebuilding from Kafka since {at}, figures are incomplete",
    ),
    "rebuilt_words": Label(
        "{n} 个数据源的状态曾丢失，{at} 由 Kafka 重建；早于 Kafka 保留期的历史不在其中",
        "State of {n} feeds was lost and rebuilt from Kafka at {at}; older history is gone",
    ),
    "lag_unknown": Label("未知", "unknown"),
    "messages": Label("{n} 条", "{n} messages"),
    "sources": Label("在报来源", "Sources reporting"),
    "expected_interval": Label("应报间隔", "Expected every"),
    "silent_after": Label("中断判定", "Silent after"),
    "unmapped": Label("未归类", "Unmapped"),
    "swapped": Label("经纬度互换后修正", "Coordinates exchanged back"),
    "placeholder": Label("占位坐标", "Placeholder positions"),
    "unknown_device": Label("设备不在册", "Unknown devices"),
    "revised": Label("更正读数", "Revised readings"),
    "late_taken": Label("迟到但已计入", "Late but counted in"),
    "owner": Label("责任单位", "Owner"),
    "contact": Label("联系人", "Contact"),
    "origin": Label("数据由来", "Origin"),
    "days": Label("{n} 天", "{n} d"),
    "hours": Label("{n} 小时", "{n} h"),
    "minutes": Label("{n} 分钟", "{n} min"),
    "seconds": Label("{n} 秒", "{n} s"),
    "rejects": Label("拒收报文", "Rejected messages"),
    "feed_refused": Label(
        "新数据源文件 {file} 未启用：{why}", "The file {file} of a new feed is refused: {why}"
    ),
    "rules": Label("生效规则", "Rules in force"),
    "rules_since": Label("自 {at} 起", "since {at}"),
    "rules_refused": Label(
        "改动未被采纳，旧规则继续生效：{why}", "A change is refused, the old rules go on: {why}"
    ),
    "mended": Label("已修复", "Mended"),
    "mended_of_rejected": Label(
        "曾拒收，修复后已按现状计数", "once rejected, mended, and counted as what they are now"
    ),
    "rejects_count": Label("显示 {shown} / 共 {all}", "{shown} shown of {all}"),
    "rejects_unreadable": Label(
        "另有 {n} 条拒收记录无法解读，未列出",
        "{n} more stored rejects can't be read and are not listed",
    ),
    "no_rejects": Label("没有拒收报文", "No message was rejected"),
    "time": Label("时间", "Time"),
    "reason": Label("原因", "Reason"),
    "remedy": Label("处理办法", "Remedy"),
    "show_raw": Label("展开", "Open"),
    "log_place": Label(
        "分区 {partition} · 位移 {offset}", "partition {partition} · offset {offset}"
    ),
}
