"""Official warnings (CAP 1.2): kept in the city's home; what is in force is decided at read."""

from __future__ import annotations

import polars as pl

from layers import records
from layers.batch import Batch, Frame
from layers.store.plan import Plan

_BODY = (
    "identifier", "sender", "sent", "status", "msgType", "references", "event", "event_code",
    "severity", "urgency", "certainty", "effective", "onset", "expires", "senderName", "headline",
    "description", "instruction", "areaDesc", "geocodes", "polygon", "partition", "offset",
)  # fmt: skip
_WEEK_MS = 7 * 86_400_000
_DAY_MS = 86_400_000


def write(plan: Plan, batch: Batch, rows: pl.DataFrame, frame: Frame) -> None:
    """Add accepted alerts to the plan; arguments as in `readings.writes.write`."""
    feed = batch.feed.id
    nothing = pl.lit([], dtype=pl.List(pl.String))
    named = records.with_where(batch, rows, frame).with_columns(
        id=pl.concat_str(pl.lit(feed + "|"), "identifier"), version="event_ms", sent="event_ms"
    )
    fields = {name: name for name in _BODY}
    full = named.with_columns(
        body=records.body(feed, fields | {"at": "event_ms"}),
        cells=nothing,
        ranks=nothing,
        # without an end of its own an alert is kept a week
        expiry=pl.coalesce("expires", pl.col("event_ms") + _WEEK_MS) + _DAY_MS,
    )
    records.store(plan, "warning", full)
