"""Personal data: masked, hashed or dropped as soon as a message is read, before anything is kept.

Nothing behind this step has seen it: not the records, not the message that is stored beside them,
not the rejects. What is stored as the message is made anew from the columns that the feed reads.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import polars as pl

from layers.documents import DocumentError
from layers.feed_spec import FeedSpec, Personal
from layers.labels import Label

SECRET = "YIWANG_SECRET_HMAC"  # noqa: S105  the name of the variable, not what is in it
"""Environment variable with the key of `hmac`."""

_LEAST = 16
_DIGITS = 32

KEPT_BACK = Label(
    "数据源含个人信息，原文不保留；按主题与偏移量可在 Kafka 查到",
    "the feed has personal fields, its messages are not kept; find it in Kafka by its offset",
)
"""What a reject says in place of a message that could not be read."""


class Guard:
    """Treats the personal columns of one feed.

    Args:
        feed: whose `personal` says what is to be done.
        environ: where the key of `hmac` is looked up.

    Raises:
        DocumentError: a column is to be hashed and no key, or a short one, is set.
    """

    def __init__(self, feed: FeedSpec, environ: Mapping[str, str] = os.environ) -> None:
        self._rules = feed.personal
        self._key = environ.get(SECRET, "").encode()
        if "hmac" in feed.personal.values() and len(self._key) < _LEAST:
            problem = f"personal: hmac needs {SECRET} with at least {_LEAST} characters"
            remedy = "Set it in the environment, to the same secret for every worker."
            raise DocumentError(Path(f"{feed.id}.yaml"), problem, remedy)

    def treated(self, columns: pl.DataFrame) -> pl.DataFrame:
        """Give the columns without what is personal in them."""
        ways: dict[Personal, Callable[[str], pl.Expr]] = {
            "mask": masked,
            "hmac": self._hashed,
            "drop": lambda path: pl.lit(None, dtype=pl.String).alias(path),
        }
        found = {path: rule_of(path, self._rules) for path in columns.columns}
        return columns.with_columns(ways[how](path) for path, how in found.items() if how)

    def raw(self, treated: pl.DataFrame) -> pl.Series:
        """Give every record anew as JSON, path by path, without what was dropped."""
        kept = [p for p in treated.columns if rule_of(p, self._rules) != "drop"]
        if not kept:
            return pl.Series("raw", ["{}"]).new_from_index(0, treated.height)
        whole = pl.struct(kept).struct.json_encode()
        return treated.select(whole.alias("raw")).to_series()

    def _hashed(self, path: str) -> pl.Expr:
        return pl.col(path).map_batches(self._hashes, return_dtype=pl.String).alias(path)

    def _hashes(self, text: pl.Series) -> pl.Series:
        """Hash each different text once; nothing in the libraries does it for a column."""
        unique = text.drop_nulls().unique()
        if unique.is_empty():
            return text
        hashes = [
            hmac.digest(self._key, t.strip().encode(), "sha256").hex()[:_DIGITS] if t.strip() else t
            for t in unique
        ]
        table = pl.Series(hashes, dtype=pl.String)
        return text.replace_strict(unique, table, default=None, return_dtype=pl.String)


def masked(path: str) -> pl.Expr:
    """Leave three signs and the last four of what is long as a number, else the first alone."""
    text = pl.col(path).str.strip_chars()
    length = text.str.len_chars().cast(pl.Int64)
    long = length >= 11
    keep, last = pl.when(long).then(3).otherwise(1), pl.when(long).then(4).otherwise(0)
    stars = text.str.slice(keep, length - keep - last).str.replace_all(r"[\s\S]", "*")
    shown = pl.concat_str(text.str.slice(0, keep), stars, text.str.slice(length - last))
    return pl.when(length > 1).then(shown).when(length == 1).then(pl.lit("*")).otherwise(text)


def rule_of(path: str, rules: Mapping[str, Personal]) -> Personal | None:
    """Give what is to be done with a path: what is said of it, or of what it is a part of."""
    found = [rule for rule in rules if path == rule or is_part(path, rule)]
    return rules[max(found, key=len)] if found else None


def is_part(path: str, whole: str) -> bool:
    """Say whether a path lies inside another."""
    return path.startswith((f"{whole}.", f"{whole}["))


def further_paths(feed: FeedSpec, mapped: Iterable[str]) -> list[str]:
    """Give the personal paths that are kept in the message though nothing maps them."""
    known = list(mapped)
    return [
        path
        for path, how in feed.personal.items()
        if how != "drop" and not any(m == path or is_part(m, path) for m in known)
    ]
