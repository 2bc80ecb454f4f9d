"""The event time of a draft: which path, in which form, in whose zone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ingest.discover.columns import Column, day_first_is_open
from ingest.discover.spelling import double, quoted, single

if TYPE_CHECKING:
    from ingest.discover.draft import Draft, Question


def write_time(draft: Draft) -> None:
    """Write `time`, or a place for it, with what is to be asked."""
    column, asks = event_time(draft)
    if _calendar(draft):
        _write_calendar(draft)
        return
    if column is None:
        draft.add("# time: {field: 路径 path, form: iso}", *asks)
        return
    where, forms = quoted(column.path), column.forms
    clock = _clock(draft, column)
    if clock:
        where = f'{{join: [{where}, {quoted(clock.path)}], by: " "}}'
        forms = (f"{_day(forms[0])} {_clock_form(clock)}",)
    interval = _interval(column) if not forms else ""
    if interval:
        where, forms = f"{{path: {where}, match: {single(interval)}}}", ("iso",)
        zh = "这是一段时间，取其末端；要起点请改 match。"
        asks.append(
            (zh, "It is an interval, of which the end is taken; change match for the start.")
        )
    if hours_of(draft):
        where, forms = f'{{join: [{where}, $column.hour], by: " "}}', (f"{_day(forms[0])} %H",)
    form = double(forms[0]) if len(forms) == 1 else f"[{', '.join(map(double, forms))}]"
    parts = [f"field: {where}", f"form: {form}"]
    if not column.has_offset and not forms[0].startswith("epoch"):
        parts.append(f"zone: {quoted(draft.city.zone)}")
        zh = f"时间不带时区，按城市时区 {draft.city.zone} 读；来源用的是别的时区吗？"
        en = (
            f"The times carry no zone and are read in the city's, {draft.city.zone}. Is that right?"
        )
        asks.append((zh, en))
    if day_first_is_open(column):
        zh = f"日在前还是月在前？样本（{column.examples(2)}）分不出。"
        asks.append(
            (zh, f"Day first or month first? The sample ({column.examples(2)}) can't tell.")
        )
    draft.add(f"time: {{{', '.join(parts)}}}", *asks)


_CALENDAR = (r"(year|jahr|a[nñ]o|年|yy+)", r"(month|monat|mes|月|mm)", r"(day|d[ií]a|tag|日|dd)")
_CLOCKS = ((r"\d{1,2}:\d{2}:\d{2}", "%H:%M:%S"), (r"\d{1,2}:\d{2}", "%H:%M"), (r"\d{1,2}", "%H"))


def _calendar(draft: Draft) -> list[Column]:
    """Find the columns of year, month and day, where these are columns of their own."""
    found = [
        next((c for c in draft.columns if re.fullmatch(name, c.name) and c.is_number), None)
        for name in _CALENDAR
    ]
    return [c for c in found if c] if all(found) else []


def _write_calendar(draft: Draft) -> None:
    names = [quoted(c.path) for c in _calendar(draft)]
    year = "%y" if max(_calendar(draft)[0].numbers) < 100 else "%Y"
    form = f"{year} %m %d"
    clock = _clock(draft, None)
    if hours_of(draft):
        names, form = [*names, "$column.hour"], f"{form} %H"
    elif clock:
        names, form = [*names, quoted(clock.path)], f"{form} {_clock_form(clock)}"
    where = f'{{join: [{", ".join(names)}], by: " "}}'
    zh = f"时间不带时区，按城市时区 {draft.city.zone} 读；来源用的是别的时区吗？"
    en = f"The times carry no zone and are read in the city's, {draft.city.zone}. Is that right?"
    line = f"time: {{field: {where}, form: {double(form)}, zone: {quoted(draft.city.zone)}}}"
    draft.add(line, (zh, en))


def _clock(draft: Draft, day: Column | None) -> Column | None:
    """Find the hour of the day, where it is a column beside the date."""
    if day is not None and (not day.forms or any("%H" in f or f == "iso" for f in day.forms)):
        plain = day is not None and all(re.fullmatch(r"[\d/.年月日-]{6,11}", t) for t in day.texts)
        if not plain:
            return None
    named = re.compile(r"(^|[^a-z])(time|hour|hora|heure|uhrzeit|stunde|clock)([^a-z]|$)|时刻|小时")
    for column in draft.columns:
        if column is not day and named.search(column.name) and _clock_form(column):
            return column
    return None


def _clock_form(column: Column) -> str:
    """Give the form of the times of day in a column; empty when they are none."""
    for pattern, form in _CLOCKS:
        if column.texts and all(re.fullmatch(pattern, t.strip()) for t in column.texts):
            hours = [int(t.strip().split(":")[0]) for t in column.texts]
            return form if max(hours) <= 24 else ""
    return ""


def _day(form: str) -> str:
    return "%Y-%m-%d" if form == "iso" else form


def hours_of(draft: Draft) -> str:
    """Give the stem of the columns that stand for the hours of a day; empty when there are none."""
    if not draft.wide:
        return ""
    stem = re.match(r"[^\d]*", draft.wide[0].path)
    start = stem[0] if stem else ""
    named = [c for c in draft.sample.columns if re.fullmatch(re.escape(start) + r"\d\d?", c)]
    numbers = [int(c.removeprefix(start)) for c in named]
    return start if start and len(numbers) >= 12 and max(numbers) <= 24 else ""


def flags_of(draft: Draft) -> str:
    """Give the stem of the columns that say of each hour's reading whether it is valid."""
    hours, columns = hours_of(draft), draft.sample.columns
    if not hours:
        return ""
    of_hours = [c for c in columns if re.fullmatch(re.escape(hours) + r"\d\d?", c)]
    numbers = [c.removeprefix(hours) for c in of_hours]
    stems = dict.fromkeys(re.sub(r"\d+$", "", c) for c in columns if re.search(r"\D\d\d?$", c))
    for stem in stems:
        flags = {f"{stem}{number}" for number in numbers}
        marks = {t for c in draft.columns if c.path in flags for t in c.texts}
        known = stem != hours and flags <= set(columns) and 0 < len(marks) <= 8
        if known and not all(mark.replace(".", "").isdigit() for mark in marks):
            return stem
    return ""


