"""The small pieces that panels share: frame, marks, states, tables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard.text import Say
from layers.labels import Label
from layers.snapshot import AreaSnapshot, Priority, State, WarningLevel

UNFOLDED = 16
"""Rows of a long table that stand open."""

_CHINESE = re.compile("[\u3400-\u9fff]")

Content = Any
"""What Dash takes as children: text, a number, a component, or a list of these."""


def aria(**names: str) -> dict[str, Any]:
    """Give `aria-…` attributes as keyword arguments."""
    return {f"aria-{name}": value for name, value in names.items()}


def tongue(text: str, say: Say) -> dict[str, Any]:
    """Mark a text that stands as it came, in Chinese, on a screen of another language."""
    return {"lang": "zh-CN"} if say.lang != "zh" and _CHINESE.search(text) else {}


def frame(name: str, title: str, *body: Content, aside: Content = None) -> Component:
    """Give the frame of a panel: a section named by its heading.

    Args:
        name: class name and stem of ids.
        title: heading.
        body: what stands below it.
        aside: right of the heading.
    """
    heading = html.H2(title, id=f"{name}-title", className="panel-title")
    top = [heading] if aside is None else [heading, html.Div(aside, className="panel-aside")]
    return html.Section(
        [html.Div(top, className="panel-top"), *body],
        className=f"panel panel-{name}",
        **aria(labelledby=f"{name}-title"),
    )


def carries(snapshot: AreaSnapshot, kind: str) -> bool:
    """Say whether the city has a feed of this kind: where it has none, nothing is missing."""
    return any(feed.kind == kind for feed in snapshot.feeds.values())


def absent() -> Component:
    """Give an empty panel: there is nothing of its kind here, and nobody expects it."""
    return html.Div(className="absent", hidden=True)


def calm(text: str) -> Component:
    """Give the line that stands where there is nothing to list."""
    return html.P(text, className="calm")


def priority_mark(priority: Priority) -> Component:
    """Give the mark of an operator priority: colour and letters, never colour alone."""
    return html.Span(priority, className=f"mark mark-{priority.lower()}")


def level_mark(level: WarningLevel | None, say: Say) -> Component:
    """Give the mark of an official level: legal colour and Roman numeral."""
    if level is None:
        return html.Span("–", className="mark mark-none")
    return html.Span(
        say.code("numeral", level), className=f"mark mark-{level}", title=say.code("level", level)
    )


def state(value: State, say: Say) -> Component:
    """Give a state as dot and word."""
    return html.Span(
        [dot(value), html.Span(say.code("state", value))], className=f"state state-{value}"
    )


def dot(value: State) -> Component:
    """Give the dot of a state; its shape differs too: full, half, ring, crossed."""
    return html.Span(className=f"dot dot-{value}", **aria(hidden="true"))


def category(code: str, names: Mapping[str, Label], say: Say) -> str:
    """Give the name of a category: the city's own, else the product's, else the code as it came."""
    return say.of(names[code]) if code in names else say.code("category", code)


def demo_badge(say: Say, words: str = "") -> Component:
    """Give the badge 演示数据."""
    return html.Span(say("demo"), className="badge badge-demo", title=words or say("demo_hint"))


def bar(share: float, *, strong: bool = False) -> Component:
    """Give a horizontal bar of a share between 0 and 1."""
    width = f"{100 * min(max(share, 0.0), 1.0):.1f}%"
    return html.Span(
        html.Span(className="bar-fill", style={"width": width}),
        className="bar bar-strong" if strong else "bar",
        **aria(hidden="true"),
    )


def columns(values: Sequence[int], text: str) -> Component:
    """Give a row of columns as one element, cut out of its background.

    Args:
        values: heights, oldest first.
        text: what it shows, for those who don't see it.
    """
    top = max([*values, 1])
    width = 100 / max(len(values), 1)
    points = ["0% 100%"]
    for i, value in enumerate(values):
        left, right = i * width, (i + 0.78) * width
        y = 100 - (100 * value / top if value == 0 else max(100 * value / top, 4))
        points += [
            f"{left:.2f}% 100%",
            f"{left:.2f}% {y:.1f}%",
            f"{right:.2f}% {y:.1f}%",
            f"{right:.2f}% 100%",
        ]
    points.append("100% 100%")
    return html.Div(
        html.Div(className="columns-fill", style={"clipPath": f"polygon({','.join(points)})"}),
        className="columns",
        role="img",
        **aria(label=text),
    )


def head(label: Content, *, numeric: bool = False) -> Component:
    """Give a column heading."""
    return html.Th(label, scope="col", className="n" if numeric else "")


def row_head(label: Content, kind: str = "") -> Component:
    """Give the heading cell of a row; `kind` is its class name."""
    return html.Th(label, scope="row", className=kind)


def cell(content: Content, label: str = "", *, numeric: bool = False) -> Component:
    """Give a cell; on a narrow screen its label stands before it."""
    extra: dict[str, Any] = {"data-label": label} if label else {}
    return html.Td(content, className="n" if numeric else "", **extra)


def folded(
    name: str, caption: str, heads: Sequence[Component], rows: Sequence[Component], rest: str
) -> list[Component]:
    """Give a table of the first rows and, when there are more, one that opens on demand.

    Args:
        name: class name.
        caption: of both tables.
        heads: column headings.
        rows: all rows.
        rest: phrase of the fold, with `{n}` for the number of rows in it.
    """
    shown = [table(name, caption, heads, rows[:UNFOLDED])]
    hidden = rows[UNFOLDED:]
    if hidden:
        summary = html.Summary(rest.format(n=len(hidden)))
        shown.append(html.Details([summary, table(name, caption, heads, hidden)], className="rest"))
    return shown


def table(
    name: str, caption: str, heads: Sequence[Component], rows: Sequence[Component]
) -> Component:
    """Give a table with a caption for those who can't see where it stands."""
    return html.Table(
        [
            html.Caption(caption, className="visually-hidden"),
            html.Thead(html.Tr(list(heads))),
            html.Tbody(list(rows)),
        ],
        className=f"table table-{name}",
    )
