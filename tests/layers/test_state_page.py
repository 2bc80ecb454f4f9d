"""docs/state.md against the code that spells the keys."""

import inspect
import re
from pathlib import Path

import pytest

from layers.store import keys

PAGE = (Path(__file__).parents[2] / "docs" / "state.md").read_text(encoding="utf-8")

ROWS = dict(re.findall(r"^\| `([^`]+)` \| (hash|set|zset|list) \|", PAGE, re.MULTILINE))

NOT_SUFFIXES = {"home_key", "channel"}

CONSTANTS = (
    keys.FENCE,
    keys.LAG,
    keys.REBUILT,
    keys.REJECTS,
    keys.LATE,
    keys.EXPIRY,
    keys.SENT,
    keys.RULES,
)


def spelled():
    """Every suffix that keys.py can spell, its parts named as the arguments are."""
    for name, make in inspect.getmembers(keys, inspect.isfunction):
        if name not in NOT_SUFFIXES:
            yield make(**{part: f"<{part}>" for part in inspect.signature(make).parameters})
    yield from CONSTANTS


@pytest.mark.parametrize("suffix", sorted(spelled()))
def test_every_key_has_a_row_on_the_page_of_the_state(suffix):
    assert suffix in ROWS


def test_the_page_of_the_state_names_no_key_that_the_code_does_not_spell():
    assert set(ROWS) == set(spelled())


def test_the_page_and_the_key_grammar_agree_on_the_types():
    said = dict(re.findall(r"^(\S+) +(hash|set|zset|list) ", keys.__doc__, re.MULTILINE))
    assert said == ROWS


def test_the_page_says_how_keys_and_the_channel_are_spelled():
    assert f"`{keys.home_key('yw', '110108', keys.latest())}`" in PAGE
    assert f"`{keys.channel('<prefix>')}`" in PAGE
