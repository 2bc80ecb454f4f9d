"""The wiring of the web process, and nothing else."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from warnings import catch_warnings, simplefilter

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from dashboard import json_routes
from dashboard.compress import Compressed
from dashboard.live import MOST_PAGES, Hub
from dashboard.pages import PAGES
from dashboard.pages.page import Defaults
from dashboard.security import Guarded
from dashboard.shell import ASSETS, create_screens, warm

with catch_warnings():
    simplefilter("ignore", DeprecationWarning)
    from a2wsgi import WSGIMiddleware

if TYPE_CHECKING:
    from layers.city import City

WSGI_THREADS = 8

STREAM_HEADERS = {
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",
}


def create_app(
    city: City, now: Callable[[], datetime], defaults: Defaults | None = None
) -> Starlette:
    """Put the web process together.

    Args:
        city: what is shown.
        now: the clock, aware.
        defaults: language and theme of viewers who chose none.
    """
    chosen = defaults or Defaults()
    hub = Hub(city, PAGES, now, build_id(), chosen)
    screens = create_screens(city, PAGES, now, chosen)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await asyncio.to_thread(warm, screens)
        await hub.start()
        yield
        hub.stop()

    app = Starlette(
        routes=[
            Route("/", _to_wall),
            Route("/live/stream", _stream(hub)),
            *json_routes.routes(city, now),
            Mount("/", Compressed(_asgi(screens.server))),
        ],
        middleware=[Middleware(Guarded)],
        lifespan=lifespan,
    )
    app.state.hub = hub
    return app


def _asgi(server: Any) -> ASGIApp:
    # a2wsgi writes ASGI's types in more detail than Starlette does
    return cast("ASGIApp", WSGIMiddleware(server, workers=WSGI_THREADS))


async def _to_wall(request: Request) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/wall{query}", 307)


def _stream(hub: Hub) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        asked = dict.fromkeys(request.query_params.getlist("page"))
        # One connection serves all tabs of a browser: one tab astray must not silence the others.
        keys = [key for key in asked if hub.find(key)]
        if not keys or len(asked) > MOST_PAGES:
            return Response("Name the pages to watch: ?page=/wall\n", 400)
        return StreamingResponse(
            hub.stream(keys), media_type="text/event-stream", headers=STREAM_HEADERS
        )

    return answer


def build_id() -> str:
    """Give a mark of this version: it differs when any file that makes up a screen differs."""
    mark = hashlib.blake2b(digest_size=8)
    for folder in (Path(__file__).parent, ASSETS):
        for file in sorted(folder.rglob("*")):
            if file.suffix in (".py", ".js", ".css"):
                mark.update(f"{file.relative_to(folder)}:".encode())
                mark.update(file.read_bytes())
    return mark.hexdigest()
