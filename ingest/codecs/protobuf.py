"""Protobuf, one message a message, by a descriptor set of the pack or a registry's schema.

Read as its own JSON mapping says, names as in the .proto file, values that are not set as their
defaults: a reading of 0 is a reading.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.message import DecodeError

from ingest.codecs import json as json_codec
from ingest.codecs.base import Decoded
from ingest.codecs.registry import HEADER, Registry, number_of
from ingest.paths import parse
from ingest.sources.base import Slice
from layers.documents import DocumentError
from layers.feed_spec import SchemaRule

_KNOWN = ("any", "duration", "empty", "field_mask", "struct", "timestamp", "wrappers")
"""Google's own files, which descriptor sets may leave out."""


def message_class(file: Path, name: str) -> Any:
    """Give the class of a message of a descriptor set.

    Raises:
        DocumentError: the set can't be read, or doesn't hold the message.
    """
    try:
        files = descriptor_pb2.FileDescriptorSet.FromString(file.read_bytes()).file
        return _class(files, name)
    except (OSError, DecodeError) as error:
        remedy = "Make it by protoc --include_imports --descriptor_set_out."
        raise DocumentError(file, f"is no descriptor set ({error})", remedy) from error
    except (KeyError, TypeError) as error:
        remedy = "Correct schema.message; protoc --include_imports keeps what it imports."
        raise DocumentError(file, f"has no message {name!r} ({error})", remedy) from error


class Protobuf:
    """Reads the messages of one feed.

    Args:
        rule: where the schema is.
        paths: what is read.
    """

    def __init__(self, rule: SchemaRule, paths: Sequence[str]) -> None:
        self._steps = {path: parse(path) for path in paths}
        self._name = rule.message
        self._own = None if rule.registry else message_class(Path(rule.file), rule.message)
        self._registry = Registry(rule.registry, "?format=serialized")
        self._classes: dict[int, Any] = {}

    def decode(self, part: Slice) -> Decoded:
        """Read the paths of every message of a slice as text.

        Raises:
            ingest.codecs.registry.RegistryUnavailableError: a schema can't be had now.
        """
        return json_codec.decode_made(part, self._as_json, self._steps, is_binary=True)

    def _as_json(self, message: bytes) -> bytes:
        try:
            kind, body = self._own, message
            if kind is None:
                kind = self._of(number_of(message))
            if message.startswith(b"\0"):  # no message begins so; the registry's header does
                body = _behind_indexes(message[HEADER:])
            made = kind.FromString(body)
            value = json_format.MessageToDict(
                made, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
            )
        except (DecodeError, ValueError, LookupError, TypeError) as error:
            raise ValueError(f"not Protobuf: {error}") from error
        return json.dumps(value).encode()

    def _of(self, number: int) -> Any:
        if number not in self._classes:
            text = self._registry.schema(number)
            try:
                file = descriptor_pb2.FileDescriptorProto.FromString(base64.b64decode(text))
            except binascii.Error as error:
                raise ValueError(f"schema {number} is not serialized ({error})") from error
            self._classes[number] = _class([file], self._name)
        return self._classes[number]


def _class(files: Sequence[Any], name: str) -> Any:
    pool = descriptor_pool.DescriptorPool()
    there = {file.name for file in files}
    for known in _KNOWN:
        module = import_module(f"google.protobuf.{known}_pb2")
        if module.DESCRIPTOR.name not in there:
            pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
    for file in files:
        pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


def _behind_indexes(data: bytes) -> bytes:
    """Leave out which of its schema's messages it is: a count and so many numbers."""
    count, at = _varint(data, 0)
    for _ in range(min(count >> 1, len(data))):  # zigzag, never negative
        _, at = _varint(data, at)
    return data[at:]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Give a number, and where the next one begins."""
    value = shift = 0
    while at < len(data):
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            break
    return value, at
