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

CELL, COLUMN, BESIDE = "$cell", "$column", "$beside."

_GROUP = re.compile(r"\{(\w+)\}")


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
        """Whole names of the columns that are read, where they are not listed."""
        if self.rule.columns:
            return ""
        beside = (_matching(template) for template in self.rule.beside.values())
        return "|".join(f"(?:{p})" for p in (self.rule.pattern, *beside))

    @property
    def listed(self) -> tuple[str, ...]:
        """The columns that become records, and those that go with them, where they are listed."""
        found = [*self.rule.columns]
        for template in self.rule.beside.values():
            found += [name for c in self.rule.columns if (name := self._filled(template, c))]
        return tuple(dict.fromkeys(found))

    def take_apart(self, read: Decoded, paths: Sequence[str]) -> Decoded:
        """Give a row for every cell that isn't blank; a row without such is broken.

        Args:
            read: one row a wide row: the paths, and the columns that become records.
            paths: what is read beside them, `$cell` and `$column…` among it.
        """
        names = list(self.rule.columns) or self._found(read.columns.columns, paths)
        cells = read.columns.select(
            pl.nth(read.columns.columns.index(name)).alias(str(at)) for at, name in enumerate(names)
        )
        filled = cells.with_columns(pl.all().replace(list(self.blank), [None] * len(self.blank)))
        is_there = np.zeros((read.columns.height, len(names)), dtype=bool)
        if names:
            is_there[:] = filled.select(pl.all().str.strip_chars().fill_null("") != "").to_numpy()
        lone = np.logical_not(np.logical_or.reduce(is_there, axis=1))
        lone[list(read.broken)] = True
        is_there[lone] = False
        row, column = np.nonzero(np.column_stack([is_there, lone]))
        nothing = pl.Series([None] * len(lone), dtype=pl.String)
        cell = pl.concat([*filled.get_columns(), nothing])[column * len(lone) + row].alias(CELL)
        beside = [p for p in paths if p in read.columns.columns]
        columns = read.columns.select(beside)[row].get_columns() if beside else []
        at = column * len(lone) + row
        columns += [cell, *self._named(names, column, paths)]
        columns += self._beside(read.columns, names, at)
        reasons = {at: read.broken.get(int(row[at]), NO_RECORD) for at in _firsts(lone[row])}
        message = row if read.message is None else read.message[row]
        raw = None if read.raw is None else read.raw[row]
        return Decoded(pl.DataFrame(columns), reasons, message.astype(np.int64), raw)

    def _found(self, columns: Sequence[str], paths: Sequence[str]) -> list[str]:
        pattern = re.compile(self.rule.pattern)
        return [c for c in columns if c not in paths and pattern.fullmatch(c)]

    def _beside(self, read: pl.DataFrame, names: Sequence[str], at: Ints) -> list[pl.Series]:
        """Give what stands in the columns that go with the records'."""
        nothing = pl.Series([None] * read.height, dtype=pl.String)
        found = []
        for name, template in self.rule.beside.items():
            others = [self._filled(template, column) for column in names]
            cells = [read[other] if other in read.columns else nothing for other in others]
            found.append(pl.concat([*cells, nothing])[at].alias(f"{BESIDE}{name}"))
        return found

    def _filled(self, template: str, column: str) -> str:
        """Give the name of the column that goes with one; empty when its name has no such parts."""
        plain = name_of_column(column)
        match = re.fullmatch(self.rule.pattern, plain) if self.rule.pattern else None
        parts = {"column": column, **(match.groupdict("") if match else {})}
        if not all(name in parts for name in _GROUP.findall(template)):
            return ""
        return _GROUP.sub(lambda found: parts[found[1]], template)

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


def _matching(template: str) -> str:
    """Give a regular expression for all names that a template may stand for."""
    return ".+".join(re.escape(text) for text in re.split(r"\{\w+\}", template))


def _firsts(is_lone: npt.NDArray[np.bool_]) -> list[int]:
    return [int(at) for at in np.flatnonzero(is_lone)]
