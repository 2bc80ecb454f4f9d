"""The open cases of an area, the most pressing first."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.components import Nav
from dashboard.pages.page import View
from dashboard.panels import parts
from dashboard.text import Say
from layers.snapshot import AreaSnapshot, CaseRow


def panel(snapshot: AreaSnapshot, say: Say, view: View) -> Component:
    """Give the list of cases; each leads to its record."""
    if not parts.carries(snapshot, "case"):
        return parts.absent()
    if not snapshot.cases:
        return parts.frame("cases", say("cases"), parts.calm(say("no_cases")))
    heads = [
        parts.head(say("case")),
        parts.head(say("place")),
        parts.head(say("status")),
        parts.head(say("lead")),
        parts.head(say("reported")),
        parts.head(say("due")),
    ]
    names = snapshot.category_names
    rows = [
        _row(case, parts.category(case.category, names, say), say, view) for case in snapshot.cases
    ]
    aside = say("cases_count", shown=len(rows), open=say.number(snapshot.funnel.open))
    tables = parts.folded("cases", say("cases"), heads, rows, say("more_rows"))
    return parts.frame("cases", say("cases"), *tables, aside=aside)


def _row(case: CaseRow, category: str, say: Say, view: View) -> Component:
    title = Nav(
        href=view.href(case.href),
        className="cell-link",
        children=case.title or category,
    )
    under = html.Span(
        [html.Span(say.of(case.feed_title)), html.Span(category)],
        className="row-detail",
    )
    badge = [parts.demo_badge(say)] if case.generated else []
    due = [
        html.Span(say.code("clock", case.clock), className=f"due due-{case.clock}"),
        html.Span(say.moment(case.due_at, view.now) if case.due_at else ""),
    ]
    return html.Tr(
        [
            parts.row_head([html.Span([title, *badge], className="row-head"), under], "wide"),
            parts.cell(say.of(case.region.name), say("place")),
            parts.cell(say.code("status", case.status), say("status")),
            parts.cell(case.lead or "—", say("lead")),
            parts.cell(say.moment(case.reported_at, view.now), say("reported")),
            parts.cell(html.Span(due, className="due-cell"), say("due")),
        ]
    )
