"""Small tables of a city pack: CSV with a header, in UTF-8 or, from older programs, GB 18030."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Sequence
from pathlib import Path

from layers.documents import DocumentError


def read_table(file: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Read the rows; every one has at least these columns, a missing cell is empty.

    Raises:
        DocumentError: the file can't be read, or a column is not in its header.
    """
    return [row for _, row in numbered_rows(file, columns)]


def numbered_rows(file: Path, columns: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """Read the rows with the line of the file on which each ends; raises as `read_table` does."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise DocumentError(file, f"can't be read ({error})", "Check the path.") from error
    rows = csv.DictReader(io.StringIO(decoded(raw), newline=""), restval="")
    header = [name.strip() for name in rows.fieldnames or ()]
    rows.fieldnames = header
    for name in columns:
        if name not in header:
            near = difflib.get_close_matches(name, header, 1, 0.4)
            remedy = f"Did you mean {near[0]!r}?" if near else f"It has {header}."
            raise DocumentError(file, f"has no column {name!r}", remedy)
    return [(rows.line_num, {name: row[name] or "" for name in columns}) for row in rows]


def decoded(raw: bytes) -> str:
    """Give the text of a table."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")
