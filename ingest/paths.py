r"""Paths into messages, as the YAML of a feed spells them (the grammar: `layers.feed_spec`).

`a.b[2].c[].d` is the steps ("a", "b", 2, "c", EACH, "d"). A name may hold any sign; dots, brackets,
backslashes and a leading dollar are written with a backslash before them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum


class _Each(Enum):
    """The step into every element of an array."""

    EACH = "[]"


EACH = _Each.EACH

Step = str | int | _Each
Steps = tuple[Step, ...]
Chain = tuple[Steps, ...]
"""The arrays that are taken apart on the way, from the outermost in: the steps to each."""

_PART = re.compile(r"(?P<name>(?:\\.|[^.\[\]\\])+)|\[(?P<index>-?\d*)\]|(?P<dot>\.)", re.DOTALL)
_SPECIAL = re.compile(r"\$(key|timestamp|column|cell|header\..+|column\..+|beside\..+)", re.DOTALL)


class PathError(Exception):
    """A path that can't be read."""

    def __init__(self, path: str, problem: str, remedy: str) -> None:
        super().__init__(f"path {path!r}: {problem}. {remedy}")
        self.problem = f"path {path!r}: {problem}"
        self.remedy = remedy


def is_special(path: str) -> bool:
    """Say whether the path starts with `$` and so points beside the value."""
    return path.startswith("$")


def is_of_row(path: str) -> bool:
    """Say whether the path speaks of a column of a wide row."""
    return path in {"$column", "$cell"} or path.startswith(("$column.", "$beside."))


def parse(path: str) -> Steps:
    """Give the steps of a path into a value.

    Raises:
        PathError: it is empty, holds an empty name or a bracket that is none of ours.
    """
    steps: list[Step] = []
    at, wants_name = 0, True
    while at < len(path):
        found = _PART.match(path, at)
        if found is None:
            raise PathError(path, f"{path[at]!r} at {at + 1}", r"Write [], [2], or \[ in a name.")
        steps, wants_name = _with(steps, found, path, wants_name)
        at = found.end()
    if wants_name:
        problem = "a name is missing after the last dot" if steps else "it is empty"
        raise PathError(path, problem, "Name a part of the message.")
    return tuple(steps)


def _with(
    steps: list[Step], found: re.Match[str], path: str, wants_name: bool
) -> tuple[list[Step], bool]:
    """Add one part; say whether only a name may follow."""
    if found["dot"]:
        if wants_name:
            raise PathError(
                path, "a name is missing before a dot", r"Write \. for a dot in a name."
            )
        return steps, True
    if found["name"] is not None:
        if not wants_name:
            raise PathError(path, "a dot is missing after a bracket", "Write a[].b, not a[]b.")
        return [*steps, re.sub(r"\\(.)", r"\1", found["name"], flags=re.DOTALL)], False
    if wants_name and steps:
        raise PathError(path, "a bracket after a dot", "Write a[0], not a.[0].")
    return [*steps, int(found["index"]) if found["index"] else EACH], False


def spell(steps: Iterable[Step]) -> str:
    """Give the path that is parsed to these steps."""
    text = ""
    for step in steps:
        if isinstance(step, str):
            name = re.sub(r"([.\[\]\\])", r"\\\1", step)
            text += ("." if text else "") + (rf"\{name}" if name[:1] == "$" and not text else name)
        else:
            text += f"[{step}]" if isinstance(step, int) else "[]"
    return text


def name_of_column(path: str) -> str:
    """Give the column of a table that a path names: to the letter, but for backslashes."""
    return re.sub(r"\\([.\[\]$\\])", r"\1", path)


def chain_of(steps: Steps) -> Chain:
    """Give the arrays that a path takes apart."""
    return tuple(steps[: at + 1] for at, step in enumerate(steps) if step is EACH)


def check_special(path: str) -> None:
    """Raise a PathError when a path that starts with `$` is none of ours."""
    if not _SPECIAL.fullmatch(path):
        raise PathError(
            path,
            "nothing is called so",
            "Use $key, $header.<name>, $timestamp, $column, $cell, $column.<group> or "
            r"$beside.<name>; write \$ "
            "for a name that starts with a dollar, and leave out a leading `$.`.",
        )


def check_chains(paths: Iterable[str]) -> None:
    """Raise a PathError when arrays are taken apart that can't go side by side.

    Of the arrays of every path, those of the deepest go side by side; a path that is less deep must
    lie on the way of one of them.
    """
    chains = {path: chain_of(parse(path)) for path in paths}
    deepest = max((len(c) for c in chains.values()), default=0)
    ways = {c[:depth] for c in chains.values() if len(c) == deepest for depth in range(deepest + 1)}
    for path, chain in chains.items():
        if chain not in ways:
            other = next(p for p, c in chains.items() if len(c) == deepest)
            raise PathError(
                path,
                f"its arrays are not on the way of {other!r}, which takes more arrays apart",
                "Take arrays of the same depth apart ([]), or one element by its number ([0]).",
            )
