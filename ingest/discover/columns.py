"""What stands at one path of a sample: how full, how varied, numbers, times, codes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from ingest import times
from layers.feed_spec import TimeRule

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_COMMA = re.compile(r"[+-]?\d+,\d+")
_PHONE = re.compile(r"1[3-9]\d{9}|0\d{2,3}-?\d{7,8}")
_CITIZEN = re.compile(r"\d{17}[\dXx]")
_MISSING = ("-999", "-9999", "-99", "-999.0", "9999", "99999", "NULL", "null", "NaN", "nan", "N/A")
_MISSING_WORDS = ("—", "--", "-", "/", "无", "None", "NA")

_DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d")
_FOREIGN = ("%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y")
_CLOCKS = ("", " %H:%M:%S", " %H:%M:%S.%f", " %H:%M", " %I:%M:%S %p", " %I:%M %p")
FORMS = (
    "iso",
    *(day + clock for day in (*_DAYS, *_FOREIGN) for clock in _CLOCKS),
    "%Y年%m月%d日 %H时%M分",
    "%Y年%m月%d日%H时",
    "%Y%m%d%H%M%S",
    "%Y%m%dT%H%M%SZ",
    "%Y%m%d %H%M",
    "%Y%m%d%H",
)
"""Forms of time that are tried, the plainest first."""

_EPOCHS = (("epoch_s", 9), ("epoch_ms", 12), ("epoch_us", 15))
_FIRST_S, _LAST_S = 946_684_800, 4_102_444_800
"""2000 and 2100: a number outside is no time of a city's message."""
_OFFSET = re.compile(r"(Z|[+-]\d{2}:?\d{2})$")


@dataclass(frozen=True)
class Column:
    """The texts of one path."""

    path: str
    texts: tuple[str, ...]
    """Those that are there, in order."""
    of: int
    """Records of the sample."""

    @property
    def name(self) -> str:
        """The path in small letters, its last parts last, without signs."""
        return re.sub(r"[\\\[\]@]|\[\d*\]", "", self.path).casefold()

    @property
    def fill(self) -> float:
        """Share of the records that have it."""
        return len(self.texts) / self.of if self.of else 0.0

    @cached_property
    def counts(self) -> Counter[str]:
        """Text → how often."""
        return Counter(self.texts)

    @cached_property
    def is_comma(self) -> bool:
        """Say whether its numbers have a decimal comma."""
        commas = sum(bool(_COMMA.fullmatch(t.strip())) for t in self.texts)
        return commas > 0 and commas + self._plain + len(self.missing_texts) >= len(self.texts)

    @cached_property
    def _plain(self) -> int:
        return sum(bool(_NUMBER.fullmatch(t.strip())) for t in self.texts)

    @cached_property
    def numbers(self) -> tuple[float, ...]:
        """Its numbers, those that stand for no reading left out."""
        found = []
        for text in self.texts:
            bare = text.strip().replace(",", ".") if self.is_comma else text.strip()
            if _NUMBER.fullmatch(bare) and text.strip() not in _MISSING:
                found.append(float(bare))
        return tuple(found)

    @cached_property
    def missing_texts(self) -> tuple[str, ...]:
        """Texts that stand for no reading, as far as such are known."""
        known = {*_MISSING, *_MISSING_WORDS}
        return tuple(t for t in dict.fromkeys(x.strip() for x in self.texts) if t in known)

    @property
    def is_number(self) -> bool:
        """Say whether it holds numbers, blanks and marks of missing ones aside."""
        missing = sum(self.counts[t] for t in self.counts if t.strip() in self.missing_texts)
        return bool(self.numbers) and len(self.numbers) + missing >= 0.95 * len(self.texts)

    @property
    def distinct(self) -> float:
        """Share of different texts."""
        return len(self.counts) / len(self.texts) if self.texts else 0.0

    @cached_property
    def forms(self) -> tuple[str, ...]:
        """The forms of time that together read nearly all of it; empty when it is none."""
        if self.is_number and all(n.is_integer() for n in self.numbers):
            found = self._epoch()
            if found:
                return (found,)
        texts = pl.Series(list(self.counts), dtype=pl.String)
        forms: list[str] = []
        left = texts
        for _ in range(3):
            best = max(FORMS, key=lambda f: (_read(left, f), -FORMS.index(f)))
            if not _read(left, best):
                break
            forms.append(best)
            left = left.filter(times.read(left, TimeRule("", best)).is_null())
            if left.is_empty():
                break
        few = max(1 if len(texts) > 2 else 0, 0.1 * len(texts))
        return tuple(forms) if forms and len(left) <= few else ()

    def _epoch(self) -> str:
        for name, digits in _EPOCHS:
            size = 10 ** (digits - 9)
            if all(_FIRST_S * size <= n <= _LAST_S * size for n in self.numbers):
                return name
        return ""

    @property
    def has_offset(self) -> bool:
        """Say whether its times carry their offset from UTC."""
        return bool(self.texts) and all(_OFFSET.search(t) for t in self.texts)

    @property
    def is_phone(self) -> bool:
        """Say whether it holds numbers of phones or of citizens."""
        found = [t for t in self.texts if _PHONE.fullmatch(t) or _CITIZEN.fullmatch(t)]
        return len(found) * 2 > len(self.texts)

    def examples(self, most: int = 3) -> str:
        """Give some of its texts for a comment."""
        shown = [t if len(t) <= 24 else t[:23] + "…" for t, _ in self.counts.most_common(most)]
        return ", ".join(shown)


def columns_of(records: Sequence[dict[str, str]], paths: Sequence[str]) -> list[Column]:
    """Give the columns of a sample."""
    return [
        Column(path, tuple(r[path] for r in records if path in r), len(records)) for path in paths
    ]


def _read(texts: pl.Series, form: str) -> int:
    return len(texts) - times.read(texts, TimeRule("", form)).null_count()


def day_first_is_open(column: Column) -> bool:
    """Say whether the texts read as well with day and month exchanged."""
    texts = pl.Series(list(column.counts), dtype=pl.String)
    for form in column.forms:
        other = form.replace("%m/%d", "%x/%y").replace("%d/%m", "%m/%d").replace("%x/%y", "%d/%m")
        if other != form and _read(texts, other) == _read(texts, form):
            return True
    return False
