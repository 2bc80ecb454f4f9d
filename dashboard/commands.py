"""The subcommand of the dashboard: `serve`."""

from __future__ import annotations

import argparse

import msgspec

from layers.command import Command
from layers.config import Config
from layers.processes import PortBusyError, is_free


def _serve_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="", help="address (default: serve.host)")
    parser.add_argument("--port", type=int, default=0, help="port (default: serve.port)")


def _run_serve(args: argparse.Namespace, config: Config) -> int:
    from dashboard.serve import serve

    host = args.host or config.serve.host
    port = args.port or config.serve.port
    if not is_free(port, host):
        raise PortBusyError(port, "Name another with --port or YIWANG_SERVE__PORT.")
    asked = msgspec.structs.replace(config.serve, host=host, port=port)
    serve(msgspec.structs.replace(config, serve=asked))
    return 0


SERVE = Command(
    name="serve",
    help="run the web server with the wall, the areas and the sources",
    description="运行网页服务：城市大屏、区域页、数据源页，以及同内容的 JSON。\n"
    "Runs the web server: wall, areas, sources and records, and the same as JSON. /healthz says\n"
    "whether the process lives, /readyz whether it has Redis behind it. Put a reverse proxy with\n"
    "TLS and sign-on in front before you open it to others. SIGTERM or Ctrl-C ends it.",
    examples=(
        ("yiwang serve", "on serve.host and serve.port"),
        ("yiwang serve --port 8080", "on another port"),
        ("YIWANG_SCREENS__LANG=en yiwang serve", "in English first"),
    ),
    run=_run_serve,
    add_arguments=_serve_arguments,
)
