"""What a row must satisfy: each check names the field, the reason and the remedy."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from ingest.mapping import CASE_TIMES, REQUIRED
from ingest.picks import name_of
from ingest.times import forms_of, lost
from ingest.values import LARGEST, known_units
from layers.feed_spec import FeedSpec, TimeRule
from layers.labels import Label

CASE_STATES = (
    "reported", "verifying", "filed", "rejected", "dispatched", "accepted", "handling",
    "suspended", "feedback", "checking", "rework", "closed", "void", "reopened",
)  # fmt: skip
"""Canonical states of a case (GB/T 30428, seven stages, with their branches)."""

AHEAD_MS = 86_400_000
"""An event more than a day after its own message reached the broker has a wrong clock."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that can be wrong with a row."""

    field: str
    """Path in the message."""
    column: str
    """Column that holds the text that came."""
    fails: pl.Expr
    """True where the row can't be taken."""
    reason: Label
    remedy: Label


def checks_of(feed: FeedSpec) -> list[Check]:
    """Give the checks of a feed, the first to be reported first."""
    if feed.kind == "warning":
        return [_time("sent", TimeRule("sent"))]
    found = [_required(feed, name) for name in REQUIRED[feed.kind] if name != "value"]
    found += {"observation": _of_value, "case": _of_case}.get(feed.kind, lambda _: [])(feed)
    assert feed.time is not None, "checked by ingest.mapping"  # noqa: S101
    path = name_of(feed.time.field)
    return [*found, *_clock(path, "event", feed.time), _time(path, feed.time), _ahead(feed)]


def _required(feed: FeedSpec, name: str) -> Check:
    text = f"{name}_text" if name in CASE_TIMES else name
    path = name_of(feed.fields[name])
    return Check(
        path,
        text,
        pl.col(text).is_null() | (pl.col(text) == ""),
        Label(f"缺少 {name}", f"{name} is missing"),
        Label(
            f"请发送字段 {path}，或修正数据源 {feed.id} 的 fields.{name}。",
            f"Send the field {path!r}, or correct fields.{name} of feed {feed.id}.",
        ),
    )


def _of_value(feed: FeedSpec) -> list[Check]:
    path = name_of(feed.fields["value"])
    return [
        *_missing(feed, path),
        *_quality(feed),
        *_numeric(path),
        *_unit(feed),
        *_bounds(feed, path),
    ]


def _quality(feed: FeedSpec) -> list[Check]:
    if not feed.values.valid:
        return []
    known = "、".join(feed.values.valid)
    return [
        Check(
            name_of(feed.fields.get("quality", "")),
            "quality",
            ~pl.col("quality")
            .str.strip_chars()
            .is_in(list(feed.values.valid))
            .fill_null(value=False),
            Label("来源标记为无效", "marked as not valid by its source"),
            Label(
                f"只计入质量为 {known} 的读数，见数据源 {feed.id} 的 values.valid。",
                f"Only readings of quality {known} count; see values.valid of feed {feed.id}.",
            ),
        )
    ]


def _missing(feed: FeedSpec, path: str) -> list[Check]:
    if not feed.values.missing:
        return []
    return [
        Check(
            path,
            "value_text",
            pl.col("value_missing"),
            Label("标记为缺测", "marked as missing"),
            Label(
                f"没有读数时无需发送；缺测标记见数据源 {feed.id} 的 values.missing。",
                "Leave the reading out when there is none; the marks are those of values.missing "
                f"of feed {feed.id}.",
            ),
        )
    ]


def _numeric(path: str) -> list[Check]:
    beyond = pl.col("value").abs() > LARGEST
    return [
        Check(
            path,
            "value_text",
            pl.col("value").is_null() | ~pl.col("value").is_finite(),
            Label("不是数字", "not a number"),
            Label(
                "请发送不带单位的有限数值；没有读数时不要发送。",
                "Send a finite number without unit; leave the reading out when there is none.",
            ),
        ),
        Check(
            path,
            "value_text",
            beyond,
            Label("数值过大，无法求和", "too large to be added up"),
            Label(
                "请改用更大的单位（values.units），使数值不超过一万亿。",
                "Use a larger unit (values.units), so that values stay below a million million.",
            ),
        ),
    ]


def _unit(feed: FeedSpec) -> list[Check]:
    if not feed.values.units:
        return []
    return [
        Check(
            name_of(feed.fields.get("unit", "")),
            "unit_text",
            pl.col("unit_unknown"),
            Label("单位不在换算表中", "a unit that the table of conversions doesn't know"),
            Label(
                f"请在数据源 {feed.id} 的 values.units 中加入该单位，"
                f"或修正发送方。已有：{known_units(feed.values)}。",
                f"Add the unit to values.units of feed {feed.id}, or correct the sender. "
                f"Known: {known_units(feed.values)}.",
            ),
        )
    ]


