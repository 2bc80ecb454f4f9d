"""The port of the wire formats: one slice in, text columns out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class Decoded:
    """A slice as text columns.

    One row a message, in order; one String column a path, null where the message hasn't got it.
    """

    columns: pl.DataFrame
    broken: Mapping[int, str]
    """Row → why the message could not be read; all its columns are null."""
