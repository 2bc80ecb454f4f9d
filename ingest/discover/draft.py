"""The first YAML of a feed, with a question for everything that a sample can't tell."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ingest.discover.columns import Column, columns_of
from ingest.discover.draft_time import event_time, flags_of, hours_of, write_time
from ingest.discover.places import position_of
from ingest.discover.roles import OF_KIND, Roles, kind_of, roles_of
from ingest.discover.samples import Sample
from ingest.discover.spelling import code_of, double, name_and_unit, properties_of, quoted, single
from ingest.discover.states import state_of
from layers.feed_spec import Kind
from layers.geography import Geography

Question = tuple[str, str]
"""Chinese, English."""

_CODES_SHOWN = 60


@dataclass(frozen=True, slots=True)
class City:
    """What a draft is made for."""

    geography: Geography
    zone: str


@dataclass(slots=True)
class Draft:
    """A YAML and what is left to answer."""

    id: str
    kind: Kind
    sample: Sample
    city: City
    columns: list[Column] = field(default_factory=list)
    roles: Roles = field(default_factory=Roles)
    wide: list[Column] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    _lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The YAML."""
        return "\n".join(self._lines) + "\n"

    def add(self, line: str, *asks: Question) -> None:
        """Write a line, its questions above it."""
        for zh, en in asks:
            self._lines += [f"# 问 {zh}", f"#  ? {en}"]
            self.questions.append((zh, en))
        self._lines.append(line)


def draft_of(sample: Sample, feed_id: str, kind: Kind | None, city: City) -> Draft:
    """Write the first YAML of a feed.

    Args:
        sample: what the messages look like.
        feed_id: id of the feed.
        kind: of its records; None: guessed.
        city: where the feed belongs.
    """
    columns = columns_of(sample.records, sample.paths)
    roles = roles_of(columns)
    wide = _wide(columns, roles)
    if sample.format == "cap":
        kind = "warning"
    found = Draft(feed_id, kind or kind_of(roles, columns, wide), sample, city, columns, roles)
    if found.kind == "observation" and wide:
        found.wide = wide
    _head(found, guessed=kind is None)
    if found.kind != "warning":
        _body(found)
    return found


def _wide(columns: Sequence[Column], roles: Roles) -> list[Column]:
    """Find the columns of a row that holds many readings: several numbers, and no single value."""
    taken = {
        roles.path(r) for r in ("lng", "lat", "code", "sensor_id", "case_id", "time", "updated")
    }
    numbers = [c for c in columns if c.is_number and not c.forms and c.path not in taken]
    named = [c for c in numbers if re.fullmatch(r"[A-Za-z]?\d{1,6}", c.path)]
    if len(named) > 2:
        return named
    lone = "property" in roles.of and "value" in roles.of
    return numbers if len(numbers) > 1 and not lone and "status" not in roles.of else []


def _head(draft: Draft, *, guessed: bool) -> None:
    sample = draft.sample
    draft.add(
        "# 由样本草拟；“问”各行待回答。Drafted from a sample; lines with ? are to be answered."
    )
    draft.add(f"id: {draft.id}")
    ask = (
        "数据源的中英文名称、责任单位、值班联系人？",
        "The feed's name, the department that answers for it, and whom to call?",
    )
    draft.add(f"title: {{zh: {draft.id}, en: {draft.id}}}", ask)
    draft.add("owner: {code: unknown, zh: 待填单位, en: To be named}")
    draft.add("contact: {zh: 待填联系人, en: To be named}")
    draft.add("origin: {zh: 待填来源, en: To be named}")
    draft.add(f"format: {sample.format}")
    if sample.encoding != "utf-8":
        draft.add(f"encoding: {sample.encoding}")
    kinds = "observation | case | incident | warning"
    ask = (f"记录的种类猜得对吗（{kinds}）？", f"Is the kind of the records right ({kinds})?")
    draft.add(f"kind: {draft.kind}", *([ask] if guessed and draft.kind != "warning" else []))
    ask = (
        "每个来源多少秒一条、有几个来源、多久没有消息算沉默？",
        "Seconds between two messages of a source? How many sources? After how long is it silent?",
    )
    sensors = draft.roles.of.get("sensor_id")
    count = len(sensors.counts) if sensors and draft.kind == "observation" else 1
    draft.add(f"expect: {{interval_s: 3600, sources: {count}, silent_after_s: 86400}}", ask)
    ask = (
        "消息最多晚到多少秒？更晚的计为迟到。",
        "How late may a message be? Later ones count as late.",
    )
    draft.add("late_after_s: 86400", ask)
    for zh, en in sample.questions:
        draft.add("", (zh, en))


