"""Every number of a snapshot equals the one that pandas makes of the same records."""

# ruff: noqa: PD011  `values` are fields of snapshots here
import random
from datetime import timedelta

import pandas as pd
import pytest
from written_city import BOXES, FEEDS, NOW, ZONE, WrittenCity, ago

REGIONS = [*BOXES, "000000"]
SCOPES = ["11", *BOXES, "000000"]
STATES = ["reported", "verifying", "filed", "dispatched", "handling", "suspended", "checking"]
MIDNIGHT = pd.Timestamp("2026-11-24", tz=ZONE)


@pytest.fixture
def city(store):
    """Three days of cases, incidents and readings, at random but always the same."""
    found = WrittenCity(store)
    chance = random.Random(11)
    for name in FEEDS:
        found.account(name, read=9, accepted=7, rejected=1, late=1)
    found.account("hotline", home="000000", unassigned=3, at=ago(hours=1))
    for number in range(260):
        write_case(found, chance, number)
    for number in range(80):
        at = ago(minutes=chance.randrange(3 * 1440))
        found.incident(str(number), at, chance.choice(REGIONS), chance.choice(["true", "false"]))
    for number in range(24):
        region = chance.choice(REGIONS)
        # the newest reading is written last, as ingest leaves it
        for hours in (25, 24, 23, 2.5, chance.choice([0.2, 0.9, 1.5, 2.1, 2.4])):
            value = chance.randrange(10, 200)
            found.reading(f"s{number}", value, ago(hours=hours), region, point=(1.0, 1.0))
    return found


def write_case(city, chance, number):
    reported = ago(minutes=chance.randrange(3 * 1440), seconds=chance.randrange(60))
    due = reported + timedelta(hours=chance.choice([2, 24, 48])) if number % 7 else None
    region, category = chance.choice(REGIONS), chance.choice(["heat", "noise", "odd", None])
    closed = reported + (NOW - reported) * chance.random()
    if number % 2:
        city.case(
            str(number), "closed", reported, due, closed=closed, region=region, category=category
        )
    else:
        state = chance.choice(STATES)
        city.case(str(number), state, reported, due, region=region, category=category)


def frame(city, kind, scope):
    rows = pd.DataFrame([row for row in city.rows if row["kind"] == kind])
    inside = rows if scope == "11" else rows[rows["region"].str.startswith(scope)]
    for name in ("reported", "due", "closed", "at"):
        if name in inside:
            inside = inside.assign(**{name: pd.to_datetime(inside[name], utc=True)})
    return inside


def read(city, scope, **more):
    found = city.reader().area(scope, NOW, **more)
    assert found is not None
    return found


def value(snapshot, code):
    return snapshot.indicators[code].value


@pytest.mark.parametrize("scope", SCOPES)
def test_counts_of_cases_are_those_of_the_records_at_every_level(city, scope):
    cases, found = frame(city, "case", scope), read(city, scope)
    still = cases[cases["status"] != "closed"]
    over = still["due"] < NOW
    near = still["reported"] + 0.7 * (still["due"] - still["reported"]) <= NOW
    assert value(found, "hot_open") == len(still)
    assert value(found, "hot_overdue") == over.sum()
    assert value(found, "hot_soon") == (near & ~over).sum()
    assert value(found, "hot_today") == (cases["reported"] >= MIDNIGHT).sum()
    assert value(found, "hot_closed") == (cases["closed"] >= MIDNIGHT).sum()
    today = cases[cases["reported"] >= MIDNIGHT]
    assert value(found, "hot_heat") == (today["category"] == "heat").sum()


@pytest.mark.parametrize("scope", SCOPES)
def test_counts_of_the_last_hour_and_day_go_by_the_minute(city, scope):
    minutes = frame(city, "case", scope)["reported"].dt.floor("min")
    now = pd.Timestamp(NOW).floor("min")
    found = read(city, scope)
    assert value(found, "hot_hour") == (minutes > now - pd.Timedelta(hours=1)).sum()
    assert value(found, "hot_24h") == (minutes > now - pd.Timedelta(days=1)).sum()


@pytest.mark.parametrize("scope", SCOPES)
def test_rates_are_formed_after_adding_up(city, scope):
    cases, calls = frame(city, "case", scope), frame(city, "incident", scope)
    closed = cases[cases["closed"] >= MIDNIGHT]
    in_time = (closed["due"].isna() | (closed["closed"] <= closed["due"])).sum()
    still = cases[cases["status"] != "closed"]
    fell_due = ((still["due"] >= MIDNIGHT) & (still["due"] < NOW)).sum()
    owed = len(closed) + fell_due
    found = read(city, scope)
    assert value(found, "hot_rate") == (pytest.approx(100 * in_time / owed) if owed else None)
    today = calls[calls["at"] >= MIDNIGHT]
    share = (today["outcome"] == "false").mean() * 100 if len(today) else None
    assert value(found, "false_share") == (None if share is None else pytest.approx(share))


