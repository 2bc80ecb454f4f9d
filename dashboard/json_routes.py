"""The same snapshots as plain JSON, the shapes of the map, metrics and the health addresses."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from dashboard.metrics import CONTENT_TYPE, exposition
from dashboard.pages import area, record, sources, wall
from dashboard.pages.page import Page, View
from layers.batch import LEVELS
from layers.snapshot import AreaSnapshot
from layers.store.client import StoreUnavailableError

if TYPE_CHECKING:
    from layers.city import City

SHAPES_KEPT = 256


def routes(city: City, now: Callable[[], datetime]) -> list[Route]:
    """Give the routes of everything that is read by programs."""
    return [
        Route("/wall.json", _snapshot(wall.PAGE, city, now)),
        Route("/sources.json", _snapshot(sources.PAGE, city, now)),
        Route("/area/{code}.json", _snapshot(area.PAGE, city, now)),
        Route("/record/{kind}/{district}/{id:path}.json", _snapshot(record.PAGE, city, now)),
        Route("/geo/{parent}/{digits:int}.json", _shapes(city)),
        Route("/metrics", _metrics(city, now)),
        Route("/healthz", _alive),
        Route("/readyz", _ready(city)),
    ]


Endpoint = Callable[[Request], Any]


def _snapshot(page: Page, city: City, now: Callable[[], datetime]) -> Endpoint:
    async def answer(request: Request) -> Response:
        params = {name: str(value) for name, value in request.path_params.items()}
        indicator = request.query_params.get("indicator")
        view = View(request.url.path, params, "zh", "dark", indicator, now())
        try:
            snapshot = await asyncio.to_thread(page.read, city, view)
        except StoreUnavailableError as error:
            return JSONResponse({"error": str(error)}, 503, {"Retry-After": "2"})
        if snapshot is None:
            return JSONResponse({"error": "no such region or record"}, 404)
        return _tagged(request, msgspec.json.encode(snapshot), f'W/"{content_tag(snapshot)}"')

    return answer


def content_tag(snapshot: Any) -> str:
    """Give a tag of all that a snapshot says but the moment at which it was read."""
    still = msgspec.structs.replace(snapshot, as_of=datetime.fromtimestamp(0, UTC))
    if isinstance(still, AreaSnapshot):
        trend = msgspec.structs.replace(still.trend, now_hour=0.0)
        still = msgspec.structs.replace(still, trend=trend)
    return _digest(msgspec.json.encode(still))


def _digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=12).hexdigest()


def _tagged(request: Request, body: bytes, tag: str, packed: bytes | None = None) -> Response:
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        body = packed or gzip.compress(body, 4)
        headers["Content-Encoding"] = "gzip"
    return Response(body, headers=headers, media_type="application/json")


def _shapes(city: City) -> Endpoint:
    geography = city.pack.geography

    @lru_cache(maxsize=SHAPES_KEPT)
    def drawn(parent: str, digits: int) -> tuple[bytes, bytes, str]:
        body = msgspec.json.encode(geography.outline(parent, digits))
        return body, gzip.compress(body, 9), f'"{_digest(body)}"'

    async def answer(request: Request) -> Response:
        parent, digits = request.path_params["parent"], request.path_params["digits"]
        if digits not in LEVELS or parent not in geography.regions:
            return JSONResponse({"error": "no such region"}, 404)
        body, packed, tag = await asyncio.to_thread(drawn, parent, digits)
        return _tagged(request, body, tag, packed)

    return answer


def _metrics(city: City, now: Callable[[], datetime]) -> Endpoint:
    async def answer(_request: Request) -> Response:
        moment = now()
        try:
            snapshot = await asyncio.to_thread(city.reader.sources, moment)
        except StoreUnavailableError as error:
            return PlainTextResponse(f"{error}\n", 503, {"Retry-After": "2"})
        body = exposition(snapshot.feeds.values(), moment)
        return Response(body, media_type=CONTENT_TYPE)

    return answer


async def _alive(_request: Request) -> Response:
    return PlainTextResponse("ok\n")


def _ready(city: City) -> Endpoint:
    async def answer(_request: Request) -> Response:
        if await asyncio.to_thread(city.store.ping):
            return PlainTextResponse("ready\n")
        return PlainTextResponse("redis does not answer\n", 503, {"Retry-After": "2"})

    return answer
