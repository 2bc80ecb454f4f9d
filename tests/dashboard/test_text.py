"""Every visible string stands in Chinese and in English, and each language stands alone."""

import re
import string
from datetime import UTC, datetime

import pytest
import sample_city as city
from all_screens import screens
from component_tree import heard, text

from dashboard.panels.accounts import span
from dashboard.text import codes
from dashboard.text.say import PHRASES, Say

CHINESE = re.compile("[\u3001\u3002\u300c\u300d\u3400-\u9fff\uff08\uff09\uff0c\uff1a]")
WORDS = {
    **PHRASES,
    **{
        f"{family}.{code}": w
        for family, table in codes.FAMILIES.items()
        for code, w in table.items()
    },
}
TO_CHINESE = PHRASES["switch_lang"].en
"""The one word that an English screen says in Chinese: the way back."""


def fields(phrase):
    return {name for _, name, _, _ in string.Formatter().parse(phrase) if name}


@pytest.mark.parametrize("key", WORDS)
def test_every_text_stands_in_both_languages_with_the_same_fields(key):
    word = WORDS[key]
    assert word.zh.strip(), key
    assert word.en.strip(), key
    assert fields(word.zh) == fields(word.en)


@pytest.mark.parametrize("key", sorted(set(WORDS) - {"switch_lang", "watermark"}))
def test_no_english_text_has_chinese_in_it(key):
    assert not CHINESE.search(WORDS[key].en)


def test_every_state_clock_and_level_of_a_snapshot_has_a_word():
    assert set(codes.STATE) == {"live", "partial", "stale", "silent"}
    assert set(codes.CLOCK) == {"normal", "near", "urgent", "overdue", "none", "closed"}
    assert set(codes.LEVEL) == set(codes.NUMERAL) == {"red", "orange", "yellow", "blue"}


def test_an_english_page_has_no_chinese_left():
    for page, panel, tree in screens("en"):
        for said in (text(tree), *heard(tree)):
            left = said.replace(TO_CHINESE, "").replace(PHRASES["watermark"].en, "")
            assert not CHINESE.search(left), (page, panel, left)


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [
        (None, "—", "—"),
        (0, "0", "0"),
        (9_999, "9,999", "9,999"),
        (12_345, "1.2万", "12.3k"),
        (1_234_567, "123.5万", "1.23M"),
        (123_456_789, "1.23亿", "123.46M"),
    ],
)
def test_large_counts_are_written_as_readers_of_each_language_count(value, zh, en):
    assert Say("zh").short(value) == zh
    assert Say("en").short(value) == en


def test_a_moment_is_local_and_has_its_day_only_when_that_is_not_today():
    say = city.say()
    assert say.moment(city.ago(minutes=30), city.NOW) == "14:00"
    assert say.moment(city.ago(hours=15), city.NOW) == "11-23 23:30"
    assert say.moment(datetime(2025, 12, 31, 20, tzinfo=UTC), city.NOW) == "01-01 04:00"
    assert say.moment(datetime(2025, 1, 1, 2, tzinfo=UTC), city.NOW) == "2025-01-01 10:00"
    assert say.moment(None, city.NOW) == "—"


def test_a_code_that_no_table_knows_stands_as_it_came():
    assert Say("zh").code("status", "paused") == "paused"


@pytest.mark.parametrize(
    ("seconds", "zh"), [(90, "90 秒"), (120, "2 分钟"), (7200, "2 小时"), (172_800, "2 天")]
)
def test_a_length_of_time_is_written_in_its_largest_whole_unit(seconds, zh):
    assert span(seconds, Say("zh")) == zh
