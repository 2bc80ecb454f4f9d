"""The sensors of an area with their latest readings."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.components import Age, Nav
from dashboard.pages.page import View
from dashboard.panels import parts
from dashboard.text import Say
from layers.snapshot import AreaSnapshot, SensorRow
from layers.times import to_ms


def panel(snapshot: AreaSnapshot, say: Say, view: View) -> Component:
    """Give the latest readings; each leads to its sensor."""
    if not parts.carries(snapshot, "observation"):
        return parts.absent()
    if not snapshot.sensors:
        return parts.frame("sensors", say("sensors"), parts.calm(say("no_sensors")))
    heads = [
        parts.head(say("sensor")),
        parts.head(say("property")),
        parts.head(say("value"), numeric=True),
        parts.head(say("place")),
        parts.head(say("state")),
        parts.head(say("observed")),
    ]
    rows = [_row(sensor, say, view) for sensor in snapshot.sensors]
    tables = parts.folded("sensors", say("sensors"), heads, rows, say("more_rows"))
    aside = say("sensors_count", n=len({sensor.sensor for sensor in snapshot.sensors}))
    return parts.frame("sensors", say("sensors"), *tables, aside=aside)


def _row(sensor: SensorRow, say: Say, view: View) -> Component:
    link = Nav(href=view.href(sensor.href), className="cell-link", children=sensor.sensor)
    badge = [parts.demo_badge(say)] if sensor.generated else []
    value = [
        *([parts.priority_mark(sensor.breach)] if sensor.breach else []),
        html.Strong(f"{sensor.value:,.4g}" if abs(sensor.value) < 1e4 else f"{sensor.value:,.0f}"),
        html.Span(f" {sensor.unit}", className="unit"),
    ]
    age = Age(at=to_ms(sensor.observed_at), stale_after_s=sensor.stale_after_s, lang=say.lang)
    return html.Tr(
        [
            parts.row_head(html.Span([link, *badge], className="row-head")),
            parts.cell(say.of(sensor.title), say("property")),
            parts.cell(html.Span(value), say("value"), numeric=True),
            parts.cell(say.of(sensor.region.name), say("place")),
            parts.cell(parts.state(sensor.state, say), say("state")),
            parts.cell(age, say("observed")),
        ],
        className="is-grey" if sensor.state in ("stale", "silent") else "",
    )
