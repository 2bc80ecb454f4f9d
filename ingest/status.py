"""A worker's own small address: /metrics for Prometheus, /healthz and /readyz for supervisors."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

log = logging.getLogger(__name__)


class StatusAddressError(Exception):
    """The status address can't be opened."""

    def __init__(self, host: str, port: int, cause: OSError) -> None:
        super().__init__(
            f"ingest.status_port: {host}:{port} is taken ({cause.strerror}). Give each worker "
            "of a host a port of its own (YIWANG_INGEST__STATUS_PORT), or 0 for none."
        )


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's name
        log.debug("event=status_asked " + format, *args)  # noqa: G003  its own template


@contextmanager
def status(host: str, port: int, trouble: Callable[[], str]) -> Iterator[int]:
    """Answer in a thread of its own while the context lasts; gives the port.

    Args:
        host: address to listen on.
        port: port to listen on; 0: none, nothing is served.
        trouble: says why the worker can't work now; empty when it can.

    Raises:
        StatusAddressError: the address is taken.
    """
    if not port:
        yield 0
        return
    try:
        server = make_server(host, port, _answers(trouble), _Server, _Quiet)
    except OSError as error:
        raise StatusAddressError(host, port, error) from error
    threading.Thread(target=server.serve_forever, name="status", daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def _answers(trouble: Callable[[], str]) -> Callable[[dict[str, Any], Callable[..., Any]], Any]:
    metrics = make_wsgi_app()

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            return metrics(environ, start)
        if path == "/healthz":
            return _text(start, "200 OK", "ok")
        if path == "/readyz":
            why = trouble()
            return _text(start, "503 Service Unavailable" if why else "200 OK", why or "ready")
        return _text(start, "404 Not Found", "/metrics, /healthz, /readyz")

    return answer


def _text(start: Callable[..., Any], line: str, text: str) -> list[bytes]:
    start(line, [("Content-Type", "text/plain; charset=utf-8")])
    return [text.encode() + b"\n"]
