"""The top of each page: who, when, is the data alive, what is in force."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.components import Clock, Nav
from dashboard.pages.page import View
from dashboard.panels import data_health, parts
from dashboard.text import Say
from layers.labels import Label
from layers.snapshot import Alert, AreaSnapshot, RecordSnapshot, SourcesSnapshot, State

CHIPS = 2
"""Official warnings that fit the header of the wall; more are counted."""


def wall(snapshot: AreaSnapshot, say: Say, view: View) -> Component:
    """Give the header of the wall, with the official warnings in force."""
    return html.Div(
        [
            html.Div(
                [
                    html.H1(say("wall_title", city=say.of(snapshot.city)), className="title"),
                    *_demo(snapshot.demo, say),
                ],
                className="top-left",
            ),
            html.Div(_warnings(snapshot, say, view), className="top-mid"),
            html.Div(
                [
                    _health(snapshot, say, view),
                    switches(say, view),
                    Clock(timezone=snapshot.timezone, lang=say.lang),
                ],
                className="top-right",
            ),
        ],
        className="top top-wall",
    )


def page(
    snapshot: AreaSnapshot | SourcesSnapshot | RecordSnapshot, say: Say, view: View
) -> Component:
    """Give the header of the other pages: the way back to the wall, and to the sources."""
    health = [] if isinstance(snapshot, RecordSnapshot) else [_health(snapshot, say, view)]
    return html.Div(
        [
            html.Div(
                [
                    Nav(
                        href=view.href("/wall", indicator=None),
                        className="home",
                        children=say("wall_title", city=say.of(snapshot.city)),
                    ),
                    *_demo(snapshot.demo, say),
                ],
                className="top-left",
            ),
            html.Div(
                [*health, switches(say, view), Clock(timezone=snapshot.timezone, lang=say.lang)],
                className="top-right",
            ),
        ],
        className="top",
    )


def _demo(demo: Label | None, say: Say) -> list[Component]:
    if demo is None:
        return []
    words = say.of(demo)
    return [
        html.Div(
            [parts.demo_badge(say, words), html.Span(words, className="demo-words")],
            className="demo",
            role="note",
        ),
        html.Div(say("watermark"), className="watermark", **parts.aria(hidden="true")),
    ]


def _warnings(snapshot: AreaSnapshot, say: Say, view: View) -> list[Component]:
    official = [alert for alert in snapshot.alerts if alert.kind == "official"]
    if not official:
        known = parts.carries(snapshot, "warning")
        text = say("no_warnings" if known else "no_warning_feed")
        return [html.Span(text, className="calm")]
    chips = [_chip(alert, say, view) for alert in official[:CHIPS]]
    if len(official) > CHIPS:
        more = say("more_warnings", n=len(official) - CHIPS)
        area = view.href(f"/area/{snapshot.region.code}")
        chips.append(Nav(href=area, className="more", children=more))
    return chips


def _chip(alert: Alert, say: Say, view: View) -> Component:
    words: list[Component] = [parts.level_mark(alert.level, say)]
    if alert.exercise:
        words.append(html.Span(say("exercise"), className="badge badge-exercise"))
    # the level first: a long title is cut off, the level never
    if alert.level:
        words.append(html.Span(say.code("level", alert.level), className="chip-level"))
    title = say.of(alert.title)
    words.append(html.Span(title, className="chip-title", **parts.tongue(title, say)))
    edge = "exercise" if alert.exercise else alert.level
    return Nav(href=view.href(alert.href), className=f"chip edge-{edge}", children=words)


def _health(snapshot: AreaSnapshot | SourcesSnapshot, say: Say, view: View) -> Component:
    feeds = snapshot.feeds.values()
    live = data_health.alive(feeds)
    worst: State = "live" if live == len(feeds) else "silent" if live == 0 else "partial"
    text = say("feeds_alive", live=live, all=len(feeds))
    return Nav(
        href=view.href("/sources", indicator=None),
        className=f"alive is-{worst}",
        children=[parts.dot(worst), html.Span(text)],
    )


def switches(say: Say, view: View) -> Component:
    """Give the switches of language and theme: links that change the query only."""
    other_lang = "en" if view.lang == "zh" else "zh"
    other_theme = "light" if view.theme == "dark" else "dark"
    return html.Nav(
        [
            Nav(
                href=view.href(lang=other_lang),
                className="switch switch-lang",
                children=say("switch_lang"),
            ),
            Nav(
                href=view.href(theme=other_theme),
                className="switch switch-theme",
                children=say(f"switch_{other_theme}"),
            ),
        ],
        className="switches",
        **parts.aria(label=say("switches")),
    )
