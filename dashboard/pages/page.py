"""What a page is, and what one viewer is looking at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from dash.development.base_component import Component

from dashboard.text import LANGUAGES, Say
from layers.labels import Label

if TYPE_CHECKING:
    from layers.city import City

THEMES = ("dark", "light")


@dataclass(frozen=True)
class View:
    """One page as somebody looks at it; two viewers with equal keys see the same."""

    path: str
    params: Mapping[str, str]
    """Variables of the path, e.g. {"code": "110108"}."""
    lang: str
    theme: str
    indicator: str | None
    now: datetime

    def key(self) -> str:
        """Give the canonical address: what the hub watches and what the browser asks for."""
        return self.href(self.path)

    def href(self, path: str | None = None, **changes: str | None) -> str:
        """Give the address of `path` (this page without one), this view's choices kept.

        Args:
            path: where to; may carry no query.
            changes: `lang`, `theme` or `indicator` to choose instead.
        """
        chosen: dict[str, str | None] = {
            "lang": self.lang,
            "theme": self.theme,
            "indicator": self.indicator,
        } | changes
        query = urlencode({name: value for name, value in chosen.items() if value})
        return f"{self.path if path is None else path}?{query}"

    def at(self, now: datetime) -> View:
        """Give the same view at another moment."""
        return replace(self, now=now)


Panel: TypeAlias = Callable[[Any, Say, View], Component]
"""A pure function of a snapshot."""

Slot: TypeAlias = Callable[[str], Component]
"""Panel name → its place on the page, filled and live."""


def any_place(_city: City, _view: View) -> bool:
    """Say that the page exists whatever stands in its address."""
    return True


def any_change(_view: View, _homes: Collection[str]) -> bool:
    """Say that every change of the city concerns the page."""
    return True


@dataclass(frozen=True)
class Page:
    """One page: a row of the registry.

    Args:
        name: used in class names and titles.
        path: address; `<name>` stands for one part of it.
        title: of the browser's tab.
        read: city, view → snapshot, or None when there is no such thing.
        layout: slot, say, view → the whole page. It knows nothing of the data, so the page stands
            when the store is out and fills as soon as it is back.
        panels: name → panel.
        refresh_s: read again after so long, change or not: time passes too.
        concerns: whether a change in these homes concerns the view.
        exists: whether the city has such a place at all; told without the store, for the status
            of the answer.
    """

    name: str
    path: str
    title: Label
    read: Callable[[City, View], Any]
    layout: Callable[[Slot, Say, View], Component]
    panels: Mapping[str, Panel]
    refresh_s: float
    concerns: Callable[[View, Collection[str]], bool] = any_change
    exists: Callable[[City, View], bool] = any_place

    def match(self, path: str) -> dict[str, str] | None:
        """Give the variables of a path of this page, None for a path of another."""
        pattern, parts = self.path.split("/"), path.split("/")
        if len(pattern) != len(parts) or not all(parts[1:]):
            return None
        found: dict[str, str] = {}
        for expected, part in zip(pattern, parts, strict=True):
            if expected.startswith("<"):
                found[expected[1:-1]] = unquote(part)
            elif expected != part:
                return None
        return found


@dataclass(frozen=True)
class Defaults:
    """What a viewer who chose nothing sees."""

    lang: str = LANGUAGES[0]
    theme: str = THEMES[0]


def language(address: str, defaults: Defaults) -> str:
    """Give the language that the viewer of an address has chosen, page or no page."""
    query = dict(parse_qsl(urlsplit(address).query))
    return _one_of(query.get("lang"), LANGUAGES, defaults.lang)


def find(
    pages: Collection[Page], address: str, now: datetime, defaults: Defaults
) -> tuple[Page, View] | None:
    """Find the page of an address and what its viewer chose; None when there is no such page."""
    parts = urlsplit(address)
    for page in pages:
        params = page.match(parts.path)
        if params is None:
            continue
        query = dict(parse_qsl(parts.query))
        path = "/".join(quote(unquote(part), safe="") for part in parts.path.split("/"))
        return page, View(
            path=path,
            params=params,
            lang=_one_of(query.get("lang"), LANGUAGES, defaults.lang),
            theme=_one_of(query.get("theme"), THEMES, defaults.theme),
            indicator=query.get("indicator") or None,
            now=now,
        )
    return None


def _one_of(value: str | None, allowed: Collection[str], default: str) -> str:
    return value if value is not None and value in allowed else default
