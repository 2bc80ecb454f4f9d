"""One area of any level, from the city down to a grid, and 未定位 (unassigned)."""

from __future__ import annotations

from collections.abc import Collection
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
    code = view.params["code"]
    if code != UNASSIGNED and code not in city.pack.geography.regions:
        return None
    return city.reader.area(code, view.now, view.indicator)


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
                    html.Div([slot("alerts"), slot("events")], className="pair"),
                    html.Div([slot("funnel"), slot("categories"), slot("trend")], className="trio"),
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
        "events": events.panel,
        "funnel": funnel.panel,
        "categories": funnel.categories,
        "trend": trend.panel,
        "cases": cases.panel,
        "sensors": sensors.panel,
        "health": data_health.panel,
    },
    refresh_s=5.0,
    concerns=concerns,
)
