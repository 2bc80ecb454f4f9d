"""The indicators of one area; choosing one colours the map."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.pages.page import View
from dashboard.panels import parts, vitals
from dashboard.text import Say
from layers.snapshot import AreaSnapshot


def panel(snapshot: AreaSnapshot, say: Say, view: View) -> Component:
    """Give all indicators of the area as tiles."""
    if not snapshot.indicators:
        return parts.frame("indicators", say("indicators"), parts.calm(say("no_indicators")))
    return parts.frame(
        "indicators",
        say("indicators"),
        html.Div(
            vitals.tiles(snapshot.indicators.values(), view.path, say, view), className="tiles"
        ),
        aside=say("indicators_hint"),
    )