def _body(draft: Draft) -> None:
    if draft.sample.format == "csv":
        _csv(draft)
    write_time(draft)
    _place(draft)
    if draft.wide:
        _wide_rule(draft)
    _fields(draft)
    _codes(draft)
    _values(draft)
    _repetitions(draft)
    _personal(draft)


def _csv(draft: Draft) -> None:
    sample = draft.sample
    parts = [f"columns: [{', '.join(quoted(c) for c in sample.columns)}]"]
    if sample.delimiter != ",":
        parts.append(f"delimiter: {double(sample.delimiter)}")
    if sample.skip:
        parts.append(f"skip: {sample.skip}")
    ask = (
        "每条消息是一行吗？若每条消息是带表头的整个文档，写 header: true，去掉 columns。",
        "Is a message one line? If it is a whole document with a header, write header: true.",
    )
    draft.add(f"csv: {{{', '.join(parts)}}}", ask)


def _place(draft: Draft) -> None:
    position = position_of(draft.roles, draft.columns, draft.city.geography)
    keys = [f"{key}: {_as_yaml(key, value)}" for key, value in position.keys.items()]
    for fact in position.facts:
        draft.add(f"# {fact}")
    if draft.kind in ("case", "incident") and "address" in draft.roles.of:
        keys.append(f"address: {quoted(draft.roles.path('address'))}")
    draft.add(f"place: {{{', '.join(keys)}}}", *position.asks)


def _as_yaml(key: str, value: str) -> str:
    return value if key in ("form", "datum", "epsg") else quoted(value)


def _wide_rule(draft: Draft) -> None:
    names = [c.path for c in draft.wide]
    stems = {re.sub(r"\d", "0", name) for name in names}
    if draft.sample.format == "csv" and len(stems) == 1 and len(names) > 2:
        stem = re.match(r"\D*", names[0])
        digits = len(names[0]) - len(stem[0] if stem else "")
        if hours_of(draft):
            pattern = f"{hours_of(draft)}(?P<hour>\\d{{{digits}}})"
            flag = flags_of(draft)
            beside = f", beside: {{flag: {double(flag + '{hour}')}}}" if flag else ""
            draft.add(f"wide: {{pattern: {single(pattern)}{beside}}}")
            return
        pattern = f"{stem[0] if stem else ''}(?P<number>\\d{{{digits}}})"
        zh = (
            f"列 {names[0]} … {names[-1]} 各成一条记录：列名是时刻（放进 time）、传感器还是监测项？"
        )
        en = f"Columns {names[0]} … {names[-1]} become a record each: are their names hours (put "
        en += "$column.number into time), sensors, or properties?"
        draft.add(f"wide: {{pattern: {single(pattern)}}}", (zh, en))
        return
    draft.add("wide:")
    draft.add(f"  columns: [{', '.join(map(quoted, names))}]")


def _fields(draft: Draft) -> None:
    draft.add("fields:")
    lines = dict(_mapped(draft))
    for name, (where, asks) in lines.items():
        draft.add(f"  {name}: {where}", *asks)
    used = {where for where, _ in lines.values()}
    spare = [c.path for c in draft.columns if quoted(c.path) not in used and c not in draft.wide]
    if spare:
        draft.add(f"# 未用 not used: {', '.join(spare[:20])}")


