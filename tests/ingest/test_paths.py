"""Paths: every name can be written, every wrong path says what is wrong with it."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.paths import (
    EACH,
    PathError,
    chain_of,
    check_chains,
    check_special,
    is_special,
    name_of_column,
    parse,
    spell,
)

NAMES = st.text(min_size=1)
BRACKETS = st.integers(-3, 9) | st.just(EACH)
STEPS = st.lists(NAMES | BRACKETS, min_size=1, max_size=6)


@given(STEPS)
def test_every_way_into_a_message_can_be_written_as_a_path(steps):
    path = spell(steps)
    assert parse(path) == tuple(steps)
    assert not is_special(path)


@given(st.text(max_size=12))
def test_any_text_is_a_path_or_says_what_is_wrong_with_it(text):
    problem = "it is right"
    with suppress(PathError):
        assert parse(spell(parse(text))) == parse(text)
        problem = ""
    if problem:
        with pytest.raises(PathError, match=r"path .*: .+\. [A-Z]"):
            parse(text)


@pytest.mark.parametrize("path", ["", "a.", "a..b", ".a", "a[]b", "a.[0]", "a[x]", "a]", "a\\"])
def test_a_path_that_means_nothing_is_refused(path):
    with pytest.raises(PathError):
        parse(path)


def test_a_name_with_dots_brackets_or_a_leading_dollar_is_written_with_backslashes():
    assert parse(r"Datastream.@iot\.id") == ("Datastream", "@iot.id")
    assert parse(r"\$ref.a\[0\]") == ("$ref", "a[0]")
    assert parse("PM2\\.5 (µg/m³)[-1]") == ("PM2.5 (µg/m³)", -1)


def test_a_column_is_named_to_the_letter_or_with_the_backslashes_of_a_path():
    assert name_of_column("PM2.5 [µg]") == name_of_column(r"PM2\.5 \[µg\]") == "PM2.5 [µg]"


def test_the_arrays_on_the_way_of_a_path_are_its_chain():
    assert chain_of(parse("a[].b[2].c[].d")) == (("a", EACH), ("a", EACH, "b", 2, "c", EACH))


def test_arrays_of_the_same_depth_go_side_by_side_and_others_must_lie_on_their_way():
    check_chains(["id", "a[].x", "b[].y", "a[].q[].z", "b[].q[].z"])
    with pytest.raises(PathError, match="not on the way"):
        check_chains(["a[].x", "b[].y[].z"])


def test_a_path_with_a_dollar_is_one_of_ours():
    for path in ("$key", "$header.ce_id", "$header.a.b", "$timestamp", "$cell", "$column.hour"):
        check_special(path)
    for path in ("$", "$.a", "$keys", "$header.", "$root"):
        with pytest.raises(PathError):
            check_special(path)
