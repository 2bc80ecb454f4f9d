"""The tools that read the whole tree, run as the developer runs them."""

import subprocess
import sys
from pathlib import Path


def call(root, *words):
    done = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def run(root, *words):
    return call(root, sys.executable, "-m", *words)


def test_ruff_finds_nothing(root):
    code, said = run(root, "ruff", "check", "--output-format=concise", ".")
    assert code == 0, said


def test_ruff_would_format_nothing(root):
    code, said = run(root, "ruff", "format", "--check", ".")
    assert code == 0, said


def test_mypy_finds_nothing(root):
    code, said = run(root, "mypy")
    assert code == 0, said


def test_the_rooms_import_only_along_the_walls(root):
    code, said = call(root, str(Path(sys.executable).with_name("lint-imports")))
    assert code == 0, said
    assert "0 broken" in said
