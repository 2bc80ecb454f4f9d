"""The working-time clock: due times and elapsed time, in windows of worked days or round the clock.

All moments are milliseconds since the epoch. A city's working time is one line: its windows one
after the other, without what lies between them. A moment is a position on that line, so a due time
is an addition and elapsed time a subtraction, of a million at once. Hence
`due(start, a + b) = due(due(start, a), b)` and `elapsed(start, due(start, a)) = a`, exactly.

The windows are hours on the city's clocks. Where clocks change, what counts is the time that
passes: a window in which they are put forward is shorter by that hour. A calendar day and an
emergency day are 24 hours that pass, so that days add up there too.

A limit that ends with a window is due at its end (18:00), not when the next begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

from layers.cases.calendars import Calendar, Status
from layers.cases.limits import HOUR_MS, Limit
from layers.times import from_ms

Moments = npt.NDArray[np.int64]

Window = tuple[int, int]
"""Minutes of the day, from and to; 1440 is the day's end."""

WINDOWS: tuple[Window, ...] = ((8 * 60, 12 * 60), (14 * 60, 18 * 60))

WORKDAY_MS = 8 * HOUR_MS
"""1 工作日 = 8 工作时 (GB/T 30428 family)."""

FIRST, LAST = date(2000, 1, 1), date(2049, 12, 31)
"""Days that a clock covers, unless it is told others."""


class ClockRangeError(ValueError):
    """A moment lies outside the days that the clock covers."""

    def __init__(self, moment_ms: int, first: date, last: date) -> None:
        super().__init__(
            f"moment {moment_ms} ms is outside the clock's days {first} to {last}. Correct the "
            "time or the limit; a feed in seconds that is read as milliseconds gives 1970."
        )
        self.moment_ms = moment_ms


@dataclass(frozen=True)
class WorkingTime:
    """When a city works: zone, calendar and windows."""

    zone: str
    """IANA name."""
    calendar: Calendar
    windows: tuple[Window, ...] = WINDOWS
    """In order, without overlap."""
    workday_ms: int = WORKDAY_MS
    first: date = FIRST
    last: date = LAST

    @cached_property
    def line(self) -> Line:
        """All windows of all worked days."""
        bounds = np.fromiter(self._bounds(), dtype=np.int64)
        # a window that falls into a skipped hour has no length; it must not run backwards
        bounds = np.maximum.accumulate(bounds)
        starts, ends = bounds[0::2], bounds[1::2]
        after = np.cumsum(ends - starts)
        day = timedelta(days=1)
        return Line(
            starts=starts,
            ends=ends,
            after=after,
            first_ms=_ms(self.first, 0, self.zone),
            last_ms=_ms(self.last + day, 0, self.zone),
        )

    def _bounds(self) -> Iterator[int]:
        day, one = self.first, timedelta(days=1)
        while day <= self.last:
            if self.calendar.is_workday(day):
                for window in self.windows:
                    yield from (_ms(day, minute, self.zone) for minute in window)
            day += one

    def status(self, from_ms_: int, to_ms_: int) -> Status:
        """Say how sure the calendar is between two moments: the least sure of its years."""
        years = range(self.day(from_ms_).year, self.day(to_ms_).year + 1)
        found = [self.calendar.status(date(year, 1, 1)) for year in years]
        for status in ("unknown", "provisional"):
            if status in found:
                return status
        return "announced"

    def day(self, moment_ms: int) -> date:
        """Give the city's day of a moment; of one outside the clock's days, its first or last."""
        line = self.line
        inside = min(max(moment_ms, line.first_ms), line.last_ms)
        moment = from_ms(inside)
        return self.first if moment is None else moment.astimezone(ZoneInfo(self.zone)).date()