def event_time(draft: Draft) -> tuple[Column | None, list[Question]]:
    """Find the time of the event, by the kind of the records."""
    has, asks = draft.roles.of, []
    order = {
        "observation": ("time", "updated", "reported_at"),
        "incident": ("time", "reported_at", "updated"),
        "case": ("updated", "time", "reported_at"),
        "warning": (),
    }[draft.kind]
    column = next((has[role] for role in order if role in has), None)
    column = column or next((c for c in draft.columns if c.forms), None)
    column = column or next((c for c in draft.columns if _interval(c)), None)
    if column is None:
        zh, en = (
            "样本中没有看到时间：它在哪个路径？",
            "The sample shows no time: at which path is it?",
        )
        return None, [(zh, en)]
    others = [c.path for c in draft.columns if c.forms and c is not column]
    if others:
        zh = f"事件时间取 {column.path}；还有 {', '.join(others[:4])}。"
        asks.append(
            (zh, f"The event time is {column.path}; there are also {', '.join(others[:4])}.")
        )
    if column.fill < 0.9:
        zh = f"{1 - column.fill:.0%} 的记录没有 {column.path}，将被拒收；可用 first: [甲, 乙]。"
        en = f"{1 - column.fill:.0%} of the records have no {column.path} and would be rejected; "
        asks.append((zh, en + "first: [a, b] takes another."))
    return column, asks


def _interval(column: Column) -> str:
    """Give what takes the end of a span of two times; empty where it holds none."""
    spans = [t for t in column.texts if re.fullmatch(r"\d{4}-\d\d-\d\dT[^/]*/\d{4}-\d\d-\d\d.*", t)]
    return "([^/]*)$" if spans else ""
