"""The table of devices of a feed: where each of them stands."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from layers.feed_spec import Device
from layers.tables import read_table

_COLUMNS = ("id", "lng_text", "lat_text", "code")


def read_devices(device: Device) -> pl.DataFrame:
    """Read the table: id, lng_text, lat_text, code (texts), listed (true).

    Raises:
        DocumentError: the file can't be read, or hasn't got a column that the feed names.
    """
    named = {"id": device.id, "lng_text": device.lng, "lat_text": device.lat, "code": device.code}
    rows = read_table(Path(device.file), [name for name in named.values() if name])
    columns = {
        column: [row[name].strip() for row in rows] if name else [None] * len(rows)
        for column, name in named.items()
    }
    table = pl.DataFrame(columns, schema=dict.fromkeys(_COLUMNS, pl.String))
    return table.unique("id", keep="last", maintain_order=True).with_columns(listed=True)
