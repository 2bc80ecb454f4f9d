"""The processes of the demo: started, watched, started again when they end, stopped together."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from layers.processes import Child

MOST_RESTARTS = 5

_PATIENCE_S = 6.0
"""A part that is slow to end is killed then; nothing is lost by that."""


class DemoError(Exception):
    """The demo can't go on; says what to do."""


@dataclass
class _Part:
    arguments: tuple[str, ...]
    child: Child
    restarts: int = 0


class Parts:
    """Runs subcommands of `yiwang` as processes.

    Args:
        folder: where each writes its log, `<name>.log`.
        environ: their environment.
        say: told when one had to be started again.
    """

    def __init__(
        self, folder: Path, environ: Mapping[str, str], say: Callable[[str], None]
    ) -> None:
        self._folder = folder
        self._environ = environ
        self._say = say
        self._parts: dict[str, _Part] = {}

    def start(self, name: str, *arguments: str) -> None:
        """Start `yiwang <arguments>` under a name, its log begun anew."""
        (self._folder / f"{name}.log").unlink(missing_ok=True)
        self._parts[name] = _Part(arguments, self._child(name, arguments))

    def _child(self, name: str, arguments: tuple[str, ...]) -> Child:
        command = [sys.executable, "-m", "layers.command", *arguments]
        return Child(command, self._folder / f"{name}.log", self._environ)

    def pids(self) -> dict[str, int]:
        """Give name → process id."""
        return {name: part.child.pid for name, part in self._parts.items()}

    def mend(self) -> None:
        """Start again what has ended by itself.

        Raises:
            DemoError: a part has ended too often.
        """
        for name, part in self._parts.items():
            code = part.child.exit_code
            if code is None:
                continue
            why = f"signal {-code}" if code < 0 else f"exit code {code}"
            if part.restarts == MOST_RESTARTS:
                raise DemoError(
                    f"{name} ends again and again ({why}). {part.child.log} says:\n"
                    f"{part.child.tail()}"
                )
            part.restarts += 1
            part.child = self._child(name, part.arguments)
            self._say(f"{name} 已退出并重新启动 ended ({why}) and was started again")

    def stop(self) -> None:
        """End all of them, the last started first, and wait until they have ended."""
        children = [part.child for part in reversed(self._parts.values())]
        for child in children:
            child.terminate()
        for child in children:
            child.stop(_PATIENCE_S)
