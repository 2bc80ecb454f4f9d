"""A city's working time, as `working_time.yaml` of its pack says it.

Errors: DocumentError (layers.documents): file, what is wrong in it, what to do.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from layers import documents
from layers.cases.calendars import CALENDARS, WEEKENDS, Calendar, load_calendar
from layers.cases.clock import WINDOWS, Window, WorkingTime
from layers.cases.limits import HOUR_MS, Plain
from layers.documents import DocumentError

FILE = "working_time.yaml"

_HOUR = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)")


class WorkingTimeFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file says; each key may be left out."""

    calendar: str = ""
    """Name of a calendar that ships, or path of one in the pack; empty: weekends alone."""
    windows: tuple[tuple[str, str], ...] = (("08:00", "12:00"), ("14:00", "18:00"))
    """Hours of work on a worked day, in order."""
    workday_h: Annotated[float, msgspec.Meta(gt=0, le=24)] = 8.0
    """Working hours of one 工作日 in a time limit."""
    plain: Plain = "work"
    """What a limit of hours or days means that names no clock."""


@dataclass(frozen=True, slots=True)
class CityTime:
    """The clock of a city, and how its limits are read."""

    clock: WorkingTime
    plain: Plain = "work"


def load_working_time(folder: Path, zone: str) -> CityTime:
    """Read the working time of a pack; a pack without the file has the default windows.

    Args:
        folder: the pack.
        zone: IANA name of the city's time zone.

    Raises:
        DocumentError: the file or its calendar can't be taken as it is.
    """
    file = folder / FILE
    if not file.is_file():
        return CityTime(WorkingTime(zone, WEEKENDS, WINDOWS))
    found = documents.load(file, WorkingTimeFile)
    clock = WorkingTime(
        zone=zone,
        calendar=_calendar(found.calendar, folder),
        windows=_windows(found.windows, file),
        workday_ms=round(found.workday_h * HOUR_MS),
    )
    return CityTime(clock, found.plain)


def _calendar(name: str, folder: Path) -> Calendar:
    if not name:
        return WEEKENDS
    if name.endswith((".yaml", ".yml")):
        return load_calendar(folder / name)
    shipped = {file.stem: file for file in CALENDARS.glob("*.yaml")}
    if name not in shipped:
        near = difflib.get_close_matches(name, shipped, 1, 0.4)
        remedy = f"Did you mean `{near[0]}`?" if near else f"There are {', '.join(shipped)}."
        remedy += " A calendar of the pack is named with its ending, .yaml."
        raise DocumentError(folder / FILE, f"`calendar` names no calendar `{name}`", remedy)
    return load_calendar(shipped[name])


def _windows(rows: tuple[tuple[str, str], ...], file: Path) -> tuple[Window, ...]:
    found: list[Window] = []
    for row in rows:
        first, last = (_minute(text, file) for text in row)
        if first >= last or (found and first < found[-1][1]):
            remedy = "Write windows in order, each ending after it begins; split one at midnight."
            raise DocumentError(file, f"windows: {row[0]}–{row[1]} is out of order", remedy)
        found.append((first, last))
    if not found:
        raise DocumentError(file, "`windows` is empty", "Name at least one, or leave the key out.")
    return tuple(found)


def _minute(text: str, file: Path) -> int:
    match = _HOUR.fullmatch(text)
    minute = int(match[1]) * 60 + int(match[2]) if match else 1441
    if minute > 1440:
        raise DocumentError(file, f"windows: {text!r} is not a time", 'Write "08:00" to "24:00".')
    return minute
