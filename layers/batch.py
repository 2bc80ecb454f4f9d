"""What ingest hands to the layers: the rows of one feed from one slice of the log, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from layers.feeds import FeedSpec, Reject
from layers.geography import Geography
from layers.store import keys

ACCEPTED, DUPLICATE, REJECTED, LATE = range(4)
"""Codes of the column `outcome`, in the order of `layers.feeds.OUTCOMES`."""

LEVELS = (6, 9, 12, 15)
"""Digits of the levels below the city that hold their own sums."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long the parts of the state are kept."""

    minute_h: int = 26
    hour_d: int = 35
    day_d: int = 400
    recent_cases: int = 200
    rejects: int = 500


@dataclass(frozen=True)
class Frame:
    """What the layers need to know of the city to write: homes, regions, zone, retention."""

    geography: Geography
    city_code: str
    timezone: str
    retention: Retention = field(default_factory=Retention)

    @cached_property
    def homes(self) -> tuple[str, ...]:
        """All homes: 未定位 first, the districts, the city itself last."""
        return (keys.UNASSIGNED, *self.geography.districts, self.city_code)

    @cached_property
    def home_of_region(self) -> pl.Series:
        """Index of a deepest region → index of its home."""
        index = {code: i for i, code in enumerate(self.homes)}
        return pl.Series([index.get(code[:6], 0) for code in self.geography.codes], dtype=pl.Int32)

    @cached_property
    def level_codes(self) -> dict[int, pl.Series]:
        """Digits → (index of a deepest region → its code cut to that level, or null)."""
        codes = self.geography.codes
        return {
            level: pl.Series(
                [c[:level] if len(c) >= level else None for c in codes], dtype=pl.String
            )
            for level in LEVELS
        }


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of one feed from one slice.

    `rows` column | dtype | meaning
    offset | Int64 | of the message; `broker_ms` | Int64 | broker time; `outcome` | Int8 | code
    home | Int32 | index into `Frame.homes`; region | Int32 | index of the deepest region
    event_ms | Int64 | event time; id | UInt64 | hash of the event id; raw | Binary | the message
    lng, lat | Float64 | WGS84, may be null; and the canonical fields of the feed's kind
    """

    feed: FeedSpec
    partition: str
    """`topic:partition`."""
    start: int
    next: int
    rows: pl.DataFrame
    rejects: Sequence[Reject] = ()
