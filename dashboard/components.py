"""The components of the live screen, in namespace `yiwang`; their browser side is assets/js.

A page puts `Live` slots into its layout. All others can stand in a page or in the tree of a slot.
An application that uses them serves `assets/` with `assets_path_ignore=ASSETS_PATH_IGNORE`: what
lies in assets/lazy is fetched by those components that need it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash.development.base_component import Component

ASSETS_PATH_IGNORE = ["^lazy"]
"""Folders of assets/ that Dash serves but must not load as scripts of every page."""

Child = Component | str | int | float | None
Point = Mapping[str, Any]


class Piece(Component):
    """Base of our components: one namespace, `aria-*` and `data-*`, names in `takes`."""

    takes: tuple[str, ...] = ()

    def __init_subclass__(cls) -> None:
        """Tell Dash in its own words what the component is called and takes."""
        cls._namespace = "yiwang"
        cls._type = cls.__name__
        cls._prop_names = ["id", "className", *cls.takes]
        cls._children_props = []
        cls._base_nodes = ["children", "tree"]
        cls._valid_wildcard_attributes = ["data-", "aria-"]
        cls.available_wildcard_properties = ["data-", "aria-"]

    def __init__(self, **props: Any) -> None:
        # Dash's own constructor tries to import the namespace at every property, to have it at
        # hand for an error message: a tenth of a millisecond each, thousands of times a page.
        for name, value in props.items():
            if name not in self._prop_names and not name.startswith(("data-", "aria-")):
                allowed = ", ".join(sorted(self._prop_names))
                raise TypeError(f"{self._type} does not take `{name}`; it takes {allowed}.")
            setattr(self, name, value)

    @property
    def available_properties(self) -> list[str]:
        """Names that Dash accepts for this component."""
        return self._prop_names


class Live(Piece):
    """A slot: shows `tree`, then every newer tree of panel `id` that is pushed for `page`.

    Args:
        id: name of the panel.
        page: key of the page, as in `View.key()`.
        tree: the panel as rendered now.
    """

    takes = ("page", "tree")

    def __init__(self, id: str, page: str, tree: Child, **rest: Any) -> None:  # noqa: A002
        super().__init__(id=id, page=page, tree=tree, **rest)


class Age(Piece):
    """How long ago something was, going on by itself; class `is-stale` when too long ago.

    Args:
        at: epoch ms; None is shown as "—".
        stale_after_s: 0 never goes stale.
        lang: zh or en.
    """

    takes = ("at", "stale_after_s", "lang")

    def __init__(
        self, at: int | None, stale_after_s: int = 0, lang: str = "zh", **rest: Any
    ) -> None:
        super().__init__(at=at, stale_after_s=stale_after_s, lang=lang, **rest)


class Clock(Piece):
    """Date, weekday and time of day in an IANA time zone."""

    takes = ("timezone", "lang")

    def __init__(self, timezone: str, lang: str = "zh", **rest: Any) -> None:
        super().__init__(timezone=timezone, lang=lang, **rest)


class LinkState(Piece):
    """Dot and word for the state of the connection, and the banner 「数据已中断 N 秒」."""

    takes = ("lang",)

    def __init__(self, lang: str = "zh", **rest: Any) -> None:
        super().__init__(lang=lang, **rest)


class Spark(Piece):
    """A small line without axes.

    Args:
        points: oldest first; None is a gap.
        label: spoken text; without it the line is hidden from screen readers.
        rest: `lo`, `hi` fix the scale, else it follows the values; `band_lo`, `band_hi` limit the
            shaded band of normal values.
    """

    takes = ("points", "lo", "hi", "band_lo", "band_hi", "label")

    def __init__(self, points: Sequence[float | None], label: str = "", **rest: Any) -> None:
        super().__init__(points=list(points), label=label, **rest)


class Nav(Piece):
    """A link inside the product that keeps lang, theme and indicator, and does not load anew.

    Args:
        children: as of html.A.
        href: address in the product; "?lang=en" alone stays on the page.
        rest: className, title, role, target, tabIndex, style, key, aria-*, data-*.
    """

    takes = ("children", "href", "title", "role", "target", "tabIndex", "lang", "style", "key")

    def __init__(self, children: Child | Sequence[Child], href: str, **rest: Any) -> None:
        super().__init__(children=children, href=href, **rest)


class Chart(Piece):
    """A still Plotly figure, as large as its place allows; redrawn when the figure changes.

    Args:
        figure: a Plotly figure or its JSON.
        label: what it shows, for screen readers.
    """

    takes = ("figure", "label")

    def __init__(self, figure: Any, label: str = "", **rest: Any) -> None:
        super().__init__(figure=figure, label=label, **rest)


class CityMap(Piece):
    """The children of an area coloured by one indicator, with points on top.

    Args:
        geo: address of the GeoJSON of the children (properties: code, name, name_en).
        values: code → number; None is drawn as 无数据.
        breaks: upper limits of the classes but the last, ascending.
        rest:
            labels: code → text of the value; without it the number itself.
            points: {lng, lat, kind, priority, title, href, id}.
            warnings: code → legal colour (red, orange, yellow, blue) of the warning in force.
            legend: {title, unit, decimals, items: [{mark, text}]}; legendCorner: tl, tr, bl or br.
            center, zoom: where to look until the shapes have come.
            hrefTemplate: where a click on a child leads; "" when it leads nowhere.
            selected: code of the child that is framed; label: what it shows, for screen readers.
            lang: zh or en; theme: dark or light.
    """

    takes = (
        *("geo", "values", "breaks", "labels", "points", "warnings", "legend", "legendCorner"),
        *("center", "zoom", "bounds", "hrefTemplate", "selected", "label", "lang", "theme"),
    )

    def __init__(
        self,
        geo: str,
        values: Mapping[str, float | None],
        breaks: Sequence[float],
        **rest: Any,
    ) -> None:
        super().__init__(geo=geo, values=dict(values), breaks=list(breaks), **rest)
