"""City vitals: one tile per indicator, each with what makes it trustworthy."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice

from dash import html
from dash.development.base_component import Component

from dashboard.components import Age, Nav, Spark
from dashboard.pages.page import View
from dashboard.panels import parts
from dashboard.text import Say
from layers.snapshot import AreaSnapshot, IndicatorValue
from layers.times import to_ms

OWNER_ROOM = 24
"""Latin characters that fit a tile; of a longer owner some words are shortened."""

OFFICE_WORDS = {"Bureau", "Department", "Commission", "Committee", "Office", "Municipal"}
"""What nearly every owner is called: left out where room is short."""

SHORTER = {"Government": "Govt", "Management": "Mgmt", "Administration": "Admin"}

ON_WALL = 16
"""Tiles of two full rows."""


def panel(snapshot: AreaSnapshot, say: Say, view: View) -> Component:
    """Give the strip of the wall: two rows of tiles, as the city pack orders them."""
    shown = list(islice(snapshot.indicators.values(), ON_WALL))
    path = f"/area/{snapshot.region.code}"
    return html.Section(
        [
            html.H2(say("vitals"), id="vitals-title", className="visually-hidden"),
            *tiles(shown, path, say, view),
        ],
        className="panel-vitals",
        style={"--columns": str(max((len(shown) + 1) // 2, 1))},
        **parts.aria(labelledby="vitals-title"),
    )


def tiles(values: Collection[IndicatorValue], path: str, say: Say, view: View) -> list[Component]:
    """Give one tile per indicator; each leads to its indicator at `path`."""
    return [tile(value, view.href(path, indicator=value.code), say, view) for value in values]


def tile(value: IndicatorValue, href: str, say: Say, view: View) -> Component:
    """Give one tile: what, how much, which way, how old, how complete, whose."""
    classes = ["tile", f"is-{value.state}"]
    if value.breach:
        classes.append(f"breach-{value.breach.lower()}")
    if value.code == view.indicator:
        classes.append("is-chosen")
    if value.state in ("stale", "silent"):
        classes.append("is-grey")
    return Nav(
        href=href,
        className=" ".join(classes),
        children=[
            html.Span(_title(value, say), className="tile-top"),
            html.Span([*_amount(value, say), _spark(value)], className="tile-mid"),
            html.Span(_trust(value, say, view), className="tile-trust"),
            _owner(value, say),
        ],
    )


def _title(value: IndicatorValue, say: Say) -> list[Component]:
    title = html.Span(say.of(value.title), className="tile-title", title=say.of(value.source))
    return [title, parts.priority_mark(value.breach)] if value.breach else [title]


def _owner(value: IndicatorValue, say: Say) -> Component:
    return html.Span(
        owner_short(say.of(value.owner)), className="tile-owner", title=say.of(value.owner)
    )


def owner_short(owner: str) -> str:
    """Shorten a department's name to what fits a tile; the full name stands in its tooltip."""
    if not owner.isascii():
        return owner if len(owner) <= 3 or owner.startswith("市委") else owner.removeprefix("市")
    words = [word for word in owner.replace(" and ", " & ").split() if word not in OFFICE_WORDS]
    short = " ".join(words)
    if len(short) > OWNER_ROOM:
        short = " ".join(SHORTER.get(word, word) for word in words)
    return short or owner


def _amount(value: IndicatorValue, say: Say) -> list[Component]:
    return [
        html.Span(say.number(value.value, value.decimals), className="tile-value"),
        html.Span(
            [html.Span(say.of(value.unit), className="tile-unit"), _verdict(value, say)],
            className="tile-beside",
        ),
    ]


def _spark(value: IndicatorValue) -> Component:
    # the current hour is not over: a count of it would always seem to fall
    hours = value.trend[:-1]
    known = [point for point in hours if point is not None]
    if len(known) < 2:
        return html.Span(className="tile-spark")
    low, high = min(known), max(known)
    return html.Span(
        Spark(points=list(hours), lo=low, hi=high if high > low else low + 1),
        className="tile-spark",
    )


def _trust(value: IndicatorValue, say: Say, view: View) -> list[Component]:
    if value.state in ("stale", "silent"):
        since = value.since or value.as_of
        if since is None:
            return [html.Span(say("never"), className="tile-since")]
        text = say("no_new_since", time=say.moment(since, view.now))
        return [html.Span(text, className="tile-since")]
    at = None if value.as_of is None else to_ms(value.as_of)
    return [
        Age(at=at, stale_after_s=value.stale_after_s, lang=say.lang),
        coverage(value.sources_reporting, value.sources_expected, say),
    ]


def coverage(reporting: int, expected: int, say: Say) -> Component:
    """Give how many of the expected sources report; a shortfall is marked."""
    short = reporting < expected
    return html.Span(
        say("coverage", reporting=reporting, expected=expected),
        className="coverage is-short" if short else "coverage",
    )


def _verdict(value: IndicatorValue, say: Say) -> Component:
    if value.breach:
        return html.Span(value.band, className="tile-breach")
    change = say.change(value.change, value.decimals)
    return html.Span(change, className="tile-change", title=say("change_hint") if change else "")
