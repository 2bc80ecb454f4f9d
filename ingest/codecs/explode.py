"""Nested columns, one row a message, to text columns, one row a record."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

import numpy as np
import numpy.typing as npt
import polars as pl

from ingest.codecs.base import Decoded
from ingest.paths import EACH, Step, Steps

NO_RECORD = "it holds no record"

Ints = npt.NDArray[np.int64]


def take_apart(
    columns: pl.DataFrame, paths: Mapping[str, Steps], broken: Mapping[int, str]
) -> Decoded:
    """Give the text of every path, a row for every element of the arrays that they take apart.

    Args:
        columns: one row a message, of structs, lists and text.
        paths: path → the column, then the steps on from there.
        broken: messages that can't be read, and why; they stay one row each.
    """
    found = _advance(columns, paths)
    if not found.tails:
        return Decoded(found.columns.select(list(paths)), broken)
    reasons = dict(broken)
    message = np.arange(columns.height)
    while found.tails:
        found, message = _level(found, message, reasons)
    return _complete(found.columns.select(list(paths)), message, columns.height, reasons)


class _Pending:
    """Columns on the way: text where a path has come to its end, arrays where it hasn't."""

    def __init__(self, columns: pl.DataFrame, tails: Mapping[str, Steps]) -> None:
        self.columns = columns
        self.tails = tails
        """Path → the array's column, then the steps into one element."""


def _advance(columns: pl.DataFrame, paths: Mapping[str, Steps]) -> _Pending:
    """Go along every path to its end or to the next array to be taken apart."""
    text, arrays, tails = [], {}, {}
    for path, steps in paths.items():
        if EACH not in steps:
            text.append(_at(steps).alias(path))
            continue
        here = steps.index(EACH)
        name = f"\x1f{steps[:here]}"
        arrays[name] = _at(steps[:here]).alias(name)
        tails[path] = (name, *steps[here + 1 :])
    return _Pending(columns.select(*text, *arrays.values()), tails)


def _at(steps: Steps) -> pl.Expr:
    first, *rest = steps
    return reduce(_step, rest, pl.col(str(first)))


def _step(value: pl.Expr, step: Step) -> pl.Expr:
    if isinstance(step, int):
        return value.list.get(step, null_on_oob=True)
    return value.struct.field(str(step))


def _level(found: _Pending, message: Ints, reasons: dict[int, str]) -> tuple[_Pending, Ints]:
    """Take one level of arrays apart; those of a row go side by side, absent ones as nulls."""
    names = list(dict.fromkeys(str(tail[0]) for tail in found.tails.values()))
    lengths = np.stack(
        [found.columns[n].list.len().fill_null(-1).cast(pl.Int64).to_numpy() for n in names]
    )
    longest = lengths.max(axis=0)
    for row in np.flatnonzero(((lengths >= 0) & (lengths != longest)).any(axis=0)).tolist():
        told = " and ".join(str(n) for n in sorted({*lengths[:, row].tolist()} - {-1}))
        reasons.setdefault(int(message[row]), f"arrays side by side have {told} elements")
    if reasons:
        longest = np.where(np.isin(message, list(reasons)), 0, longest)
    count = np.maximum(longest, 0)
    rows = np.repeat(np.arange(len(message)), count)
    nth = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
    arrays = [_elements(found.columns[n], lengths[i], rows, nth) for i, n in enumerate(names)]
    settled = found.columns.drop(names)[rows] if found.columns.width > len(names) else None
    columns = pl.DataFrame(arrays) if settled is None else settled.hstack(arrays)
    done: dict[str, Steps] = {c: (c,) for c in (settled.columns if settled is not None else ())}
    return _advance(columns, done | dict(found.tails)), message[rows]


def _elements(array: pl.Series, lengths: Ints, rows: Ints, nth: Ints) -> pl.Series:
    """Give the nth element of the array of each row, null where the array is absent."""
    filled = np.maximum(lengths, 0)
    flat = array.filter(pl.Series(lengths > 0)).explode()
    place = (np.cumsum(filled) - filled)[rows] + nth
    picked = pl.Series(place, dtype=pl.Int64).set(pl.Series(lengths[rows] < 0), None)
    return flat.gather(picked).alias(array.name) if len(flat) else array.clear(len(rows)).explode()


def _complete(
    columns: pl.DataFrame, message: Ints, count: int, reasons: Mapping[int, str]
) -> Decoded:
    """Give every message that came to nothing its one row."""
    missing = np.setdiff1d(np.arange(count), message)
    if len(missing):
        columns = pl.concat([columns, columns.clear(len(missing))])
        message = np.concatenate([message, missing])
        order = np.argsort(message, kind="stable")
        columns, message = columns[order], message[order]
    at = np.searchsorted(message, missing)
    told = {int(r): reasons.get(int(m), NO_RECORD) for r, m in zip(at, missing, strict=True)}
    return Decoded(columns, told, message)
