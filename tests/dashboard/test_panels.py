"""Panels are pure functions: what a snapshot says stands on the screen, and nothing else does."""

import pytest
import sample_city as city
from all_screens import BARE
from component_tree import classes, having, heard, only, text, walk
from msgspec import structs

from dashboard.panels import (
    accounts,
    alerts,
    breadcrumb,
    cases,
    city_map,
    data_health,
    districts,
    events,
    funnel,
    header,
    indicators,
    record,
    rejects,
    sensors,
    trend,
    vitals,
)
from layers.labels import Label
from layers.snapshot import RecordField


def tile(value, lang="zh", view=None):
    return vitals.tile(value, "/area/11", city.say(lang), view or city.view(lang))


def test_a_stale_tile_is_grey_keeps_its_last_value_and_says_since_when():
    shown = tile(city.stale())
    assert {"tile", "is-stale", "is-grey"} <= set(classes(shown))
    assert text(only(shown, "tile-since")) == "自 09:30 起无新数据"
    assert text(only(shown, "tile-value")) == "12"
    assert not having(shown, "coverage")


def test_a_live_tile_is_not_grey_and_its_age_goes_on_by_itself():
    shown = tile(city.indicator())
    assert "is-grey" not in classes(shown)
    age = next(part for part in walk(shown) if part._type == "Age")
    assert age.at == round(city.ago(minutes=8).timestamp() * 1000)
    assert age.stale_after_s == 7200


@pytest.mark.parametrize(("lang", "never"), [("zh", "尚无数据"), ("en", "No data yet")])
def test_a_value_that_is_missing_is_a_dash_and_never_a_zero(lang, never):
    shown = tile(city.silent(), lang)
    assert text(only(shown, "tile-value")) == "—"
    assert "is-grey" in classes(shown)
    assert text(only(shown, "tile-since")) == never
    assert "0" not in text(shown)


def test_a_true_zero_is_a_zero():
    assert text(only(tile(city.indicator(value=0.0)), "tile-value")) == "0"


def test_a_breach_shows_the_word_of_its_priority_and_the_limit_that_was_passed():
    shown = tile(city.breached())
    assert "breach-p2" in classes(shown)
    assert text(only(shown, "mark-p2")) == "P2"
    assert "> 160" in text(shown)
    assert not having(tile(city.indicator()), "mark")


def test_a_tile_inside_its_band_shows_the_change_since_yesterday_with_its_direction():
    assert text(only(tile(city.indicator(change=3.4)), "tile-change")) == "▲ 3"
    assert text(only(tile(city.indicator(change=-3.4, decimals=1)), "tile-change")) == "▼ 3.4"
    assert text(only(tile(city.indicator(change=0.2)), "tile-change")) == "＝"
    assert text(only(tile(city.indicator(change=None)), "tile-change")) == ""


def test_a_tile_says_how_many_of_the_expected_sources_report_and_marks_a_shortfall():
    full = only(tile(city.indicator()), "coverage")
    short = only(tile(city.indicator(sources_reporting=30)), "coverage")
    assert text(full) == "来源 35/35"
    assert text(short) == "来源 30/35"
    assert "is-short" in classes(short)
    assert "is-short" not in classes(full)


def test_a_tile_names_the_standard_behind_it_and_the_department_that_answers_for_it():
    spoken = heard(tile(city.indicator()))
    assert "HJ 633 第4条" in spoken
    assert "市生态环境局" in spoken


def test_the_indicator_that_colours_the_map_is_marked_and_no_other_is():
    view = city.view(indicator="pm25")
    strip = vitals.panel(city.area(), city.say(), view)
    chosen = having(strip, "is-chosen")
    assert [text(only(one, "tile-title")) for one in chosen] == ["细颗粒物"]
    assert "indicator=water" in having(strip, "is-stale")[0].href


def test_an_official_chip_has_the_legal_colour_and_the_word_of_its_level():
    for level, word in {"red": "红色", "orange": "橙色", "yellow": "黄色", "blue": "蓝色"}.items():
        top = header.wall(city.area(alerts=(city.official(level=level),)), city.say(), city.view())
        chip = only(top, "chip")
        assert f"edge-{level}" in classes(chip)
        assert having(chip, f"mark-{level}")
        assert text(only(chip, "chip-level")) == word


