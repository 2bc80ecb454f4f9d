"""The command `yiwang`: finds the subcommands that the rooms declare, and runs one.

A room declares a subcommand as a `Command` value under the entry point group `yiwang.commands`
(pyproject.toml). The rooms need not know each other for that, and this module knows none of them.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import FrameType
from typing import TextIO

from layers.config import Config, load_config
from layers.documents import DocumentError
from layers.processes import FolderBusyError, PortBusyError

GROUP = "yiwang.commands"
"""Entry point group under which rooms declare their subcommands."""

ORDER = (
    "demo", "check", "ingest", "serve", "feed", "replay", "watch", "rejects", "audit",
    "play", "kafka", "redis",
)  # fmt: skip
"""The order in which --help lists them: what a newcomer needs first."""


_ONE_WISH_S = 2.0


class CommandError(Exception):
    """A command can't do what was asked; its words are shown as they are."""


def no_arguments(_parser: argparse.ArgumentParser) -> None:
    """Add nothing."""


@dataclass(frozen=True)
class Command:
    """One subcommand."""

    name: str
    help: str
    """One line for the list of subcommands."""
    description: str
    """What it does, for its own --help."""
    examples: tuple[tuple[str, str], ...]
    """Command lines and what each is for."""
    run: Callable[[argparse.Namespace, Config], int]
    """Does the work; gives the exit code."""
    add_arguments: Callable[[argparse.ArgumentParser], None] = no_arguments
    errors: tuple[type[Exception], ...] = ()
    """Errors that speak for themselves: shown as one sentence, without a traceback."""
    loads_config: bool = True
    """False: it is given the defaults, and reads the file itself."""


def find_commands() -> list[Command]:
    """Give every declared subcommand, in the order of the help."""
    found = [point.load() for point in entry_points(group=GROUP)]
    rank = {name: i for i, name in enumerate(ORDER)}
    return sorted(found, key=lambda c: (rank.get(c.name, len(rank)), c.name))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit code: 0 done, 1 could not, 2 misspelt."""
    commands = {command.name: command for command in find_commands()}
    args = _parser(list(commands.values())).parse_args(argv)
    command = commands[args.command]
    set_up_logging(logging.DEBUG if args.verbose else logging.INFO)
    known: tuple[type[Exception], ...] = (
        CommandError,
        DocumentError,
        FolderBusyError,
        PortBusyError,
        *command.errors,
    )
    try:
        config = load_config(args.config) if command.loads_config else Config()
        return command.run(args, config)
    except known as error:
        sys.stderr.write(f"yiwang {command.name}: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130


def _parser(commands: Sequence[Command]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="yiwang",
        description="一网统管：一张可信的城市实时画面。One honest live screen for a whole city.",
        epilog="从 `yiwang demo` 开始。Start with `yiwang demo`; "
        "`yiwang COMMAND --help` says more. "
        "Settings: config.yaml, or YIWANG_<SECTION>__<KEY> (docs/configuration.md).",
    )
    names = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    common = _common()
    for command in commands:
        sub = names.add_parser(
            command.name,
            help=command.help,
            description=command.description,
            epilog=_examples(command.examples),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            parents=[common],
        )
        command.add_arguments(sub)
    return parser


def _common() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="settings (default: YIWANG_CONFIG, or config.yaml in the current folder)",
    )
    common.add_argument("-v", "--verbose", action="store_true", help="log every batch")
    return common


def _examples(examples: Sequence[tuple[str, str]]) -> str:
    width = max((len(line) for line, _ in examples), default=0)
    return "\n".join(["examples:", *(f"  {line:<{width}}  # {what}" for line, what in examples)])


def set_up_logging(level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Log as key=value lines in UTC to stderr; the one place where logging is configured."""
    handler = logging.StreamHandler(stream or sys.stderr)
    formatter = logging.Formatter(
        "time=%(asctime)s.%(msecs)03dZ level=%(levelname)s logger=%(name)s %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%S",
    )
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # The clients tell every reconnect; our own transitions (lost, recovered) say enough.
    for noisy in ("kafka", "urllib3", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


@contextmanager
def stop_on_signal() -> Iterator[threading.Event]:
    """Give an event that SIGINT (Ctrl-C) and SIGTERM set; again after a while, they interrupt.

    One wish to stop may arrive as two signals, by way of a shell or `make`: that is still one wish.
    """
    stop = threading.Event()
    wished_at = float("inf")

    def set_stop(number: int, _frame: FrameType | None) -> None:
        nonlocal wished_at
        if time.monotonic() - wished_at > _ONE_WISH_S:
            raise KeyboardInterrupt
        if stop.is_set():
            return
        wished_at = time.monotonic()
        logging.getLogger(__name__).info("event=stopping signal=%s", number)
        stop.set()

    before = {s: signal.signal(s, set_stop) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Progress:
    """One line that is renewed: rewritten in place on a terminal, now and then a line elsewhere.

    Args:
        label: stands before every line.
        stream: where to; stderr if not named.
        every_s: seconds between two lines where there is no terminal.
    """

    def __init__(self, label: str, stream: TextIO | None = None, every_s: float = 2.0) -> None:
        self._label = label
        self._stream = stream or sys.stderr
        self._in_place = self._stream.isatty()
        self._every_s = 0.1 if self._in_place else every_s
        self._told_at = float("-inf")
        self._is_open = False

    def __call__(self, text: str) -> None:
        """Renew the line, when it is time."""
        if time.monotonic() - self._told_at < self._every_s:
            return
        self._told_at = time.monotonic()
        self._write(text, ends=not self._in_place)

    def done(self, text: str) -> None:
        """Say something for good; what is renewed afterwards is a new line."""
        self._write(text, ends=True)

    def _write(self, text: str, *, ends: bool) -> None:
        begin = "\r\x1b[2K" if self._is_open else ""
        self._stream.write(f"{begin}{self._label}: {text}{chr(10) if ends else ''}")
        self._stream.flush()
        self._is_open = not ends


if __name__ == "__main__":
    # By its own name, or the rooms would know another CommandError than this module catches.
    from layers.command import main as run

    sys.exit(run())
