"""Say things in the viewer's language: phrases, names, numbers and times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from dashboard.text import codes, phrases
from layers.labels import Label

LANGUAGES = ("zh", "en")
"""Languages of the product, the first one is the default."""

PHRASES: dict[str, Label] = {**phrases.WALL, **phrases.AREA, **phrases.SOURCES, **phrases.SHELL}
"""Key → phrase; a phrase may hold named fields in braces."""

NOTHING = "—"
"""A number that is not known. Never a zero."""


@dataclass(frozen=True)
class Say:
    """One language and one time zone.

    Args:
        lang: "zh" or "en".
        zone: IANA name of the city's time zone.
    """

    lang: str
    zone: str = "UTC"

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def __call__(self, key: str, **fields: object) -> str:
        """Give the phrase of a key with its fields filled in."""
        phrase = PHRASES[key].of(self.lang)
        return phrase.format(**fields) if fields else phrase

    def of(self, label: Label) -> str:
        """Give a name that the data carries in both languages."""
        return label.of(self.lang)

    def code(self, family: str, code: str) -> str:
        """Give the word of a canonical code; a code no table knows stands as it came."""
        word = codes.FAMILIES[family].get(code)
        return word.of(self.lang) if word else code

    def number(self, value: float | None, decimals: int = 0) -> str:
        """Write a number in full, with separators; None is a dash."""
        return NOTHING if value is None else f"{value:,.{decimals}f}"

    def short(self, value: int | None) -> str:
        """Write a count in few characters: 12.3万 or 123k from ten thousand up."""
        if value is None or abs(value) < 10_000:
            return self.number(value)
        if self.lang == "en":
            return f"{value / 1e6:.2f}M" if abs(value) >= 1e6 else f"{value / 1e3:.1f}k"
        return f"{value / 1e8:.2f}亿" if abs(value) >= 1e8 else f"{value / 1e4:.1f}万"

    def change(self, value: float | None, decimals: int) -> str:
        """Write a difference with its direction as a shape, not only as a sign."""
        if value is None:
            return ""
        size = f"{abs(value):,.{decimals}f}"
        if float(size.replace(",", "")) == 0:
            return "＝"
        return f"{'▲' if value > 0 else '▼'} {size}"

    def time(self, moment: datetime | None) -> str:
        """Write hour and minute, local."""
        return NOTHING if moment is None else f"{moment.astimezone(self._zone):%H:%M}"

    def moment(self, moment: datetime | None, now: datetime) -> str:
        """Write hour and minute, with the day unless it is today, with the year unless this one."""
        if moment is None:
            return NOTHING
        local, today = moment.astimezone(self._zone), now.astimezone(self._zone)
        if local.date() == today.date():
            return f"{local:%H:%M}"
        return f"{local:%m-%d %H:%M}" if local.year == today.year else f"{local:%Y-%m-%d %H:%M}"

    def exact(self, moment: datetime | None) -> str:
        """Write date and time to the second, local."""
        return NOTHING if moment is None else f"{moment.astimezone(self._zone):%Y-%m-%d %H:%M:%S}"
