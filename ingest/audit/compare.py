"""One home, live and computed again: every difference that is one.

What may differ, and is passed over:
- what has expired on one side: retention ends by the clock, not by a message;
- ids whose horizon has ended (`seen:`): a store keeps them a while longer than it must;
- the order of lists, and lists and ranks that are full: which of the old ones fell out depends on
  the order in which partitions were read;
- of two messages that say the same at the same time in two partitions, which came first: the
  reading's place in the log and its raw message (counted as `tied`);
- reports: fences, lag, the rules in force, replays under way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from ingest.audit.fields import REPORTS, ends_s, family_of, feed_of, moment_of, record_of
from ingest.audit.scope import Scope
from layers.batch import Retention
from layers.store import keys
from layers.store.home_copy import HomeCopy, KeyCopy
from layers.store.writes import SEPARATOR

_DAY_MS = 86_400_000
_PLACE = 6
"""Parts of a reading that say what it is; what follows says where it stood in the log."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that is not what the logs make."""

    home: str
    key: str
    field: str
    live: str
    """Empty: it isn't there."""
    recomputed: str


@dataclass(slots=True)
class Tally:
    """What was compared in all homes."""

    fields: int = 0
    tied: int = 0
    unproven: int = 0


@dataclass(frozen=True, slots=True)
class Rules:
    """By what is compared."""

    scope: Scope
    retention: Retention
    zone: str
    live_at_ms: int
    """When the live homes were copied."""
    now_ms: int
    """When the computed ones were."""


class Comparison:
    """Compares homes and counts what it sees."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._bounds = {
            "recent": rules.retention.recent_cases,
            keys.REJECTS: rules.retention.rejects,
            keys.LATE: rules.retention.rejects,
        }
        self.tally = Tally()

    def home(self, home: str, live: HomeCopy, again: HomeCopy) -> Iterator[Difference]:
        """Give the differences of one home, key by key."""
        for suffix in sorted(live.keys() | again.keys(), key=lambda s: (family_of(s), s)):
            if suffix not in REPORTS:
                found = self._key(suffix, live.get(suffix), again.get(suffix), (live, again))
                yield from (Difference(home, suffix, *parts) for parts in found)

    def _key(
        self,
        suffix: str,
        live: KeyCopy | None,
        again: KeyCopy | None,
        homes: tuple[HomeCopy, HomeCopy],
    ) -> Iterator[tuple[str, str, str]]:
        if self._may_have_ended(suffix, live, again):
            return
        one, other = (side.content if side else {} for side in (live, again))
        kind = (live or again or KeyCopy("hash", -1, {})).kind
        fulls = self._cut_off(suffix, one, other)
        for name in sorted(one.keys() | other.keys()):
            text = name.decode("utf-8", "backslashreplace")
            left, right = one.get(name), other.get(name)
            if not self._is_proven(suffix, text, left, right):
                self.tally.unproven += 1
                continue
            self.tally.fields += 1
            if _same(kind, left, right) or fulls(name, left, right):
                continue
            if self._is_tied(suffix, left, right):
                self.tally.tied += 1
            elif not self._has_expired(suffix, text, left, right, homes):
                yield (text, _shown(suffix, left), _shown(suffix, right))

    def _may_have_ended(self, suffix: str, live: KeyCopy | None, again: KeyCopy | None) -> bool:
        """Say whether a key is absent, or partly so, because its time is over or nearly so."""
        family = family_of(suffix)
        if family in ("seen", "val"):
            spec = self._rules.scope.feeds.get(suffix.split(":")[1])
            known_s = spec.remembered_s if spec else 0
            return ends_s(suffix, known_s, self._rules.zone) <= self._rules.now_ms / 1000
        if live and again:
            return False
        if live:
            return 0 <= live.lives_ms <= self._rules.now_ms - self._rules.live_at_ms
        # which of a day's cells came last decides about the hour of expiry
        slack = _DAY_MS if family in ("h", "d") else 0
        return again is not None and 0 <= again.lives_ms <= slack

    def _is_proven(self, suffix: str, name: str, live: bytes | None, again: bytes | None) -> bool:
        """Say whether all that makes a field is still in the logs."""
        scope = self._rules.scope
        floor = scope.floor(feed_of(suffix, name, scope.feeds))
        if floor == 0:
            return True
        if floor == float("inf"):
            return False
        sides = [v for v in (live, again) if v is not None]
        moments = [moment_of(suffix, name, v, self._rules.zone) for v in sides]
        return all(m is not None and m >= floor for m in moments)

    def _is_tied(self, suffix: str, live: bytes | None, again: bytes | None) -> bool:
        if live is None or again is None:
            return False
        if suffix == keys.latest():
            parts = [v.decode("utf-8", "replace").split(SEPARATOR) for v in (live, again)]
            return parts[0][:_PLACE] == parts[1][:_PLACE]
        if family_of(suffix) == "rec":
            return _without_place(live) == _without_place(again)
        return False

    def _has_expired(
        self,
        suffix: str,
        name: str,
        live: bytes | None,
        again: bytes | None,
        homes: tuple[HomeCopy, HomeCopy],
    ) -> bool:
        """Say whether a record is missing on one side because its time is over there already."""
        if live is not None and again is not None:
            return False
        if suffix == keys.EXPIRY:
            return float(live or again or b"inf") <= self._rules.now_ms
        member = f"{suffix}|{name}".encode()
        ends = [c[keys.EXPIRY].content.get(member) for c in homes if keys.EXPIRY in c]
        return any(end is not None and float(end) <= self._rules.now_ms for end in ends)

    def _cut_off(self, suffix: str, one: Any, other: Any) -> Any:
        """Give what says of a field that it may have fallen out of a full list or rank."""
        bound = self._bounds.get(family_of(suffix))
        if bound is None:
            return lambda *_: False
        if suffix in (keys.REJECTS, keys.LATE):
            sizes = [sum(map(int, side.values())) for side in (one, other)]
            return lambda *_: max(sizes) >= bound
        lowest = [
            min(map(float, side.values())) if len(side) >= bound else float("-inf")
            for side in (one, other)
        ]
        return lambda _name, left, right: (
            (left is None) != (right is None) and float(left or right) <= max(lowest)
        )


def _same(kind: str, live: bytes | None, again: bytes | None) -> bool:
    if live is None or again is None:
        return False
    return live == again or (kind == "zset" and float(live) == float(again))


def _without_place(value: bytes) -> tuple[Any, ...]:
    version, body, cells, ranks, _ = record_of(value)
    fields = msgspec.json.decode(body)
    said = {k: v for k, v in fields.items() if k not in ("partition", "offset")}
    return version, said, sorted(cells), sorted(ranks)


def _shown(suffix: str, value: bytes | None) -> str:
    if value is None:
        return ""
    if family_of(suffix) == "rec":
        return str(record_of(value)[1])
    return value.decode("utf-8", "backslashreplace").replace(SEPARATOR, " ") or "·"
