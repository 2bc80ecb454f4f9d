"""JSON, one value a message: decoded as one block; a broken message costs only itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import polars as pl

from ingest.codecs.base import Decoded, broken_by_message
from ingest.codecs.explode import take_apart
from ingest.codecs.tree import ROOT, FitError, Group, fit, groups_of
from ingest.paths import EACH, Steps, chain_of, parse
from ingest.sources.base import Slice, make_slice

_SPACE, _FEED = 32, 10
_FEW = 1_000
"""So many messages are looked at one by one sooner than parted once more."""

_LARGE = 2_000
"""Bytes of a message above which a record keeps its own part alone."""
_RAW = "\x1fraw"

Found = list[tuple[list[int], pl.DataFrame]]


def decode(part: Slice, paths: Sequence[str]) -> Decoded:
    """Read the paths (`ingest.paths`) of every message of a slice as text."""
    return decode_steps(part, {path: parse(path) for path in paths})


def decode_steps(part: Slice, paths: Mapping[str, Steps]) -> Decoded:
    """Read paths that are parsed already."""
    lines = _one_line_each(part)
    broken: dict[int, str] = {}
    columns: list[pl.Series] = []
    wanted: dict[str, Steps] = {}
    groups = groups_of(paths)
    if len(lines) > _LARGE * len(part.offsets):
        groups += _element(paths)
    for number, group in enumerate(groups):
        read = _read(part, lines, group, broken)
        columns += [s.alias(f"{number}\x1f{s.name}") for s in read]
        for path, (first, *rest) in group.paths.items():
            wanted[path] = (f"{number}\x1f{first}", *rest)
    nested = pl.DataFrame(columns) if columns else pl.DataFrame({"": [None] * len(part.offsets)})
    found = take_apart(nested, wanted, broken)
    raw = found.columns[_RAW] if _RAW in wanted else None
    return replace(found, columns=found.columns.select(list(paths)), raw=raw)


def decode_made(
    part: Slice,
    as_json: Callable[[bytes], bytes],
    paths: Mapping[str, Steps],
    *,
    is_binary: bool = False,
) -> Decoded:
    """Read messages of another format, each turned into JSON first.

    Args:
        part: the messages.
        as_json: raises a ValueError where a message can't be read.
        paths: what is read.
        is_binary: people can read the JSON only, so that is kept beside the records.
    """
    broken: dict[int, str] = {}
    values: list[bytes] = []
    for row in range(len(part.offsets)):
        try:
            values.append(as_json(part.value(row)))
        except ValueError as error:
            broken[row] = str(error)
            values.append(b"{}")
    made = make_slice(part.topic, 0, list(part.offsets), list(part.times_ms), values)
    found = decode_steps(made, paths)
    raw = found.raw
    if is_binary and raw is None:
        texts = [None if row in broken else v.decode() for row, v in enumerate(values)]
        raw = pl.Series(texts, dtype=pl.String)
        raw = raw if found.message is None else raw[found.message]
    return replace(found, broken={**found.broken, **broken_by_message(found, broken)}, raw=raw)


def _element(paths: Mapping[str, Steps]) -> list[Group]:
    """Give the group that reads the text of each element that becomes a record, if there are such.

    Of a long message, that is kept beside the record, not all of it.
    """
    arrays = {chain[-1] for steps in paths.values() if (chain := chain_of(steps))}
    deepest = max((a.count(EACH) for a in arrays), default=0)
    found = [a for a in arrays if a.count(EACH) == deepest]
    if len(found) != 1:
        return []
    (group,) = groups_of({_RAW: found[0]})
    group.is_alone = False
    return [group]


def _read(part: Slice, lines: bytes, group: Group, broken: dict[int, str]) -> pl.DataFrame:
    """Read the columns of one group, one row a message."""
    count = len(part.offsets)
    columns = _block(lines, group, count)
    if columns is not None:
        return columns
    found: Found = []
    sound = [row for row in range(count) if _is_sound(part.value(row))]
    odd = sorted(set(range(count)) - set(sound))
    _halves(part, sound, group, (found, odd))
    _singly(part, odd, group, (found, broken))
    return _assemble(found, group.schema, count)


def _block(lines: bytes, group: Group, count: int) -> pl.DataFrame | None:
    if group.wrapped:
        name = json.dumps(ROOT).encode()
        head = b"{" + name + b":"
        lines = head + lines[:-1].replace(b"\n", b"}\n" + head) + b"}\n"
    try:
        columns = pl.read_ndjson(lines, schema=group.schema)
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


def _halves(part: Slice, rows: list[int], group: Group, into: tuple[Found, list[int]]) -> None:
    """Decode messages as one block, or each half by itself; collect where few are left."""
    if not rows:
        return
    lines = b"".join(part.value(row).replace(b"\n", b" ") + b"\n" for row in rows)
    columns = _block(lines, group, len(rows))
    if columns is not None:
        into[0].append((rows, columns))
    elif len(rows) <= _FEW:
        into[1].extend(rows)
    else:
        middle = len(rows) // 2
        _halves(part, rows[:middle], group, into)
        _halves(part, rows[middle:], group, into)


def _is_sound(text: bytes) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _singly(
    part: Slice, rows: Sequence[int], group: Group, into: tuple[Found, dict[int, str]]
) -> None:
    """Look at messages one by one; what is readable in them is written anew and read as a block."""
    fitting: list[int] = []
    texts: list[bytes] = []
    for row in rows:
        try:
            value = _value(part.value(row), group)
            value = fit(value, group.tree, is_strict=group.is_alone)
            texts.append(json.dumps(value).encode())
            fitting.append(row)
        except (ValueError, FitError, RecursionError) as error:
            into[1].setdefault(row, str(error))
    _written(fitting, texts, group, into)


def _written(
    rows: list[int], texts: list[bytes], group: Group, into: tuple[Found, dict[int, str]]
) -> None:
    if not rows:
        return
    block = Group(wrapped=False, tree=group.tree)
    columns = _block(b"\n".join([*texts, b""]), block, len(rows))
    if columns is not None:
        into[0].append((rows, columns))
    elif len(rows) == 1:
        into[1].setdefault(rows[0], "not JSON: a number is too large")
    else:
        half = len(rows) // 2
        _written(rows[:half], texts[:half], group, into)
        _written(rows[half:], texts[half:], group, into)


def _value(text: bytes, group: Group) -> Any:
    """Read one message as polars does.

    Raises:
        ValueError: it is no JSON, or not what the paths start from.
    """
    if not text.strip():
        raise ValueError("the message is empty")
    try:
        value = json.loads(
            text.replace(b"\n", b" ").decode(),
            parse_constant=str,  # NaN, of which some writers think that it is JSON, is no number
            object_pairs_hook=_first_of_each,
        )
    except ValueError as error:
        raise ValueError(f"not JSON: {_why(text) or error}") from error
    if group.wrapped:
        return {ROOT: value}
    if not isinstance(value, dict) and group.is_alone:
        raise ValueError(f"a JSON object is expected, not {json.dumps(value)[:40]}")
    return value if isinstance(value, dict) else {}


def _why(text: bytes) -> str:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return str(error)
    return ""


def _first_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Take the first of members with one name, as polars does."""
    return dict(reversed(pairs)) if len(dict(pairs)) < len(pairs) else dict(pairs)


def _assemble(found: Found, schema: pl.Schema, count: int) -> pl.DataFrame:
    """Put the parts together in the order of the messages, null where there is none."""
    known = [np.asarray(rows, dtype=np.int64) for rows, _ in found]
    missing = np.setdiff1d(np.arange(count), np.concatenate(known) if known else [])
    nothing = pl.DataFrame(schema=schema).clear(len(missing))
    order = np.argsort(np.concatenate([*known, missing]), kind="stable")
    return pl.concat([*(columns for _, columns in found), nothing])[order]
