"""Events of cases for the tests: the way of one case from the report to its end."""

from clocks import SHANGHAI, at

from layers.cases.case_file import Assist, CaseEvent, Rules
from layers.cases.fold import fold
from layers.cases.limits import parse_limit
from layers.cases.standards import read_standards
from layers.cases.working_time import CityTime
from layers.pack import CITIES

TIME = CityTime(SHANGHAI)
STANDARDS, _ = read_standards(CITIES / "beijing" / "standards" / "city_management.csv")
URBAN = Rules(TIME, standards=STANDARDS, limits={"dispatch": parse_limit("1工作时"),
                                                 "check": parse_limit("4工作时"),
                                                 "total": parse_limit("3工作日")})  # fmt: skip
HOTLINE = Rules(TIME, "hotline", limits={"handle": parse_limit("1工作日")})


def event(text, action, **more):
    """Give an event at a local time."""
    return CaseEvent("A1", action, at(text), **more)


def way(*steps):
    """Give events one minute after the other on a Monday: action, or action and its fields."""
    rows = [step if isinstance(step, tuple) else (step, {}) for step in steps]
    return [event(f"2026-11-23 09:{n:02}", name, **more) for n, (name, more) in enumerate(rows)]


FILE = ("file", {"condition": "E0110-1"})
DISPATCH = ("dispatch", {"lead": "环卫中心"})
SUBMIT = ("submit", {"photo": "after.jpg"})
PASS = ("pass", {"closing": "E0110-1"})
BECAUSE = {"reason": "理由"}
TWO = {"approvals": ("科长", "局长")}

TO_DISPATCHED = ("report", FILE, DISPATCH)
TO_HANDLING = (*TO_DISPATCHED, "accept", "start")
TO_CLOSED = (*TO_HANDLING, SUBMIT, "check_post", PASS)
HELP = (Assist("街道"), Assist("交管"))


def case_of(*steps, rules=URBAN, now="2026-11-23 10:00"):
    """Fold some steps."""
    return fold(way(*steps), rules, at(now))


def last(case):
    """Give how the last event was judged: legal, flags."""
    return case.facts[-1].legal, case.facts[-1].flags
