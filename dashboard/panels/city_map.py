"""The map: children coloured by one indicator, live points on top."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard.components import CityMap, Nav
from dashboard.pages.page import View
from dashboard.panels import parts
from dashboard.panels.breadcrumb import name
from dashboard.text import Say
from layers.geography import UNASSIGNED
from layers.snapshot import AreaSnapshot, MapPoint


def panel(snapshot: AreaSnapshot, say: Say, view: View) -> Component:
    """Give the map of the area. New data colours it anew and never moves it."""
    if snapshot.region.code == UNASSIGNED:
        return parts.frame("map", say("unassigned"), parts.calm(say("unassigned_why")))
    shown = snapshot.map
    title = say("map_title", region=name(snapshot.region, say), indicator=say.of(shown.title))
    return parts.frame(
        "map",
        title,
        html.Div(_map(snapshot, say, view), className="map", **parts.aria(label=title)),
        aside=_choice(snapshot, say, view),
    )


def _map(snapshot: AreaSnapshot, say: Say, view: View) -> Component:
    shown = snapshot.map
    labels = {row.region.code: say.of(row.region.name) for row in snapshot.children}
    for code, value in shown.values.items():
        if code in labels:
            labels[code] += f"\n{say.number(value, shown.decimals)}"
    return CityMap(
        geo=geo_address(snapshot),
        values=shown.values,
        breaks=list(shown.breaks),
        labels=labels,
        points=[_point(point, view) for point in shown.points],
        center=list(shown.center),
        zoom=shown.zoom,
        selected=snapshot.region.code,
        legend=_legend(snapshot, say),
        legendCorner=shown.legend_corner,
        hrefTemplate=view.href("/area/{code}").replace("%7B", "{").replace("%7D", "}"),
        lang=view.lang,
        theme=view.theme,
    )


def geo_address(snapshot: AreaSnapshot) -> str:
    """Give the address of the shapes: the children, or the area among its siblings."""
    code = snapshot.region.code
    if snapshot.map.child_level:
        return f"/geo/{code}/{snapshot.map.child_level}.json"
    chain = snapshot.chain
    parent = chain[-2] if len(chain) > 1 else snapshot.region
    return f"/geo/{parent.code}/{max(snapshot.region.level, 6)}.json"


def _point(point: MapPoint, view: View) -> dict[str, Any]:
    return {
        "lng": point.lng,
        "lat": point.lat,
        "kind": point.kind,
        "id": point.id,
        "title": point.title,
        "priority": point.priority,
        "state": point.state,
        "href": view.href(point.href),
    }


def _legend(snapshot: AreaSnapshot, say: Say) -> dict[str, Any]:
    shown = snapshot.map
    unit = say.of(shown.unit)
    return {
        "title": say("legend_title", indicator=say.of(shown.title), unit=unit),
        "unit": unit,
        "decimals": shown.decimals,
        "nodata": say("no_data"),
    }


def _choice(snapshot: AreaSnapshot, say: Say, view: View) -> Component:
    links = [
        html.Li(
            Nav(
                href=view.href(indicator=value.code),
                className="choice is-chosen" if value.code == snapshot.map.indicator else "choice",
                children=say.of(value.title),
            )
        )
        for value in snapshot.indicators.values()
    ]
    return html.Details(
        [html.Summary(say("choose_indicator")), html.Ul(links, className="choices")],
        className="chooser",
    )
