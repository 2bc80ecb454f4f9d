"""Every feed as a card: is it alive, what came of its messages, who answers for it."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.components import Age
from dashboard.pages.page import View
from dashboard.panels import data_health, parts
from dashboard.text import Say
from layers.snapshot import FeedHealth, SourcesSnapshot
from layers.times import to_ms


def panel(snapshot: SourcesSnapshot, say: Say, view: View) -> Component:
    """Give one card per feed, those that need somebody first."""
    order = {"silent": 0, "stale": 1, "partial": 2, "live": 3}
    feeds = sorted(snapshot.feeds.values(), key=lambda feed: order[feed.state])
    cards = [card(feed, say, view) for feed in feeds]
    live = data_health.alive(feeds)
    refused = [
        html.P(say("feed_refused", file=file, why=why), className="hint is-act")
        for file, why in snapshot.refused.items()
    ]
    return parts.frame(
        "accounts",
        say("feeds"),
        html.P(say("equation_words"), className="hint"),
        *refused,
        html.Div(cards, className="cards"),
        aside=say("feeds_alive", live=live, all=len(feeds)),
    )


def card(feed: FeedHealth, say: Say, view: View) -> Component:
    """Give the card of one feed."""
    top = [
        html.H3(say.of(feed.title), id=f"feed-{feed.id}-title"),
        *([parts.demo_badge(say, say.of(feed.origin))] if feed.generated else []),
        parts.state(feed.state, say),
    ]
    return html.Article(
        [
            html.Div(top, className="card-top"),
            _terms(feed, say),
            _minutes(feed, say),
            html.Dl(_facts(feed, say, view), className="facts"),
        ],
        id=f"feed-{feed.id}",
        className=f"card is-{feed.state}",
        **parts.aria(labelledby=f"feed-{feed.id}-title"),
    )


def _terms(feed: FeedHealth, say: Say) -> Component:
    numbers = [
        ("read", feed.read),
        ("accepted", feed.accepted),
        ("duplicate", feed.duplicate),
        ("rejected", feed.rejected),
        ("late", feed.late),
    ]
    cells = []
    for sign, (name, count) in zip(("", "=", "+", "+", "+"), numbers, strict=True):
        act = " is-act" if count and name in ("rejected", "late") else ""
        cells.append(
            html.Div(
                [
                    html.Dt(say(name)),
                    html.Dd([html.Span(sign, className="sign"), say.number(count)]),
                ],
                className=f"account account-{name}{act}",
            )
        )
    return html.Dl(cells, className="account-row")


def _minutes(feed: FeedHealth, say: Say) -> Component:
    counts = feed.read_per_minute
    text = say("per_minute", top=say.number(max(counts, default=0)), last=say.number(sum(counts)))
    return html.Div(
        [parts.columns(counts, text), html.Span(text, className="hint")], className="minutes"
    )


def _facts(feed: FeedHealth, say: Say, view: View) -> list[Component]:
    last = None if feed.last_message_at is None else to_ms(feed.last_message_at)
    age = Age(at=last, stale_after_s=feed.silent_after_s, lang=say.lang)
    at = html.Span(say.moment(feed.last_message_at, view.now), className="hint")
    return [
        _fact(say("last_message"), [age, at] if last else say("never")),
        _fact(say("last_event"), say.moment(feed.last_event_at, view.now)),
        _fact(
            say("lag"),
            say("lag_unknown") if feed.lag is None else say("messages", n=say.number(feed.lag)),
        ),
        *_rebuilt(feed, say, view),
        _fact(say("sources"), f"{feed.sources_reporting} / {feed.sources_expected}"),
        _fact(say("expected_interval"), span(feed.expected_interval_s, say)),
        _fact(say("silent_after"), span(feed.silent_after_s, say)),
        _fact(say("unassigned"), say.number(feed.unassigned)),
        _fact(say("unmapped"), say.number(feed.unmapped)),
        *[_fact(say(name), say.number(count)) for name, count in feed.noted.items()],
        *(_mended(feed, say) if feed.mended else []),
        *([_fact(say("rules"), _rules(feed, say, view))] if feed.rules else []),
        _fact(say("owner"), say.of(feed.owner)),
        _fact(say("contact"), say.of(feed.contact)),
        _fact(say("origin"), say.of(feed.origin), "fact-wide"),
    ]


def _rebuilt(feed: FeedHealth, say: Say, view: View) -> list[Component]:
    """Say that the state was lost and stands, or will stand, as the broker's messages make it."""
    if feed.rebuilt_at is None:
        return []
    word = say("rebuilding") if feed.lag else say("rebuilt")
    return [_fact(word, say.moment(feed.rebuilt_at, view.now), "fact-wide is-act")]


def _rules(feed: FeedHealth, say: Say, view: View) -> list[Component | str]:
    since = say("rules_since", at=say.moment(feed.rules_since, view.now))
    found: list[Component | str] = [html.Code(feed.rules), " ", html.Span(since, className="hint")]
    if feed.refused:
        words = say("rules_refused", why=feed.refused)
        found.append(html.Span(words, className="row-detail is-act"))
    return found


def _mended(feed: FeedHealth, say: Say) -> list[Component]:
    words = html.Span(say("mended_of_rejected"), className="hint")
    return [_fact(say("mended"), [say.number(feed.mended), " ", words])]


def _fact(name: str, value: parts.Content, kind: str = "") -> Component:
    return html.Div([html.Dt(name), html.Dd(value)], className=f"fact {kind}".strip())


def span(seconds: int, say: Say) -> str:
    """Write a length of time in its largest whole unit."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= size and seconds % size == 0:
            return say(unit, n=seconds // size)
    return say("seconds", n=seconds)
