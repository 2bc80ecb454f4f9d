"""Wide rows: one row that holds many records, each of some columns becoming one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from ingest.codecs.base import Decoded
from ingest.codecs.explode import NO_RECORD, Ints
from ingest.paths import name_of_column
from layers.feed_spec import WideRule

CELL, COLUMN = "$cell", "$column"


@dataclass(frozen=True, slots=True)
class Wide:
    """How the rows of a feed are taken apart.

    Args:
        rule: what its YAML file says.
        blank: texts of a cell in which there is no reading.
    """

    rule: WideRule
    blank: Sequence[str] = ()

    @property
    def pattern(self) -> str:
        """Whole names of the columns that become records, where they are not listed."""
        return "" if self.rule.columns else f"(?:{self.rule.pattern})"

    def take_apart(self, read: Decoded, paths: Sequence[str]) -> Decoded:
        """Give a row for every cell that isn't blank; a row without such is broken.

        Args:
            read: one row a wide row: the paths, and the columns that become records.
            paths: what is read beside them, `$cell` and `$column…` among it.
        """
        names = list(self.rule.columns) or [c for c in read.columns.columns if c not in paths]
        cells = read.columns.select(
            pl.nth(read.columns.columns.index(name)).alias(str(at)) for at, name in enumerate(names)
        )
        filled = cells.with_columns(pl.all().replace(list(self.blank), [None] * len(self.blank)))
        is_there = filled.select(pl.all().str.strip_chars().fill_null("") != "").to_numpy()
        lone = np.ones(read.columns.height, dtype=bool)
        lone &= ~is_there.any(axis=1) if names else True
        lone[list(read.broken)] = True
        is_there[lone] = False
        row, column = np.nonzero(np.column_stack([is_there, lone]))
        nothing = pl.Series([None] * len(lone), dtype=pl.String)
        cell = pl.concat([*filled.get_columns(), nothing])[column * len(lone) + row].alias(CELL)
        beside = [p for p in paths if p in read.columns.columns]
        columns = read.columns.select(beside)[row] if beside else pl.DataFrame()
        columns = columns.hstack([cell, *self._named(names, column, paths)])
        reasons = {at: read.broken.get(int(row[at]), NO_RECORD) for at in _firsts(lone[row])}
        message = row if read.message is None else read.message[row]
        raw = None if read.raw is None else read.raw[row]
        return Decoded(columns, reasons, message.astype(np.int64), raw)

    def _named(self, names: Sequence[str], column: Ints, paths: Sequence[str]) -> list[pl.Series]:
        """Give what each record's column is called, and the parts of that which are asked for."""
        plain = [name_of_column(name) for name in names]
        found = [pl.Series(COLUMN, [*plain, None], dtype=pl.String)]
        pattern = re.compile(self.rule.pattern)
        matches = [pattern.fullmatch(name) if self.rule.pattern else None for name in plain]
        for path in paths:
            group = path.removeprefix(f"{COLUMN}.")
            if group != path and group in pattern.groupindex:
                texts = [m[group] if m else None for m in matches]
                found.append(pl.Series(path, [*texts, None], dtype=pl.String))
        return [series[column] for series in found]


def _firsts(is_lone: npt.NDArray[np.bool_]) -> list[int]:
    return [int(at) for at in np.flatnonzero(is_lone)]
