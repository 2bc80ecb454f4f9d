"""The course of the day, today over yesterday."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard import figures
from dashboard.components import Chart
from dashboard.pages.page import View
from dashboard.panels import parts
from dashboard.text import Say
from layers.snapshot import AreaSnapshot


def panel(snapshot: AreaSnapshot, say: Say, view: View) -> Component:
    """Give the trend of the day with its key; empty when nothing is known of either day."""
    trend = snapshot.trend
    title = say("trend", title=say.of(trend.title), unit=say.of(trend.unit))
    if all(value is None for value in (*trend.today, *trend.yesterday)):
        return parts.frame("trend", title, parts.calm(say("no_trend")))
    key = [
        html.Span(say("today"), className="key key-today"),
        html.Span(say("yesterday"), className="key key-yesterday"),
        html.Span(say("now"), className="key key-now"),
    ]
    chart = Chart(figure=figures.day_course(trend, view.theme))
    return parts.frame(
        "trend",
        title,
        html.Div(chart, className="chart", role="img", **parts.aria(label=title)),
        aside=key,
    )
