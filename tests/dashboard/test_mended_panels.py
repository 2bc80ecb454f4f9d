"""What the page of sources says of rejects that were mended, and of rules that were refused."""

import sample_city as city
from msgspec import structs

from dashboard.panels import accounts, rejects


def test_mended_rejects_and_refused_rules_are_told_in_both_languages():
    feed = city.feed(
        mended=7, rules="0a1b2c3d", rules_since=city.ago(hours=2), refused="no `topik`"
    )
    told = city.sources(feeds={"air": feed}, refused={"new.yaml": "is not YAML"})
    for lang, words in (
        ("zh", ("已修复", "旧规则继续生效")),
        ("en", ("Mended", "old rules go on")),
    ):
        text = str(accounts.panel(told, city.say(lang), city.view()))
        assert all(word in text for word in (*words, "0a1b2c3d", "no `topik`", "new.yaml"))
    mended = structs.replace(city.REJECT, is_mended=True)
    shown = str(rejects.panel(city.sources(rejects=(mended,)), city.say(), city.view()))
    assert "已修复" in shown
    assert "请来源改送数字" not in shown
