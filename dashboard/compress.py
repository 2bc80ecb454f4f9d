"""Compress answers; what never changes is compressed hard, and once."""

from __future__ import annotations

import gzip
from collections import OrderedDict

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC = ("/assets/", "/_dash-component-suites/")
KINDS = ("text/", "application/javascript", "application/json", "image/svg")
LEAST = 600
"""Smaller answers gain nothing."""

MOST_KEPT = 64 * 2**20
"""Bytes of compressed files kept in memory."""


class Compressed:
    """ASGI layer: gzip for clients that take it. For whole answers, not for streams.

    Args:
        app: what answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._kept: OrderedDict[tuple[str, str, int], bytes] = OrderedDict()
        self._size = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        takes = scope["type"] == "http" and "gzip" in Headers(scope=scope).get(
            "accept-encoding", ""
        )
        if not takes:
            await self.app(scope, receive, send)
            return
        answer = _Answer()
        await self.app(scope, receive, answer.send)
        start, body = answer.start, b"".join(answer.parts)
        headers = MutableHeaders(raw=start["headers"])
        if _worth(headers, start["status"], body):
            body = self._gzip(scope["path"], headers, body)
            headers["content-encoding"] = "gzip"
            headers["content-length"] = str(len(body))
            headers.add_vary_header("Accept-Encoding")
        await send(start)
        await send({"type": "http.response.body", "body": body})

    def _gzip(self, path: str, headers: MutableHeaders, body: bytes) -> bytes:
        if not path.startswith(STATIC):
            return gzip.compress(body, 4)
        key = (path, headers.get("etag", headers.get("last-modified", "")), len(body))
        if key not in self._kept:
            self._kept[key] = gzip.compress(body, 9)
            self._size += len(self._kept[key])
            while self._size > MOST_KEPT:
                _, oldest = self._kept.popitem(last=False)
                self._size -= len(oldest)
        return self._kept.get(key) or gzip.compress(body, 4)


class _Answer:
    """Holds one answer until it is whole."""

    def __init__(self) -> None:
        self.start: Message = {}
        self.parts: list[bytes] = []

    async def send(self, message: Message) -> None:
        """Take a part of the answer."""
        if message["type"] == "http.response.start":
            self.start = message
        elif message["type"] == "http.response.body":
            self.parts.append(message.get("body", b""))


def _worth(headers: MutableHeaders, status: int, body: bytes) -> bool:
    kind = headers.get("content-type", "")
    plain = "content-encoding" not in headers
    return status == 200 and plain and len(body) >= LEAST and kind.startswith(KINDS)
