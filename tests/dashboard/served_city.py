"""The web process of a real city in this process, on a free port, over a real Redis."""

import http.client
import json
import threading
import time
from datetime import UTC, datetime

import msgspec

from dashboard.app import create_app
from dashboard.serve import server
from layers.city import open_city
from layers.config import CitySection, Config, RedisSection
from layers.processes import free_port

STARTS_WITHIN_S = 30


class Served:
    """Chicago, served; `stop` ends it."""

    def __init__(self, redis_url, prefix):
        redis = RedisSection(url=redis_url, prefix=prefix)
        config = msgspec.structs.replace(Config(), city=CitySection(pack="chicago"), redis=redis)
        self.city = open_city(config)
        self.port = free_port()
        app = create_app(self.city, lambda: datetime.now(UTC))
        self.server = server(app, "127.0.0.1", self.port)
        self.hub = app.state.hub
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    def start(self):
        self.thread.start()
        end = time.monotonic() + STARTS_WITHIN_S
        while not self.server.started:
            assert time.monotonic() < end, "it did not start"
            time.sleep(0.02)
        return self

    def end(self):
        """End as on a signal."""
        self.hub.stop()
        self.server.should_exit = True
        self.thread.join(10)

    def stop(self):
        self.end()
        self.hub.listener.join(10)
        self.city.store.client.close()

    def ask(self, path, method="GET", body=None, **headers):
        """Give status, headers and body of one request."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            link.request(method, path, body, named)
            answer = link.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            link.close()

    def json(self, path):
        status, _, body = self.ask(path)
        assert status == 200, (status, body)
        return json.loads(body)

    def screen(self, path, search=""):
        """Ask as the browser does when it arrives at an address: the tree and the tab's title."""
        ids = (("page", "children"), ("page-title", "children"))
        asked = {
            "output": "..page.children...page-title.children..",
            "outputs": [{"id": i, "property": name} for i, name in ids],
            "inputs": [
                {"id": "location", "property": "pathname", "value": path},
                {"id": "location", "property": "search", "value": search},
            ],
            "changedPropIds": ["location.pathname"],
        }
        status, _, body = self.ask(
            "/_dash-update-component", "POST", json.dumps(asked), Content_Type="application/json"
        )
        assert status == 200, (status, body)
        found = json.loads(body)["response"]
        return found["page"]["children"], found["page-title"]["children"]

    def stream(self, query):
        """Open the stream."""
        return Stream(self.port, query)


class Stream:
    """One open stream of events, read one by one."""

    def __init__(self, port, query):
        self.link = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
        self.link.request("GET", f"/live/stream?{query}")
        self.answer = self.link.getresponse()
        self.status = self.answer.status

    def next(self):
        """Give name and data of the next event."""
        name = ""
        while True:
            field, _, value = self.answer.readline().decode().rstrip("\n").partition(": ")
            if field == "event":
                name = value
            if field == "data":
                return name, json.loads(value)

    def until(self, told):
        """Give the data of the first event that `told` accepts."""
        while True:
            name, data = self.next()
            if told(name, data):
                return data

    def close(self):
        self.answer.close()
        self.link.close()
