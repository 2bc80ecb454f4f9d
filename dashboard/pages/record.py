"""One record: a case, an incident, a warning or a sensor, and the message behind it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from dash import html
from dash.development.base_component import Component

from dashboard.components import LinkState
from dashboard.pages.page import Page, Slot, View
from dashboard.panels import breadcrumb, header, record
from dashboard.text import Say
from layers.labels import Label
from layers.snapshot import RecordSnapshot

if TYPE_CHECKING:
    from layers.city import City

KINDS = ("case", "incident", "warning", "sensor")


def read(city: City, view: View) -> RecordSnapshot | None:
    """Read the record; None when there is none, or no longer."""
    if not exists(city, view):
        return None
    return city.reader.record(
        view.params["kind"], view.params["id"], view.params["district"], view.now
    )


def exists(city: City, view: View) -> bool:
    """Say whether there are records of this kind, feed and district, here or no longer."""
    known = view.params["district"] in city.reader.city.homes
    feed = view.params["id"].partition("|")[0]
    return known and view.params["kind"] in KINDS and feed in city.feeds


def concerns(view: View, homes: Collection[str]) -> bool:
    """Say whether a change in these homes concerns the record's home."""
    return view.params["district"] in homes


def layout(slot: Slot, say: Say, view: View) -> Component:
    """Give the page: fields beside map and history, the message below."""
    return html.Div(
        [
            html.A(say("skip"), href="#main", className="skip"),
            html.Header([slot("header"), LinkState(lang=view.lang)], className="header"),
            html.Main(
                [
                    slot("breadcrumb"),
                    html.Div(
                        [
                            slot("fields"),
                            html.Div([slot("place"), slot("history")], className="stack"),
                        ],
                        className="pair",
                    ),
                    slot("message"),
                ],
                className="column",
                id="main",
            ),
        ],
        className="page page-record",
    )


PAGE = Page(
    name="record",
    path="/record/<kind>/<district>/<id>",
    title=Label("记录", "Record"),
    read=read,
    layout=layout,
    panels={
        "header": header.page,
        "breadcrumb": breadcrumb.record,
        "fields": record.fields,
        "place": record.place,
        "history": record.history,
        "message": record.message,
    },
    refresh_s=10.0,
    concerns=concerns,
    exists=exists,
)
