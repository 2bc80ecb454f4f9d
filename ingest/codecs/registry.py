"""A schema registry: the schema that the five bytes before a message name, asked for once."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeVar
from urllib.error import HTTPError
from urllib.request import Request, urlopen

log = logging.getLogger(__name__)

T = TypeVar("T")

HEADER = 5
"""Bytes before the message: a zero, and the schema's number in four, the highest first."""

_WAIT_S = 5.0
_ASK_AGAIN_S = 30.0
_RETRY_S = 2.0


class RegistryUnavailableError(Exception):
    """The registry does not answer; messages wait, for without a schema nobody can judge them."""

    def __init__(self, url: str, cause: object) -> None:
        super().__init__(
            f"the schema registry {url} does not answer ({cause}). Start it, or correct "
            "schema.registry of the feed; messages wait until then"
        )


class UnknownSchemaError(ValueError):
    """The registry answers that it has no such schema."""


def insist(call: Callable[[], T], stop: threading.Event) -> T:
    """Call until every registry answers, saying once that one is lost and once that it is back.

    Raises:
        RegistryUnavailableError: `stop` was set in the meantime.
    """
    is_lost = False
    while True:
        try:
            answer = call()
        except RegistryUnavailableError as error:
            if not is_lost:
                log.error("event=registry_lost detail=%s", error)  # noqa: TRY400  no traceback
            is_lost = True
            if stop.wait(_RETRY_S):
                raise
        else:
            if is_lost:
                log.info("event=registry_recovered")
            return answer


def number_of(message: bytes) -> int:
    """Give the number of a message's schema.

    Raises:
        ValueError: it hasn't got the header of a registry.
    """
    if len(message) < HEADER or message[0]:
        raise ValueError("the five bytes of a schema registry are expected before the message")
    return int.from_bytes(message[1:HEADER], "big")


@dataclass(slots=True)
class Registry:
    """Asks one registry, and remembers what it has said."""

    url: str
    query: str = ""
    """How the schema is to be written."""
    known: dict[int, str] = field(default_factory=dict)
    unknown: dict[int, float] = field(default_factory=dict)
    """Numbers that it didn't know, and when it said so; a replica may learn them later."""

    def schema(self, number: int) -> str:
        """Give the text of a schema.

        Raises:
            UnknownSchemaError: the registry has none of this number.
            RegistryUnavailableError: it does not answer.
        """
        if number not in self.known:
            if time.monotonic() - self.unknown.get(number, -_ASK_AGAIN_S) < _ASK_AGAIN_S:
                raise UnknownSchemaError(f"the registry has no schema {number}")
            self.known[number] = self._ask(number)
            log.info("event=schema_fetched registry=%s number=%s", self.url, number)
        return self.known[number]

    def _ask(self, number: int) -> str:
        address = f"{self.url.rstrip('/')}/schemas/ids/{number}{self.query}"
        request = Request(address, headers={"Accept": "application/json"})  # noqa: S310  checked
        try:
            with urlopen(request, timeout=_WAIT_S) as answer:  # noqa: S310  http or https, by check
                return str(json.load(answer)["schema"])
        except HTTPError as error:
            if error.code != HTTPStatus.NOT_FOUND:
                raise RegistryUnavailableError(self.url, error) from error
            self.unknown[number] = time.monotonic()
            raise UnknownSchemaError(f"the registry has no schema {number}") from error
        except (OSError, ValueError, LookupError) as error:
            raise RegistryUnavailableError(self.url, error) from error
