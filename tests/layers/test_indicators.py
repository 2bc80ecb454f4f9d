"""indicators.yaml: what it may say, and what is said about mistakes."""

import pytest
from written_city import FEEDS, indicator

from layers.documents import DocumentError
from layers.indicators import load_indicators, worst_band

GOOD = """
- code: pm25
  title: {zh: 细颗粒物, en: PM2.5}
  unit: {zh: µg/m³, en: µg/m³}
  decimals: 0
  kind: reading
  feed: air
  property: pm25
  window_s: 7200
  stale_after_s: 7200
  direction: down
  bands: [{above: 75, priority: P3}, {above: 150, priority: P2}]
  source: {zh: HJ 633, en: HJ 633}
- code: open
  title: {zh: 在办, en: Open}
  unit: {zh: 件, en: cases}
  kind: count
  feed: hotline
  measure: open
  source: {zh: 自算, en: own calculation}
"""


def load(tmp_path, text):
    file = tmp_path / "indicators.yaml"
    file.write_text(text, encoding="utf-8")
    return load_indicators(file, FEEDS)


def test_indicators_are_read_in_the_order_of_the_file(tmp_path):
    found = load(tmp_path, GOOD)
    assert list(found) == ["pm25", "open"]
    assert found["pm25"].bands[1].text == "> 150"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("window_s: 7200", "windw_s: 7200", "Did you mean `window_s`"),
        ("window_s: 7200", "window_s: 0", "needs `window_s`"),
        ("feed: hotline", "feed: hotlin", "no feed 'hotlin'"),
        ("measure: open", "measure: opn", "no measure 'opn'"),
        ("  property: pm25\n", "", "needs `property`"),
        ("code: open", "code: pm25", "the code is taken"),
        ("{above: 75, priority: P3}", "{above: 75, below: 9, priority: P3}", "either `above`"),
        ("{above: 75, priority: P3}", "{priority: P3}", "either `above`"),
        ("priority: P3}", "priority: P9}", "P9"),
        ("measure: open", "measure: open\n  category: heat", "`category`"),
        ("kind: count", "kind: share", "needs `outcome`"),
        (GOOD, "[]", "holds no indicator"),
    ],
)
def test_a_mistake_is_named_with_its_file(tmp_path, old, new, said):
    assert old in GOOD
    with pytest.raises(DocumentError, match=r"indicators\.yaml") as error:
        load(tmp_path, GOOD.replace(old, new))
    assert said in str(error.value)


def test_the_worst_band_wins_and_the_limit_itself_is_inside():
    bands = indicator(
        "level",
        "reading",
        "air",
        bands=[
            {"above": 8, "priority": "P3"},
            {"above": 9, "priority": "P1"},
            {"below": 2, "priority": "P2"},
        ],
    ).bands
    passed = {v: worst_band(bands, v) for v in (1, 2, 8, 8.5, 9.5, None)}
    assert {v: b and b.priority for v, b in passed.items()} == {
        1: "P2", 2: None, 8: None, 8.5: "P3", 9.5: "P1", None: None,
    }  # fmt: skip
    assert passed[1].text == "< 2"
