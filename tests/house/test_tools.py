"""The tools that read the whole tree, run as the developer runs them."""

import subprocess
import sys
from pathlib import Path

import yaml


def call(root, *words):
    done = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def run(root, *words):
    return call(root, sys.executable, "-m", *words)


def test_ruff_finds_nothing_to_mend(root):
    code, said = run(root, "ruff", "check", "--output-format=concise", ".")
    assert code == 0, said


def test_ruff_would_format_nothing(root):
    code, said = run(root, "ruff", "format", "--check", ".")
    assert code == 0, said


def test_mypy_finds_every_type_sound(root):
    code, said = run(root, "mypy")
    assert code == 0, said


def test_the_rooms_import_only_along_the_walls(root):
    code, said = call(root, str(Path(sys.executable).with_name("lint-imports")))
    assert code == 0, said
    assert "0 broken" in said


def test_a_commit_and_the_build_run_the_same_commands_as_the_developer(root):
    hooks = yaml.safe_load((root / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    entries = [hook["entry"] for repo in hooks["repos"] for hook in repo["hooks"]]
    assert {"make lint", "make test"} <= set(entries)
    assert all(repo["repo"] == "local" for repo in hooks["repos"])
    assert "make test" in (root / ".ci" / "run").read_text(encoding="utf-8")
    lint = (
        (root / "Makefile").read_text(encoding="utf-8").partition("\nlint:")[2].partition("\n\n")[0]
    )
    for tool in ("ruff check", "ruff format --check", "mypy", "lint-imports"):
        assert tool in lint
