"""The wall: the whole city in one glance, for a screen nobody touches."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dash import html
from dash.development.base_component import Component

from dashboard.components import LinkState
from dashboard.pages.page import Page, Slot, View
from dashboard.panels import (
    alerts,
    city_map,
    data_health,
    districts,
    events,
    funnel,
    header,
    parts,
    trend,
    vitals,
)
from dashboard.text import Say
from layers.labels import Label
from layers.snapshot import AreaSnapshot

if TYPE_CHECKING:
    from layers.city import City


def read(city: City, view: View) -> AreaSnapshot | None:
    """Read the snapshot of the whole city."""
    return city.reader.area(city.pack.code, view.now, view.indicator)


def layout(slot: Slot, say: Say, view: View) -> Component:
    """Give the grid of the wall."""
    return html.Div(
        [
            html.Header([slot("header"), LinkState(lang=view.lang)], className="header"),
            html.Main(
                [
                    html.Div(slot("vitals"), className="at-vitals"),
                    html.Div([slot("funnel"), slot("districts")], className="at-left"),
                    html.Div(slot("map"), className="at-map"),
                    html.Div(slot("trend"), className="at-trend"),
                    html.Div([slot("alerts"), slot("events")], className="at-right"),
                ],
                className="wall",
                id="main",
                **parts.aria(label=say("wall")),
            ),
            html.Footer(slot("health"), className="footer"),
        ],
        className="page page-wall",
    )


PAGE = Page(
    name="wall",
    path="/wall",
    title=Label("大屏", "Wall"),
    read=read,
    layout=layout,
    panels={
        "header": header.wall,
        "vitals": vitals.panel,
        "funnel": funnel.wall,
        "districts": partial(districts.panel, limit=18),
        "map": city_map.panel,
        "trend": trend.panel,
        "alerts": partial(alerts.panel, limit=5),
        "events": partial(events.panel, limit=14),
        "health": data_health.panel,
    },
    refresh_s=5.0,
)
