"""Numbers as feeds write them, and the units they are in."""

from __future__ import annotations

import re
from functools import partial
from unicodedata import normalize

import polars as pl

from layers.feed_spec import Conversion, FeedSpec, ValueRule

LARGEST = 1e12
"""Sums are kept in millionths as 64-bit integers; a reading beyond this can't be added up."""


def value_columns(feed: FeedSpec) -> list[pl.Expr]:
    """Read the value; the text that came stays beside it, and whether it stands for no reading."""
    rule, text = feed.values, pl.col("value")
    exprs = [text.alias("value_text"), number(text, rule)]
    if rule.missing:
        exprs.append(_is_missing(text, rule).alias("value_missing"))
    return exprs


def unit_columns(feed: FeedSpec) -> list[pl.Expr]:
    """Convert values into the canonical unit; `unit_unknown` where a table has no way to."""
    rule = feed.values
    if not (rule.units or rule.assumed):
        return []
    came = pl.when(pl.col("unit").str.strip_chars() != "").then(pl.col("unit").str.strip_chars())
    unit = pl.coalesce(came, _looked_up(pl.col("property"), rule.assumed))
    if not rule.units:
        return [unit.alias("unit")]
    plain, scoped = _tables(rule)
    name = unit.str.normalize("NFKC")
    scoped_name = pl.concat_str("property", pl.lit(":"), name)
    keys = list({**scoped, **plain})
    key = pl.coalesce(
        pl.when(scoped_name.is_in(list(scoped))).then(scoped_name),
        pl.when(name.is_in(list(plain))).then(name),
    )
    every = {**scoped, **plain}
    factor, offset, to = (
        key.replace_strict(keys, [getattr(every[k], part) for k in keys], default=None)
        for part in ("factor", "offset", "to")
    )
    covered = pl.col("property").is_in(sorted({k.rpartition(":")[0] for k in scoped}))
    if plain:
        covered = pl.lit(value=True)
    return [
        pl.col("unit").alias("unit_text"),
        (unit.is_not_null() & key.is_null() & covered).alias("unit_unknown"),
        pl.coalesce(to, unit).alias("unit"),
        pl.when(key.is_not_null())
        .then(pl.col("value") * factor + offset)
        .otherwise(pl.col("value"))
        .alias("value"),
    ]


def number(text: pl.Expr, rule: ValueRule) -> pl.Expr:
    """Read numbers; null where there is none."""
    return text.map_batches(partial(numbers, rule=rule), return_dtype=pl.Float64)


def numbers(text: pl.Series, rule: ValueRule) -> pl.Series:
    """Read numbers as the rule writes them; null where there is none."""
    if rule.decimal == "." and not rule.thousands:
        found = text.str.strip_chars().cast(pl.Float64, strict=False)
        missing = found.is_null() & text.is_not_null()
        if not missing.any():
            return found
        # full-width digits and the minus of typesetters are rare enough to be tried second
        return found.zip_with(~missing, _plain(text).cast(pl.Float64, strict=False))
    return _written(_plain(text), rule)


def _plain(text: pl.Series) -> pl.Series:
    frame = pl.DataFrame({"t": text})
    plain = pl.col("t").str.normalize("NFKC").str.replace("^\\s*[−–]", "-").str.strip_chars()
    return frame.select(plain).to_series()


def _written(plain: pl.Series, rule: ValueRule) -> pl.Series:
    point = re.escape(rule.decimal)
    end = rf"(?:{point}\d*)?(?:[eE][+-]?\d+)?$"
    known = plain.str.contains(rf"^[+-]?\d*{end}")
    bare = plain
    if rule.thousands:
        by = re.escape(normalize("NFKC", rule.thousands)).replace("\\ ", "\\s")
        # groups of three (of two in India, before the last): a lone 1.5 is no 15
        known |= plain.str.contains(rf"^[+-]?\d{{1,3}}(?:{by}\d{{2,3}})*{by}\d{{3}}{end}")
        bare = bare.str.replace_all(by, "")
    found = bare.str.replace(rule.decimal, ".", literal=True).cast(pl.Float64, strict=False)
    nothing = pl.Series([None], dtype=pl.Float64).new_from_index(0, len(plain))
    found = found.zip_with(known.fill_null(value=False), nothing)
    if rule.decimal == "," and rule.thousands != ".":
        # a number of JSON or Avro has its point whatever the rule says
        native = plain.str.contains(r"^[+-]?\d+\.\d+(?:[eE][+-]?\d+)?$").fill_null(value=False)
        return plain.cast(pl.Float64, strict=False).zip_with(native, found)
    return found


def _is_missing(text: pl.Expr, rule: ValueRule) -> pl.Expr:
    said = text.str.strip_chars().is_in([m.strip() for m in rule.missing])
    marks = numbers(pl.Series(rule.missing, dtype=pl.String), rule).drop_nulls()
    plain = numbers(pl.Series(rule.missing, dtype=pl.String), ValueRule()).drop_nulls()
    told = number(text, rule).is_in([*marks.to_list(), *plain.to_list()])
    return (said | told).fill_null(value=False)


def _looked_up(text: pl.Expr, table: dict[str, str]) -> pl.Expr:
    if not table:
        return pl.lit(None, dtype=pl.String)
    return text.replace_strict(table, default=None, return_dtype=pl.String)


def _tables(rule: ValueRule) -> tuple[dict[str, Conversion], dict[str, Conversion]]:
    """Give unit → conversion and `property:unit` → conversion; a unit to be reached is itself."""
    plain: dict[str, Conversion] = {}
    scoped: dict[str, Conversion] = {}
    for key, how in rule.units.items():
        scope, colon, _ = key.rpartition(":")
        into = scoped if colon else plain
        into.setdefault(scope + colon + normalize("NFKC", how.to), Conversion(how.to))
    for key, how in rule.units.items():
        scope, colon, unit = key.rpartition(":")
        into = scoped if colon else plain
        into[scope + colon + normalize("NFKC", unit)] = how
    return plain, scoped


def known_units(rule: ValueRule) -> str:
    """List the units of the table, for a remedy."""
    return "、".join(dict.fromkeys([*rule.units, *(how.to for how in rule.units.values())]))
