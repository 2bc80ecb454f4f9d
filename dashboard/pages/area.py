"""One area of any level, from the city down to a grid, and 未定位 (unassigned)."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING

from dash import html
from dash.development.base_component import Component

from dashboard.components import LinkState
from dashboard.pages.page import Page, Slot, View
from dashboard.panels import (
    alerts,
    breadcrumb,
    cases,
    city_map,
    data_health,
    districts,
    events,
    funnel,
    header,
    indicators,
    sensors,
    trend,
)
from dashboard.text import Say
from layers.geography import UNASSIGNED
from layers.labels import Label
from layers.snapshot import AreaSnapshot

if TYPE_CHECKING:
    from layers.city import City


def read(city: City, view: View) -> AreaSnapshot | None:
    """Read the snapshot of the area; None for a code that no region has."""
    if not exists(city, view):
        return None
    return city.reader.area(view.params["code"], view.now, view.indicator)


def exists(city: City, view: View) -> bool:
    """Say whether any region has the code of the address."""
    code = view.params["code"]
    return code == UNASSIGNED or code in city.pack.geography.regions


def concerns(view: View, homes: Collection[str]) -> bool:
    """Say whether a change in these homes shows in the area: its own, or the city's warnings."""
    code = view.params["code"]
    return any(home.startswith(code) or code.startswith(home) for home in homes)


def layout(slot: Slot, say: Say, view: View) -> Component:
    """Give the page: two columns on a desk, one on a phone."""
    return html.Div(
        [
            html.A(say("skip"), href="#main", className="skip"),
            html.Header([slot("header"), LinkState(lang=view.lang)], className="header"),
            html.Main(
                [
                    slot("breadcrumb"),
                    slot("indicators"),
                    html.Div([slot("map"), slot("districts")], className="pair"),
                    html.Div(
                        [
                            html.Div([slot("alerts"), slot("funnel")], className="stack"),
                            slot("events"),
                        ],
                        className="pair acts",
                    ),
                    html.Div([slot("trend"), slot("categories")], className="pair"),
                    slot("cases"),
                    slot("sensors"),
                ],
                className="column",
                id="main",
            ),
            html.Footer(slot("health"), className="footer"),
        ],
        className="page page-area",
    )


PAGE = Page(
    name="area",
    path="/area/<code>",
    title=Label("区域", "Area"),
    read=read,
    layout=layout,
    panels={
        "header": header.page,
        "breadcrumb": breadcrumb.area,
        "indicators": indicators.panel,
        "map": city_map.panel,
        "districts": districts.panel,
        "alerts": alerts.panel,
        "events": partial(events.panel, limit=10),
        "funnel": funnel.panel,
        "categories": funnel.categories,
        "trend": trend.panel,
        "cases": cases.panel,
        "sensors": sensors.panel,
        "health": data_health.panel,
    },
    refresh_s=5.0,
    concerns=concerns,
    exists=exists,
)
