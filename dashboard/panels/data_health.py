"""The data-health strip: is each source alive, and what came of its messages."""

from __future__ import annotations

from collections.abc import Collection

from dash import html
from dash.development.base_component import Component

from dashboard.components import Age, Nav
from dashboard.pages.page import View
from dashboard.panels import parts
from dashboard.text import Say
from layers.snapshot import AreaSnapshot, FeedHealth
from layers.times import to_ms


def alive(feeds: Collection[FeedHealth]) -> int:
    """Count the feeds that are not late and not silent."""
    return sum(feed.state in ("live", "partial") for feed in feeds)


def panel(snapshot: AreaSnapshot, say: Say, view: View) -> Component:
    """Give one cell per feed; each leads to its card on the sources page."""
    feeds = list(snapshot.feeds.values())
    cells = [_cell(feed, say, view) for feed in feeds]
    title = html.Div(
        [
            html.H2(say("data_health"), id="health-title", className="panel-title"),
            html.Span(say("equation_words"), className="health-words"),
        ],
        className="health-head",
    )
    return html.Section(
        [
            title,
            *_rebuilt(feeds, say, view),
            html.Ul(cells, className="health-cells", style={"--columns": str(max(len(feeds), 1))}),
        ],
        className="panel panel-health",
        **parts.aria(labelledby="health-title"),
    )


def _rebuilt(feeds: Collection[FeedHealth], say: Say, view: View) -> list[Component]:
    """Say that the state was lost and built again, and since when."""
    known = [(feed.rebuilt_at, feed) for feed in feeds if feed.rebuilt_at is not None]
    if not known:
        return []
    at = min(moment for moment, _ in known)
    word = "rebuilding_words" if any(feed.lag for _, feed in known) else "rebuilt_words"
    text = say(word, at=say.moment(at, view.now), n=len(known))
    return [html.P(text, className="health-rebuilt", role="status")]


def _cell(feed: FeedHealth, say: Say, view: View) -> Component:
    last = None if feed.last_message_at is None else to_ms(feed.last_message_at)
    return html.Li(
        Nav(
            href=view.href("/sources") + f"#feed-{feed.id}",
            className=f"health is-{feed.state}",
            children=[
                html.Span(
                    [
                        parts.state(feed.state, say),
                        html.Span(say.of(feed.title), className="health-title"),
                        Age(at=last, stale_after_s=feed.silent_after_s, lang=say.lang),
                    ],
                    className="health-line",
                ),
                equation(feed, say),
            ],
        )
    )


def equation(feed: FeedHealth, say: Say) -> Component:
    """Give read = accepted + duplicate + rejected + late, in numbers."""
    numbers = [
        ("read", feed.read),
        ("accepted", feed.accepted),
        ("duplicate", feed.duplicate),
        ("rejected", feed.rejected),
        ("late", feed.late),
    ]
    signs = ("", "=", "+", "+", "+")
    spoken = say("equation_spoken", **{name: say.number(count) for name, count in numbers})
    terms = []
    for sign, (name, count) in zip(signs, numbers, strict=True):
        if sign:
            terms.append(html.Span(sign, className="sign"))
        act = " is-act" if count and name in ("rejected", "late") else ""
        terms.append(html.Span(say.number(count), className=f"term term-{name}{act}"))
    return html.Span(
        html.Span(terms, **parts.aria(hidden="true")),
        className="equation",
        title=spoken,
        role="img",
        **parts.aria(label=spoken),
    )