def _bounds(feed: FeedSpec, path: str) -> list[Check]:
    return [
        Check(
            path,
            "value_text",
            (pl.col("property") == name) & ~pl.col("value").is_between(low, high),
            Label(f"{name} 超出 {low:g} … {high:g}", f"{name} is outside {low:g} … {high:g}"),
            Label(
                f"请检查传感器及其单位，或数据源 {feed.id} 的 bounds.value.{name}。",
                f"Check the sensor and its unit, or bounds.value.{name} of feed {feed.id}.",
            ),
        )
        for name, (low, high) in feed.bounds.get("value", {}).items()
    ]


def _of_case(feed: FeedSpec) -> list[Check]:
    assert feed.time is not None, "checked by ingest.mapping"  # noqa: S101
    states = Check(
        name_of(feed.fields["status"]),
        "status_text",
        ~pl.col("status").is_in(CASE_STATES),
        Label("不是案件状态", "not a state of a case"),
        Label(
            f"请在数据源 {feed.id} 的 codes.status 中映射为其一：{'、'.join(CASE_STATES)}。",
            f"Map the value in codes.status of feed {feed.id} to one of {', '.join(CASE_STATES)}.",
        ),
    )
    clocks = [
        check
        for name in CASE_TIMES
        if name in feed.fields
        for check in _clock(name_of(feed.fields[name]), name, feed.time)
    ]
    times = [
        Check(
            name_of(feed.fields[name]),
            f"{name}_text",
            pl.col(name).is_null() & pl.col(f"{name}_text").fill_null("").ne(""),
            Label(f"{name} 不是时间", f"{name} is not a time"),
            Label(
                f"请按 {_like(feed)} 的写法发送，或不发送。",
                f"Send it like {_like(feed)}, or leave it out.",
            ),
        )
        for name in CASE_TIMES
        if name in feed.fields
    ]
    return [states, *clocks, *times]


def _time(path: str, rule: TimeRule) -> Check:
    form = " | ".join(forms_of(rule))
    return Check(
        path,
        "event_text",
        pl.col("event_ms").is_null(),
        Label(f"不是 {form} 形式的时间", f"not a time of the form {form}"),
        Label(
            "请修正发送方的时钟或写法，或数据源的 time.form。",
            "Correct the clock or the form of the sender, or time.form of the feed.",
        ),
    )


def _clock(path: str, name: str, rule: TimeRule) -> list[Check]:
    """Tell times that the clock skips, or shows twice, from what is no time."""
    text, zone, found = f"{name}_text", rule.zone, []
    column = "event_ms" if name == "event" else name
    if rule.gap == "reject":
        found.append(
            Check(
                path,
                text,
                lost(pl.col(text), pl.col(column), rule, "gap"),
                Label(
                    f"{zone} 的时钟拨快时跳过了这一时刻（time.gap: reject）",
                    f"the clock of {zone} was put forward over this time (time.gap: reject)",
                ),
                Label(
                    "请发送带偏移量的时间；若发送方的时钟不改，可设 time.gap: shift。",
                    "Send the time with its offset, or set time.gap: shift for senders whose "
                    "clock does not change.",
                ),
            )
        )
    if rule.ambiguous == "reject":
        found.append(
            Check(
                path,
                text,
                lost(pl.col(text), pl.col(column), rule, "ambiguous"),
                Label(
                    f"{zone} 的时钟拨慢，这一时刻出现两次（time.ambiguous: reject）",
                    f"the clock of {zone} was put back and shows this time twice "
                    "(time.ambiguous: reject)",
                ),
                Label(
                    "请发送带偏移量的时间，或设 time.ambiguous: earliest 或 latest。",
                    "Send the time with its offset, or set time.ambiguous: earliest or latest.",
                ),
            )
        )
    return found


def _like(feed: FeedSpec) -> str:
    return name_of(feed.time.field) if feed.time else ""


def _ahead(feed: FeedSpec) -> Check:
    return Check(
        _like(feed),
        "event_text",
        pl.col("event_ms") - pl.col("broker_ms") > AHEAD_MS,
        Label("晚于到达时间一天以上", "more than a day in the future"),
        Label("请修正发送方的时钟或时区。", "Correct the clock or the time zone of the sender."),
    )
