"""Size, names and types of what we write."""

import ast
import statistics

MAX_FUNCTION = 60
MAX_FILE = 400

JUNK_NAMES = {"utils.py", "util.py", "helpers.py", "helper.py", "manager.py", "misc.py"}

NAMED_BY_OTHERS = {"handle_exit": "uvicorn calls it when a signal comes"}
"""Names that a library gives, and where it calls them."""


def length(function):
    """Lines of a function, less its docstring."""
    lines = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is not None:
        lines -= first.end_lineno - first.lineno + 1
    return lines


def test_no_function_is_over_60_lines(python):
    long = [
        f"{s.path}:{f.lineno} {f.name} {length(f)}"
        for s in python
        for f in s.functions
        if length(f) > MAX_FUNCTION
    ]
    assert not long


def test_half_of_the_functions_have_at_most_10_lines_and_95_percent_at_most_40(rooms):
    lengths = [length(f) for s in rooms for f in s.functions]
    assert statistics.median(lengths) <= 10
    assert statistics.quantiles(lengths, n=20)[-1] <= 40


def test_no_file_of_code_is_over_400_lines(written):
    code = [s for s in written if s.path.suffix in {".py", ".js", ".mjs", ".jsx", ".ts", ".lua"}]
    long = {str(s.path): n for s in code if (n := len(s.text.splitlines())) > MAX_FILE}
    assert not long


def test_every_function_of_the_rooms_says_what_it_returns(rooms):
    untyped = [
        f"{s.path}:{f.lineno} {f.name}" for s in rooms for f in s.functions if f.returns is None
    ]
    assert not untyped


def test_no_file_is_named_for_being_left_over(python):
    assert not [str(s.path) for s in python if s.path.name in JUNK_NAMES]


def test_no_function_handles_or_processes_and_no_class_manages(rooms):
    vague = [
        f"{s.path}:{node.lineno} {node.name}"
        for s in rooms
        for node in ast.walk(s.tree)
        if (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and node.name.lstrip("_").startswith(("handle_", "process_data"))
            and node.name not in NAMED_BY_OTHERS
        )
        or (isinstance(node, ast.ClassDef) and node.name.endswith(("Manager", "Helper", "Utils")))
    ]
    assert not vague


def test_the_name_of_a_test_is_a_sentence_or_it_has_one(python):
    short = [
        f"{s.path}:{f.lineno} {f.name}"
        for s in python
        if s.room == "tests" and s.path.name.startswith("test_")
        for f in s.functions
        if f.name.startswith("test_") and f.name.count("_") < 4 and not ast.get_docstring(f)
    ]
    assert not short


def test_the_city_packs_stay_below_15_megabytes(tracked, root):
    sizes = [(root / p).stat().st_size for p in tracked if p.parts[:2] == ("layers", "cities")]
    assert sum(sizes) <= 15_000_000
