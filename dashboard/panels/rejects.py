"""Messages that could not be read: why, and what would mend them."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.pages.page import View
from dashboard.panels import parts
from dashboard.text import Say
from layers.snapshot import RejectRow, SourcesSnapshot

SHOWN = 50
"""Rows on the page; the rejects topic holds all of them."""


def panel(snapshot: SourcesSnapshot, say: Say, view: View) -> Component:
    """Give the newest rejects; the raw message opens on demand."""
    unreadable = snapshot.rejects_unreadable
    notes = [parts.calm(say("rejects_unreadable", n=unreadable))] if unreadable else []
    if not snapshot.rejects:
        none = notes or [parts.calm(say("no_rejects"))]
        return parts.frame("rejects", say("rejects"), *none)
    heads = [
        parts.head(say("time")),
        parts.head(say("feed")),
        parts.head(say("field")),
        parts.head(say("value")),
        parts.head(say("reason")),
        parts.head(say("remedy")),
        parts.head(say("raw")),
    ]
    rows = [_row(reject, snapshot, say, view) for reject in snapshot.rejects[:SHOWN]]
    total = sum(feed.rejected for feed in snapshot.feeds.values())
    return parts.frame(
        "rejects",
        say("rejects"),
        *parts.folded("rejects", say("rejects"), heads, rows, say("more_rows")),
        *notes,
        aside=say("rejects_count", shown=len(rows), all=say.number(total)),
    )


def _row(reject: RejectRow, snapshot: SourcesSnapshot, say: Say, view: View) -> Component:
    feed = snapshot.feeds.get(reject.feed)
    place = html.Span(
        say("log_place", partition=reject.partition, offset=reject.offset), className="row-detail"
    )
    raw = html.Details([html.Summary(say("show_raw")), html.Pre(reject.raw, className="raw")])
    return html.Tr(
        [
            parts.row_head(say.moment(reject.at, view.now)),
            parts.cell(
                [html.Span(say.of(feed.title) if feed else reject.feed), place], say("feed")
            ),
            parts.cell(html.Code(reject.field or "—"), say("field")),
            parts.cell(html.Code(reject.value or "—", className="value"), say("value")),
            parts.cell(say.of(reject.reason), say("reason")),
            parts.cell(say("mended") if reject.is_mended else say.of(reject.remedy), say("remedy")),
            parts.cell(raw, say("raw")),
        ],
        key=f"{reject.feed}-{reject.partition}-{reject.offset}",
    )