def test_an_exercise_is_called_one_and_is_not_counted():
    snapshot = city.area(alerts=(city.official(), city.official(exercise=True)))
    shown = alerts.panel(snapshot, city.say(), city.view())
    assert text(only(shown, "panel-aside")) == "官方预警 1 · 越限 0"
    assert text(only(shown, "badge-exercise")) == "演练"
    chips = having(header.wall(snapshot, city.say(), city.view()), "chip")
    assert ["edge-exercise" in classes(chip) for chip in chips] == [False, True]
    assert text(only(chips[1], "badge-exercise")) == "演练"


def test_a_reading_is_called_by_operator_priority_and_never_by_a_legal_colour():
    shown = alerts.panel(city.area(alerts=(city.reading(),)), city.say(), city.view())
    row = only(shown, "row")
    assert "edge-p2" in classes(row)
    assert text(only(row, "mark")) == "P2"
    assert not any(word in text(shown) for word in ("红色", "橙色", "黄色", "蓝色"))


def test_alerts_that_do_not_fit_are_counted_and_linked():
    many = city.area(alerts=tuple(city.reading(id=str(i)) for i in range(10)))
    shown = alerts.panel(many, city.say(), city.view(), limit=6)
    assert len(having(shown, "row")) == 6
    more = only(shown, "more")
    assert text(more) == "另有 4 条 ›"
    assert more.href.startswith("/area/11?")


def test_no_warning_in_force_is_said_in_words():
    top = header.wall(city.area(alerts=(city.reading(),)), city.say(), city.view())
    assert text(only(top, "top-mid")) == "无生效官方预警"
    assert not having(top, "chip")


@pytest.mark.parametrize("health", [city.feed(), city.never()])
def test_the_numbers_of_the_accounts_add_up_as_they_are_written(health):
    def number(term):
        return int(text(term).lstrip("=+ ").replace(",", ""))

    names = ("accepted", "duplicate", "rejected", "late")
    short = data_health.equation(health, city.say())
    card = accounts.card(health, city.say(), city.view())
    for shown, stem in ((short, "term"), (card, "account")):
        read, *parts = (
            number(only(shown, f"{stem}-{name}").children[1])
            if stem == "account"
            else number(only(shown, f"{stem}-{name}"))
            for name in ("read", *names)
        )
        assert read == sum(parts) == health.read


def test_only_rejected_and_late_messages_ask_somebody_to_act():
    calm, busy = (data_health.equation(f, city.say()) for f in (city.never(), city.feed()))
    assert not having(calm, "is-act")
    assert [text(term) for term in having(busy, "is-act")] == ["41", "4"]


def test_a_feed_that_never_spoke_is_silent_with_a_word_and_not_with_a_time():
    card = accounts.card(city.never(), city.say(), city.view())
    assert "is-silent" in classes(card)
    assert text(only(card, "state-silent")) == "中断"
    assert "尚无数据" in text(card)
    assert "未知" in text(card)


def test_feeds_that_need_somebody_come_first():
    shown = accounts.panel(city.sources(), city.say(), city.view())
    assert [card.id for card in having(shown, "card")] == ["feed-grid", "feed-air"]
    assert text(only(shown, "panel-aside")) == "1/2 路数据在线"


def test_a_feed_leads_to_its_card():
    strip = data_health.panel(city.area(), city.say(), city.view())
    assert [link.href.partition("#")[2] for link in having(strip, "health")] == [
        "feed-air",
        "feed-grid",
        "feed-warnings",
    ]


def test_a_reject_says_why_what_to_do_and_where_in_the_log_it_lies():
    shown = rejects.panel(city.sources(), city.say(), city.view())
    for words in ("不是数字", "请来源改送数字", "分区 1 · 位移 77", '{"value": "n/a"}', "gone"):
        assert words in text(shown)
    assert text(only(shown, "panel-aside")) == "显示 2 / 共 41"


@pytest.mark.parametrize("rest", [{}, {"rejects": ()}])
def test_stored_rejects_that_can_not_be_read_are_told(rest):
    found = city.sources(rejects_unreadable=3, **rest)
    shown = text(rejects.panel(found, city.say("en"), city.view("en")))
    assert "3 more stored rejects can't be read" in shown
    assert "No message was rejected" not in shown


def test_areas_are_ordered_by_what_is_overdue_and_no_area_is_a_dash():
    shown = districts.panel(city.area(), city.say(), city.view())
    rows = [text(row) for row in having(shown, "cell-link")]
    assert rows == ["朝阳区", "海淀区"]
    cells = [[text(cell) for cell in having(row, "n")] for row in walk(shown) if row._type == "Tr"]
    assert cells[1][-1] == "42"
    assert cells[2][-1] == "—"


