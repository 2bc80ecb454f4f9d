"""Run the web process until it is told to end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from dashboard.app import create_app
from dashboard.pages.page import Defaults
from layers.config import Config

GRACE_S = 3
"""Open streams would hold an ending process for ever."""


class _Server(uvicorn.Server):
    """Ends the streams first, so that the end needs no patience."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal to end."""
        app = self.config.app
        if isinstance(app, Starlette):
            app.state.hub.stop()
        super().handle_exit(sig, frame)


def serve(config: Config, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
    """Serve the city of a configuration; returns after SIGTERM or Ctrl-C."""
    from layers.city import open_city

    city = open_city(config)
    defaults = Defaults(config.screens.lang, config.screens.theme)
    run(create_app(city, now, defaults), config.serve.host, config.serve.port)


def run(app: Starlette, host: str, port: int) -> None:
    """Serve an application on one address until a signal ends it."""
    server(app, host, port).run()


def server(app: Starlette, host: str, port: int) -> uvicorn.Server:
    """Give the server of an application, with all its settings, not yet running."""
    settings = uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    return _Server(settings)
