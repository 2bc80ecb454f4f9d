"""Clocks by which work goes on: at all hours, by day, or in the hours of the office.

A clock counts hours of work since an arbitrary local Monday. It repeats each week, knows no public
holidays, and takes the offset of the zone as constant: enough for a demonstration, and said so.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ingest.demo.chance import Floats

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
_WEEK_MS = 7 * DAY_MS
_MONDAY_MS = 4 * DAY_MS
"""1970-01-05 was a Monday."""

_OFFICE = [*range(8, 12), *range(14, 18)]

Moments = npt.NDArray[np.int64]


def _always() -> Floats:
    return np.ones(168)


def _by_day() -> Floats:
    """Most is done between 8 and 20 h; 24 hours a day in all."""
    day = np.full(24, 0.15)
    day[8:20] = 1.7
    day[[7, 20, 21]] = 0.7
    return np.tile(day * 24 / day.sum(), 7)


def _office() -> Floats:
    """08-12 and 14-18 h, Monday to Friday (工作时); a trace besides keeps it unbroken."""
    week = np.full((7, 24), 1e-6)
    week[:5, _OFFICE] = 1.0
    return week.ravel()


CLOCKS = {"always": _always, "day": _by_day, "work": _office}


class Clock:
    """Hours of work against moments.

    Args:
        name: always | day | work.
        offset_ms: local time less UTC.
    """

    def __init__(self, name: str, offset_ms: int) -> None:
        self._done = np.concatenate([[0.0], np.cumsum(CLOCKS[name]())])
        self._at = np.arange(169) * float(HOUR_MS)
        self._zero = _MONDAY_MS - offset_ms

    def worked(self, moments: Moments) -> Floats:
        """Give the hours of work that lie before each moment."""
        week, rest = np.divmod(moments - self._zero, _WEEK_MS)
        return np.asarray(week * self._done[-1] + np.interp(rest, self._at, self._done))

    def moment(self, worked: Floats) -> Moments:
        """Give the moment at which so many hours of work are done."""
        week = np.floor(worked / self._done[-1])
        rest = worked - week * self._done[-1]
        local = week * _WEEK_MS + np.interp(rest, self._done, self._at)
        return np.asarray(local + self._zero, dtype=np.int64)
