"""The state machine as a drawing and as a table, made from `layers.cases.flow` itself.

`python -m layers.cases.flow_chart docs/cases.md` writes both into the page (`make docs`), between
the lines `<!-- flow -->` and `<!-- /flow -->`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from layers.cases.flow import ENDED, NEEDS, OPEN, SENT_OUT, STATES, STEPS, Step

BEGIN, END = "<!-- flow -->", "<!-- /flow -->"

FLOWS = {"city_management": "城管 city management", "hotline": "热线 hotline", None: ""}


def mermaid() -> str:
    """Draw the steps that change the state; what leads the same way shares an arrow."""
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f"  {state} : {label.zh} {state}" for state, label in STATES.items()]
    ways: dict[tuple[str, str], list[str]] = {}
    for step in STEPS:
        for source in step.sources if step.target else ():
            if source != step.target:
                ways.setdefault((source or "[*]", step.target), []).append(_name(step))
    lines += [f"  {a} --> {b} : {'／'.join(names)}" for (a, b), names in ways.items()]
    lines += [f"  {state} --> [*]" for state in ENDED]
    return "\n".join([*lines, "```"])


def _name(step: Step) -> str:
    return f"{step.label.zh} {step.action}"


def table() -> str:
    """List every action: code, words, from where to where, what it needs."""
    lines = [
        "| 操作 action | | 从 from | 到 to | 须填 needs | 仅限 only |",
        "|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *(_row(step) for step in STEPS)])


def _row(step: Step) -> str:
    needs = "、".join(f"{NEEDS[name].zh} {NEEDS[name].en}" for name in step.needs)
    cells = (
        f"`{step.action}`",
        f"{step.label.zh} {step.label.en}",
        _sources(step.sources),
        f"`{step.target}`" if step.target else "不变 stays",
        needs or "—",
        FLOWS[step.flow] or "—",
    )
    return f"| {' | '.join(cells)} |"


def _sources(states: tuple[str, ...]) -> str:
    if states == ("",):
        return "—"
    for group, name in ((OPEN, "未结 any open"), (SENT_OUT, "立案后未结 any open after filing")):
        if set(group) <= set(states):
            rest = [f"`{state}`" for state in states if state not in group]
            return ", ".join([name, *rest])
    return " ".join(f"`{state}`" for state in states)


def block() -> str:
    """Give the part of the page that is made from the code."""
    return f"{BEGIN}\n{mermaid()}\n\n{table()}\n{END}"


def with_block(page: str) -> str:
    """Give a page with the part anew."""
    before, _, rest = page.partition(BEGIN)
    return before + block() + rest.partition(END)[2]


def main() -> None:
    """Write the part into the page that is named."""
    page = Path(sys.argv[1])
    page.write_text(with_block(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
