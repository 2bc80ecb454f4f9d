"""Draws that depend on who draws, not on when: the same case has the same fate in every run.

A draw is a hash (splitmix64) of the key of a case, the number of the draw and the seed. So any case
can be looked at alone, in any order, without drawing for the ones before it.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Keys = npt.NDArray[np.uint64]

_GAMMA = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


def stream_seed(seed: int, name: str) -> int:
    """Give each stream of a city a seed of its own."""
    return seed * 1_000_003 + zlib.crc32(name.encode())


def uniform(keys: Keys, draw: int, seed: int) -> Floats:
    """Give one number in [0, 1) for each key."""
    salt = np.array([(seed * 0xD1B54A32D192ED03 + (draw + 1) * _GAMMA) & _MASK], dtype=np.uint64)
    mixed = keys * np.array([_GAMMA], dtype=np.uint64) + salt
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.array([factor], dtype=np.uint64)
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normal(keys: Keys, draw: int, seed: int) -> Floats:
    """Give one standard normal number for each key (Box-Muller); uses `draw` and `draw + 1`."""
    radius = np.sqrt(-2.0 * np.log1p(-uniform(keys, draw, seed)))
    return radius * np.cos(2.0 * np.pi * uniform(keys, draw + 1, seed))


def cumulative(weights: Sequence[float] | Floats) -> Floats:
    """Turn weights into the upper limits of their shares of [0, 1]."""
    total = np.cumsum(np.asarray(weights, dtype=np.float64), axis=-1)
    return np.asarray(total / total[..., -1:], dtype=np.float64)


def table(names: Sequence[str], rows: Sequence[Mapping[str, float]]) -> Floats:
    """Turn rows of name → weight into cumulative shares: row x name."""
    return cumulative(np.array([[row.get(name, 0.0) for name in names] for row in rows]))


def pick(draws: Floats, limits: Floats) -> npt.NDArray[np.int64]:
    """Give the index of the share that each draw falls into; `limits` may be one row a draw."""
    if limits.ndim == 1:
        below = np.searchsorted(limits, draws, side="right")
    else:
        below = (draws[:, None] >= limits).sum(axis=1)
    return np.asarray(np.minimum(below, limits.shape[-1] - 1), dtype=np.int64)
