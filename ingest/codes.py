"""Source values to canonical codes."""

from __future__ import annotations

import polars as pl

from ingest.mapping import OPTIONAL, REQUIRED
from layers.feed_spec import CodeTable, FeedSpec

_COLUMNS = {"outcome": "ending"}
"""Canonical fields whose column has another name: `outcome` is what became of the message."""

_NAMING = {"property", "category", "status", "outcome"}
"""Fields that name sums; `|` parts the names of sums and so may not stand in them."""


def column_of(name: str) -> str:
    """Give the column of a canonical field."""
    return _COLUMNS.get(name, name)


def coded(feed: FeedSpec) -> list[pl.Expr]:
    """Map source values to canonical codes, and mark in `unmapped` where a table knows none."""
    exprs: list[pl.Expr] = []
    unknown: list[pl.Expr] = []
    for name in (*REQUIRED[feed.kind], *OPTIONAL[feed.kind]):
        column = text = pl.col(column_of(name))
        table = feed.codes.get(name)
        if table:
            found = _found(column, table)
            unknown.append(column.is_not_null() & found.is_null())
            # what is missing stays missing; what no table knows becomes the default
            text = pl.coalesce(found, pl.when(column.is_not_null()).then(pl.lit(table.default)))
        if name in _NAMING:
            text = text.str.replace_all("|", "/", literal=True)
        if table or name in _NAMING:
            exprs.append(text.alias(column_of(name)))
    unmapped = pl.any_horizontal(unknown) if unknown else pl.lit(value=False)
    if feed.kind == "case":
        exprs.append(pl.col("status").alias("status_text"))
    return [*exprs, unmapped.alias("unmapped")]


def _found(column: pl.Expr, table: CodeTable) -> pl.Expr:
    codes = table.table
    if table.ignore_case:
        codes = {value.strip().lower(): code for value, code in codes.items()}
        column = column.str.strip_chars().str.to_lowercase()
    if not codes:
        return pl.lit(None, dtype=pl.String)
    return column.replace_strict(codes, default=None, return_dtype=pl.String)
