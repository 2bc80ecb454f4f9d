"""Frames of what is to be written, for all homes at once, split into the writes of each home."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import polars as pl

from layers.store.writes import Writes


@dataclass(slots=True)
class Plan:
    """What a poll changes. Every frame has the column `home` (Int32); the others are as named."""

    sums: list[pl.DataFrame] = field(default_factory=list)
    """suffix, expire (s), field, n, total, lo, hi (Int64; the last three in millionths)."""
    latest: list[pl.DataFrame] = field(default_factory=list)
    """field, value."""
    records: list[pl.DataFrame] = field(default_factory=list)
    """suffix, id, version, body, cells (list), ranks (list), raw, expiry (ms)."""
    moved: list[pl.DataFrame] = field(default_factory=list)
    """suffix, id, version."""
    counts: list[pl.DataFrame] = field(default_factory=list)
    """suffix, expire (s), field, by."""
    marks: list[pl.DataFrame] = field(default_factory=list)
    """suffix, field, value."""
    lists: list[pl.DataFrame] = field(default_factory=list)
    """suffix, bound, value; newest last."""
    seen: list[pl.DataFrame] = field(default_factory=list)
    """suffix, expire (s), keep (s from now, at least), id (UInt64), also (a further suffix in which
    ids may be known; empty: none), batch and row: whose it is."""
    values: list[pl.DataFrame] = field(default_factory=list)
    """suffix, expire (s), keep (s from now, at least), id (UInt64), was (the entry that is
    expected; empty: none), entry, batch: whose it is."""
    taken: list[pl.DataFrame] = field(default_factory=list)
    """suffix, field, n, total, lo, hi, width, source, match; see `buckets.taken`."""
    mends: list[pl.DataFrame] = field(default_factory=list)
    """suffix, accounts, minutes (suffixes), field (of the minutes), id of the reject."""

    def split(self, homes_of_city: int) -> dict[int, HomePlan]:
        """Give the part of each home that is touched; what moved touches all the others."""
        homes: dict[int, HomePlan] = defaultdict(HomePlan)
        _split_sums(self.sums, homes)
        _split_latest(self.latest, homes)
        _split_records(self.records, homes)
        _split_moved(self.moved, homes, homes_of_city)
        _split_counts(self.counts, homes)
        _split_small(self.marks, self.lists, homes)
        for frame in self.mends:
            for home, *parts in frame.rows():
                homes[home].writes.mends.append(tuple(parts))
        _split_seen(self.seen, homes)
        _split_values(self.values, self.taken, homes)
        return dict(homes)


@dataclass(slots=True)
class HomePlan:
    """The writes of one home, and whose rows its ids are."""

    writes: Writes = field(default_factory=Writes)
    owners: list[pl.DataFrame] = field(default_factory=list)
    """batch, row of each id, in the order of the positions that the script answers."""
    owned: int = 0
    """Number of ids."""
    identities: list[pl.DataFrame] = field(default_factory=list)
    """batch, id of each reading that may be revised, in the order of the script's positions."""
    named: int = 0
    """Number of identities."""

    def identities_of(self, positions: Sequence[int]) -> pl.DataFrame:
        """Give batch and id of the identities at these positions."""
        return pl.concat(self.identities)[list(positions)]

    def owners_of(self, positions: Sequence[int]) -> pl.DataFrame:
        """Give batch and row of the ids at these positions."""
        return pl.concat(self.owners)[list(positions)]


Homes = dict[int, HomePlan]


def _split_sums(frames: list[pl.DataFrame], homes: Homes) -> None:
    if not frames:
        return
    grouped = pl.concat(frames).group_by("home", "suffix", "expire").all()
    for home, suffix, expire, *columns in grouped.rows():
        homes[home].writes.sums.append((suffix, expire, *columns))


def _split_latest(frames: list[pl.DataFrame], homes: Homes) -> None:
    if not frames:
        return
    for home, fields, values in pl.concat(frames).group_by("home").all().rows():
        homes[home].writes.latest.append(("latest", fields, values))


def _split_records(frames: list[pl.DataFrame], homes: Homes) -> None:
    for frame in frames:
        for (home,), part in frame.group_by(["home"], maintain_order=True):
            columns = [part[name].to_list() for name in part.columns if name != "home"]
            homes[int(str(home))].writes.records += zip(*columns, strict=True)


def _split_moved(frames: list[pl.DataFrame], homes: Homes, homes_of_city: int) -> None:
    """Tell each home the records of all others; the homes share one object for each id."""
    bounds = pl.Series(range(homes_of_city + 1), dtype=pl.Int32)
    for frame in frames:
        for (suffix,), part in frame.group_by(["suffix"]):
            ordered = part.sort("home", maintain_order=True)
            ids, versions = ordered["id"].to_list(), ordered["version"].to_list()
            edges = ordered["home"].search_sorted(bounds).to_list()
            for home, (low, high) in enumerate(pairwise(edges)):
                if high - low < len(ids):
                    others = ids[:low] + ids[high:], versions[:low] + versions[high:]
                    homes[home].writes.moved.append((str(suffix), *others))


def _split_counts(frames: list[pl.DataFrame], homes: Homes) -> None:
    if not frames:
        return
    grouped = pl.concat(frames).group_by("home", "suffix", "expire").all()
    for home, suffix, expire, fields, by in grouped.rows():
        homes[home].writes.counts.append((suffix, expire, fields, by))


def _split_small(marks: list[pl.DataFrame], lists: list[pl.DataFrame], homes: Homes) -> None:
    for frame in marks:
        for home, suffix, name, value in frame.rows():
            homes[home].writes.marks.append((suffix, name, value))
    for frame in lists:
        grouped = frame.group_by("home", "suffix", "bound", maintain_order=True).all()
        for home, suffix, bound, values in grouped.rows():
            homes[home].writes.lists.append((suffix, bound, values))


def _split_seen(frames: list[pl.DataFrame], homes: Homes) -> None:
    """Ids of one hour lie together; owners follow the positions over all of a home's ids."""
    for frame in frames:
        groups = frame.group_by(["home", "suffix", "expire", "keep", "also"])
        for (home, suffix, expire, keep, also), part in groups:
            plan = homes[int(str(home))]
            ids = part["id"].to_numpy().tobytes()
            numbers = int(str(expire)), ids, plan.owned, int(str(keep))
            plan.writes.seen.append((str(suffix), *numbers, str(also)))
            plan.owners.append(part.select("batch", "row"))
            plan.owned += part.height


def _split_values(values: list[pl.DataFrame], taken: list[pl.DataFrame], homes: Homes) -> None:
    for frame in values:
        for (home, suffix), part in frame.group_by(["home", "suffix"], maintain_order=True):
            plan = homes[int(str(home))]
            expire, keep = (int(part[name].max()) for name in ("expire", "keep"))  # type: ignore[arg-type]
            ids = part["id"].cast(pl.String).to_list()
            texts = part["was"].to_list(), part["entry"].to_list()
            plan.writes.values.append((str(suffix), expire, keep, ids, *texts, plan.named))
            plan.identities.append(part.select("batch", "id"))
            plan.named += part.height
    for frame in taken:
        for home, *parts in frame.rows():
            homes[home].writes.taken.append(tuple(parts))
