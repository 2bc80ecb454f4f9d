"""A source that reads one poll ahead: the next messages come in while the last ones are worked on.

Reading goes on on a thread of its own; everybody else's calls, and what the source asks while it
polls (where to begin), stay on the thread of the loop:

- The source is touched by one thread at a time. `commit`, `lag`, `assigned` and `seek` wait until
  no poll is under way, or until the poll under way waits for an answer.
- A question of the source (`ask`) is answered inside `poll` only. So whoever asks for the next
  messages has handed on all earlier ones, as without this wrapper.
- After `seek`, messages that were read ahead of it are dropped: they come again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ingest.sources.base import Slice, Source

A = TypeVar("A")
Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]


@dataclass(frozen=True, slots=True)
class _Question:
    """What the source asks while it polls."""

    call: Callable[[], Any]
    answer: Future[Any] = field(default_factory=Future)

    def settle(self) -> None:
        """Answer it, here and now."""
        try:
            self.answer.set_result(self.call())
        except BaseException as error:  # noqa: BLE001  it is raised where it was asked
            self.answer.set_exception(error)


class AheadSource:
    """Reads one poll ahead of another source.

    Args:
        opened: makes the source; its argument wraps each function that the source calls from
            within `poll`, so that it runs on the thread of the loop.
    """

    def __init__(self, opened: Callable[[Wrap], Source]) -> None:
        self._moved = threading.Condition()
        self._question: _Question | None = None
        self._polling: Future[Sequence[Slice]] | None = None
        self._kept: list[Slice] = []
        self._dropped: set[str] = set()
        self._thread = ThreadPoolExecutor(1, "read")
        self._reader = 0
        """The thread that polls, once it does."""
        self._source = opened(self._asking)

    def assigned(self) -> frozenset[str]:
        """Give the partitions this worker holds now."""
        self._wait(answer=False)
        return self._source.assigned()

    def seek(self, positions: dict[str, int]) -> None:
        """Go on reading the named partitions there; what was read ahead of them is dropped."""
        self._wait(answer=False)
        self._kept = [part for part in self._kept if part.name not in positions]
        if self._polling is not None:
            self._dropped |= set(positions)
            if self._polling.done():
                self._kept += self._taken()
        self._source.seek(positions)

    def poll(self, timeout_s: float) -> list[Slice]:
        """Give what has come, and go on reading."""
        if self._polling is None:
            self._read(timeout_s)
        self._wait(answer=True)
        found, self._kept = self._kept + self._taken(), []
        self._read(timeout_s)
        return found

    def quietly(self, call: Callable[..., A]) -> Callable[..., A]:
        """Let a further call of the source wait, like those of the port, while it is polled."""

        def waiting(*arguments: Any) -> A:
            self._wait(answer=False)
            return call(*arguments)

        return waiting

    def commit(self, positions: dict[str, int]) -> None:
        """Tell where to start looking next time."""
        self._wait(answer=False)
        self._source.commit(positions)

    def lag(self) -> dict[str, int]:
        """Give the messages not yet read per partition; those read ahead count as read."""
        self._wait(answer=False)
        return self._source.lag()

    def close(self) -> None:
        """Leave in good order; what was read ahead has been handed to nobody."""
        with suppress(Exception):
            self._wait(answer=True)
        self._thread.shutdown(wait=True)
        self._source.close()

    def _asking(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*arguments: Any) -> Any:
            if threading.get_ident() != self._reader:
                return call(*arguments)
            question = _Question(lambda: call(*arguments))
            with self._moved:
                self._question = question
                self._moved.notify_all()
            return question.answer.result()

        return asked

    def _read(self, timeout_s: float) -> None:
        self._polling = self._thread.submit(self._poll, timeout_s)
        self._polling.add_done_callback(self._tell)

    def _poll(self, timeout_s: float) -> Sequence[Slice]:
        self._reader = threading.get_ident()
        return self._source.poll(timeout_s)

    def _tell(self, _: Future[Sequence[Slice]]) -> None:
        with self._moved:
            self._moved.notify_all()

    def _taken(self) -> list[Slice]:
        """Take the poll that has ended, without what `seek` has made void."""
        assert self._polling is not None, "a poll was begun"  # noqa: S101
        polling, self._polling = self._polling, None
        dropped, self._dropped = self._dropped, set()
        return [part for part in polling.result() if part.name not in dropped]

    def _wait(self, *, answer: bool) -> None:
        """Wait until no poll is under way; a question is answered, or waits on and lets us go."""
        while True:
            with self._moved:
                self._moved.wait_for(lambda: self._question or self._is_idle())
                question = self._question
                if question is None or not answer:
                    return
                self._question = None
            question.settle()

    def _is_idle(self) -> bool:
        return self._polling is None or self._polling.done()
