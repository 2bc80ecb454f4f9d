"""Cases by stage, and the clock of the open ones."""

from __future__ import annotations

from itertools import islice

from dash import html
from dash.development.base_component import Component

from dashboard.components import Nav
from dashboard.pages.page import View
from dashboard.panels import parts
from dashboard.text import Say
from layers.snapshot import AreaSnapshot, Funnel

STAGES = ("reported", "filed", "dispatched", "handling", "checking", "closed")
"""上报 → 立案 → 派遣 → 处置 → 核查 → 结案."""

ON_WALL = 6
"""Categories that fit in the place of the funnel."""


def wall(snapshot: AreaSnapshot, say: Say, view: View) -> Component:
    """Give the funnel, or the categories in a city that has incidents and no cases."""
    if parts.carries(snapshot, "case"):
        return panel(snapshot, say, view)
    return categories(snapshot, say, view, limit=ON_WALL)


def panel(snapshot: AreaSnapshot, say: Say, view: View) -> Component:
    """Give the funnel; every number leads to the cases of the area."""
    if not parts.carries(snapshot, "case"):
        return parts.absent()
    funnel = snapshot.funnel
    href = view.href(f"/area/{snapshot.region.code}") + "#cases"
    return parts.frame(
        "funnel",
        say("funnel"),
        html.Ol([_stage(name, funnel, say) for name in STAGES], className="stages"),
        html.Ul(
            [
                _clock("open", funnel.open, href, say),
                _clock("due_soon", funnel.due_soon, href, say),
                _clock("overdue", funnel.overdue, href, say),
            ],
            className="clocks",
        ),
        aside=say(
            "received_closed",
            received=say.number(funnel.received_today),
            closed=say.number(funnel.closed_today),
        ),
    )


def _stage(name: str, funnel: Funnel, say: Say) -> Component:
    count = funnel.stages.get(name, 0)
    top = max([funnel.stages.get(stage, 0) for stage in STAGES] + [1])
    return html.Li(
        [
            html.Span(say.short(count), className="stage-count"),
            parts.bar(count / top),
            html.Span(say(f"stage_{name}"), className="stage-name"),
        ],
        className=f"stage stage-{name}",
    )


def _clock(name: str, count: int, href: str, say: Say) -> Component:
    act = " is-act" if count and name != "open" else ""
    return html.Li(
        Nav(
            href=href,
            className=f"clock clock-{name}{act}",
            children=[
                html.Span(say(name), className="clock-name"),
                html.Span(say.number(count), className="clock-count"),
            ],
        )
    )


def categories(snapshot: AreaSnapshot, say: Say, _view: View, limit: int = 11) -> Component:
    """Give what was received today, by category: the largest, at most `limit`."""
    counts = snapshot.funnel.by_category
    if not counts:
        return parts.absent()
    top = max([count for name, count in counts.items() if name != "other"] + [1])
    rows = [
        html.Tr(
            [
                parts.row_head(parts.category(name, snapshot.category_names, say)),
                html.Td(parts.bar(count / top), className="bar-cell"),
                parts.cell(say.number(count), numeric=True),
            ]
        )
        for name, count in islice(counts.items(), limit)
    ]
    heads = [
        parts.head(say("category")),
        parts.head(html.Span(say("share"), className="visually-hidden")),
        parts.head(say("received_today"), numeric=True),
    ]
    return parts.frame(
        "categories", say("categories"), parts.table("categories", say("categories"), heads, rows)
    )
