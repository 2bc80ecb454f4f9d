"""Where one is in the prefix tree: city › district › street › community › grid."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.components import Nav
from dashboard.pages.page import View
from dashboard.panels import parts
from dashboard.text import Say
from layers.snapshot import AreaSnapshot, RecordSnapshot, RegionRef


def area(snapshot: AreaSnapshot, say: Say, view: View) -> Component:
    """Give the way to an area and its name as the page's heading."""
    region = snapshot.region
    facts: list[Component] = [html.Span(region.code, className="region-code")]
    if region.population is not None:
        facts.append(html.Span(say("population", n=say.number(region.population))))
    if region.generated:
        facts.append(parts.demo_badge(say, say("shape_generated")))
    return html.Div(
        [
            way(snapshot.chain, say, view),
            html.Div([html.H1(name(region, say)), *facts], className="place"),
        ],
        className="crumbs",
    )


def record(snapshot: RecordSnapshot, say: Say, view: View) -> Component:
    """Give the way to the area of a record and the record's title as the heading."""
    facts: list[Component] = [
        html.Span(say.code("kind", snapshot.kind), className="badge"),
        html.Span(snapshot.id, className="region-code"),
    ]
    if snapshot.clock not in ("none", ""):
        words = say.code("clock", snapshot.clock)
        facts.append(html.Span(words, className=f"due due-{snapshot.clock}"))
    if snapshot.kind == "sensor":
        facts.append(parts.state(snapshot.state, say))
    if snapshot.generated:
        facts.append(parts.demo_badge(say))
    title = say.of(snapshot.title) or snapshot.id
    return html.Div(
        [
            way(snapshot.chain, say, view, last_is_link=True),
            html.Div([html.H1(title, **parts.tongue(title, say)), *facts], className="place"),
        ],
        className="crumbs",
    )


def name(region: RegionRef, say: Say) -> str:
    """Give a region's name; the region of no place has one too."""
    return say("unassigned") if region.code == "000000" else say.of(region.name)


def way(
    chain: tuple[RegionRef, ...], say: Say, view: View, *, last_is_link: bool = False
) -> Component:
    """Give the links from the city down."""
    items = []
    for place, region in enumerate(chain):
        text = name(region, say)
        if place == len(chain) - 1 and not last_is_link:
            items.append(html.Li(html.Span(text, **parts.aria(current="page"))))
        else:
            href = view.href(f"/area/{region.code}")
            items.append(html.Li(Nav(href=href, className="crumb", children=text)))
    return html.Nav(html.Ol(items), className="breadcrumb", **parts.aria(label=say("breadcrumb")))
