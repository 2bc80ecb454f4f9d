"""Amounts: the counts and sums that are kept per region, and that add up over regions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from layers.asks import Answers, Asks
from layers.moment import Bucket
from layers.store import keys

Part = tuple[str, str]
"""A home and a region of it."""

MILLIONTHS = 1_000_000


@dataclass(frozen=True, slots=True)
class Cells:
    """The count of a series of a feed over some buckets."""

    feed: str
    what: str
    """Name of the series after the feed, e.g. "received"."""
    buckets: tuple[Bucket, ...]

    @property
    def head(self) -> str:
        """Give the start of the fields, up to the region."""
        return f"{self.feed}.{self.what}|"


@dataclass(frozen=True, slots=True)
class Ranked:
    """The members of a sorted set between two scores, in the notation of ZCOUNT."""

    stem: str
    """Suffix of the set, less the region."""
    low: str
    high: str


Amount = Cells | Ranked


@dataclass(frozen=True, slots=True)
class Coverage:
    """The sources behind a value: how many should report, how many do, and what they say."""

    reporting: int = 0
    expected: int = 0
    total: float = 0.0
    """Sum of the readings of those that report."""
    newest: datetime | None = None

    def __add__(self, other: Coverage) -> Coverage:
        times = [t for t in (self.newest, other.newest) if t is not None]
        return Coverage(
            self.reporting + other.reporting,
            self.expected + other.expected,
            self.total + other.total,
            max(times, default=None),
        )


def need(asks: Asks, amounts: Iterable[Amount], parts: Sequence[Part]) -> None:
    """Ask for amounts of regions."""
    hashes: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for amount in amounts:
        if isinstance(amount, Ranked):
            for home, region in parts:
                asks.add("zcount", home, amount.stem + region, amount.low, amount.high)
            continue
        for suffix, last in amount.buckets:
            hashes.setdefault((amount.feed, suffix), []).append((amount.head, last))
    for home, region in parts:
        middle = f"{region}|"
        for (feed, suffix), cells in hashes.items():
            asks.cells((home, feed), suffix, [head + middle + last for head, last in cells])


def total(answers: Answers, amount: Amount, parts: Sequence[Part]) -> int:
    """Add an amount up over regions."""
    if isinstance(amount, Ranked):
        bounds = (amount.low, amount.high)
        return sum(answers.plain["zcount", h, amount.stem + r, bounds] for h, r in parts)
    added = 0
    for home, region in parts:
        found, stem = answers.cells[home, amount.feed], f"{amount.head}{region}|"
        for suffix, last in amount.buckets:
            cell = found[suffix][stem + last]
            if cell is not None:
                added += int(cell[: cell.index(b" ")])
    return added


def need_minutes(asks: Asks, amounts: Iterable[Amount], parts: Sequence[Part]) -> None:
    """Ask whether the minutes that some amounts need are still kept."""
    for suffix in _minute_keys(amounts):
        for home in {home for home, _ in parts}:
            asks.add("exists", home, suffix)


def are_kept(answers: Answers, amounts: Iterable[Amount], parts: Sequence[Part]) -> bool:
    """Say whether the minutes are kept: of each hour, in one home at least."""
    homes = {home for home, _ in parts}
    return all(
        any(answers.plain["exists", home, suffix, ()] for home in homes)
        for suffix in _minute_keys(amounts)
    )


def counts(answers: Answers, hours: Cells, parts: Sequence[Part]) -> tuple[int, ...]:
    """Give the count of each bucket, added up over regions."""
    return tuple(total(answers, one, parts) for one in _each(hours))


def means(answers: Answers, hours: Cells, parts: Sequence[Part]) -> tuple[float | None, ...]:
    """Give the mean of each bucket: sums and counts are added over regions, then divided."""
    return tuple(_mean(answers, one, parts) for one in _each(hours))


def _each(hours: Cells) -> Iterator[Cells]:
    return (Cells(hours.feed, hours.what, (bucket,)) for bucket in hours.buckets)


def _mean(answers: Answers, one: Cells, parts: Sequence[Part]) -> float | None:
    ((suffix, last),) = one.buckets
    head = one.head
    cells = (answers.cells[home, one.feed][suffix][f"{head}{r}|{last}"] for home, r in parts)
    pairs = [cell.split(b" ", 2)[:2] for cell in cells if cell is not None]
    number = sum(int(n) for n, _ in pairs)
    return sum(int(added) for _, added in pairs) / number / MILLIONTHS if number else None


def _minute_keys(amounts: Iterable[Amount]) -> set[str]:
    stem = keys.minutes("")
    found = (bucket for a in amounts if isinstance(a, Cells) for bucket in a.buckets)
    return {suffix for suffix, _ in found if suffix.startswith(stem)}
