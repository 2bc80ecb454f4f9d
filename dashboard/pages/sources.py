"""The sources: what came of every message, and whom to call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import html
from dash.development.base_component import Component

from dashboard.components import LinkState
from dashboard.pages.page import Page, Slot, View
from dashboard.panels import accounts, header, rejects
from dashboard.text import Say
from layers.labels import Label
from layers.snapshot import SourcesSnapshot

if TYPE_CHECKING:
    from layers.city import City


def read(city: City, view: View) -> SourcesSnapshot:
    """Read the accounts of all feeds."""
    return city.reader.sources(view.now)


def layout(slot: Slot, say: Say, view: View) -> Component:
    """Give the page: cards of the feeds, then what was rejected."""
    return html.Div(
        [
            html.A(say("skip"), href="#main", className="skip"),
            html.Header([slot("header"), LinkState(lang=view.lang)], className="header"),
            html.Main(
                [html.H1(say("sources_title")), slot("accounts"), slot("rejects")],
                className="column",
                id="main",
            ),
        ],
        className="page page-sources",
    )


PAGE = Page(
    name="sources",
    path="/sources",
    title=Label("数据源", "Sources"),
    read=read,
    layout=layout,
    panels={"header": header.page, "accounts": accounts.panel, "rejects": rejects.panel},
    refresh_s=5.0,
)
