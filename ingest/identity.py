"""The identity of a record, as 64 bits: what makes two messages the same event."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl

from layers.feed_spec import FeedSpec, Kind

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)

_PARTS: dict[Kind, tuple[tuple[str, ...], str]] = {
    "observation": (("sensor_id", "property"), "event_ms"),
    "case": (("case_id",), "version"),
    "incident": (("incident_id",), "version"),
    "warning": (("identifier",), "event_ms"),
}
"""Kind → columns that name the thing, column that tells its versions apart."""


def key_columns(feed: FeedSpec) -> list[str]:
    """Give the columns that hold the texts of `dedupe.key`."""
    return [f"key{number}_text" for number in range(len(feed.dedupe.key))]


def event_ids(feed: FeedSpec, rows: pl.DataFrame) -> pl.Series:
    """Give the id of every row: equal on every machine and in every release.

    Of a billion ids in one dedupe horizon of one district, one pair in forty collides by chance.
    A message that has nothing of the feed's own key is known by the identity of its kind.
    """
    names, at = _PARTS[feed.kind]
    named, moment = _joined(names), pl.col(at).fill_null(0)
    key = key_columns(feed)
    if key:
        has_key = pl.any_horizontal(pl.col(column).is_not_null() for column in key)
        named = pl.when(has_key).then(_joined(key)).otherwise(named)
        moment = pl.when(has_key).then(pl.lit(0, dtype=pl.Int64)).otherwise(moment)
    frame = rows.select(name=named, moment=moment)
    unique = frame.select(pl.col("name").unique())
    hashes = pd.util.hash_array(unique["name"].to_numpy().astype(object), categorize=False)
    table = unique.with_columns(hash=pl.Series(hashes, dtype=pl.UInt64))
    joined = frame.join(table, on="name", how="left", maintain_order="left")
    mixed = _mix(joined["hash"].to_numpy(), joined["moment"].to_numpy().astype(np.uint64))
    return pl.Series("id", mixed, dtype=pl.UInt64)


def _joined(names: Sequence[str]) -> pl.Expr:
    return pl.concat_str([pl.col(n).fill_null("") for n in names], separator="\x1f")


def _mix(name: npt.NDArray[np.uint64], moment: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Mix by the finalizer of splitmix64, which maps 64 bits one to one."""
    with np.errstate(over="ignore"):
        z = name + moment * _GOLDEN
        z = (z ^ (z >> np.uint64(30))) * _MIX_1
        z = (z ^ (z >> np.uint64(27))) * _MIX_2
        mixed: npt.NDArray[np.uint64] = z ^ (z >> np.uint64(31))
    return mixed
