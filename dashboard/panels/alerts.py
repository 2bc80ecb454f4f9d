"""Official warnings in force, and readings beyond their band."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.components import Age, Nav
from dashboard.pages.page import View
from dashboard.panels import parts
from dashboard.text import Say
from layers.snapshot import Alert, AreaSnapshot
from layers.times import to_ms


def panel(snapshot: AreaSnapshot, say: Say, view: View, limit: int = 40) -> Component:
    """Give the alert panel.

    Args:
        snapshot: of the area.
        say: the viewer's language.
        view: what the viewer looks at.
        limit: rows that fit; what is left out is counted and linked.
    """
    official = sum(alert.kind == "official" and not alert.exercise for alert in snapshot.alerts)
    readings = sum(alert.kind == "reading" for alert in snapshot.alerts)
    if not snapshot.alerts:
        known = parts.carries(snapshot, "warning")
        text = say("no_alerts" if known else "no_alerts_no_feed")
        return parts.frame("alerts", say("alerts"), parts.calm(text))
    shown = snapshot.alerts[:limit]
    body: list[Component] = [html.Ul([row(alert, say, view) for alert in shown], className="rows")]
    rest = len(snapshot.alerts) - len(shown)
    if rest:
        body.append(
            Nav(
                href=view.href(f"/area/{snapshot.region.code}"),
                className="more",
                children=say("more_alerts", n=rest),
            )
        )
    return parts.frame(
        "alerts",
        say("alerts"),
        *body,
        aside=say("alerts_count", official=official, readings=readings),
    )


def row(alert: Alert, say: Say, view: View) -> Component:
    """Give one row: level as colour and glyph, what, where, since when."""
    kind = alert.level if alert.kind == "official" else (alert.priority or "p4").lower()
    return html.Li(
        Nav(
            href=view.href(alert.href),
            className=f"row alert edge-{'exercise' if alert.exercise else kind}",
            children=[_mark(alert, say), _words(alert, say), _times(alert, say, view)],
        )
    )


def _mark(alert: Alert, say: Say) -> Component:
    if alert.kind == "official":
        return parts.level_mark(alert.level, say)
    return parts.priority_mark(alert.priority or "P4")


def _words(alert: Alert, say: Say) -> Component:
    words = say.of(alert.title)
    title: list[Component] = [html.Span(words, className="row-title", **parts.tongue(words, say))]
    if alert.exercise:
        title.insert(0, html.Span(say("exercise"), className="badge badge-exercise"))
    if alert.generated:
        title.append(parts.demo_badge(say))
    region, detail = say.of(alert.region.name), say.of(alert.detail)
    under = [html.Span(region)] if region not in detail else []
    return html.Span(
        [
            html.Span(title, className="row-head"),
            html.Span(
                [*under, html.Span(detail, **parts.tongue(detail, say))], className="row-detail"
            ),
        ],
        className="row-words",
    )


def _times(alert: Alert, say: Say, view: View) -> Component:
    until = say("until", time=say.moment(alert.until, view.now)) if alert.until else ""
    return html.Span(
        [
            Age(at=to_ms(alert.since), stale_after_s=0, lang=say.lang),
            html.Span(until, className="row-until"),
        ],
        className="row-times",
    )
