"""From paths to texts: one candidate, the first of several, several joined, a constant, a part."""

from __future__ import annotations

import polars as pl

from layers.feed_spec import Pick, Where


def paths_of(where: Where) -> tuple[str, ...]:
    """Give the paths that are read for it; none for a constant or for nothing."""
    if isinstance(where, str):
        return (where,) if where else ()
    return tuple(p for p in (where.path, *where.first, *where.join) if p)


def name_of(where: Where) -> str:
    """Give what a person calls it: its paths, or the constant in quotes."""
    if isinstance(where, Pick) and where.const is not None:
        return f'"{where.const}"'
    return " / ".join(paths_of(where))


def text_of(where: Where) -> pl.Expr:
    """Give the text, of columns that are named by their paths; null where there is none."""
    if isinstance(where, str):
        return pl.col(where) if where else pl.lit(None, dtype=pl.String)
    if where.const is not None:
        return pl.lit(str(where.const), dtype=pl.String)
    text = _found(where)
    if where.match:
        text = text.str.extract(where.match, 1)
    return text if where.default is None else _filled(text).fill_null(where.default)


def _found(where: Pick) -> pl.Expr:
    if where.first:
        return pl.coalesce(_filled(pl.col(path)) for path in where.first)
    if where.join:
        parts = [pl.col(path) for path in where.join]
        joined = pl.concat_str(parts, separator=where.by, ignore_nulls=True)
        return pl.when(pl.any_horizontal(part.is_not_null() for part in parts)).then(joined)
    return pl.col(where.path)


def _filled(text: pl.Expr) -> pl.Expr:
    """Give null for what is blank."""
    return pl.when(text.str.strip_chars() != "").then(text)
