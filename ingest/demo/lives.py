"""The lives of generated cases: when each is born, what becomes of it, and when.

A day of cases depends on (seed, day) alone. Everything else about a case is drawn by its key
(`ingest.demo.chance`), so a life that began in the history goes on in the live stream.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ingest.demo import chance
from ingest.demo.chance import Floats
from ingest.demo.clocks import CLOCKS, DAY_MS, HOUR_MS, Clock, Moments
from ingest.demo.mix import Mix, longest_days, shares_of

SERIALS = 100_000
"""Upper limit of the cases of a day; key = local day since the epoch x SERIALS + serial."""

CASE = np.dtype(
    [
        *(("key", "u8"), ("born", "i8"), ("ends", "i8"), ("hours", "f8")),
        *((name, "i4") for name in ("topic", "group", "path", "limit", "clock")),
    ]
)
"""A case: times in ms since the epoch, the whole life in hours of its clock, indices of the mix."""

_TOPIC, _LIMIT, _GROUP, _PATH, _PACE = 0, 1, 2, 3, 4

Cases = npt.NDArray[np.void]


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps of lives, one row each."""

    cases: Cases
    step: npt.NDArray[np.int64]
    """0 for the first."""
    when: Moments
    """When the source takes it, ms since the epoch, whole seconds."""

    def take(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> Steps:
        """Give some of the rows."""
        return Steps(self.cases[rows], self.step[rows], self.when[rows])


class Lives:
    """All lives of one stream.

    Args:
        mix: what they are drawn from.
        per_day: cases on a usual day.
        seed: of the stream.
        offset_ms: local time less UTC.
    """

    def __init__(self, mix: Mix, per_day: float, seed: int, offset_ms: int) -> None:
        self._mix = mix
        self._shares = shares_of(mix)
        self._per_day = per_day
        self.seed = seed
        self._offset_ms = offset_ms
        self._days: dict[int, Cases] = {}
        self._lookback = longest_days(mix)
        self._clocks = [Clock(name, offset_ms) for name in CLOCKS]
        names = list(CLOCKS)
        self._limit_clock = np.array([names.index(x.clock) for x in mix.limits.values()])
        self._limit_hours = np.array([x.hours for x in mix.limits.values()])
        self._lengths = np.array([len(p.steps) for p in mix.paths.values()])
        self._parts = np.zeros((len(mix.paths), self._lengths.max()))
        for row, path in enumerate(mix.paths.values()):
            self._parts[row, : len(path.steps)] = [part for _, part in path.steps]

    def day_of(self, moment_ms: int) -> int:
        """Give the local day since the epoch."""
        return int((moment_ms + self._offset_ms) // DAY_MS)

    def alive(self, start_ms: int, end_ms: int) -> Cases:
        """Give the cases that are born before `end_ms` and end at `start_ms` or later."""
        last = self.day_of(end_ms - 1)
        first = self.day_of(start_ms) - self._lookback
        for day in [d for d in self._days if d < first or d > last]:
            del self._days[day]
        found = []
        for day in range(first, last + 1):
            if day not in self._days:
                self._days[day] = self._born_on(day)
            cases = self._days[day]
            found.append(cases[(cases["born"] < end_ms) & (cases["ends"] >= start_ms)])
        return np.concatenate(found)

    def steps(self, cases: Cases) -> Steps:
        """Give every step of the cases, case by case in order."""
        counts = self._lengths[cases["path"]]
        row = np.repeat(np.arange(len(cases)), counts)
        step = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
        each = cases[row]
        when = self._after(each, each["hours"] * self._parts[each["path"], step])
        return Steps(each, step, when)

    def due(self, cases: Cases) -> Moments:
        """Give the due times; a case that is settled within minutes has no limit: the start."""
        return self._after(cases, self._limit_hours[cases["limit"]])

    def _after(self, cases: Cases, hours: Floats) -> Moments:
        when = np.zeros(len(cases), dtype=np.int64)
        for number, clock in enumerate(self._clocks):
            rows = cases["clock"] == number
            when[rows] = clock.moment(clock.worked(cases["born"][rows]) + hours[rows])
        # The way through hours of work and back may lose a few milliseconds.
        whole = np.maximum((when + 500) // 1000 * 1000, cases["born"])
        return np.asarray(whole, dtype=np.int64)

    def _born_on(self, day: int) -> Cases:
        births = self._births(day)
        cases = np.zeros(len(births), dtype=CASE)
        cases["key"] = day * SERIALS + np.arange(len(births))
        cases["born"] = births
        self._draw(cases, _month(day))
        cases["ends"] = self._after(cases, cases["hours"])
        return cases

    def _births(self, day: int) -> Moments:
        random = np.random.default_rng([self.seed & 0xFFFFFFFF, day])
        usual = self._per_day * self._mix.weekdays[(day + 3) % 7]
        count = min(int(random.poisson(usual)), SERIALS - 1)
        limits = np.concatenate([[0.0], self._shares.hours])
        hours = np.interp(np.sort(random.random(count)), limits, np.arange(25.0))
        local = (hours * HOUR_MS).astype(np.int64) // 1000 * 1000
        return np.asarray(local + day * DAY_MS - self._offset_ms, dtype=np.int64)

    def _draw(self, cases: Cases, month: int) -> None:
        def draw(number: int) -> Floats:
            return chance.uniform(cases["key"], number, self.seed)

        shares = self._shares
        cases["topic"] = chance.pick(draw(_TOPIC), shares.topics[month - 1])
        cases["limit"] = chance.pick(draw(_LIMIT), shares.limits[cases["topic"]])
        cases["group"] = chance.pick(draw(_GROUP), shares.groups)
        cases["path"] = chance.pick(draw(_PATH), shares.paths[cases["group"]])
        minutes = np.array([p.minutes or 0.0 for p in self._mix.paths.values()])[cases["path"]]
        stretch = np.array([p.stretch for p in self._mix.paths.values()])[cases["path"]]
        pace = self._mix.pace
        spread = np.exp(pace.spread * chance.normal(cases["key"], _PACE, self.seed))
        part = np.minimum(pace.median * spread, pace.longest) * stretch
        quick = minutes * np.clip(0.3 + 0.7 * spread, 0.3, 4.0) / 60.0
        cases["hours"] = np.where(minutes > 0, quick, part * self._limit_hours[cases["limit"]])
        cases["clock"] = np.where(minutes > 0, 0, self._limit_clock[cases["limit"]])


def _month(day: int) -> int:
    return int(np.datetime64(day, "D").astype("datetime64[M]").astype(int)) % 12 + 1