def test_in_a_city_without_cases_areas_are_ordered_by_what_came_today():
    children = (city.child(city.HAIDIAN, 1, 4), city.child(city.CHAOYANG, 2, 3))
    snapshot = city.area(
        feeds={"police": city.feed("police", kind="incident")},
        children=tuple(
            structs.replace(row, received_today=count)
            for row, count in zip(children, (7, 5), strict=True)
        ),
    )
    shown = districts.panel(snapshot, city.say(), city.view())
    assert [text(row) for row in having(shown, "cell-link")] == ["海淀区", "朝阳区"]
    assert "超期" not in text(shown)


def test_a_city_without_cases_shows_categories_in_place_of_the_funnel():
    snapshot = city.area(feeds={"police": city.feed("police", kind="incident")})
    shown = funnel.wall(snapshot, city.say(), city.view())
    assert having(shown, "table-categories")
    assert not having(shown, "stage")
    assert having(funnel.panel(snapshot, city.say(), city.view()), "absent")


def test_where_no_feed_brings_official_warnings_their_absence_is_not_called_calm():
    snapshot = city.area(alerts=(), feeds={"air": city.feed()})
    assert text(only(header.wall(snapshot, city.say(), city.view()), "top-mid")) == "未接入官方预警"
    assert "未接入官方预警" in text(alerts.panel(snapshot, city.say(), city.view()))


def test_an_indicator_that_nobody_reports_here_is_left_out_and_a_silent_one_is_not():
    nobody = city.indicator(value=None, as_of=None, sources_reporting=0, sources_expected=0)
    silent = city.indicator(value=None, as_of=None, sources_reporting=0, sources_expected=3)
    shown = {
        expected: indicators.panel(city.area(indicators={"x": one}), city.say(), city.view())
        for expected, one in ((0, nobody), (3, silent))
    }
    assert not having(shown[0], "tile")
    assert having(shown[3], "tile")


def test_records_without_a_place_are_counted_beside_the_areas_of_the_city():
    shown = districts.panel(city.area(), city.say(), city.view())
    link = only(shown, "unassigned")
    assert text(link) == "未定位 17"
    assert link.href.startswith("/area/000000?")


def test_areas_that_do_not_fit_the_wall_are_counted():
    shown = districts.panel(city.area(), city.say(), city.view(), limit=1)
    assert len(having(shown, "cell-link")) == 1
    assert text(having(shown, "more")[0]) == "其余 1 个 ›"


def test_the_map_carries_every_value_and_a_missing_one_stays_missing():
    shown = next(
        part
        for part in walk(city_map.panel(city.area(), city.say(), city.view()))
        if part._type == "CityMap"
    )
    assert shown.values == {"110105": 41.6, "110108": None}
    assert shown.labels == {"110105": "朝阳区\n42", "110108": "海淀区\n—"}
    assert shown.geo == "/geo/11/6.json"
    assert shown.hrefTemplate == "/area/{code}?lang=zh&theme=dark"


def test_an_area_without_children_is_framed_among_its_siblings():
    assert city_map.geo_address(city.district()) == "/geo/11/6.json"


def test_a_case_shows_its_clock_in_words_and_a_title_that_is_missing_is_its_category():
    shown = cases.panel(city.area(), city.say(), city.view())
    assert [text(link) for link in having(shown, "cell-link")] == [city.RECORD_TITLE, "供热"]
    assert text(only(shown, "due-overdue")) == "超期"
    assert text(only(shown, "due-none")) == "无时限"
    assert len(having(shown, "badge-demo")) == 1


def test_categories_stand_under_the_names_of_the_city_and_unknown_codes_as_they_came():
    shown = funnel.categories(city.area(), city.say(), city.view())
    heads = [text(c) for c in walk(shown) if getattr(c, "scope", "") == "row"]
    assert heads == ["供热", "未归类", "odd-7"]
    latest = events.panel(city.area(), city.say("en"), city.view("en"))
    assert [text(title) for title in having(latest, "event-title")] == ["Heating", "Kitchen fire"]


def test_the_funnel_counts_each_stage_and_the_clock_of_the_open_ones():
    shown = funnel.panel(city.area(), city.say(), city.view())
    assert [text(count) for count in having(shown, "stage-count")] == [
        *("5", "9", "14", "1.2万", "3", "21"),
    ]
    assert [text(c) for c in having(shown, "clock")] == ["未结 12,376", "临期 6", "超期 2"]
    assert [("is-act" in classes(c)) for c in having(shown, "clock")] == [False, True, True]


