"""The mix that a case stream is generated from: a YAML file of the pack's samples, as values.

Grammar: `hours` (24 weights of the local day), `weekdays` (7 factors, Monday first), `channels`
(name → weight), `pace`, `spots` (where in a street), and by name `limits`, `paths`, `groups`, and a
list of `topics`. A group is what the source sorts its cases by (工单类型, 来源).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from ingest.demo import chance
from ingest.demo.chance import Floats
from layers import documents


class _Spec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base: an unknown key is an error."""


class Limit(_Spec, frozen=True):
    """A time limit: so many hours of a clock."""

    hours: float
    clock: str
    """always | day | work; see `ingest.demo.clocks`."""


class Path_(_Spec, frozen=True):  # noqa: N801  `Path` is the file system's
    """The steps of a life: the source's word, and the part of the whole time when it is reached."""

    steps: tuple[tuple[str, float], ...]
    minutes: float | None = None
    """Settled within minutes, without a limit; else the whole time follows from the limit."""
    stretch: float = 1.0
    """Factor on the whole time."""


class Group(_Spec, frozen=True):
    """A kind of request: its share, which paths it takes, how its titles read."""

    share: float
    paths: dict[str, float]
    titles: tuple[str, ...]
    """Templates of {place}, {problem}, {ask}, {name}."""


class Topic(_Spec, frozen=True):
    """A category of cases."""

    code: str
    weight: float
    limits: dict[str, float]
    lead: str
    """Department; a template of {district} and {street}."""
    problems: tuple[str, ...]
    asks: tuple[str, ...] = ()
    spots: tuple[str, ...] = ()
    """Where in a street such a case may be; those of the mix where none are given."""
    months: dict[int, float] = {}
    """Month → factor on the weight; 1 where none is given."""


class Pace(_Spec, frozen=True):
    """Whole time over limit: log-normal with this median and spread, cut at `longest`."""

    median: float
    spread: float
    longest: float


class Mix(_Spec, frozen=True):
    """All of it."""

    hours: tuple[float, ...]
    weekdays: tuple[float, ...]
    channels: dict[str, float]
    pace: Pace
    spots: tuple[str, ...]
    limits: dict[str, Limit]
    paths: dict[str, Path_]
    groups: dict[str, Group]
    topics: tuple[Topic, ...]


class Trouble(_Spec, frozen=True):
    """Shares of the honest trouble of a real city's streams."""

    duplicate: float = 0.0
    """Messages sent twice, as a producer that retries does."""
    late: float = 0.0
    """Messages that come a day and more after the event."""
    broken: float = 0.0
    """Messages that end in the middle."""
    zero: float = 0.0
    """Cases at 0,0."""
    outside: float = 0.0
    """Cases that lie outside the city."""
    unknown: float = 0.0
    """Cases of a category that no table knows."""


class CasePlay(_Spec, frozen=True):
    """What `play` of a case feed says."""

    kind: str
    mix: str
    """File of the mix, relative to the pack."""
    per_day: float
    """Cases on a usual day."""
    due_from: int = 0
    """The first step that carries the due time."""
    code_levels: dict[int, float] = {}
    """Digits of the region code → weight, where a case is placed by code."""
    trouble: Trouble = Trouble()


@dataclass(frozen=True)
class Shares:
    """The mix as cumulative tables, ready to be drawn from."""

    hours: Floats
    topics: Floats
    """Month (January first) x topic."""
    limits: Floats
    """Topic x limit."""
    groups: Floats
    paths: Floats
    """Group x path."""


def load_play(folder: Path, feed: str, play: dict[str, object]) -> tuple[CasePlay, Mix]:
    """Read `play` of a case feed and the mix it names.

    Raises:
        layers.documents.DocumentError: either can't be taken.
    """
    settled = documents.convert(play, CasePlay, folder / "feeds" / f"{feed}.yaml")
    return settled, documents.load(folder / settled.mix, Mix)


def shares_of(mix: Mix) -> Shares:
    """Turn the weights of a mix into cumulative shares."""
    months = [[t.weight * t.months.get(m, 1.0) for t in mix.topics] for m in range(1, 13)]
    return Shares(
        hours=chance.cumulative(mix.hours),
        topics=chance.cumulative(np.array(months)),
        limits=chance.table(tuple(mix.limits), [t.limits for t in mix.topics]),
        groups=chance.cumulative([g.share for g in mix.groups.values()]),
        paths=chance.table(tuple(mix.paths), [g.paths for g in mix.groups.values()]),
    )


def longest_days(mix: Mix) -> int:
    """Give the days within which every case of the mix has ended."""
    week = {"always": 168.0, "day": 168.0, "work": 40.0}
    stretch = max(p.stretch for p in mix.paths.values())
    weeks = max(limit.hours / week[limit.clock] for limit in mix.limits.values())
    return int(np.ceil(7 * weeks * mix.pace.longest * stretch)) + 3
