"""What a row must satisfy: each check names the field, the reason and the remedy."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from ingest.mapping import CASE_TIMES, REQUIRED
from ingest.picks import name_of
from layers.feed_spec import FeedSpec
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
        return [_time("sent")]
    found = [_required(feed, name) for name in REQUIRED[feed.kind] if name != "value"]
    found += {"observation": _of_value, "case": _of_case}.get(feed.kind, lambda _: [])(feed)
    assert feed.time is not None, "checked by ingest.mapping"  # noqa: S101
    return [*found, _time(name_of(feed.time.field), _spelt(feed.time.form)), _ahead(feed)]


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
    checks = [
        Check(
            path,
            "value_text",
            pl.col("value").is_null() | ~pl.col("value").is_finite(),
            Label("不是数字", "not a number"),
            Label(
                "请发送不带单位的有限数值；没有读数时不要发送。",
                "Send a finite number without unit; leave the reading out when there is none.",
            ),
        )
    ]
    for name, (low, high) in feed.bounds.get("value", {}).items():
        outside = (pl.col("property") == name) & ~pl.col("value").is_between(low, high)
        checks.append(
            Check(
                path,
                "value_text",
                outside,
                Label(f"{name} 超出 {low:g} … {high:g}", f"{name} is outside {low:g} … {high:g}"),
                Label(
                    f"请检查传感器及其单位，或数据源 {feed.id} 的 bounds.value.{name}。",
                    f"Check the sensor and its unit, or bounds.value.{name} of feed {feed.id}.",
                ),
            )
        )
    return checks


def _of_case(feed: FeedSpec) -> list[Check]:
    states = Check(
        name_of(feed.fields["status"]),
        "status",
        ~pl.col("status").is_in(CASE_STATES),
        Label("不是案件状态", "not a state of a case"),
        Label(
            f"请在数据源 {feed.id} 的 codes.status 中映射为其一：{'、'.join(CASE_STATES)}。",
            f"Map the value in codes.status of feed {feed.id} to one of {', '.join(CASE_STATES)}.",
        ),
    )
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
    return [states, *times]


def _time(path: str, form: str = "iso") -> Check:
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


def _spelt(form: str | tuple[str, ...]) -> str:
    return form if isinstance(form, str) else " | ".join(form)


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
