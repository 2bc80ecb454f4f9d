"""What code of the rooms may do: clocks, prints, broad excepts, colours."""

import ast
import re

STARTS = {
    "ingest/worker.py": "a worker process gives the loop its clock",
    "ingest/replay.py": "the replay command gives the loop its clock",
    "ingest/commands_demo.py": "the play command gives the player its clock",
    "ingest/commands_audit.py": "the audit command gives the worker it runs its clock",
    "ingest/commands_rejects.py": "--since 12h counts back from now",
    "ingest/commands_feed.py": "a feed is tried as if its file were read now",
    "dashboard/serve.py": "the web process gives the pages their clock",
}
"""The only modules that may ask the machine for the time, and why. Everything else is given it."""

CLOCKS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
    ("time", "time_ns"),
    ("Timestamp", "now"),
}

COLOUR_HOMES = {"assets/tokens.css", "dashboard/palette.py"}

HEX = re.compile(r"(?<![\w&/#])#(?:[0-9a-fA-F]{8}|[0-9a-fA-F]{6}|[0-9a-fA-F]{3,4})(?![\w-])")

MAX_BROAD = 3


def name_of(node):
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def clock_reads(source):
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and (name_of(node.value), node.attr) in CLOCKS:
            yield node.lineno
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (node.lineno for a in node.names if a.name in {"time", "time_ns"})


def test_the_time_is_read_only_where_a_process_starts(rooms):
    reads = [f"{s.path}:{line}" for s in rooms for line in clock_reads(s)]
    assert not [r for r in reads if r.rsplit(":", 1)[0] not in STARTS]


def test_the_list_of_process_starts_names_only_modules_that_read_the_time(rooms):
    reading = {str(s.path) for s in rooms if any(clock_reads(s))}
    assert set(STARTS) <= reading


def test_nothing_in_the_rooms_prints(rooms):
    prints = [
        f"{s.path}:{node.lineno}"
        for s in rooms
        for node in ast.walk(s.tree)
        if isinstance(node, ast.Call) and name_of(node.func) in {"print", "pprint"}
    ]
    assert not prints


def is_broad(handler):
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(name_of(kind) in {"Exception", "BaseException"} for kind in kinds)


def broad_excepts(rooms):
    return [
        (s, node.lineno)
        for s in rooms
        for node in ast.walk(s.tree)
        if isinstance(node, ast.ExceptHandler) and is_broad(node)
    ]


def test_the_rooms_have_at_most_three_broad_excepts(rooms):
    found = [f"{s.path}:{line}" for s, line in broad_excepts(rooms)]
    assert len(found) <= MAX_BROAD, found


def test_every_broad_except_says_why(rooms):
    silent = []
    for source, line in broad_excepts(rooms):
        before, here = source.text.splitlines()[line - 2 : line]
        comment = " ".join(part.partition("#")[2] for part in (before, here))
        reason = re.sub(r"noqa:?\s*[A-Z0-9, ]*", "", comment)
        if len(reason.split()) < 3:
            silent.append(f"{source.path}:{line}")
    assert not silent


def test_nothing_is_left_for_later(rooms):
    """No stub, no note to do it some day."""
    notes = re.compile(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError)\b", re.IGNORECASE)
    left = [
        f"{s.path}:{number}"
        for s in rooms
        for number, line in enumerate(s.text.splitlines(), 1)
        if notes.search(line)
    ]
    assert not left


NAMESPACE = "http://www.w3.org/"


def test_screens_load_nothing_from_another_host(written):
    kinds = {".py", ".css", ".js", ".mjs"}
    outward = [
        f"{s.path}:{line} {text.strip()[:80]}"
        for s in written
        if s.path.suffix in kinds
        and (s.room == "assets" or str(s.path).startswith("dashboard/"))
        and not str(s.path).startswith("dashboard/frontend/")
        for line, text in visible_text(s)
        if re.search(r"https?://(?!127\.0\.0\.1)", text.replace(NAMESPACE, ""))
    ]
    assert not outward


def visible_text(source):
    """Lines that can colour a screen: literals of Python, styles and scripts without comments."""
    if source.path.suffix == ".py":
        yield from (
            (node.lineno, node.value)
            for node in ast.walk(source.tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        )
        return
    bare = re.sub(r"/\*.*?\*/", lambda m: "\n" * m[0].count("\n"), source.text, flags=re.DOTALL)
    yield from enumerate((re.sub(r"(?<!:)//.*", "", ln) for ln in bare.splitlines()), 1)


def test_hex_colours_stand_only_in_the_tokens_and_the_palette(written):
    kinds = {".py", ".css", ".js", ".mjs", ".jsx", ".ts", ".html"}
    coloured = [
        f"{s.path}:{line} {found[0]}"
        for s in written
        if s.path.suffix in kinds
        and s.room in {"assets", "dashboard", "ingest", "layers"}
        and str(s.path) not in COLOUR_HOMES
        for line, text in visible_text(s)
        if (found := HEX.search(text))
    ]
    assert not coloured