def test_a_sensor_that_is_late_is_grey():
    shown = sensors.panel(city.area(), city.say(), city.view())
    rows = [part for part in walk(shown) if part._type == "Tr"][1:]
    assert ["is-grey" in classes(row) for row in rows] == [False, True]


def test_a_day_of_which_nothing_is_known_is_said_so_and_not_drawn_flat():
    bare = trend.panel(city.area(**BARE), city.say(), city.view())
    assert text(only(bare, "calm")) == "今天还没有数据"
    drawn = next(
        p for p in walk(trend.panel(city.area(), city.say(), city.view())) if p._type == "Chart"
    )
    yesterday, today = drawn.figure["data"]
    assert today["y"] == list(city.TREND.today)
    assert yesterday["y"] == list(city.TREND.yesterday)


def test_the_way_down_to_an_area_ends_at_the_area_itself():
    shown = breadcrumb.area(city.district(), city.say(), city.view())
    assert [text(link) for link in having(shown, "crumb")] == ["北京市"]
    assert text(next(p for p in walk(shown) if p._type == "H1")) == "朝阳区"


def test_a_record_without_coordinates_says_so_and_one_with_them_stands_on_the_map():
    lost = record.place(city.record(lng=None, lat=None), city.say(), city.view())
    assert text(only(lost, "calm")) == "记录没有坐标"
    placed = record.place(city.record(), city.say(), city.view())
    point = next(part for part in walk(placed) if part._type == "CityMap").points[0]
    assert (point["lng"], point["lat"]) == (116.46, 39.93)


def test_a_record_shows_the_very_message_it_came_from_and_its_place_in_the_log():
    shown = record.message(city.record(), city.say(), city.view())
    assert text(only(shown, "raw")) == '{"v": 181}'
    facts = [text(fact) for fact in having(shown, "fact")]
    assert {"主题 air", "分区 2", "位移 991"} <= set(facts)


def test_a_field_that_is_empty_is_a_dash():
    shown = record.fields(city.record(), city.say(), city.view())
    rows = [text(part) for part in walk(shown) if part._type == "Tr"]
    assert "单位 —" in rows
    assert "vendor_code x-9" in rows


@pytest.mark.parametrize(("code", "row"), [("4107", "Heating   4107"), ("Heating", "Heating")])
def test_a_category_is_named_beside_its_code_unless_it_names_itself(code, row):
    field = RecordField(name="category", value=code, label=Label("供热", "Heating"))
    shown = record.fields(city.record(fields=(field,)), city.say("en"), city.view("en"))
    assert f"Category {row}" in [text(part) for part in walk(shown) if part._type == "Tr"]


def test_a_warning_that_is_told_in_chinese_alone_is_marked_as_such_on_an_english_screen():
    told = city.official(title=Label("大风蓝色预警", "大风蓝色预警"))
    for lang, marked in (("zh", None), ("en", "zh-CN")):
        panel = alerts.panel(city.area(alerts=(told,)), city.say(lang), city.view(lang))
        assert getattr(only(panel, "row-title"), "lang", None) == marked
        assert getattr(only(panel, "row-detail").children[-1], "lang", None) is None


@pytest.mark.parametrize("top", [header.wall, header.page])
def test_what_is_generated_wears_the_badge_and_a_city_with_none_of_it_does_not(top):
    marked = top(city.area(), city.say(), city.view())
    assert text(only(marked, "badge-demo")) == "演示数据"
    assert having(marked, "watermark")
    clean = top(city.area(demo=None), city.say(), city.view())
    assert not having(clean, "badge-demo")
    assert not having(clean, "watermark")


@pytest.mark.parametrize(
    ("lag", "words"), [(9, "数字尚不完整"), (0, "早于 Kafka 保留期的历史不在其中")]
)
def test_state_built_again_is_told_on_the_wall_and_the_card(lag, words):
    found = city.area()
    feeds = {
        name: structs.replace(feed, rebuilt_at=found.as_of, lag=lag)
        for name, feed in found.feeds.items()
    }
    changed = structs.replace(found, feeds=feeds)
    assert words in text(data_health.panel(changed, city.say(), city.view()))
    assert words not in text(data_health.panel(found, city.say(), city.view()))
    card = accounts.card(next(iter(feeds.values())), city.say(), city.view())
    assert ("正由 Kafka 重建" if lag else "已由 Kafka 重建") in text(card)