def newest(city, scope):
    found = frame(city, "reading", scope)
    return found.sort_values("at").groupby("sensor").last()


@pytest.mark.parametrize("scope", SCOPES)
def test_a_reading_is_the_mean_over_the_sensors_that_report(city, scope):
    sensors = newest(city, scope)
    reporting = sensors[sensors["at"] >= ago(hours=2)]
    found = read(city, scope).indicators["pm25"]
    assert found.sources_reporting == len(reporting)
    assert found.sources_expected == (max(6, len(sensors)) if scope == "11" else len(sensors))
    expected = reporting["value"].mean() if len(reporting) else None
    assert found.value == (None if expected is None else pytest.approx(expected))
    online = value(read(city, scope), "air_online")
    whole = found.sources_expected
    assert online == (pytest.approx(100 * len(reporting) / whole) if whole else None)


@pytest.mark.parametrize("scope", SCOPES)
def test_trends_are_hourly_means_of_readings_and_hourly_counts_of_records(city, scope):
    found = read(city, scope).indicators
    hours = pd.date_range(end=pd.Timestamp(NOW).floor("h"), periods=24, freq="h")
    readings, cases = frame(city, "reading", scope), frame(city, "case", scope)
    means = readings.groupby(readings["at"].dt.floor("h"))["value"].mean().reindex(hours)
    assert found["pm25"].trend == tuple(
        None if pd.isna(v) else pytest.approx(v) for v in means.to_list()
    )
    counts = cases["reported"].dt.floor("h").value_counts().reindex(hours, fill_value=0)
    assert found["hot_today"].trend == tuple(counts.to_list())
    assert found["hot_open"].trend == ()


@pytest.mark.parametrize("scope", SCOPES)
def test_a_change_compares_with_the_same_time_yesterday(city, scope):
    cases, readings = frame(city, "case", scope), frame(city, "reading", scope)
    found = read(city, scope).indicators
    minutes = cases["reported"].dt.floor("min")
    until = pd.Timestamp(NOW).floor("min") - pd.Timedelta(days=1)
    before = ((minutes >= MIDNIGHT - pd.Timedelta(days=1)) & (minutes <= until)).sum()
    if scope in {"11", "110101", "110102"}:
        assert found["hot_today"].change == found["hot_today"].value - before
    if found["pm25"].value is not None:
        hour = pd.Timestamp(found["pm25"].as_of).floor("h") - pd.Timedelta(days=1)
        same = readings[readings["at"].dt.floor("h") == hour]["value"]
        assert found["pm25"].change == pytest.approx(found["pm25"].value - same.mean())


def test_without_the_minutes_of_yesterday_there_is_no_change(city):
    assert read(city, "11").indicators["hot_today"].change is not None
    for key in list(city.store.client.scan_iter("*:m:*")):
        city.store.client.delete(key)
    assert read(city, "11").indicators["hot_today"].change is None


def test_the_city_is_the_sum_of_its_districts_and_of_what_has_no_place(city):
    whole, parts = read(city, "11"), [read(city, s) for s in ("110101", "110102", "000000")]
    for code in ("hot_today", "hot_open", "hot_overdue", "hot_soon", "hot_closed", "hot_24h"):
        assert value(whole, code) == sum(value(part, code) for part in parts)
    for stage, number in whole.funnel.stages.items():
        assert number == sum(part.funnel.stages[stage] for part in parts)


def test_a_child_in_the_table_shows_what_its_own_page_shows(city):
    for scope in ("11", "110101", "110101001"):
        whole = read(city, scope)
        assert whole.children
        for child in whole.children:
            page = read(city, child.region.code)
            assert child.values == {code: i.value for code, i in page.indicators.items()}
            assert child.open_cases == page.funnel.open
            assert child.overdue == page.funnel.overdue
            assert child.due_soon == page.funnel.due_soon
            assert child.received_today == page.funnel.received_today
            assert child.alerts == len(page.alerts)
        assert whole.map.values == {c.region.code: c.values["pm25"] for c in whole.children}


@pytest.mark.parametrize("scope", SCOPES)
def test_the_funnel_counts_every_open_case_once(city, scope):
    funnel = read(city, scope).funnel
    assert sum(n for stage, n in funnel.stages.items() if stage != "closed") == funnel.open
    assert funnel.stages["closed"] == funnel.closed_today
    assert sum(funnel.by_category.values()) == funnel.received_today
    cases = frame(city, "case", scope)
    today = cases[cases["reported"] >= MIDNIGHT]["category"]
    assert funnel.by_category.get("noise", 0) == (today == "noise").sum()
    assert funnel.by_category.get("other", 0) == (~today.isin(["heat", "noise"])).sum()


