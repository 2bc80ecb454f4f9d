"""States of generated cases as their source would write them: place, words, times."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from ingest.demo import chance
from ingest.demo.chance import Floats, Keys
from ingest.demo.lives import SERIALS, Lives, Steps
from ingest.demo.mix import CasePlay, Mix, Trouble
from ingest.demo.places import Indices, Places, from_wgs84
from ingest.demo.stamps import stamps
from layers.feed_spec import FeedSpec, PlaceRule, TimeRule

ENDED = ("closed", "rejected", "void")
"""Canonical states in which a case has a closing time."""

UNKNOWN = "未编码事项"
"""A category that no table knows."""

_NOWHERE = "999999999"
"""A region code that no city has."""

# The draws of a case by number; 0 to 5 are those of its life.
_REGION, _POINT, _SPOT, _TITLE, _PROBLEM, _ASK, _CHANNEL, _FATE, _LEVEL, _BELOW = (
    (10, 11, 14, 15, 16, 17, 18, 19, 20, 21)
)  # fmt: skip


class Version(NamedTuple):
    """One state of one case."""

    day: str
    """Local day of the birth, yyyymmdd."""
    serial: int
    """Number of the case on that day."""
    number: int
    """1 for the first message of the case."""
    region: str
    """Code of the region by which the case is placed."""
    district: str
    street: str
    address: str
    lng: float
    lat: float
    """In the datum of the feed."""
    topic: str
    title: str
    status: str
    lead: str
    group: str
    channel: str
    reported: str | None
    updated: str | None
    due: str | None
    closed: str | None


class Wording:
    """Turns steps into versions; every choice is drawn by the key of the case.

    Args:
        feed: its time form, datum and table of states.
        lives: of the cases.
        play: which steps carry a due time, and how the case is placed.
        mix: topics and titles.
        places: where.
    """

    def __init__(
        self, feed: FeedSpec, lives: Lives, play: CasePlay, mix: Mix, places: Places
    ) -> None:
        self._time = feed.time or TimeRule("")
        self._datum: PlaceRule = feed.place
        self._lives, self._play, self._mix, self._places = lives, play, mix, places
        canonical = feed.codes["status"].table
        self._words = [[word for word, _ in p.steps] for p in mix.paths.values()]
        self._ends = [[canonical[w] in ENDED for w in words] for words in self._words]
        self._has_due = np.array([p.minutes is None for p in mix.paths.values()])
        self._groups = list(mix.groups.items())
        self._channels = list(mix.channels)
        self._channel_shares = chance.cumulative(list(mix.channels.values()) or [1.0])

    def versions(self, steps: Steps, shift_ms: int) -> list[Version]:
        """Write the steps, every time less `shift_ms`."""
        if not len(steps.step):
            return []
        keys = np.ascontiguousarray(steps.cases["key"])
        fate = _fates(chance.uniform(keys, _FATE, self._lives.seed), self._play.trouble)
        regions = self._places.regions(chance.uniform(keys, _REGION, self._lives.seed))
        lng, lat = self._positions(regions, keys, fate)
        words = self._words_of(steps, regions, keys, fate)
        reported, updated, due, closed = self._times(steps, shift_ms)
        return [
            Version._make((*numbered, code, *place, x, y, *told, *times))
            for numbered, code, place, x, y, told, times in zip(
                _numbered(steps),
                self._codes(regions, keys, fate),
                self._addresses(steps, regions, keys),
                lng.tolist(),
                lat.tolist(),
                words,
                zip(reported, updated, due, closed, strict=True),
                strict=True,
            )
        ]

    def _positions(self, regions: Indices, keys: Keys, fate: Indices) -> tuple[Floats, Floats]:
        lng, lat = self._places.points(regions, keys, _POINT, self._lives.seed)
        lng, lat = from_wgs84(lng, lat, self._datum)
        lng = np.where(fate == _ZERO, 0.0, np.where(fate == _OUTSIDE, lng + 3.0, lng))
        lat = np.where(fate == _ZERO, 0.0, np.where(fate == _OUTSIDE, lat + 2.0, lat))
        return lng.round(6), lat.round(6)

    def _codes(self, regions: Indices, keys: Keys, fate: Indices) -> list[str]:
        codes = np.array([self._places.codes[r] for r in regions], dtype=object)
        levels = self._play.code_levels
        if levels:
            shares = chance.cumulative(list(levels.values()))
            level = chance.pick(chance.uniform(keys, _LEVEL, self._lives.seed), shares)
            below = chance.uniform(keys, _BELOW, self._lives.seed)
            for number, digits in enumerate(levels):
                rows = np.flatnonzero(level == number)
                codes[rows] = self._places.code_below(regions[rows], digits, below[rows])
            codes[(fate == _ZERO) | (fate == _OUTSIDE)] = _NOWHERE
        return [str(code) for code in codes]

    def _addresses(self, steps: Steps, regions: Indices, keys: Keys) -> list[tuple[str, str, str]]:
        draws = chance.uniform(keys, _SPOT, self._lives.seed).tolist()
        names, parents = self._places.names, self._places.parents
        return [
            (parents[r], names[r], f"{parents[r]}{names[r]}{self._spot(t, d)}")
            for r, t, d in zip(regions.tolist(), steps.cases["topic"].tolist(), draws, strict=True)
        ]

    def _spot(self, topic: int, draw: float) -> str:
        spots = self._mix.topics[topic].spots or self._mix.spots
        return spots[int(draw * len(spots))]

    def _words_of(
        self, steps: Steps, regions: Indices, keys: Keys, fate: Indices
    ) -> list[tuple[str, str, str, str, str, str]]:
        draws = [
            chance.uniform(keys, d, self._lives.seed).tolist()
            for d in (_TITLE, _PROBLEM, _ASK, _SPOT)
        ]
        channels = chance.pick(
            chance.uniform(keys, _CHANNEL, self._lives.seed), self._channel_shares
        )
        rows = zip(
            steps.cases["topic"].tolist(),
            steps.cases["group"].tolist(),
            steps.cases["path"].tolist(),
            steps.step.tolist(),
            regions.tolist(),
            (fate == _STRANGE).tolist(),
            channels.tolist(),
            zip(*draws, strict=True),
            strict=True,
        )
        return [self._told(*row) for row in rows]

    def _told(  # noqa: PLR0913, PLR0917  a row of columns, spread by the one caller
        self,
        topic: int,
        group: int,
        path: int,
        step: int,
        region: int,
        strange: bool,
        channel: int,
        draws: tuple[float, ...],
    ) -> tuple[str, str, str, str, str, str]:
        found = self._mix.topics[topic]
        name, kind = self._groups[group]
        title, problem, ask, spot = draws
        street = self._places.names[region]
        district = self._places.parents[region]
        asks = found.asks or found.problems
        text = kind.titles[int(title * len(kind.titles))].format(
            place=street + self._spot(topic, spot),
            problem=found.problems[int(problem * len(found.problems))],
            ask=asks[int(ask * len(asks))],
            name=found.code,
        )
        lead = found.lead.format(district=district, street=f"{district}{street}")
        way = self._channels[channel] if self._channels else name
        code = UNKNOWN if strange else found.code
        return code, text, self._words[path][step], lead, name, way

    def _times(self, steps: Steps, shift_ms: int) -> tuple[list[str | None], ...]:
        paths = steps.cases["path"]
        with_due = self._has_due[paths] & (steps.step >= self._play.due_from)
        ended = np.array(
            [self._ends[p][s] for p, s in zip(paths.tolist(), steps.step.tolist(), strict=True)],
            dtype=bool,
        )
        moments = pl.DataFrame(
            {
                "reported": steps.cases["born"],
                "updated": steps.when,
                "due": self._lives.due(steps.cases),
                "has_due": with_due,
                "ended": ended,
            }
        ).select(
            pl.col("reported") - shift_ms,
            pl.col("updated") - shift_ms,
            pl.when("has_due").then(pl.col("due") - shift_ms).alias("due"),
            pl.when("ended").then(pl.col("updated") - shift_ms).alias("closed"),
        )
        return tuple(stamps(column, self._time) for column in moments.get_columns())


_WELL, _ZERO, _OUTSIDE, _STRANGE = range(4)


def _fates(draws: Floats, trouble: Trouble) -> Indices:
    """Give what is wrong with a case, mostly nothing."""
    limits = np.cumsum([trouble.zero, trouble.outside, trouble.unknown])
    wrong = np.searchsorted(limits, draws, side="right") + 1
    return np.asarray(np.where(wrong > len(limits), _WELL, wrong), dtype=np.int64)


def _numbered(steps: Steps) -> list[tuple[str, int, int]]:
    days, serials = np.divmod(steps.cases["key"].astype(np.int64), SERIALS)
    texts = np.datetime_as_string(days.astype("datetime64[D]"))
    rows = zip(texts.tolist(), serials.tolist(), steps.step.tolist(), strict=True)
    return [(day.replace("-", ""), serial, step + 1) for day, serial, step in rows]
