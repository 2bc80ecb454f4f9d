"""What the house tests look at: the tracked files, as text and as syntax trees."""

from __future__ import annotations

import ast
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[2]

ROOMS = ("ingest", "layers", "dashboard")

BUILT = ("min.js", "min.css", "bundle.js", "bundle.css", "woff2", "woff", "ttf", "map")
"""Endings of files that a tool made; their source is looked at instead."""


@dataclass(frozen=True)
class Source:
    """One tracked file that people write."""

    path: PurePosixPath

    @cached_property
    def text(self) -> str:
        """Its text."""
        return (ROOT / self.path).read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax tree, Python only."""
        return ast.parse(self.text, str(self.path))

    @property
    def room(self) -> str:
        """The first folder of its path, empty at the root."""
        return self.path.parts[0] if len(self.path.parts) > 1 else ""

    @cached_property
    def functions(self) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef, ...]:
        """Every function and method in it, nested ones too."""
        return tuple(
            node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        )


def _is_written_by_hand(path: PurePosixPath) -> bool:
    if path.name.split(".", 1)[-1] in BUILT or path.suffix.lstrip(".") in BUILT:
        return False
    return "vendor" not in path.parts and "built" not in path.parts


@pytest.fixture(scope="session")
def root():
    """The folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def tracked():
    """Every tracked file that still exists, built ones too."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    paths = [PurePosixPath(name) for name in listed.split("\0") if name]
    return tuple(p for p in paths if (ROOT / p).is_file())


@pytest.fixture(scope="session")
def written(tracked):
    """The tracked files that people write, data and built files left out."""
    return tuple(Source(p) for p in tracked if _is_written_by_hand(p))


@pytest.fixture(scope="session")
def python(written):
    """Every Python file."""
    return tuple(s for s in written if s.path.suffix == ".py")


@pytest.fixture(scope="session")
def rooms(python):
    """The Python files of the three rooms."""
    return tuple(s for s in python if s.room in ROOMS)
