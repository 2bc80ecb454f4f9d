"""Days on which is worked: holidays and make-up days as files, one a country, dated by year.

Errors: DocumentError (layers.documents): file, what is wrong in it, what to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from layers import documents
from layers.documents import DocumentError
from layers.labels import Label

CALENDARS = Path(__file__).resolve().parents[1] / "cities" / "calendars"
"""The calendars that ship with the product."""

Status = Literal["announced", "provisional", "unknown"]
"""announced: as the authority published it; provisional: only what the law fixes; unknown: the file
does not speak of the year, only its weekends are known."""

STATUSES: Mapping[Status, Label] = {
    "announced": Label("已公布", "announced"),
    "provisional": Label("暂定，待公布", "provisional, not yet announced"),
    "unknown": Label("无日历，仅按周末", "no calendar, weekends alone"),
}


class _Spec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base: an unknown key is an error."""


class Holiday(_Spec, frozen=True):
    """Days off in a row, the first and the last included."""

    name: Label
    first: date = msgspec.field(name="from")
    last: date | None = msgspec.field(name="to", default=None)

    @property
    def days(self) -> tuple[date, ...]:
        """Each of its days."""
        count = ((self.last or self.first) - self.first).days + 1
        return tuple(self.first + timedelta(days=n) for n in range(count))


class Year(_Spec, frozen=True):
    """What is known of one year."""

    status: Literal["announced", "provisional"]
    source: Label
    """Law or notice, with its number and day."""
    holidays: tuple[Holiday, ...]
    workdays: tuple[date, ...] = ()
    """Days of a weekend that are worked (调休上班)."""


class CalendarFile(_Spec, frozen=True):
    """What a calendar's file says."""

    id: str
    title: Label
    weekend: tuple[Annotated[int, msgspec.Meta(ge=1, le=7)], ...]
    """ISO days of the week, Monday is 1."""
    years: dict[Annotated[int, msgspec.Meta(ge=1900, le=2200)], Year]


@dataclass(frozen=True)
class Calendar:
    """The days on which is worked, ready to be asked."""

    id: str
    title: Label
    weekend: frozenset[int]
    holidays: Mapping[date, Label]
    workdays: frozenset[date]
    years: Mapping[int, Year]

    def is_workday(self, day: date) -> bool:
        """Say whether a day is worked."""
        if day in self.holidays:
            return False
        return day in self.workdays or day.isoweekday() not in self.weekend

    def status(self, day: date) -> Status:
        """Say how sure that is."""
        year = self.years.get(day.year)
        return "unknown" if year is None else year.status


WEEKENDS = Calendar("weekends", Label("仅周末", "Weekends alone"), frozenset((6, 7)), {},
                    frozenset(), {})  # fmt: skip
"""Saturdays and Sundays, no holidays: where a city names no calendar."""


def load_calendar(file: Path) -> Calendar:
    """Read a calendar.

    Raises:
        DocumentError: the file can't be read, a key is unknown or missing, a holiday ends before it
            begins, a day is both off and worked, or a make-up day isn't on a weekend.
    """
    return _calendar(documents.load(file, CalendarFile), file)


def _calendar(found: CalendarFile, file: Path) -> Calendar:
    holidays: dict[date, Label] = {}
    workdays: set[date] = set()
    for year, rows in found.years.items():
        for holiday in rows.holidays:
            _check_span(holiday, year, file)
            holidays |= dict.fromkeys(holiday.days, holiday.name)
        workdays |= set(rows.workdays)
    for day in sorted(workdays):
        if day in holidays:
            problem = f"{day} is under holidays ({holidays[day].en}) and under workdays"
            raise DocumentError(file, problem, "Remove it from one of them.")
        if day.isoweekday() not in found.weekend:
            problem = f"workdays: {day} is not on a weekend, so it is worked anyway"
            raise DocumentError(file, problem, "Correct the day, or remove it.")
    return Calendar(
        found.id, found.title, frozenset(found.weekend), holidays, frozenset(workdays), found.years
    )


def _check_span(holiday: Holiday, year: int, file: Path) -> None:
    last = holiday.last or holiday.first
    if not 0 <= (last - holiday.first).days < 60:
        problem = f"{year}: {holiday.name.en} is from {holiday.first} to {last}"
        raise DocumentError(file, problem, "Let `to` follow `from` by less than 60 days.")
    if not year - 1 <= holiday.first.year <= year:
        problem = f"{year}: {holiday.name.en} begins on {holiday.first}"
        raise DocumentError(file, problem, "Write it under its own year.")
