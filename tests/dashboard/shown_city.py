"""A city of one snapshot, in memory, and a viewer who writes down what the hub sends."""

import asyncio
import json
import queue
from types import SimpleNamespace

import sample_city

from dashboard.live import Hub
from dashboard.pages import PAGES
from dashboard.pages.page import Defaults
from layers.store.client import StoreUnavailableError

WALL = "/wall?lang=zh&theme=dark"
CHAOYANG = "/area/110105?lang=zh&theme=dark"


class ShownCity:
    """What a hub needs of a city: the test says what it shows, what moves and when it is lost."""

    def __init__(self):
        self.snapshot = sample_city.area()
        self.link_ok = True
        self.lost = False
        self.reads = 0
        self.moved = queue.Queue()
        regions = {"11": None, "110105": None, "110108": None}
        self.pack = SimpleNamespace(code="11", geography=SimpleNamespace(regions=regions))
        self.reader = self

    def area(self, code, now, indicator=None):
        self.reads += 1
        if self.lost:
            raise StoreUnavailableError("gone")
        return self.snapshot

    def show(self, *homes, **changes):
        """Show another snapshot and tell which homes have moved."""
        self.snapshot = sample_city.area(**changes)
        self.moved.put(set(homes or {"110105"}))

    def changes(self):
        while True:
            try:
                yield self.moved.get(timeout=0.02)
            except queue.Empty:
                yield set()


def hub_of(city, pages=PAGES):
    return Hub(city, pages, lambda: sample_city.NOW, "build-1", Defaults())


class Watching:
    """One connection; `slow` viewers read only when they are told to."""

    def __init__(self, hub, *keys, slow=False):
        self.stream = hub.stream(keys)
        self.events = []
        self.ended = False
        self.task = None if slow else asyncio.create_task(self._read())

    async def _read(self):
        async for raw in self.stream:
            self._note(raw)
        self.ended = True

    def _note(self, raw):
        lines = raw.decode().strip().split("\n")
        found = dict(line.split(": ", 1) for line in lines)
        self.events.append((found["event"], json.loads(found["data"])))

    async def step(self):
        """Read one event."""
        self._note(await anext(self.stream))
        return self.events[-1]

    async def leave(self):
        """Close the connection."""
        if self.task:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
        await self.stream.aclose()

    def of(self, kind):
        """Give the data of all events of a kind."""
        return [data for name, data in self.events if name == kind]


async def until(told, seconds=5.0):
    """Wait until something is true."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not told():
        assert loop.time() < end, "it did not come"
        await asyncio.sleep(0.01)
