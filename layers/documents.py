"""YAML files into frozen values: strict, with errors that name file, key and nearest valid key."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

T = TypeVar("T")


class DocumentError(Exception):
    """A file of configuration can't be taken as it is."""

    def __init__(self, file: Path, problem: str, remedy: str) -> None:
        super().__init__(f"{file}: {problem}. {remedy}")
        self.file = file


def read_yaml(file: Path) -> Any:
    """Read a YAML file as plain values.

    Raises:
        DocumentError: no such file, or not YAML.
    """
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DocumentError(file, f"can't be read ({error})", "Check the path.") from error
    except yaml.YAMLError as error:
        raise DocumentError(file, f"is not YAML ({error})", "Mend the line it names.") from error


def convert(value: Any, kind: type[T], file: Path) -> T:
    """Turn plain values into a msgspec Struct.

    Raises:
        DocumentError: an unknown key (named with its nearest valid key), a missing key, a value of
            the wrong type or out of range (named with its path).
    """
    try:
        return msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError as error:
        raise DocumentError(file, str(error), _remedy(str(error), kind)) from error


def load(file: Path, kind: type[T]) -> T:
    """Read a YAML file as `kind`; errors as in `read_yaml` and `convert`."""
    return convert(read_yaml(file), kind, file)


def _remedy(problem: str, kind: Any) -> str:
    unknown = re.search(r"unknown field `([^`]+)`", problem)
    if unknown:
        near = difflib.get_close_matches(unknown[1], sorted(_keys(kind)), 1, 0.4)
        return f"Did you mean `{near[0]}`?" if near else "Remove the key."
    missing = re.search(r"missing required field `([^`]+)`", problem)
    return f"Add the key `{missing[1]}`." if missing else "Correct the value at that path."


def _keys(kind: Any, depth: int = 0) -> set[str]:
    found: set[str] = set()
    if depth > 4:
        return found
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        for item in msgspec.structs.fields(kind):
            found.add(item.encode_name)
            found |= _keys(item.type, depth + 1)
        return found
    for part in getattr(kind, "__args__", ()):
        found |= _keys(part, depth + 1)
    return found
