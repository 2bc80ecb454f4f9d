"""What ingest hands to the layers: the rows of one feed from one poll, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from layers.feed_spec import FeedSpec
from layers.feeds import Reject
from layers.geography import Geography
from layers.store import keys

ACCEPTED, DUPLICATE, REJECTED, LATE = range(4)
"""Codes of the column `outcome`, in the order of `layers.feeds.OUTCOMES`."""

AGAIN = 4
"""A further code: a reject that was replayed and is rejected again. It is counted already."""

LEVELS = (6, 9, 12, 15)
"""Digits of the levels below the city that hold their own sums (`apply.lua` knows the same)."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long the parts of the state are kept."""

    minute_h: int = 26
    hour_d: int = 35
    day_d: int = 400
    record_d: int = 35
    """Closed cases and incidents, after their last change."""
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

    @property
    def city_home(self) -> int:
        """Index of the city's own home."""
        return len(self.homes) - 1

    @cached_property
    def home_of_region(self) -> npt.NDArray[np.int32]:
        """Index of a deepest region → index of its home."""
        index = {code: i for i, code in enumerate(self.homes[:-1])}
        found = [index.get(code[:6], 0) for code in self.geography.codes]
        return np.array(found, dtype=np.int32)

    @cached_property
    def codes(self) -> pl.Series:
        """The region codes by their index; 0 is 未定位."""
        return pl.Series("code", self.geography.codes, dtype=pl.String)

    @cached_property
    def ancestors(self) -> dict[int, npt.NDArray[np.int32]]:
        """Digits → (index of a deepest region → index of its region at that level, or -1)."""
        index = {code: i for i, code in enumerate(self.geography.codes)}
        return {
            level: np.array(
                [index.get(c[:level], -1) if len(c) >= level else -1 for c in index], dtype=np.int32
            )
            for level in LEVELS
        }


@dataclass(frozen=True, slots=True)
class Span:
    """The run of one topic-partition that a poll covers."""

    partition: str
    """`topic:partition`."""
    start: int
    next: int
    """The first offset after the run."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of one feed from one poll.

    `rows` column | dtype | meaning
    part | Int32 | index into `spans`; offset | Int64 | of the message; broker_ms | Int64
    outcome | Int8 | code; home | Int32 | index into `Frame.homes`; region | Int32 | index of the
    deepest region (0: 未定位); event_ms | Int64 | event time, null where it could not be read
    id | UInt64 | hash of the event id; unmapped | Boolean | a table of codes doesn't know a value
    late_taken | Boolean | late, but still corrects the sums; only of feeds that say so
    raw | String | the message; lng, lat | Float64 | WGS84, may be null; and the canonical fields
    of the feed's kind.
    """

    feed: FeedSpec
    spans: Sequence[Span]
    rows: pl.DataFrame
    rejects: Sequence[tuple[int, Reject]] = ()
    """Row number (column `row` of `rows`) and why it was rejected."""
    held: pl.DataFrame | None = None
    """What homes hold of readings that may be revised (home, id, held)."""
    mends: pl.DataFrame | None = None
    """Earlier rejects that messages of this poll mend; their homes take them back.

    home | Int32 | in which it is counted; part, offset | of the message that mends it
    id | String | of the reject; minute | Int64 | since the epoch, in which it is counted."""
