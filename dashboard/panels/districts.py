"""The child areas as a table: on the wall by risk, and the map's table alternative everywhere."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component
from msgspec import structs

from dashboard.components import Nav
from dashboard.pages.page import View
from dashboard.panels import parts
from dashboard.text import Say
from layers.snapshot import AreaSnapshot, ChildRow


def by_risk(children: tuple[ChildRow, ...]) -> list[ChildRow]:
    """Order areas by what is overdue, then due soon, then open; never by a score."""
    return sorted(children, key=lambda c: (-c.overdue, -c.due_soon, -c.open_cases, c.region.code))


def by_received(children: tuple[ChildRow, ...]) -> list[ChildRow]:
    """Order areas by what came today, where there are no cases to be overdue."""
    return sorted(children, key=lambda c: (-c.received_today, c.region.code))


def panel(snapshot: AreaSnapshot, say: Say, view: View, limit: int = 0) -> Component:
    """Give the table of children; what lies in no district stands below, counted.

    Args:
        snapshot: of the area.
        say: the viewer's language.
        view: what the viewer looks at.
        limit: rows that fit, what is left out is counted and linked; 0: all, the long rest folded.
    """
    if not snapshot.children:
        return parts.absent()
    cases = parts.carries(snapshot, "case")
    rows = by_risk(snapshot.children) if cases else by_received(snapshot.children)
    top = max([row.overdue if cases else row.received_today for row in rows] + [1])
    name = say.code("level_name", str(rows[0].region.level))
    # what covers every child alike, as a warning for the whole city does, tells none of them apart
    shared = min(row.alerts for row in rows)
    body = [
        _row(structs.replace(row, alerts=row.alerts - shared), top, snapshot, say, view)
        for row in rows
    ]
    caption, heads = say("children_caption"), _heads(name, snapshot, say)
    content = (
        [parts.table("districts", caption, heads, body[:limit])]
        if limit
        else parts.folded("districts", caption, heads, body, say("more_rows"))
    )
    foot = _foot(snapshot, len(rows) - limit if limit else 0, say, view)
    return parts.frame(
        "districts",
        say("children", level=name),
        *content,
        *foot,
        aside=say("by_risk" if cases else "by_received"),
    )


def _heads(name: str, snapshot: AreaSnapshot, say: Say) -> list[Component]:
    share = parts.head(html.Span(say("share"), className="visually-hidden"))
    today = parts.head(say("received_today"), numeric=True)
    shown = parts.head(html.Span(say("map_value"), title=say.of(snapshot.map.title)), numeric=True)
    if not parts.carries(snapshot, "case"):
        return [parts.head(name), today, share, shown]
    overdue, still = parts.head(say("overdue"), numeric=True), parts.head(say("open"), numeric=True)
    return [parts.head(name), overdue, share, still, today, shown]


def _row(row: ChildRow, top: int, snapshot: AreaSnapshot, say: Say, view: View) -> Component:
    value = snapshot.map.values.get(row.region.code)
    number = say.number(value, snapshot.map.decimals)
    shown = parts.cell(number, say.of(snapshot.map.title), numeric=True)
    today = parts.cell(say.number(row.received_today), say("received_today"), numeric=True)
    name = _name(row, say, view)
    if not parts.carries(snapshot, "case"):
        return html.Tr([name, today, _share(row.received_today, top), shown])
    overdue = parts.cell(say.number(row.overdue), say("overdue"), numeric=True)
    still = parts.cell(say.number(row.open_cases), say("open"), numeric=True)
    return html.Tr([name, overdue, _share(row.overdue, top), still, today, shown])


def _share(count: int, top: int) -> Component:
    return html.Td(parts.bar(count / top, strong=count == top), className="bar-cell")


def _name(row: ChildRow, say: Say, view: View) -> Component:
    link = Nav(
        href=view.href(f"/area/{row.region.code}"),
        className="cell-link",
        children=say.of(row.region.name),
    )
    if not row.alerts:
        return parts.row_head(link)
    title = say("alerts_here", n=row.alerts)
    return parts.row_head([link, html.Span(str(row.alerts), className="count-mark", title=title)])


def _foot(snapshot: AreaSnapshot, left_out: int, say: Say, view: View) -> list[Component]:
    foot: list[Component] = []
    if left_out > 0:
        foot.append(
            Nav(
                href=view.href(f"/area/{snapshot.region.code}"),
                className="more",
                children=say("more_children", n=left_out),
            )
        )
    if len(snapshot.region.code) < 6:
        foot.append(
            Nav(
                href=view.href("/area/000000"),
                className="more unassigned",
                children=[
                    html.Span(say("unassigned")),
                    html.Span(say.number(snapshot.unassigned), className="n"),
                ],
            )
        )
    return foot
