"""Servers and workers as child processes: never orphaned, logged into a file, ended by their pid.

A child dies with its parent, even if the parent is killed: the kernel sends it SIGTERM (Linux). The
kernel looks at the thread that made the child, so children are started from the main thread.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

LOOPBACK = "127.0.0.1"


class FolderBusyError(Exception):
    """A state folder is in use by a running server."""

    def __init__(self, folder: Path, owner: str) -> None:
        super().__init__(
            f"{folder} is in use by {owner or 'another process'}. "
            "Stop that one first, or name another folder (local.state, YIWANG_LOCAL__STATE)."
        )


class PortBusyError(Exception):
    """A port that was asked for is taken."""

    def __init__(self, port: int, remedy: str) -> None:
        super().__init__(f"Port {port} on {LOOPBACK} is taken by another program. {remedy}")
        self.port = port


def free_port() -> int:
    """Give a loopback port on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Say whether a server could listen on a port."""
    with socket.socket() as probe:
        # As servers do: a port whose old connections linger is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def accepts(port: int) -> bool:
    """Say whether something listens on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


class FolderLock:
    """Holds a folder for one server; the server inherits it, so it lasts as long as the server.

    Raises:
        FolderBusyError: somebody else holds it.
    """

    def __init__(self, folder: Path, owner: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            held_by = os.pread(self.fd, 200, 0).decode("utf-8", "replace").strip()
            os.close(self.fd)
            raise FolderBusyError(folder, held_by) from error
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, f"{owner} (started by process {os.getpid()})\n".encode(), 0)

    def release(self) -> None:
        """Let go of the folder, as far as this process is concerned."""
        os.close(self.fd)


class Child:
    """One child process.

    Args:
        command: program and arguments.
        log: file to which its output goes, after what is there.
        environ: its environment; None passes on this process's own.
        hold: file descriptors that it inherits.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        environ: Mapping[str, str] | None = None,
        hold: Sequence[int] = (),
    ) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - the command is put together by us
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if environ is None else dict(environ),
                pass_fds=tuple(hold),
                start_new_session=True,  # Ctrl-C reaches the parent alone, which ends all in order
                preexec_fn=_dies_with(os.getpid()),  # noqa: PLW1509 - one call into libc, no locks
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: ended by that signal."""
        return self._process.poll()

    def tail(self, lines: int = 15) -> str:
        """Give the last lines of its log."""
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])
        return ""

    def terminate(self) -> None:
        """Ask it to end; returns at once."""
        if self.exit_code is None:
            self._process.terminate()

    def stop(self, patience_s: float = 15.0) -> int:
        """Ask it to end, wait, and kill it when it does not; gives its exit code."""
        self.terminate()
        try:
            return self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def _dies_with(parent: int) -> Callable[[], None] | None:
    if _LIBC is None:
        return None
    libc = _LIBC

    def arrange() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)  # the parent died before the kernel knew what to do then

    return arrange