def _ms(day: date, minute: int, zone: str) -> int:
    """Give the moment at which a city's clocks show a minute of a day.

    The first of two where clocks are put back; where they skip it, what they would have shown.
    """
    if minute == 24 * 60:
        day, minute = day + timedelta(days=1), 0
    local = datetime.combine(day, time(minute // 60, minute % 60), ZoneInfo(zone))
    return round(local.timestamp()) * 1000


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """The windows in order."""

    starts: Moments
    ends: Moments
    after: Moments
    """Working time from the first window to the end of each."""
    first_ms: int
    last_ms: int

    def position(self, moments: Moments) -> Moments:
        """Give the working time from the first window to some moments within the line."""
        at = np.searchsorted(self.starts, moments, side="right") - 1
        inside = np.maximum(at, 0)
        rest = np.maximum(self.ends[inside] - moments, 0)
        return np.where(at < 0, 0, self.after[inside] - rest)

    def moment(self, positions: Moments) -> Moments:
        """Give the first moments with such a position, each above 0 and not beyond the line."""
        at = np.searchsorted(self.after, positions, side="left")
        return self.ends[at] - (self.after[at] - positions)

    def holds(self, moments: Moments) -> npt.NDArray[np.bool_]:
        """Say which moments lie within the line."""
        return (moments >= self.first_ms) & (moments <= self.last_ms)


def due_times(
    clock: WorkingTime, starts: Moments, amounts: Moments, is_working: npt.NDArray[np.bool_]
) -> tuple[Moments, npt.NDArray[np.bool_]]:
    """Give due times, of as many as there are.

    Args:
        clock: the city's working time.
        starts: moments.
        amounts: lengths on each one's own clock, ms, ≥ 0.
        is_working: True where the limit runs in working time alone.

    Returns:
        Due times, and which of them are to be used: the others lie outside the clock's days.
    """
    line = clock.line
    whole = int(line.after[-1]) if line.after.size else 0
    # an amount beyond the line is beyond it whatever is added; cut, the sums can't overflow
    lengths = np.minimum(amounts, line.last_ms - line.first_ms + 1)
    good = line.holds(starts) & (amounts >= 0)
    inside = np.where(good, starts, line.first_ms)
    target = line.position(inside) + lengths if whole else lengths
    reached = good & (target <= whole)
    due = inside + lengths
    if whole:
        on_line = np.clip(target, 1, whole)
        worked = np.where(lengths == 0, inside, line.moment(on_line))
        due = np.where(is_working, worked, due)
    fits = np.where(is_working & (lengths > 0), reached, good & (due <= line.last_ms))
    return due, fits


def elapsed_times(
    clock: WorkingTime, starts: Moments, ends: Moments, is_working: npt.NDArray[np.bool_]
) -> tuple[Moments, npt.NDArray[np.bool_]]:
    """Give the time that passed on each one's own clock, 0 where the end is not after the start.

    Returns:
        Lengths in ms, and which of them are to be used; arguments as in `due_times`.
    """
    line = clock.line
    good = line.holds(starts) & line.holds(ends)
    first = np.where(good, starts, line.first_ms)
    last = np.maximum(np.where(good, ends, line.first_ms), first)
    passed = last - first
    if line.after.size:
        worked = line.position(last) - line.position(first)
    else:
        worked = np.zeros_like(passed)
    return np.where(is_working, worked, passed), good


def due(clock: WorkingTime, start_ms: int, limit: Limit, times: int = 1) -> int:
    """Give the due time of one limit, taken `times` times over.

    Raises:
        ClockRangeError: it lies outside the clock's days.
    """
    amount = limit.amount_ms(clock.workday_ms) * times
    return due_after(clock, start_ms, amount, is_working=limit.is_working)


def due_after(clock: WorkingTime, start_ms: int, amount_ms: int, *, is_working: bool) -> int:
    """Give the moment when an amount of time has passed; raises as `due` does."""
    found, good = due_times(clock, _single(start_ms), _single(amount_ms), np.array([is_working]))
    if not good[0]:
        raise ClockRangeError(start_ms, clock.first, clock.last)
    return int(found[0])


def elapsed(clock: WorkingTime, start_ms: int, end_ms: int, *, is_working: bool = True) -> int:
    """Give the time that passed between two moments; raises as `due` does."""
    found, good = elapsed_times(clock, _single(start_ms), _single(end_ms), np.array([is_working]))
    if not good[0]:
        raise ClockRangeError(start_ms, clock.first, clock.last)
    return int(found[0])


def _single(value: int) -> Moments:
    edge = 2**62  # what does not fit in 64 bits is outside any clock
    return np.array([min(max(value, -edge), edge)], dtype=np.int64)


def due_column(
    clock: WorkingTime, starts: pl.Series, amounts: pl.Series, is_working: pl.Series
) -> pl.Series:
    """Give the due times of a frame's rows, null where a part is missing or out of range."""
    known = starts.is_not_null() & amounts.is_not_null() & is_working.is_not_null()
    found, good = due_times(
        clock,
        starts.fill_null(0).to_numpy(),
        amounts.fill_null(0).to_numpy(),
        is_working.fill_null(value=False).to_numpy(),
    )
    usable = pl.Series("usable", good) & known
    frame = pl.DataFrame({"due_ms": found, "usable": usable})
    return frame.select(pl.when("usable").then("due_ms").alias("due_ms")).to_series()
