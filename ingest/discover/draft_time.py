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
    if column is None:
        draft.add("# time: {field: 路径 path, form: iso}", *asks)
        return
    where, forms = quoted(column.path), column.forms
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
