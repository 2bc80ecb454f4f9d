"""The port of the wire formats: one slice in, text columns out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl


@dataclass(frozen=True, slots=True)
class Decoded:
    """A slice as text columns.

    One row a record, in order of the messages; one String column a path, null where the message
    hasn't got it. A message that can't be read, or holds no record, is one row, named in `broken`.
    """

    columns: pl.DataFrame
    broken: Mapping[int, str]
    """Row → why the message could not be read; all its columns are null."""
    message: npt.NDArray[np.int64] | None = None
    """Row → number of its message in the slice; None: each message is one record."""
    raw: pl.Series | None = None
    """Text that stands for each record where a message may hold many; null: the whole message."""


def broken_by_message(read: Decoded, reasons: Mapping[int, str]) -> dict[int, str]:
    """Give the rows of messages that can't be read, from the numbers of those messages."""
    if not reasons:
        return {}
    messages = np.arange(read.columns.height) if read.message is None else read.message
    rows = np.flatnonzero(np.isin(messages, list(reasons)))
    return {int(row): reasons[int(messages[row])] for row in rows}
