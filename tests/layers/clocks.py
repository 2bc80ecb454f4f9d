"""Clocks for the tests of cases: the default windows in Shanghai, and zones whose clocks change."""

from datetime import datetime
from zoneinfo import ZoneInfo

from layers.cases.calendars import CALENDARS, load_calendar
from layers.cases.clock import WorkingTime

CHINA = load_calendar(CALENDARS / "china.yaml")
UNITED_STATES = load_calendar(CALENDARS / "united_states.yaml")

SHANGHAI = WorkingTime("Asia/Shanghai", CHINA)
CHICAGO = WorkingTime("America/Chicago", UNITED_STATES, windows=((0, 240), (510, 990)))
"""With a window in the night, in which the clocks change."""


def at(text, zone="Asia/Shanghai"):
    """Give the moment, ms, of a local time like 2025-09-30 17:30."""
    local = datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo(zone))
    return round(local.timestamp() * 1000)


def told(moment_ms, zone="Asia/Shanghai"):
    """Give a moment as local time, with its day of the week."""
    return datetime.fromtimestamp(moment_ms / 1000, ZoneInfo(zone)).strftime("%a %Y-%m-%d %H:%M")
