"""What would come of the messages: outcomes, fields, codes, places and times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
import polars as pl

from ingest.codes import column_of
from ingest.mapping import CASE_TIMES, OPTIONAL, REQUIRED
from ingest.normalize import Normalizer
from ingest.sources.base import Slice
from layers.batch import ACCEPTED, Frame
from layers.feed_spec import CodeTable, FeedSpec
from layers.feeds import OUTCOMES, Reject

_EXAMPLES, _SHORT, _CODES = 3, 32, 20
_LEVELS = {
    0: "未定位 unassigned",
    6: "区 district",
    9: "街镇 street",
    12: "社区 community",
    15: "网格 grid",
}
_TIMES = ("event_ms", *CASE_TIMES, "expires")
_ALERT = ("identifier", "event", "severity", "areaDesc", "expires")


@dataclass(slots=True)
class Trial:
    """What was found."""

    feed: FeedSpec
    messages: int = 0
    records: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    fields: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    """Canonical field → accepted records that have it, and examples."""
    rejects: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Field, reason in Chinese and in English → records."""
    first: dict[tuple[str, str, str], Reject] = field(default_factory=dict)
    unmapped: dict[str, Counter[str]] = field(default_factory=dict)
    """Canonical field → value that its table doesn't know → records."""
    levels: Counter[int] = field(default_factory=Counter)
    """Digits of the deepest region, 0: 未定位 → accepted records."""
    span_ms: tuple[int, int] | None = None
    points: list[tuple[float, float, bool]] = field(default_factory=list)
    """Longitude, latitude, and whether it lies in the city."""

    @property
    def rejected_share(self) -> float:
        """Share of the records that would be rejected."""
        return self.outcomes["rejected"] / self.records if self.records else 1.0


def try_feed(feed: FeedSpec, frame: Frame, slices: Sequence[Slice]) -> Trial:
    """Normalize messages by a feed, without applying them anywhere."""
    found = Trial(feed, messages=sum(len(s.offsets) for s in slices))
    normalizer = Normalizer(feed, frame)
    bare = Normalizer(msgspec.structs.replace(feed, codes={}), frame)
    seen: list[pl.DataFrame] = []
    for part in slices:
        batch = normalizer.batch([part])
        if feed.codes:
            _note_codes(found, bare.batch([part]).rows)
        for _, reject in batch.rejects:
            why = (reject.field, reject.reason.zh, reject.reason.en)
            found.rejects[why] += 1
            found.first.setdefault(why, reject)
        seen.append(batch.rows)
    rows = pl.concat(seen, how="diagonal_relaxed")
    _note(found, frame, rows)
    return found


def _note(found: Trial, frame: Frame, rows: pl.DataFrame) -> None:
    found.records = rows.height
    accepted = rows.filter(pl.col("outcome") == ACCEPTED)
    # a repetition in another slice is found by the store; here by what it would look for
    again = accepted.filter(~pl.struct("home", "id").is_first_distinct()).height
    for code, count in rows["outcome"].value_counts().iter_rows():
        found.outcomes[OUTCOMES[code]] += count
    found.outcomes["accepted"] -= again
    found.outcomes["duplicate"] += again
    feed = found.feed
    names = (*REQUIRED[feed.kind], *OPTIONAL[feed.kind]) or _ALERT
    for name in ("event_ms", *names):
        column = "event_ms" if name == "event_ms" else column_of(name)
        if column in accepted.columns:
            found.fields[name] = _coverage(accepted[column])
    codes = frame.codes.gather(accepted["region"])
    for code, region in zip(codes, accepted["region"], strict=True):
        found.levels[len(code) if region else 0] += 1
    if accepted.height and accepted["event_ms"].null_count() < accepted.height:
        low, high = accepted["event_ms"].min(), accepted["event_ms"].max()
        found.span_ms = int(str(low)), int(str(high))
    if "lng" in accepted.columns:
        placed = accepted.select("lng", "lat", pl.col("region") > 0).drop_nulls()
        found.points = [(x, y, bool(inside)) for x, y, inside in placed.unique().iter_rows()]


def _coverage(column: pl.Series) -> tuple[int, tuple[str, ...]]:
    present = column.drop_nulls()
    if present.dtype == pl.String:
        present = present.filter(present != "")
    shown = present.unique(maintain_order=True).head(_EXAMPLES).to_list()
    return len(present), tuple(_short(str(value)) for value in shown)


def _note_codes(found: Trial, rows: pl.DataFrame) -> None:
    """Count the values, as they came, that the tables of the feed do not know."""
    for name, table in found.feed.codes.items():
        column = column_of(name)
        if column not in rows.columns:
            continue
        known = _known(table)
        for value, count in rows[column].drop_nulls().value_counts().iter_rows():
            text = str(value).strip().lower() if table.ignore_case else str(value)
            if text not in known:
                found.unmapped.setdefault(name, Counter())[str(value)] += count


def _known(table: CodeTable) -> set[str]:
    return {v.strip().lower() if table.ignore_case else v for v in table.table}


def lines_of(found: Trial) -> Iterator[str]:
    """Write a trial down, in both languages."""
    yield f"消息 messages {found.messages:,}, 记录 records {found.records:,}"
    parts = [f"{name} {found.outcomes[name]:,}" for name in OUTCOMES]
    yield f"结果 outcomes: {', '.join(parts)}"
    accepted = sum(found.levels.values())
    yield "字段 fields (覆盖率 coverage, 例 examples):"
    for name, (count, examples) in found.fields.items():
        share = count / accepted if accepted else 0.0
        shown = [_moment(int(e)) for e in examples] if name in _TIMES else examples
        yield f"  {name:<12} {share:>5.0%}  {' | '.join(shown)}"
    if found.span_ms:
        yield f"时间 time span: {_moment(found.span_ms[0])} … {_moment(found.span_ms[1])}"
    yield from _places(found, accepted)
    for name, values in found.unmapped.items():
        total = sum(values.values())
        yield f"未映射 unmapped {name}: {total:,} 条 records, {len(values):,} 种 values"
        for value, count in values.most_common(_CODES):
            yield f"  {count:>7,}  {_short(value)!r}"
    if found.rejects:
        yield f"拒收 rejected: {sum(found.rejects.values()):,} ({found.rejected_share:.1%})"
    for why, count in found.rejects.most_common():
        first = found.first[why]
        yield f"  {count:>7,}  {why[0] or '—'}: {why[1]} {why[2]}"
        yield f"           例 e.g. #{first.offset}: {_short(first.value)!r}"
        yield f"           {first.remedy.zh} {first.remedy.en}"


def _places(found: Trial, accepted: int) -> Iterator[str]:
    yield "位置 located:"
    for digits in sorted(found.levels, reverse=True):
        count = found.levels[digits]
        name = _LEVELS.get(digits, f"{digits}")
        yield f"  {name:<18} {count:>7,}  {count / accepted:>5.0%}"


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHORT else flat[: _SHORT - 1] + "…"


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
