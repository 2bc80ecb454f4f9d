"""The one way a change reaches a browser: read once, render once, send what differs.

A watch is one page that at least one browser looks at, whoever and how many they are. When the
city changes, and every `refresh_s` besides, its snapshot is read once, all panels are rendered,
and those whose JSON differs from the last are offered to its viewers. An offer is never queued:
a viewer that is slow finds the newest tree of each panel, and only that one.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from dashboard.pages.page import Defaults, Page, View, find
from dashboard.text import Say
from layers.store.client import StoreUnavailableError
from layers.times import to_ms

if TYPE_CHECKING:
    from layers.city import City

log = logging.getLogger(__name__)

LEAST_PAUSE_S = 0.4
"""Between two renderings of one page, however fast the city changes."""

PING_S = 5.0
MOST_PAGES = 12
"""Pages that one connection may watch."""


@dataclass(eq=False)
class Viewer:
    """One connection: what it has not been sent yet, newest only."""

    pending: dict[str, dict[str, bytes]] = field(default_factory=dict)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False

    def offer(self, key: str, panels: dict[str, bytes]) -> None:
        """Put newer panels of a page in the place of older ones."""
        self.pending.setdefault(key, {}).update(panels)
        self.wake.set()

    def take(self) -> dict[str, dict[str, bytes]]:
        """Give what is due and forget it."""
        taken, self.pending = self.pending, {}
        self.wake.clear()
        return taken

    def close(self) -> None:
        """End the stream at its next step."""
        self.closed = True
        self.wake.set()


@dataclass(eq=False)
class Watch:
    """One page that somebody looks at."""

    page: Page
    view: View
    panels: dict[str, bytes] = field(default_factory=dict)
    rev: int = 0
    viewers: set[Viewer] = field(default_factory=set)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


def encode(component: Any) -> bytes:
    """Give the JSON of a component tree."""
    return orjson.dumps(component, default=lambda part: part.to_plotly_json())


def render(page: Page, view: View, snapshot: Any) -> dict[str, bytes]:
    """Render all panels of a page: name → JSON of its tree."""
    say = Say(view.lang, snapshot.timezone)
    return {name: encode(panel(snapshot, say, view)) for name, panel in page.panels.items()}


class Hub:
    """Watches the city for all browsers of this process.

    Args:
        city: what is read, and whose changes are heard.
        pages: the registry.
        now: the clock.
        build: changes when a new version is put in place; browsers then load anew.
        defaults: of viewers who chose nothing.
    """

    def __init__(
        self,
        city: City,
        pages: Collection[Page],
        now: Callable[[], datetime],
        build: str,
        defaults: Defaults,
    ) -> None:
        self.city = city
        self.pages = pages
        self.now = now
        self.build = build
        self.defaults = defaults
        self.watches: dict[str, Watch] = {}
        self._viewers: set[Viewer] = set()
        self._readers = asyncio.Semaphore(2)
        self._loop: asyncio.AbstractEventLoop | None = None
        self.listener = threading.Thread(target=self._listen, name="city-changes", daemon=True)
        self._stopped = threading.Event()
        self._link_ok = True

    async def start(self) -> None:
        """Begin to listen to the city, in one thread."""
        self._loop = asyncio.get_running_loop()
        self.listener.start()

    def stop(self) -> None:
        """Stop listening and end all streams; may be called from any thread or signal."""
        self._stopped.set()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._close_all)

    def _close_all(self) -> None:
        for viewer in self._viewers:
            viewer.close()

    def _listen(self) -> None:
        for homes in self.city.changes():
            if self._stopped.is_set() or self._loop is None or self._loop.is_closed():
                return
            self._loop.call_soon_threadsafe(self._hear, set(homes), self.city.link_ok)

    def _hear(self, homes: set[str], link_ok: bool) -> None:
        back = link_ok and not self._link_ok
        self._set_link(link_ok)
        for watch in self.watches.values():
            if back or (homes and watch.page.concerns(watch.view, homes)):
                watch.changed.set()

    def _set_link(self, ok: bool) -> None:
        if ok == self._link_ok:
            return
        self._link_ok = ok
        log.warning("event=store_%s", "recovered" if ok else "lost")
        for viewer in self._viewers:
            viewer.wake.set()

    def find(self, key: str) -> tuple[Page, View] | None:
        """Find the page of a key."""
        return find(self.pages, key, self.now(), self.defaults)

    def _watch(self, key: str, page: Page, view: View) -> Watch:
        watch = self.watches.get(key)
        if watch is None:
            watch = self.watches[key] = Watch(page, view)
            watch.task = asyncio.create_task(self._follow(key, watch))
        return watch

    async def _follow(self, key: str, watch: Watch) -> None:
        try:
            while watch.viewers or watch.rev == 0:
                watch.changed.clear()
                await self._refresh(key, watch)
                await asyncio.sleep(LEAST_PAUSE_S)
                await _wait(watch.changed, watch.page.refresh_s - LEAST_PAUSE_S)
        finally:
            # Also on a fault in a panel: its viewers connect again and meet a fresh watch.
            if self.watches.get(key) is watch:
                del self.watches[key]
            for viewer in watch.viewers:
                viewer.close()

    async def _refresh(self, key: str, watch: Watch) -> None:
        try:
            async with self._readers:
                panels = await asyncio.to_thread(self._render, watch)
        except StoreUnavailableError:
            self._set_link(False)
            return
        watch.rev += 1
        newer = {name: tree for name, tree in panels.items() if watch.panels.get(name) != tree}
        watch.panels.update(newer)
        if newer:
            for viewer in watch.viewers:
                viewer.offer(key, newer)

    def _render(self, watch: Watch) -> dict[str, bytes]:
        view = watch.view.at(self.now())
        snapshot = watch.page.read(self.city, view)
        return {} if snapshot is None else render(watch.page, view, snapshot)

    async def stream(self, keys: Collection[str]) -> AsyncIterator[bytes]:
        """Give the events of one connection: hello, all panels, then what changes, and pings."""
        viewer = Viewer()
        self._viewers.add(viewer)
        joined = {key: found for key in keys if (found := self.find(key))}
        watches = [self._watch(key, *found) for key, found in joined.items()]
        for key, watch in zip(joined, watches, strict=True):
            watch.viewers.add(viewer)
            if watch.panels:
                viewer.offer(key, dict(watch.panels))
        try:
            hello = {"build": self.build, "at": to_ms(self.now())}
            yield b"retry: 2000\n" + _event("hello", orjson.dumps(hello))
            async for event in self._events(viewer):
                yield event
        finally:
            self._viewers.discard(viewer)
            for key, watch in zip(joined, watches, strict=True):
                watch.viewers.discard(viewer)
                if not watch.viewers:
                    self._forget(key, watch)

    def _forget(self, key: str, watch: Watch) -> None:
        if self.watches.get(key) is watch:
            del self.watches[key]
        if watch.task is not None:
            watch.task.cancel()

    async def _events(self, viewer: Viewer) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        pinged, link_ok = -PING_S, self._link_ok
        while not viewer.closed:
            if loop.time() - pinged >= PING_S or link_ok != self._link_ok:
                pinged, link_ok = loop.time(), self._link_ok
                ping = {"at": to_ms(self.now()), "link": link_ok}
                yield _event("ping", orjson.dumps(ping))
            for key, panels in viewer.take().items():
                yield self._panels_event(key, panels)
            await _wait(viewer.wake, PING_S - (loop.time() - pinged))

    def _panels_event(self, key: str, panels: dict[str, bytes]) -> bytes:
        watch = self.watches.get(key)
        top = {"page": key, "rev": watch.rev if watch else 0, "at": to_ms(self.now())}
        trees = b",".join(orjson.dumps(name) + b":" + tree for name, tree in panels.items())
        return _event("panels", orjson.dumps(top)[:-1] + b',"panels":{' + trees + b"}}")


def _event(name: str, data: bytes) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"


async def _wait(event: asyncio.Event, seconds: float) -> None:
    # Not wait_for: until Python 3.12 it loses a cancellation that comes together with the event.
    try:
        async with asyncio.timeout(max(seconds, 0.0)):
            await event.wait()
    except TimeoutError:
        return
