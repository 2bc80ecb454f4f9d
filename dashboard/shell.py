"""The Dash application: one callback that answers an address with a page."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import flask
from dash import ClientsideFunction, Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from dashboard.components import ASSETS_PATH_IGNORE, Live, Nav
from dashboard.pages.page import Defaults, Page, Slot, View, find, language
from dashboard.panels import parts
from dashboard.security import content_policy
from dashboard.text import LANGUAGES, Say
from layers.store.client import StoreUnavailableError

if TYPE_CHECKING:
    from layers.city import City

ASSETS = Path(__file__).resolve().parent / "assets"

INDEX = """<!DOCTYPE html>
<html lang="zh-CN" data-theme="dark">
<head>
{%metas%}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<title>{%title%}</title>
<link rel="icon" href="data:,">
{%css%}
</head>
<body>
{%app_entry%}
<noscript>NEEDS_SCRIPT</noscript>
<footer hidden>{%config%}{%scripts%}{%renderer%}</footer>
</body>
</html>"""

HTML_LANG = {"zh": "zh-CN", "en": "en"}


class Screens(Dash):
    """Dash whose first HTML already has the viewer's language and theme: no flash of the other."""

    defaults = Defaults()

    def interpolate_index(self, *_none: str, **pieces: str) -> str:
        """Write language and theme into the root element."""
        query = flask.request.args
        lang = query.get("lang", self.defaults.lang)
        theme = query.get("theme", self.defaults.theme)
        text: str = super().interpolate_index(**pieces)  # type: ignore[no-untyped-call]
        theme = theme if theme in ("dark", "light") else self.defaults.theme
        root = f'<html lang="{HTML_LANG.get(lang, "zh-CN")}" data-theme="{theme}">'
        return text.replace('<html lang="zh-CN" data-theme="dark">', root, 1)


def create_screens(
    city: City, pages: Collection[Page], now: Callable[[], datetime], defaults: Defaults
) -> Screens:
    """Build the Dash application of a city."""
    needs_script = " ".join(Say(lang)("needs_script") for lang in LANGUAGES)
    app = Screens(
        __name__,
        assets_folder=str(ASSETS),
        assets_path_ignore=ASSETS_PATH_IGNORE,
        title=Say(defaults.lang)("product"),
        update_title="",
        index_string=INDEX.replace("NEEDS_SCRIPT", needs_script),
        serve_locally=True,
    )
    app.defaults = defaults
    app.layout = html.Div(
        [
            dcc.Location(id="location", refresh=False),
            html.Div(id="page"),
            html.Div(id="page-title", hidden=True),
        ]
    )

    @app.callback(
        Output("page", "children"),
        Output("page-title", "children"),
        Input("location", "pathname"),
        Input("location", "search"),
    )
    def show(pathname: str | None, search: str | None) -> tuple[Component, str]:
        address = f"{pathname}{search or ''}"
        lang = language(address, defaults)
        return answer(city, find(pages, address, now(), defaults), lang)

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("yiwang", "arrive"),
        Output("page-title", "title"),
        Input("page-title", "children"),
    )

    def exists(path: str) -> bool:
        found = find(pages, path, now(), defaults)
        return found is not None and found[0].exists(city, found[1])

    _guard(app, exists)
    return app


def _guard(app: Screens, exists: Callable[[str], bool]) -> None:
    @app.server.after_request  # type: ignore[untyped-decorator]
    def guard(response: flask.Response) -> flask.Response:
        if response.mimetype == "text/html":
            # Per answer: Dash adds inline scripts up to its first request.
            response.headers["Content-Security-Policy"] = content_policy(app.csp_hashes())
            if not exists(_asked()):
                response.status_code = 404
        return response


def _asked() -> str:
    """Give the path as the browser wrote it: an id may hold an encoded slash."""
    raw: bytes = flask.request.environ.get("asgi.scope", {}).get("raw_path", b"")
    return raw.decode("latin-1") or quote(flask.request.path)


def warm(app: Screens) -> None:
    """Let one request pass: first ones that come together race in Dash's set-up (dash#3971)."""
    app.server.test_client().get("/wall")


def answer(city: City, found: tuple[Page, View] | None, lang: str) -> tuple[Component, str]:
    """Give the page of an address and its title.

    Args:
        city: what is read.
        found: the page and the view, None for an address of no page.
        lang: the language to say so in.
    """
    if found is None:
        say = Say(lang)
        return not_found(say, f"/wall?lang={lang}"), say("not_found")
    page, view = found
    try:
        snapshot = page.read(city, view)
    except StoreUnavailableError:
        say = Say(view.lang)
        return page.layout(_waiting(page, view, say), say, view), say.of(page.title)
    if snapshot is None:
        say = Say(view.lang)
        return not_found(say, view.href("/wall")), say("not_found")
    say = Say(view.lang, snapshot.timezone)
    title = " · ".join(filter(None, (_subject(snapshot, say), say.of(page.title), say("product"))))
    return page.layout(_filled(page, view, snapshot, say), say, view), title


def _subject(snapshot: Any, say: Say) -> str:
    title = getattr(snapshot, "title", None)
    region = getattr(snapshot, "region", None)
    return say.of(title or (region.name if region else snapshot.city))


def _filled(page: Page, view: View, snapshot: Any, say: Say) -> Slot:
    def slot(name: str) -> Component:
        tree = page.panels[name](snapshot, say, view)
        return Live(id=name, page=view.key(), tree=tree, className=f"slot slot-{name}")

    return slot


def _waiting(page: Page, view: View, say: Say) -> Slot:
    """Give slots that say what is wrong, once, and fill when the store is back."""
    told = list(page.panels)[1]

    def slot(name: str) -> Component:
        tree = outage(say) if name == told else parts.absent()
        return Live(id=name, page=view.key(), tree=tree, className=f"slot slot-{name}")

    return slot


def outage(say: Say) -> Component:
    """Say that the store does not answer."""
    return html.Div(
        [html.H2(say("outage")), html.P(say("outage_hint"))], className="notice", role="alert"
    )


def not_found(say: Say, home: str) -> Component:
    """Say that there is no such page, and where there is one."""
    return html.Main(
        [
            html.H1(say("not_found")),
            html.P(say("not_found_hint")),
            Nav(href=home, className="button", children=say("to_wall")),
        ],
        className="page notice",
    )
