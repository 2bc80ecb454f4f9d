"""The file of one case (案卷): what happened to it, and what the events folded so far make of it.

All values are frozen; all moments are milliseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from layers.cases.limits import Limit
from layers.cases.standards import Standards
from layers.cases.working_time import CityTime

Flow = Literal["city_management", "hotline"]
"""GB/T 30428 cases, or requests of a hotline (12345 接诉即办)."""

Stage = Literal["verify", "dispatch", "handle", "check", "total"]


@dataclass(frozen=True)
class Rules:
    """By what a city judges the steps of its cases."""

    time: CityTime
    flow: Flow = "city_management"
    standards: Standards | None = None
    """None: any filing condition is taken as it comes, and sets no limit."""
    limits: Mapping[Stage, Limit] = field(default_factory=dict)
    """Limits of stages; `handle` is for cases whose filing condition sets none."""
    ratings: tuple[str, ...] = ("satisfied", "mostly", "fair", "dissatisfied")
    most_extensions: int = 2
    recurrence_days: int = 30
    """A case that is opened again within so many days has recurred (复发)."""


class Assist(msgspec.Struct, frozen=True):
    """A department that helps the lead (协办)."""

    department: str
    limit: str = ""
    """As people write it; empty: the limit of the lead."""


class CaseEvent(msgspec.Struct, frozen=True):
    """One thing that was done to a case."""

    case_id: str
    action: str
    """A code of `layers.cases.flow`; `observe` where a feed only tells the state."""
    at: int
    version: float = 0
    """Order of events at the same moment."""
    by: str = ""
    """Who did it: person or department."""
    reason: str = ""
    category: str = ""
    condition: str = ""
    """Filing condition that was chosen: id of a row of the filing standards."""
    closing: str = ""
    """Row whose closing condition is met."""
    lead: str = ""
    """Department that is to act (主办)."""
    assists: tuple[Assist, ...] = ()
    assignee: str = ""
    """Person who holds the case from now on."""
    limit: str = ""
    """Time limit in words, where it isn't that of the filing condition."""
    until: int | None = None
    """End of a suspension."""
    approvals: tuple[str, ...] = ()
    """Who approved it."""
    result: str = ""
    """Of a verification: exists | absent | unverifiable; of a call: solved, unsolved, unreached."""
    reply: str = ""
    photo: str = ""
    """Picture taken afterwards."""
    other_case: str = ""
    """The case that this one is merged into, or that is merged into this one."""
    rating: str = ""
    status: str = ""
    """Canonical state, of `observe`."""


class Fact(msgspec.Struct, frozen=True):
    """An event as it was judged; none is ever lost."""

    at: int
    version: float
    action: str
    by: str
    before: str
    """State."""
    after: str
    legal: bool
    """False: it is on record and has changed nothing."""
    flags: tuple[str, ...] = ()
    """What is remarkable or wrong with it: codes of `layers.cases.flags`."""
    reason: str = ""


class Hop(msgspec.Struct, frozen=True):
    """Who held the case in which state, from when to when."""

    state: str
    role: str
    holder: str
    """Person or department; empty where only the role is known."""
    start_ms: int
    end_ms: int | None = None
    working_min: int | None = None
    """Working minutes; None outside the days of the clock."""


class Assignment(msgspec.Struct, frozen=True):
    """A department's part in a case."""

    department: str
    part: Literal["lead", "assist"]
    start_ms: int
    end_ms: int | None = None
    outcome: str = ""
    """returned | reassigned | submitted | ended; empty while it goes on."""
    limit: Limit | None = None
    extensions: int = 0


class CaseFile(msgspec.Struct, frozen=True):
    """A case as its events make it."""

    case_id: str = ""
    state: str = ""
    category: str = ""
    condition: str = ""
    closing: str = ""
    limit: Limit | None = None
    lead: str = ""
    reported_at: int | None = None
    filed_at: int | None = None
    closed_at: int | None = None
    hops: tuple[Hop, ...] = ()
    """The timeline, in order; the last is open while the case is."""
    assignments: tuple[Assignment, ...] = ()
    facts: tuple[Fact, ...] = ()
    pending: Mapping[str, int] = {}
    """Requests that wait for a decision (return, extension, appeal) → when they were made."""
    verified: str = ""
    returns: int = 0
    is_returned: bool = False
    """It came back from a department and was not sent out again yet."""
    reworks: int = 0
    suspensions: int = 0
    suspended_until: int | None = None
    supervisions: int = 0
    reopenings: int = 0
    is_recurrence: bool = False
    is_direct: bool = False
    """Answered at once (即答)."""
    is_forced: bool = False
    """Closed by force (强制结案)."""
    is_overdue: bool = False
    """A lead department or the whole case ran over its limit: a fact that no appeal removes."""
    is_exempt: bool = False
    """The overdue appeal was granted: not counted in scoring."""
    is_excluded: bool = False
    """Not part of the evaluation (剔除)."""
    merged_into: str = ""
    absorbed: tuple[str, ...] = ()
    """Cases that were merged into this one."""
    call_back: str = ""
    rating: str = ""

    @property
    def lead_assignment(self) -> Assignment | None:
        """The latest part of a lead department."""
        return next((a for a in reversed(self.assignments) if a.part == "lead"), None)

    @property
    def open_assists(self) -> tuple[Assignment, ...]:
        """Helping departments that have not submitted yet."""
        return tuple(a for a in self.assignments if a.part == "assist" and a.end_ms is None)

    @property
    def extensions(self) -> int:
        """Extensions that the lead department was granted."""
        lead = self.lead_assignment
        return 0 if lead is None else lead.extensions
