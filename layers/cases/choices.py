"""Which actions are legal on a case now, what each needs, and why the others are not."""

from __future__ import annotations

import msgspec

from layers.cases.case_file import CaseFile, Rules
from layers.cases.flags import FLAGS
from layers.cases.flow import NEEDS, STATES, Step, steps_of
from layers.cases.guards import BARS
from layers.labels import Label


class Choice(msgspec.Struct, frozen=True):
    """One action, as a button would show it."""

    action: str
    label: Label
    is_legal: bool
    needs: tuple[str, ...]
    """What must be filled in: keys of `layers.cases.flow.NEEDS`."""
    why_not: tuple[Label, ...] = ()

    @property
    def need_labels(self) -> tuple[Label, ...]:
        """What must be filled in, in words."""
        return tuple(NEEDS[name] for name in self.needs)


def choices(case: CaseFile, rules: Rules, now_ms: int) -> tuple[Choice, ...]:
    """Give every action of a case's kind, the legal ones first.

    Args:
        case: as `layers.cases.fold.fold` made it for this moment.
        rules: by what the city judges it.
        now_ms: the moment.
    """
    found = [_choice(step, case, rules, now_ms) for step in steps_of(rules.flow)]
    return tuple(sorted(found, key=lambda choice: not choice.is_legal))


def _choice(step: Step, case: CaseFile, rules: Rules, now_ms: int) -> Choice:
    if case.state not in step.sources:
        reasons: tuple[Label, ...] = (_elsewhere(step, case.state),)
    else:
        flags = (BARS[name](case, now_ms, rules) for name in step.bars)
        reasons = tuple(FLAGS[flag] for flag in flags if flag)
    return Choice(step.action, step.label, not reasons, step.needs, reasons)


_BEFORE = Label("尚未上报", "not reported yet")


def _elsewhere(step: Step, state: str) -> Label:
    here = STATES.get(state, _BEFORE)
    there = [STATES.get(name, _BEFORE) for name in step.sources]
    return Label(
        f"案件为“{here.zh}”；仅可用于：{'、'.join(label.zh for label in there)}",
        f"the case is {here.en}; only for: {', '.join(label.en for label in there)}",
    )
