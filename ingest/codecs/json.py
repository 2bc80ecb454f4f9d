"""JSON, one object a message: decoded as one block; a broken message costs only itself."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from ingest.codecs.base import Decoded
from ingest.sources.base import Slice

_SPACE, _FEED = 32, 10


def decode(part: Slice, paths: Sequence[str]) -> Decoded:
    """Read the paths (dots step into objects) of every message of a slice as text."""
    count = len(part.offsets)
    schema = _schema(paths)
    lines = _one_line_each(part)
    columns = _block(lines, schema, count)
    if columns is not None:
        return Decoded(_flat(columns, paths), {})
    return _salvage(part, paths, schema)


def _block(lines: bytes, schema: pl.Schema, count: int) -> pl.DataFrame | None:
    try:
        columns = pl.read_ndjson(lines, schema=schema)
    except (pl.exceptions.PolarsError, ValueError):
        return None
    return columns if columns.height == count else None


def _one_line_each(part: Slice) -> bytes:
    """Blank out line feeds inside messages (JSON allows them only between tokens)."""
    if part.buffer.count(b"\n") == len(part.offsets):
        return part.buffer
    data = np.frombuffer(part.buffer, dtype=np.uint8).copy()
    inner = data == _FEED
    inner[part.bounds[1:] - 1] = False
    data[inner] = _SPACE
    return data.tobytes()


def _salvage(part: Slice, paths: Sequence[str], schema: pl.Schema) -> Decoded:
    """Find the broken messages one by one, and read the rest as blocks."""
    broken: dict[int, str] = {}
    for row in range(len(part.offsets)):
        reason = _why_broken(part.value(row))
        if reason:
            broken[row] = reason
    good = np.array([r for r in range(len(part.offsets)) if r not in broken], dtype=np.int64)
    found: list[tuple[npt.NDArray[np.int64], pl.DataFrame]] = []
    _halves(part, good, schema, (found, broken))
    return Decoded(_assemble(found, paths, schema, len(part.offsets)), broken)


def _halves(
    part: Slice,
    rows: npt.NDArray[np.int64],
    schema: pl.Schema,
    into: tuple[list[tuple[npt.NDArray[np.int64], pl.DataFrame]], dict[int, str]],
) -> None:
    """Decode the rows as one block, or each half by itself."""
    if not len(rows):
        return
    lines = b"".join(part.value(int(r)).replace(b"\n", b" ") + b"\n" for r in rows)
    columns = _block(lines, schema, len(rows))
    if columns is not None:
        into[0].append((rows, columns))
    elif len(rows) == 1:
        into[1][int(rows[0])] = "an object is expected where another value stands"
    else:
        half = len(rows) // 2
        _halves(part, rows[:half], schema, into)
        _halves(part, rows[half:], schema, into)


def _assemble(
    found: list[tuple[npt.NDArray[np.int64], pl.DataFrame]],
    paths: Sequence[str],
    schema: pl.Schema,
    count: int,
) -> pl.DataFrame:
    every = pl.DataFrame({"row": np.arange(count)})
    if not found:
        return _flat(
            every.with_columns([pl.lit(None, dtype=t).alias(n) for n, t in schema.items()]), paths
        )
    parts = [columns.with_columns(row=pl.Series(rows)) for rows, columns in found]
    joined = every.join(pl.concat(parts), on="row", how="left", maintain_order="left")
    return _flat(joined, paths)


def _why_broken(value: bytes) -> str:
    if not value.strip():
        return "the message is empty"
    try:
        decoded = msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return f"not JSON: {error}"
    if not isinstance(decoded, dict):
        return f"a JSON object is expected, not {json.dumps(decoded)[:40]}"
    return ""


def _schema(paths: Sequence[str]) -> pl.Schema:
    """Build the schema of the paths: leaves as text, steps as objects."""
    tree: dict[str, dict[str, object]] = {}
    for path in paths:
        at: dict[str, object] = tree  # type: ignore[assignment]
        for step in path.split("."):
            at = at.setdefault(step, {})  # type: ignore[assignment]
    return pl.Schema({name: _dtype(sub) for name, sub in tree.items()})


def _dtype(tree: dict[str, object]) -> pl.DataType:
    if not tree:
        return pl.String()
    return pl.Struct({name: _dtype(sub) for name, sub in tree.items()})  # type: ignore[arg-type]


def _flat(columns: pl.DataFrame, paths: Sequence[str]) -> pl.DataFrame:
    picked = []
    for path in paths:
        first, *rest = path.split(".")
        expr = pl.col(first)
        for step in rest:
            expr = expr.struct.field(step)
        picked.append(expr.alias(path))
    return columns.select(picked)
