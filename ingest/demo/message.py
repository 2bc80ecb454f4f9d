"""What a played stream is made of, and what a stream must give."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from ingest.demo.places import Places


class PlayError(Exception):
    """A stream can't be played: an unknown kind, or a sample that is not as it should be."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message as a producer would hand it to the broker."""

    topic: str
    key: bytes
    """Case messages: the case id. Readings: the station."""
    value: bytes
    at_ms: int
    """When it is produced, ms since the epoch."""


class Stream(Protocol):
    """One feed, played.

    Contract: the answers depend on the arguments alone, so a second player says the same again;
    messages are in the order of `at_ms`; windows that follow each other give each message once.
    """

    def between(self, start_ms: int, end_ms: int, shift_ms: int) -> list[Message]:
        """Give the messages of `start_ms <= time < end_ms`, every time in them less `shift_ms`."""
        ...

    def standing(self, at_ms: int) -> list[Message]:
        """Give the newest message, produced before `at_ms`, of each thing that is still open."""
        ...


@dataclass(frozen=True, slots=True)
class Setting:
    """What all streams of one city share."""

    folder: Path
    """The city pack."""
    places: Places
    timezone: str
    now: datetime
    seed: int
