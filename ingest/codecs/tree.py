"""What a set of paths asks of a JSON value, as one schema; and values made to fit it.

A place in the message is asked for as text, as an object or as an array. Paths that ask the same
place for different things (`result` and `result.value`) can't share a schema; they are read in
separate groups.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from ingest.paths import EACH, Steps, spell

ROOT = ""
"""Name under which a message is put that is itself an array; polars reads objects only."""


class FitError(Exception):
    """A value is of another shape than the paths expect."""


@dataclass(slots=True)
class Node:
    """A place in the message."""

    at: Steps = ()
    """The way to it."""
    members: dict[str, Node] | None = None
    """It is an object with these."""
    items: Node | None = None
    """It is an array of these."""
    is_text: bool = False

    def add(self, steps: Steps) -> bool:
        """Take a path in; False where it asks for something else than those before it."""
        if not steps:
            self.is_text = self.members is None and self.items is None
            return self.is_text
        first, *rest = steps
        if self.is_text:
            return False
        if isinstance(first, str):
            if self.items is not None:
                return False
            self.members = {} if self.members is None else self.members
            made = self.members.setdefault(first, Node((*self.at, first)))
        else:
            if self.members is not None:
                return False
            made = self.items = self.items or Node((*self.at, EACH))
        return made.add(tuple(rest))

    def dtype(self) -> pl.DataType:
        """Give the type as which polars reads it."""
        if self.members is not None:
            return pl.Struct({name: node.dtype() for name, node in self.members.items()})
        if self.items is not None:
            return pl.List(self.items.dtype())
        return pl.String()


@dataclass(slots=True)
class Group:
    """Paths that are read together."""

    wrapped: bool
    """The messages are arrays and stand under ROOT."""
    tree: Node = field(default_factory=Node)
    paths: dict[str, Steps] = field(default_factory=dict)
    """Path → steps, ROOT included."""
    is_alone: bool = True
    """No other group is read from the same messages, so one of another shape is broken."""

    @property
    def schema(self) -> pl.Schema:
        """Give the columns that polars reads."""
        return pl.Schema({n: node.dtype() for n, node in (self.tree.members or {}).items()})

    def copy(self) -> Node:
        """Give a tree of the same paths."""
        tree = Node()
        for steps in self.paths.values():
            tree.add(steps)
        return tree


def groups_of(paths: Mapping[str, Steps]) -> list[Group]:
    """Part the paths into groups with one schema each, as few as follow from their order."""
    groups: list[Group] = []
    for path, steps in paths.items():
        wrapped = not isinstance(steps[0], str)
        whole = (ROOT, *steps) if wrapped else steps
        for group in [*(g for g in groups if g.wrapped == wrapped), Group(wrapped)]:
            if not group.tree.add(whole):
                group.tree = group.copy()  # undo the steps that did fit
                continue
            group.paths[path] = whole
            if len(group.paths) == 1:
                groups.append(group)
            break
    for group in groups:
        group.is_alone = len(groups) == 1
    return groups


def fit(value: Any, node: Node, *, is_strict: bool) -> Any:
    """Give of a value what the tree asks for, in the shape it asks for.

    What is blank (null, "", [], {}) is taken for absent wherever more is expected, a single element
    for an array of one, and a text that is JSON for what it says.

    Raises:
        FitError: something else stands there; if not strict it is taken for absent, too.
    """
    if node.is_text:
        return value
    if isinstance(value, str) and value.lstrip()[:1] in {"{", "["}:
        value = _unwrapped(value)
    if node.members is not None and isinstance(value, dict):
        return {
            name: fit(value.get(name), sub, is_strict=is_strict)
            for name, sub in node.members.items()
        }
    if value is None or value in ("", [], {}):
        return [] if isinstance(value, list) and node.items is not None else None
    if node.items is not None and isinstance(value, list):
        return [fit(v, node.items, is_strict=is_strict) for v in value]
    if node.items is not None and (isinstance(value, dict) or node.items.is_text):
        return [fit(value, node.items, is_strict=is_strict)]
    if is_strict:
        wanted = "an object" if node.members is not None else "an array"
        place = spell(s for s in node.at if s != ROOT)
        raise FitError(f"{wanted} is expected at {place or 'the root'}, not {str(value)[:40]!r}")
    return None


def _unwrapped(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=str)
    except (ValueError, RecursionError):
        return text