def _mapped(draft: Draft) -> Iterator[tuple[str, tuple[str, list[Question]]]]:
    has = draft.roles.of
    if draft.kind == "observation":
        yield from _measured(draft)
        return
    for name in OF_KIND[draft.kind]:
        column = has.get("case_id" if name == "incident_id" else name)
        if name == "reported_at" and column is None:
            column = has.get("time") or event_time(draft)[0]
        if column is not None:
            yield name, (quoted(column.path), [])
        elif name in ("case_id", "incident_id"):
            zh, en = "编号在哪个路径？", "At which path is the number of the record?"
            first = draft.columns[0].path if draft.columns else "id"
            yield name, (quoted(first), [(zh, en)])
        elif name == "status":
            zh, en = "没有看到状态：按“已上报”计。", "No state was seen: taken as reported."
            yield name, ("{const: reported}", [(zh, en)])


def _measured(draft: Draft) -> Iterator[tuple[str, tuple[str, list[Question]]]]:
    has = draft.roles.of
    sensor = has.get("sensor_id") or has.get("case_id")
    patterned = bool(draft.wide) and draft.sample.format == "csv"
    lone = patterned and sensor is None
    zh, en = "传感器编号在哪个路径？", "At which path is the id of the sensor?"
    if sensor is not None:
        yield "sensor_id", (quoted(sensor.path), [])
    else:
        yield "sensor_id", ("$column" if lone else "{const: unknown}", [(zh, en)])
    prop = has.get("property")
    if prop is not None:
        yield "property", (quoted(prop.path), [])
    elif draft.wide and not lone:
        yield "property", ("$column", [])
    else:
        zh, en = "监测的是什么？", "What is measured?"
        yield "property", ("{const: value}", [(zh, en)])
    measured = has.get("value") or next(
        (c for c in draft.columns if c.is_number and not c.forms and c is not sensor), None
    )
    if draft.wide:
        yield "value", ("$cell", [])
    elif measured is not None:
        yield "value", (quoted(measured.path), [])
    else:
        zh, en = "数值在哪个路径？", "At which path is the value?"
        yield "value", ("value", [(zh, en)])
    if draft.wide and flags_of(draft):
        yield "quality", ("$beside.flag", [])
    for name in ("unit", "quality"):
        if name == "quality" and draft.wide and flags_of(draft):
            continue
        if name in has and not (name == "unit" and draft.wide and not patterned):
            yield name, (quoted(has[name].path), [])


def _codes(draft: Draft) -> None:
    has = draft.roles.of
    wanted = {
        "case": ("status", "category"),
        "incident": ("category",),
        "observation": ("property",),
        "warning": (),
    }[draft.kind]
    lines: list[tuple[str, list[Question]]] = []
    for name in wanted:
        if name == "status" and name in has:
            lines += _states(has[name])
        elif name == "property" and draft.wide and name not in has:
            lines.append((f"  {name}:", []))
            lines.append(("    table:", []))
            lines += [
                (f"      {quoted(path)}: {code}", [])
                for path, code in list(_properties(draft).items())[:_CODES_SHOWN]
            ]
        elif name in has:
            lines += _table(name, has[name])
    if lines:
        draft.add("codes:")
    for line, asks in lines:
        draft.add(line, *asks)


def _states(column: Column) -> list[tuple[str, list[Question]]]:
    known = {text: state_of(text) for text in column.counts}
    unknown = [text for text, state in known.items() if not state]
    asks = []
    if unknown:
        zh = f"这些状态各是哪一种？未列的案件被拒收：{', '.join(unknown[:12])}"
        en = f"Which states are these? Cases with others are rejected: {', '.join(unknown[:12])}"
        asks.append((zh, en))
    found = [("  status:", asks), ("    table:" if any(known.values()) else "    table: {}", [])]
    found += [(f"      {quoted(t)}: {state}", []) for t, state in known.items() if state]
    found += [(f"      # {quoted(t)}: reported", []) for t in unknown[:_CODES_SHOWN]]
    return found


