"""Avro, one datum a message, by a schema of the pack or of a registry; read as JSON from there on.

Times stay the numbers that they are in the message (`epoch_ms`, `epoch_us`); decimals, which have
no other sense, are read as such.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
from fastavro.schema import SchemaParseException

from ingest.codecs import json as json_codec
from ingest.codecs.base import Decoded
from ingest.codecs.registry import HEADER, Registry, number_of
from ingest.paths import parse
from ingest.sources.base import Slice
from layers.documents import DocumentError
from layers.feed_spec import SchemaRule

_SINGLE = b"\xc3\x01"
"""Begins a datum with the fingerprint of its schema in eight bytes."""
_UNREADABLE = (ValueError, LookupError, EOFError, TypeError, OverflowError, RecursionError)
_KEPT = ("decimal", "uuid")


def schema_of(file: Path) -> Any:
    """Read a schema.

    Raises:
        DocumentError: it can't be read.
    """
    try:
        return _parsed(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, SchemaParseException) as error:
        raise DocumentError(file, f"is no Avro schema ({error})", "Name an .avsc file.") from error


class Avro:
    """Reads the messages of one feed.

    Args:
        rule: where the schema is.
        paths: what is read.
    """

    def __init__(self, rule: SchemaRule, paths: Sequence[str]) -> None:
        self._steps = {path: parse(path) for path in paths}
        self._own = None if rule.registry else schema_of(Path(rule.file))
        self._registry = Registry(rule.registry)
        self._schemas: dict[int, Any] = {}

    def decode(self, part: Slice) -> Decoded:
        """Read the paths of every message of a slice as text.

        Raises:
            ingest.codecs.registry.RegistryUnavailableError: a schema can't be had now.
        """
        return json_codec.decode_made(part, self._as_json, self._steps, is_binary=True)

    def _as_json(self, message: bytes) -> bytes:
        try:
            value = self._datum(message)
        except _UNREADABLE as error:
            raise ValueError(f"not Avro: {error or type(error).__name__}") from error
        return json.dumps(_plain(value)).encode()

    def _datum(self, message: bytes) -> Any:
        if self._own is None:
            number = number_of(message)
            if number not in self._schemas:
                self._schemas[number] = _parsed(self._registry.schema(number))
            return _whole(message[HEADER:], self._schemas[number])
        if message.startswith(_SINGLE):
            return _whole(message[10:], self._own)
        try:
            return _whole(message, self._own)
        except _UNREADABLE:
            number_of(message)  # a header that nobody needs when the schema is at hand
            return _whole(message[HEADER:], self._own)


def _parsed(text: str) -> Any:
    return fastavro.parse_schema(_without_times(json.loads(text)))


def _without_times(schema: Any) -> Any:
    """Leave logical types out but for those kept; a number is read as it stands."""
    if isinstance(schema, list):
        return [_without_times(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _without_times(value)
        for key, value in schema.items()
        if key != "logicalType" or value in _KEPT
    }


def _whole(data: bytes, schema: Any) -> Any:
    stream = io.BytesIO(data)
    value = fastavro.schemaless_reader(stream, schema, None)
    if stream.tell() != len(data):
        raise ValueError(f"{len(data) - stream.tell()} bytes are left over")
    return value


def _plain(value: Any) -> Any:
    """Give what JSON can say of a value."""
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, Decimal):
        return format(value, "f")
    return value if isinstance(value, str | int | float | None) else str(value)
