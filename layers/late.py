"""Messages that came too late: kept as they came, newest first, bounded."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from layers.snapshot import LateRow
from layers.store import keys
from layers.store.client import Store


def read_late(store: Store, homes: Sequence[str], limit: int) -> tuple[LateRow, ...]:
    """Read the newest messages of all homes that came too late, newest first."""
    found = store.read([("lrange", home, keys.LATE, (0, limit - 1)) for home in homes])
    rows = [msgspec.json.decode(text, type=LateRow) for part in found for text in part]
    rows.sort(key=lambda row: (-row.at_ms, row.partition, -row.offset))
    return tuple(rows[:limit])
