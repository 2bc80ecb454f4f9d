"""The indicators of one area; choosing one colours the map."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.pages.page import View
from dashboard.panels import parts, vitals
from dashboard.text import Say
from layers.snapshot import AreaSnapshot, IndicatorValue

FIRST = 16
"""Tiles that stand open: as many as the wall shows."""


def panel(snapshot: AreaSnapshot, say: Say, view: View) -> Component:
    """Give all indicators of the area as tiles."""
    # an indicator that nobody is expected to report here is not missing
    values = [v for v in snapshot.indicators.values() if v.sources_expected or v.value is not None]
    if not values:
        return parts.frame("indicators", say("indicators"), parts.calm(say("no_indicators")))
    body = [_tiles(values[:FIRST], say, view)]
    rest = values[FIRST:]
    if rest:
        more = html.Summary(say("more_indicators", n=len(rest)))
        chosen = any(value.code == view.indicator for value in rest)
        body.append(html.Details([more, _tiles(rest, say, view)], className="rest", open=chosen))
    return parts.frame("indicators", say("indicators"), *body, aside=say("indicators_hint"))


def _tiles(values: list[IndicatorValue], say: Say, view: View) -> Component:
    return html.Div(vitals.tiles(values, view.path, say, view), className="tiles")
