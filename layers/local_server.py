"""What the local servers share: one child process that holds its folder while it runs."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from layers.processes import Child, FolderLock


class LocalServer(ABC):
    """A server of one's own as a child process, for as long as a `with` block.

    Args:
        folder: its data, settings and log; nobody else may run on it.
    """

    patience_s = 15.0
    """How long it may take to end in good order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self._child: Child | None = None
        self._lock: FolderLock | None = None

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._child.pid if self._child else None

    @property
    def is_running(self) -> bool:
        """False before the start, after the stop, and when it ended by itself."""
        return self._child is not None and self._child.exit_code is None

    def start(self) -> Self:
        """Start it and wait until it answers; errors as in `launch` and `wait`."""
        self.launch()
        return self.wait()

    @abstractmethod
    def launch(self) -> None:
        """Start it without waiting."""

    @abstractmethod
    def wait(self, patience_s: float = 60.0) -> Self:
        """Wait until it answers."""

    def stop(self) -> None:
        """End it in good order, what was written on disk. Does nothing when it does not run."""
        if self._child:
            self._child.stop(self.patience_s)
            self._child = None
        if self._lock:
            self._lock.release()
            self._lock = None

    def _comes_up(self, answers: Callable[[], bool], patience_s: float) -> bool:
        """Wait until it answers; False when it ended or took too long."""
        ends = time.monotonic() + patience_s
        while not answers():
            if not self.is_running or time.monotonic() > ends:
                return False
            time.sleep(0.03)
        return True

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
