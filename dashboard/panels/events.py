"""The latest events: cases that moved, incidents that happened."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.components import Nav
from dashboard.pages.page import View
from dashboard.panels import parts
from dashboard.text import Say
from layers.snapshot import AreaSnapshot, EventRow


def panel(snapshot: AreaSnapshot, say: Say, view: View, limit: int = 20) -> Component:
    """Give the newest events, at most `limit`."""
    if not snapshot.events:
        return parts.frame("events", say("events"), parts.calm(say("no_events")))
    names = snapshot.category_names
    rows = [
        row(event, parts.category(event.category, names, say), say, view)
        for event in snapshot.events[:limit]
    ]
    return parts.frame("events", say("events"), html.Ul(rows, className="rows"))


def row(event: EventRow, category: str, say: Say, view: View) -> Component:
    """Give one event: when, what, how far; below it where, and who says so."""
    status = say.code("outcome" if event.kind == "incident" else "status", event.status)
    return html.Li(
        Nav(
            href=view.href(event.href),
            className="row event",
            children=[
                html.Time(
                    say.moment(event.at, view.now),
                    className="event-time",
                    dateTime=event.at.isoformat(),
                ),
                html.Span(event.title or category, className="event-title"),
                html.Span(status, className="event-status"),
                html.Span(
                    [html.Span(say.of(event.region.name)), html.Span(say.of(event.feed_title))],
                    className="event-place",
                ),
            ],
        )
    )