@pytest.mark.parametrize("scope", SCOPES)
def test_the_case_list_holds_the_most_pressing_first(city, scope):
    cases = frame(city, "case", scope)
    still = cases[cases["status"] != "closed"].sort_values("due", na_position="last")
    found = read(city, scope).cases
    assert [c.due_at for c in found if c.due_at] == still["due"].dropna().to_list()[:60]
    assert len(found) == min(60, len(still))
    clocks = {c.id: c.clock for c in found}
    for number, row in still.set_index("number").iterrows():
        if number in clocks and not pd.isna(row["due"]):
            used = (NOW - row["reported"]) / (row["due"] - row["reported"])
            steps = [(0.7, "normal"), (0.9, "near"), (1.0, "urgent"), (float("inf"), "overdue")]
            assert clocks[number] == next(name for limit, name in steps if used < limit)


def test_the_case_list_is_right_when_one_district_has_all_that_presses(store):
    city = WrittenCity(store)
    city.account("hotline", accepted=1)
    for number in range(80):
        due = ago(minutes=500 - number)
        city.case(f"a{number}", "handling", ago(hours=20), due, region="110101001")
    for number in range(20):
        due = NOW + timedelta(hours=number)
        city.case(f"b{number}", "handling", ago(hours=20), due, region="110102001")
    assert [c.id for c in read(city, "11").cases] == [f"a{number}" for number in range(60)]


def test_the_latest_events_come_first_and_are_thirty(city):
    cases, calls = frame(city, "case", "11"), frame(city, "incident", "11")
    told = cases["closed"].fillna(cases["reported"])
    expected = pd.concat([told, calls["at"]]).sort_values(ascending=False).head(30)
    found = read(city, "11").events
    assert [e.at for e in found] == [t.round("ms") for t in expected]
    assert {e.kind for e in found} <= {"case", "incident"}


def test_the_day_is_drawn_hour_by_hour_and_the_rest_of_it_is_not_there_yet(city):
    trend = read(city, "11", indicator="hot_open").trend
    hours = frame(city, "case", "11")["reported"].dt.tz_convert(ZONE).dt.floor("h")
    days = [MIDNIGHT + pd.Timedelta(days=d) for d in (0, -1)]
    today, yesterday = (
        [int((hours == day + pd.Timedelta(hours=h)).sum()) for h in range(24)] for day in days
    )
    assert list(trend.today) == [*today[:15], *[None] * 9]
    assert list(trend.yesterday) == yesterday
    assert trend.now_hour == pytest.approx(14.5)


def test_a_region_that_is_not_known_has_no_snapshot(city):
    assert city.reader().area("110199", NOW) is None
    assert city.reader().area("1", NOW) is None


def test_what_has_no_place_is_counted_in_the_city(city):
    assert read(city, "110101").unassigned == 3
    assert read(city, "000000").region.name.zh == "未定位"


def test_the_indicators_of_the_wall_come_first(city):
    found = city.reader(wall=("hot_open", "pm25")).area("11", NOW)
    assert list(found.indicators)[:3] == ["hot_open", "pm25", "air_online"]


def test_the_classes_of_the_map_are_fifths_of_the_values(store):
    city = WrittenCity(store)
    city.account("air", accepted=1)
    for region, number in (("110101001", 10), ("110101002", 30)):
        city.reading(f"s{region}", number, ago(minutes=5), region)
    found = read(city, "110101").map
    assert found.values == {"110101001": 10.0, "110101002": 30.0}
    assert found.breaks == tuple(pd.Series([10.0, 30.0]).quantile([0.2, 0.4, 0.6, 0.8]))
    assert found.child_level == 9
    assert found.center == (2.0, 2.0)


def test_points_are_pressing_cases_incidents_and_the_sensors_of_the_map(store):
    city = WrittenCity(store)
    city.account("air", accepted=1)
    city.reading("calm", 10, ago(minutes=5), "110101001", point=(1.0, 1.0))
    city.reading("beyond", 160, ago(minutes=5), "110101001", point=(1.5, 1.0))
    city.case("over", "handling", ago(hours=9), ago(hours=1), lng=1.0, lat=2.0)
    city.case("urgent", "handling", ago(hours=19), NOW + timedelta(hours=1), lng=1.0, lat=2.0)
    city.case("easy", "handling", ago(hours=1), NOW + timedelta(hours=9), lng=1.0, lat=2.0)
    city.incident("fire", ago(hours=1), "110101", point=(1.0, 2.0))
    found = {p.id: p.priority for p in read(city, "11").map.points}
    assert found == {"calm": None, "beyond": "P2", "over": "P3", "urgent": None, "fire": None}
    assert read(city, "11").map.points[-1].id == "beyond"
    others = {p.id for p in read(city, "11", indicator="hot_open").map.points}
    assert "beyond" in others
    assert "calm" not in others
