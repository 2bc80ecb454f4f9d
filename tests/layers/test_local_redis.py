"""The local Redis of demo and tests: a real one, on a folder."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis

from layers.processes import FolderBusyError, PortBusyError
from layers.store.local_redis import LocalRedis, LocalRedisError, find_server


def test_a_restart_keeps_what_was_written(tmp_path):
    with LocalRedis(tmp_path) as server, redis.Redis.from_url(server.url) as client:
        client.hset("city", "count", 7)
    with LocalRedis(tmp_path) as server, redis.Redis.from_url(server.url) as client:
        assert client.hget("city", "count") == b"7"


def test_a_server_that_was_killed_has_lost_at_most_the_last_second(tmp_path):
    server = LocalRedis(tmp_path).start()
    with redis.Redis.from_url(server.url) as client:
        client.set("a", 1)
        time.sleep(1.5)
    os.kill(server.pid, signal.SIGKILL)
    server.stop()
    with LocalRedis(tmp_path) as again, redis.Redis.from_url(again.url) as client:
        assert client.get("a") == b"1"


def test_without_a_folder_nothing_stays():
    with LocalRedis(None) as server:
        folder = server.folder
        assert folder.is_dir()
    assert not folder.exists()


def test_a_folder_serves_one_redis_at_a_time(tmp_path):
    with LocalRedis(tmp_path) as first:
        with pytest.raises(FolderBusyError) as caught:
            LocalRedis(tmp_path).start()
        assert first.is_running
    assert str(tmp_path) in str(caught.value)
    assert f"process {os.getpid()}" in str(caught.value)
    with LocalRedis(tmp_path):
        pass


def test_a_port_that_is_taken_is_named_with_a_remedy(tmp_path):
    with LocalRedis(None) as first, pytest.raises(PortBusyError) as caught:
        LocalRedis(tmp_path, first.port).start()
    assert str(first.port) in str(caught.value)
    assert "--port" in str(caught.value)


def test_it_listens_on_the_loopback_address_alone():
    with LocalRedis(None) as server, redis.Redis.from_url(server.url) as client:
        assert client.config_get("bind") == {"bind": "127.0.0.1"}


def test_data_that_can_not_be_read_is_told_in_the_words_of_the_log(tmp_path):
    (tmp_path / "appendonly.aof").write_text("not a log of writes")
    with pytest.raises(LocalRedisError, match="Bad file format"):
        LocalRedis(tmp_path).start()


def test_a_machine_without_a_server_is_told_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("layers.store.local_redis._from_wheel", lambda: None)
    with pytest.raises(LocalRedisError, match=r"yiwang\[local\]"):
        find_server()


def test_a_server_that_is_too_old_is_not_taken(tmp_path, monkeypatch):
    old = tmp_path / "redis-server"
    old.write_text("#!/bin/sh\necho 'Redis server v=5.0.14 sha=0:0'\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("layers.store.local_redis._from_wheel", lambda: None)
    with pytest.raises(LocalRedisError, match=r"5\.0\.14"):
        find_server()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel call exists on Linux")
def test_it_does_not_outlive_a_parent_that_is_killed(tmp_path):
    code = (
        "import sys, time; from pathlib import Path\n"
        "from layers.store.local_redis import LocalRedis\n"
        "server = LocalRedis(Path(sys.argv[1])).start()\n"
        "print(server.pid, flush=True); time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    program = Path(f"/proc/{child}/exe")
    ends = time.monotonic() + 10
    while program.exists() and time.monotonic() < ends:
        time.sleep(0.05)
    assert not program.exists()
