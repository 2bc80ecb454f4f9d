"""One record: what it says, where it lies, and the very message it came from."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard import figures
from dashboard.components import Chart, CityMap, Nav
from dashboard.pages.page import View
from dashboard.panels import parts
from dashboard.text import Say
from layers.snapshot import RecordField, RecordSnapshot


def fields(snapshot: RecordSnapshot, say: Say, _view: View) -> Component:
    """Give the canonical fields, and below them those that no canonical field takes."""
    body = [_table("fields", say("fields"), snapshot.fields, say)]
    if snapshot.ext:
        body += [html.H3(say("ext")), _table("ext", say("ext"), snapshot.ext, say)]
    return parts.frame("fields", say("fields"), *body, aside=say.of(snapshot.feed_title))


def _table(name: str, caption: str, rows: tuple[RecordField, ...], say: Say) -> Component:
    body = [
        html.Tr(
            [
                parts.row_head(say.code("field", row.name)),
                parts.cell(_value(row, say) or "—"),
            ]
        )
        for row in rows
    ]
    return parts.table(name, caption, [parts.head(say("field")), parts.head(say("value"))], body)


def _value(row: RecordField, say: Say) -> parts.Content:
    if row.label is not None:
        name = say.of(row.label)
        return name if name == row.value else [html.Span(name), " ", html.Code(row.value)]
    families = {"status": "status", "category": "category", "outcome": "outcome", "kind": "kind"}
    return say.code(families[row.name], row.value) if row.name in families else row.value


def place(snapshot: RecordSnapshot, say: Say, view: View) -> Component:
    """Give the point on the map; a record without one says so."""
    if snapshot.lng is None or snapshot.lat is None:
        return parts.frame("place", say("place"), parts.calm(say("no_place")))
    parent, level = _around(snapshot)
    point = {
        "lng": snapshot.lng,
        "lat": snapshot.lat,
        "kind": snapshot.kind,
        "id": snapshot.id,
        "title": say.of(snapshot.title),
        "priority": None,
        "state": snapshot.state,
        "href": view.key(),
    }
    city_map = CityMap(
        geo=f"/geo/{parent}/{level}.json",
        values={},
        breaks=[],
        labels={},
        points=[point],
        center=[snapshot.lng, snapshot.lat],
        zoom=11,
        selected=snapshot.region.code,
        hrefTemplate=view.href("/area/{code}"),
        lang=view.lang,
        theme=view.theme,
    )
    where = f"{snapshot.lng:.5f}, {snapshot.lat:.5f} (WGS 84)"
    return parts.frame("place", say("place"), html.Div(city_map, className="map"), aside=where)


def _around(snapshot: RecordSnapshot) -> tuple[str, int]:
    codes = [region.code for region in snapshot.chain]
    if len(codes) > 1:
        return codes[-2], len(codes[-1])
    return codes[0] if codes else snapshot.region.code, 6


def history(snapshot: RecordSnapshot, say: Say, view: View) -> Component:
    """Give the last 24 hours of a sensor; other records have none."""
    if not snapshot.history:
        return parts.absent()
    figure = figures.history(snapshot.history, snapshot.timezone, view.theme)
    chart = html.Div(
        Chart(figure=figure), className="chart", role="img", **parts.aria(label=say("history"))
    )
    return parts.frame("history", say("history"), chart)


def message(snapshot: RecordSnapshot, say: Say, view: View) -> Component:
    """Give the message as it came, with its place in the log and who answers for it."""
    facts = [
        (say("topic"), snapshot.topic or "—"),
        (say("partition"), str(snapshot.partition) if snapshot.partition >= 0 else "—"),
        (say("offset"), str(snapshot.offset) if snapshot.offset >= 0 else "—"),
        (say("owner"), say.of(snapshot.owner)),
    ]
    source = Nav(
        href=view.href("/sources", indicator=None) + f"#feed-{snapshot.feed}",
        className="cell-link",
        children=say.of(snapshot.feed_title),
    )
    listed = [html.Div([html.Dt(name), html.Dd(value)], className="fact") for name, value in facts]
    listed.append(html.Div([html.Dt(say("feed")), html.Dd(source)], className="fact"))
    return parts.frame(
        "message",
        say("raw"),
        html.Dl(listed, className="facts"),
        html.Pre(snapshot.raw, className="raw", tabIndex="0"),
    )
