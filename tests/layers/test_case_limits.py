"""Time limits as people write them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.cases.limits import DAY_MS, HOUR_MS, KINDS, Limit, LimitError, parse_limit

# Every spelling of a published table of a city (its two parts and its first edition), and of §b5.
SPELLINGS = {
    "1天": (1, "work_day"),
    "2天": (2, "work_day"),
    "3天": (3, "work_day"),
    "4天": (4, "work_day"),
    "5天": (5, "work_day"),
    "7天": (7, "work_day"),
    "10天": (10, "work_day"),
    "15天": (15, "work_day"),
    "2小时": (2, "work_hour"),
    "4小时": (4, "work_hour"),
    "1紧急工作时": (1, "emergency_hour"),
    "1紧急工作时\n": (1, "emergency_hour"),
    "1紧急工作时制止": (1, "emergency_hour", "制止"),
    "2紧急工作时": (2, "emergency_hour"),
    "4紧急工作时": (4, "emergency_hour"),
    "1紧急工作日": (1, "emergency_day"),
    "2紧急工作日": (2, "emergency_day"),
    "2工作时": (2, "work_hour"),
    "4工作时": (4, "work_hour"),
    "1工作日": (1, "work_day"),
    "2工作日": (2, "work_day"),
    "3工作日": (3, "work_day"),
    "4工作日": (4, "work_day"),
    "5工作日": (5, "work_day"),
    " 5工作日": (5, "work_day"),
    "7工作日": (7, "work_day"),
    "10工作日": (10, "work_day"),
    "种植季节15工作日": (15, "work_day", "种植季节"),
    "2天/2工作日": (2, "work_day"),
}

FURTHER = {
    "2 紧急工作时": (2, "emergency_hour"),
    "２个工作日内": (2, "work_day"),
    "两个工作日": (2, "work_day"),
    "十五日": (15, "work_day"),
    "二十四小时": (24, "work_hour"),
    "半个工作日": (0.5, "work_day"),
    "1.5小时": (1.5, "work_hour"),
    "30分钟": (0.5, "work_hour"),
    "3自然日": (3, "natural_day"),
    "1日以内": (1, "work_day"),
    "2 working days": (2, "work_day"),
    "1 Business Day": (1, "work_day"),
    "4 emergency hours": (4, "emergency_hour"),
    "3 calendar days": (3, "natural_day"),
    "24h": (24, "work_hour"),
}


@pytest.mark.parametrize(("text", "meant"), (SPELLINGS | FURTHER).items())
def test_every_spelling_in_use_is_read(text, meant):
    assert parse_limit(text) == Limit(*meant)


@pytest.mark.parametrize("text", ["24小时", "24 hours", "24时"])
def test_hours_and_days_that_name_no_clock_run_as_the_city_says(text):
    assert parse_limit(text, "natural") == Limit(24, "natural_hour")
    assert parse_limit("3天", "natural") == Limit(3, "natural_day")
    assert parse_limit("3工作日", "natural") == Limit(3, "work_day")


def test_a_limit_that_follows_in_brackets_is_kept_beside_the_first():
    found = parse_limit("1紧急工作时（后续修复5日）")
    assert (found.count, found.kind) == (1, "emergency_hour")
    assert found.then == Limit(5, "work_day", "后续修复")
    assert parse_limit("2工作日（拆除）") == Limit(2, "work_day", "拆除")


@pytest.mark.parametrize(
    "text",
    ["", " ", "尽快", "4", "工作日", "3至5天", "3-5天", "三至五天", "2天或3天", "2天/3天",
     "2天以上", "5月1日", "0天", "-2天", "99999天", "1e9工作日", "当场"],
)  # fmt: skip
def test_what_is_no_single_limit_is_an_error_that_names_value_and_remedy(text):
    with pytest.raises(LimitError) as caught:
        parse_limit(text)
    error = caught.value
    assert text.strip() in error.problem.zh
    assert "4工作时" in error.remedy.zh
    assert "Write one number and one unit" in str(error)


@given(st.text(max_size=40))
def test_no_text_makes_the_reader_fail_in_another_way(text):
    with contextlib.suppress(LimitError):
        assert parse_limit(text).count > 0


@given(count=st.integers(1, 99), kind=st.sampled_from(sorted(KINDS)))
def test_what_a_limit_says_of_itself_is_read_as_the_same_limit(count, kind):
    limit = Limit(count, kind)
    if kind != "natural_hour":
        assert parse_limit(limit.label.zh) == limit
    assert limit.amount_ms(8 * HOUR_MS) > 0


def test_a_working_day_has_the_hours_of_the_city_and_any_other_day_24():
    assert parse_limit("2工作日").amount_ms(8 * HOUR_MS) == 16 * HOUR_MS
    assert parse_limit("1紧急工作日").amount_ms(8 * HOUR_MS) == DAY_MS
    assert parse_limit("2紧急工作时").amount_ms(8 * HOUR_MS) == 2 * HOUR_MS
