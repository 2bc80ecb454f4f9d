"""How texts stand in a YAML, and how codes and ids are made of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

_PLAIN = re.compile(r"[A-Za-z_\u4e00-\u9fff][\w.\u4e00-\u9fff-]*")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def code_of(text: str) -> str:
    """Give a code that is safe in names of sums: letters and digits of the text."""
    code = re.sub(r"[^\w\u4e00-\u9fff]+", "_", text).strip("_").casefold()
    return quoted(code or "other")


def property_of(path: str) -> str:
    """Give a code for what a column of a wide row measures: the last telling part of its path."""
    named, _ = name_and_unit(path)
    parts = [p for p in re.split(r"[.\[\]]+", named) if p and p not in ("value", "data", "result")]
    return code_of(parts[-1] if parts else path)


def properties_of(paths: Sequence[str]) -> list[str]:
    """Give such a code for each; where two would be the same, all of the path is in them."""
    codes = [property_of(path) for path in paths]
    return [
        code if codes.count(code) == 1 else code_of(path)
        for code, path in zip(codes, paths, strict=True)
    ]


def name_and_unit(path: str) -> tuple[str, str]:
    """Part a column's name from the unit in brackets after it; empty when it names none."""
    found = re.fullmatch(r"(.*\S)\s*[\[(（]([^\d\])）][^\])）]*)[\])）]", path)
    return (found[1], found[2]) if found else (path, "")


def quoted(text: str) -> str:
    """Spell a text in YAML."""
    is_plain = _PLAIN.fullmatch(text) and text.casefold() not in _WORDS
    return text if is_plain else double(text)


def double(text: str) -> str:
    """Spell a text in double quotes."""
    signs = {"\\": "\\\\", '"': '\\"', "\t": "\\t", "\n": "\\n", "\r": "\\r"}
    return '"' + "".join(signs.get(c, c) for c in text) + '"'


def single(text: str) -> str:
    """Spell a text in single quotes."""
    return "'" + text.replace("'", "''") + "'"


def feed_id_of(file: Path) -> str:
    """Give an id for a feed from the name of its sample."""
    stem = file.name.split(".")[0]
    return re.sub(r"[^a-z0-9]+", "_", stem.casefold()).strip("_") or "new_feed"
