"""A server of live slots for the browser tests: a Dash page, the stream, a square city."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from pathlib import Path

import uvicorn
from a2wsgi import WSGIMiddleware
from dash import Dash, html
from plotly.io.json import to_json_plotly
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from dashboard.components import (
    ASSETS_PATH_IGNORE,
    Age,
    Chart,
    CityMap,
    Clock,
    LinkState,
    Live,
    Nav,
    Spark,
)

ROOT = Path(__file__).resolve().parents[2]
PAGE = "/wall?lang=zh"
CSP = (
    "default-src 'self'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self'; "
    "object-src 'none'; base-uri 'self'"
)
NAMES = ("东城区", "西城区", "朝阳区", "海淀区", "丰台区", "通州区")


def square(index):
    west, south = 116.0 + 0.3 * (index % 3), 39.6 + 0.3 * (index // 3)
    east, north = west + 0.3, south + 0.3
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    name = {"code": f"11010{index}", "name": NAMES[index], "name_en": f"District {index}"}
    return {
        "type": "Feature",
        "properties": name,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


GEO = {"type": "FeatureCollection", "features": [square(i) for i in range(6)]}


def words(text):
    return html.P(text, id="words", className="words")


def city_map(scale=1.0, point="无人应答"):
    values = {f"11010{i}": i * 10.0 * scale if i else None for i in range(6)}
    alarm = {"lng": 116.4, "lat": 39.8, "kind": "sensor", "id": "s1", "href": "/record/s1"}
    return CityMap(
        geo="/geo/11/6.json",
        values=values,
        breaks=[10 * scale, 20 * scale, 30 * scale, 40 * scale],
        points=[
            {**alarm, "title": point, "priority": "P1", "state": "live"},
            {**alarm, "lng": 116.7, "title": "读数", "priority": None, "state": "live"},
        ],
        legend={"title": "工单（件）", "unit": "件", "decimals": 0},
        hrefTemplate="/area/{code}",
        label="工单地图",
        lang="zh",
        theme="dark",
    )


def figure(height):
    trace = {"type": "scatter", "x": [1, 2, 3], "y": [1, 3, height]}
    return {"data": [trace], "layout": {"margin": {"l": 30, "r": 10, "t": 10, "b": 30}}}


class Station:
    """The server: a Dash page of live slots and the stream; can be stopped and started again."""

    def __init__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.panels = {"words": words("第一棵树"), "map": city_map(), "chart": Chart(figure(2))}
        self.fresh = {}
        self.revision = 0
        self.link = True
        self.build = "b1"
        self.streams = 0
        self.pages_asked = []
        self.stale_at = int(time.time() * 1000)
        self.dash = self.dash_app()
        self.shell = Starlette(
            routes=[
                Route("/live/stream", self.stream),
                Route("/geo/11/6.json", lambda _: JSONResponse(GEO)),
                Mount("/", WSGIMiddleware(self.dash.server)),
            ]
        )

    def dash_app(self):
        app = Dash(
            "screen",
            assets_folder=str(ROOT / "assets"),
            assets_path_ignore=ASSETS_PATH_IGNORE,
            update_title=None,
        )
        app.layout = self.layout

        @app.server.after_request
        def guard(response):
            hashes = " ".join(app.csp_hashes())
            response.headers["Content-Security-Policy"] = CSP.format(hashes=hashes)
            return response

        return app

    def layout(self):
        slot = {"width": "46vw", "height": "60vh", "display": "inline-grid"}
        return html.Main(
            [
                LinkState(),
                Clock(timezone="Asia/Shanghai"),
                Age(at=self.stale_at, stale_after_s=2, id="age"),
                Age(at=None, id="never"),
                Spark(points=[1, None, 3, 4], band_lo=1, band_hi=3, label="趋势"),
                Nav("去东城", href="/area/110101", id="go"),
                Nav("English", href="?lang=en", id="english"),
                Live(id="words", page=PAGE, tree=self.panels["words"]),
                html.Div(Live(id="map", page=PAGE, tree=self.panels["map"]), style=slot),
                html.Div(Live(id="chart", page=PAGE, tree=self.panels["chart"]), style=slot),
            ]
        )

    def push(self, panel, tree):
        """Make a newer tree and send it to all who watch."""
        self.panels[panel] = tree
        self.revision += 1
        self.fresh[panel] = self.revision

    def event(self, kind, **data):
        data["at"] = int(time.time() * 1000)
        return f"event: {kind}\ndata: {to_json_plotly(data)}\n\n"

    async def stream(self, request):
        pages = request.query_params.getlist("page")
        if len(pages) > 12:
            return Response("too many", 400)
        self.pages_asked = pages
        return StreamingResponse(self.events(pages), media_type="text/event-stream")

    async def events(self, pages):
        self.streams += 1
        try:
            sent, beat = self.revision, 0
            yield "retry: 300\n\n" + self.event("hello", build=self.build)
            for page in pages:
                yield self.event("panels", page=page, rev=sent, panels=self.panels)
            while True:
                newer = {n: self.panels[n] for n, rev in self.fresh.items() if rev > sent}
                sent = self.revision
                for page in pages if newer else ():
                    yield self.event("panels", page=page, rev=sent, panels=newer)
                if beat % 20 == 0:
                    yield self.event("ping", link=self.link)
                beat += 1
                await asyncio.sleep(0.05)
        finally:
            self.streams -= 1

    def start(self):
        config = uvicorn.Config(
            self.shell,
            host="127.0.0.1",
            port=self.port,
            log_level="error",
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.02)

    def stop(self):
        self.server.should_exit = True
        self.thread.join(10)
