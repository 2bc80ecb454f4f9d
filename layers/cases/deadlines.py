"""How far along a limit is: runs, pauses and extensions of one clock of a case, read at a moment.

A clock counts the time of its runs; what lies between and after them does not count, so a pause
puts the due time off by its own length. An extension adds the original limit once more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from layers.cases.calendars import Status
from layers.cases.clock import WorkingTime, due_after, elapsed
from layers.cases.limits import Limit
from layers.labels import Label

Band = Literal["none", "normal", "near", "urgent", "overdue"]

BANDS: Mapping[Band, Label] = {
    "none": Label("无时限", "no limit"),
    "normal": Label("正常", "on course"),
    "near": Label("临期", "due soon"),
    "urgent": Label("紧急", "urgent"),
    "overdue": Label("超期", "overdue"),
}

NEAR, URGENT = 0.7, 0.9
"""Shares of the limit from which a clock is 临期 and 紧急 (medium confidence)."""

MOST_EXTENSIONS = 2


class Span(msgspec.Struct, frozen=True):
    """Time between two moments, ms; without an end it goes on."""

    start_ms: int
    end_ms: int | None = None

    def cut(self, now_ms: int) -> tuple[int, int]:
        """Give its ends as they are at a moment."""
        end = now_ms if self.end_ms is None else min(self.end_ms, now_ms)
        return self.start_ms, max(end, self.start_ms)


class StageClock(msgspec.Struct, frozen=True):
    """One clock of a case: of a stage, or of one department."""

    runs: tuple[Span, ...]
    """When it runs, in order; the last is open while it runs."""
    pauses: tuple[Span, ...] = ()
    """When it is stopped (挂账), in order."""
    limit: Limit | None = None
    extensions: int = 0

    @property
    def is_paused(self) -> bool:
        """True while a pause goes on."""
        return bool(self.pauses) and self.pauses[-1].end_ms is None

    @property
    def runs_now(self) -> bool:
        """True while time counts."""
        return bool(self.runs) and self.runs[-1].end_ms is None


class ClockReading(msgspec.Struct, frozen=True):
    """A clock, read at a moment; lengths in ms on the clock of its limit."""

    used_ms: int
    paused_ms: int
    total_ms: int | None
    """The limit with its extensions; None: there is none."""
    due_ms: int | None
    """When the limit is reached; of a paused clock, if it went on now."""
    band: Band
    is_paused: bool
    calendar: Status
    """How sure the days are on which the due time rests."""

    @property
    def share(self) -> float | None:
        """Part of the limit that is used."""
        return None if self.total_ms is None else self.used_ms / self.total_ms


def read_clock(stage: StageClock, clock: WorkingTime, now_ms: int) -> ClockReading:
    """Read a clock.

    It is overdue from the moment after its due time on, also when no working time passes then; a
    clock that has ended is judged by the moment at which it ended.

    Raises:
        ClockRangeError: a moment lies outside the days that the clock covers.
    """
    is_working = stage.limit is None or stage.limit.is_working
    used = sum(_length(span, clock, now_ms, is_working=is_working) for span in stage.runs)
    paused = sum(_length(span, clock, now_ms, is_working=is_working) for span in stage.pauses)
    if stage.limit is None or not stage.runs:
        return ClockReading(used, paused, None, None, "none", stage.is_paused, "announced")
    total = stage.limit.amount_ms(clock.workday_ms) * (1 + stage.extensions)
    due_ms = _due(stage, clock, now_ms, total)
    return ClockReading(
        used_ms=used,
        paused_ms=paused,
        total_ms=total,
        due_ms=due_ms,
        band=_band(stage, used / total, due_ms, now_ms),
        is_paused=stage.is_paused,
        calendar=clock.status(stage.runs[0].start_ms, due_ms) if is_working else "announced",
    )


def _length(span: Span, clock: WorkingTime, now_ms: int, *, is_working: bool) -> int:
    return elapsed(clock, *span.cut(now_ms), is_working=is_working)


def _due(stage: StageClock, clock: WorkingTime, now_ms: int, total_ms: int) -> int:
    """Go through the runs until the limit is used up, or beyond the last."""
    is_working = stage.limit is not None and stage.limit.is_working
    left, end = total_ms, now_ms
    for run in stage.runs:
        if run.end_ms is None:
            return due_after(clock, run.start_ms, left, is_working=is_working)
        length = elapsed(clock, run.start_ms, run.end_ms, is_working=is_working)
        if length >= left:
            return due_after(clock, run.start_ms, left, is_working=is_working)
        left, end = left - length, run.end_ms
    base = max(end, now_ms) if stage.is_paused else end
    return due_after(clock, base, left, is_working=is_working)


def _band(stage: StageClock, share: float, due_ms: int, now_ms: int) -> Band:
    reached = max(span.cut(now_ms)[1] for span in stage.runs)
    if due_ms < reached:
        return "overdue"
    if share >= URGENT:
        return "urgent"
    return "near" if share >= NEAR else "normal"