def _table(name: str, column: Column) -> list[tuple[str, list[Question]]]:
    zh = f"{name} 的代码按样本原样列出（共 {len(column.counts)} 种），请改为本市的代码。"
    en = f"The codes of {name} are as in the sample ({len(column.counts)} kinds): give the city's."
    found = [(f"  {name}:", [(zh, en)]), ("    table:", [])]
    found += [
        (f"      {quoted(t)}: {code_of(t)}  # {count}", [])
        for t, count in column.counts.most_common(_CODES_SHOWN)
        if t.strip()
    ]
    return found


def _properties(draft: Draft) -> dict[str, str]:
    """Give the code of what each column of a wide row measures."""
    paths = [c.path for c in draft.wide]
    return dict(zip(paths, properties_of(paths), strict=True))


def _values(draft: Draft) -> None:
    if draft.kind != "observation":
        return
    measured = draft.wide or [c for c in (draft.roles.of.get("value"),) if c]
    places = [draft.roles.of[r] for r in ("lng", "lat") if r in draft.roles.of]
    parts = []
    if any(c.is_comma for c in (*measured, *places)):
        parts.append('decimal: ","')
    missing = list(dict.fromkeys(t for c in measured for t in c.missing_texts))
    if missing:
        parts.append(f"missing: [{', '.join(map(double, missing))}]")
    asks = []
    if draft.wide and (flag := flags_of(draft)):
        texts = [t for c in draft.columns if c.path.startswith(flag) for t in c.texts]
        valid = Counter(texts).most_common(1)[0][0]
        parts.append(f"valid: [{double(valid)}]")
        zh = f"标志列 {flag}… 中哪些值表示有效（{', '.join(sorted(set(texts))[:6])}）？"
        asks.append((zh, f"Which of these marks in {flag}… say that a reading is valid?"))
    units = {
        code: unit
        for path, code in _properties(draft).items()
        if (unit := name_and_unit(path)[1]) and not hours_of(draft)
    }
    if units:
        pairs = ", ".join(f"{code}: {double(unit)}" for code, unit in units.items())
        parts.append(f"assumed: {{{pairs}}}")
    if parts:
        draft.add(f"values: {{{', '.join(parts)}}}", *asks)
    if "unit" not in draft.roles.of and not units:
        zh, en = (
            "单位是什么？可写 values.assumed: {监测项: 单位}。",
            "Which units? values.assumed says so.",
        )
        draft.add("", (zh, en))
    ranges = [(c.path, min(c.numbers), max(c.numbers)) for c in measured if c.numbers]
    for path, low, high in ranges[:10]:
        draft.add(f"# {path}: {low:g} … {high:g}；合理范围写进 bounds put the range into bounds")


def _repetitions(draft: Draft) -> None:
    """Say whether records come again under the same identity, and whether they differ then."""
    has = draft.roles.of
    names = ("case_id", "updated") if draft.kind == "case" else ("sensor_id", "property", "time")
    paths = [has[n].path for n in names if n in has]
    if len(paths) < 2 or draft.wide:
        return
    seen: dict[tuple[str, ...], dict[str, str]] = {}
    same = revised = 0
    for record in draft.sample.records:
        key = tuple(record.get(p, "") for p in paths)
        was = seen.setdefault(key, record)
        same += was is not record and was == record
        revised += was is not record and was != record
    if same:
        draft.add(f"# 重复 repeated: {same}")
    if revised:
        zh = (
            f"{revised} 条与先前的编号相同而内容不同：是更正吗？可写 dedupe: {{revised: replace}}。"
        )
        en = f"{revised} records have the identity of earlier ones and differ: corrections? "
        draft.add("", (zh, en + "dedupe: {revised: replace} takes the later."))


def _personal(draft: Draft) -> None:
    if not draft.roles.personal:
        return
    ask = (
        "个人信息保存前遮盖（mask），也可 hmac 或 drop。还有别的吗？",
        "Personal data is masked before it is kept (or hmac, drop). Is there more?",
    )
    parts = [f"{quoted(c.path)}: mask" for c in draft.roles.personal]
    draft.add(f"personal: {{{', '.join(parts)}}}", ask)
