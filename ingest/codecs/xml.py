"""XML, one document a message: turned into JSON and read by the same paths.

A document type declaration is refused before anything in it is read: entities are how hostile XML
reads files and fills memory. An element that comes several times, and is not taken apart by `[]`,
is read where it comes first.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from ingest.codecs import json as json_codec
from ingest.codecs.base import Decoded
from ingest.paths import Step, Steps, parse
from ingest.sources.base import Slice
from layers.feed_spec import XmlRule

_TEXT = "#text"
_DEEPEST = 200
_DECLARED = re.compile(rb"\s*<\?xml[^>]*encoding\s*=\s*[\"']([A-Za-z][\w.-]*)")
_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class XmlError(ValueError):
    """The document can't be read."""


def decode(part: Slice, paths: Sequence[str], rule: XmlRule) -> Decoded:
    """Read the paths (from the root's children on) of every document of a slice as text."""
    steps = {path: _steps(parse(path)) for path in paths}
    starts = {str(s[0]) for s in steps.values()}

    def as_json(document: bytes) -> bytes:
        name, root = read(document, is_bare=rule.strip_namespaces)
        if name in starts and name not in root:
            root = {**root, name: [root]}  # the path begins with the root itself
        return json.dumps(root).encode()

    return json_codec.decode_made(part, as_json, steps)


def _steps(steps: Steps) -> Steps:
    """Give the way to the text of an element in what `read` gives: elements are always arrays."""
    found: list[Step] = []
    for at, step in enumerate(steps):
        found.append(step)
        is_element = isinstance(step, str) and not step.startswith(("@", _TEXT))
        if is_element and (at + 1 == len(steps) or isinstance(steps[at + 1], str)):
            found.append(0)
    last = str(steps[-1])
    return tuple(found) if last.startswith("@") or last == _TEXT else (*found, _TEXT)


def read(document: bytes, *, is_bare: bool) -> tuple[str, dict[str, Any]]:
    """Give a document as the name of its root and nested values.

    Each element is an object: `@name` of its attributes, `#text`, and an array under the name of
    each kind of child.

    Args:
        document: its bytes.
        is_bare: names without the prefix of their namespace.

    Raises:
        XmlError: it is no XML, carries a type declaration or is nested too deep.
    """
    tree = _Tree(is_bare)
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.text
    try:
        parser.Parse(in_utf8(document), True)
    except (expat.ExpatError, UnicodeError, LookupError) as error:
        raise XmlError(f"not XML: {error}") from error
    return tree.name, tree.root


def in_utf8(document: bytes) -> bytes:
    """Give a document in UTF-8, out of the encoding that it declares.

    Raises:
        UnicodeDecodeError, LookupError: it is not in that encoding, or nobody knows it.
    """
    if document.startswith(_MARKS):
        return document.decode("utf-16").encode()
    try:
        document.decode("utf-8")
    except UnicodeDecodeError:
        declared = _DECLARED.match(document)
        if not declared:
            raise
        name = declared[1].decode().lower()
        # GB 18030 holds all of the older GB 2312 and GBK
        return document.decode("gb18030" if name in {"gb2312", "gbk"} else name).encode()
    return document


def _refuse(*_: object) -> None:
    raise XmlError("a document type declaration is not allowed")


@dataclass(slots=True)
class _Tree:
    """Builds the values while the document is read."""

    is_bare: bool
    name: str = ""
    root: dict[str, Any] = field(default_factory=dict)
    way: list[dict[str, Any]] = field(default_factory=list)
    texts: list[list[str]] = field(default_factory=list)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Begin an element."""
        if len(self.way) == _DEEPEST:
            raise XmlError(f"elements are nested more than {_DEEPEST} deep")
        bare = self._bare(name)
        made: dict[str, Any] = {
            f"@{self._bare(key)}": value
            for key, value in attributes.items()
            if not key.startswith("xmlns")
        }
        if self.way:
            self.way[-1].setdefault(bare, []).append(made)
        else:
            self.name, self.root = bare, made
        self.way.append(made)
        self.texts.append([])

    def end(self, _name: str) -> None:
        """End an element."""
        element, text = self.way.pop(), "".join(self.texts.pop()).strip()
        if text:
            element[_TEXT] = text

    def text(self, data: str) -> None:
        """Add text to the innermost element."""
        self.texts[-1].append(data)

    def _bare(self, name: str) -> str:
        return name.rpartition(":")[2] if self.is_bare else name
