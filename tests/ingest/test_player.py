"""The played city: the same again in every run, in order, and in the proportions of its mix."""

import json
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
import shapely
from played_city import NOW, SHAPES, Hand, player, write_pack

from ingest.codecs.cap import read_alert
from ingest.demo.clocks import HOUR_MS, Clock
from ingest.demo.lives import Lives
from ingest.demo.mix import load_play
from ingest.demo.play import CHUNK, Cursor, Player, PlayError
from ingest.mapping import load_feeds
from layers.datum import to_wgs84
from layers.pack import CITIES
from layers.times import to_ms

OFFSET_MS = 8 * HOUR_MS


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pack")
    write_pack(folder)
    return folder


def flat(chunks):
    return [message for chunk in chunks for message in chunk]


def hours(count):
    return count * HOUR_MS


def lives_of(feed):
    spec = load_feeds(CITIES / "beijing" / "feeds")[feed]
    play, mix = load_play(CITIES / "beijing", feed, spec.play)
    return Lives(mix, play.per_day, 7, OFFSET_MS), mix


def test_another_player_of_the_same_city_says_the_same(pack):
    end = to_ms(NOW)
    later = player(pack, now=NOW + timedelta(hours=3)).between(end - hours(2), end)
    assert later == player(pack).between(end - hours(2), end)
    assert later != player(pack, seed=5).between(end - hours(2), end)


def test_a_window_is_the_sum_of_its_parts(pack):
    played, end = player(pack), to_ms(NOW)
    cuts = [end - hours(7), end - hours(6), end - 1_234_567, end - 1, end]
    parts = [played.between(a, b) for a, b in pairwise(cuts)]
    assert flat(parts) == played.between(cuts[0], end)


def test_history_is_in_order_in_bounded_lists_and_ends_now(pack):
    chunks = list(player(pack).history(30))
    times = [m.at_ms for m in flat(chunks)]
    assert max(map(len, chunks)) <= CHUNK
    assert times == sorted(times)
    assert to_ms(NOW) - 120_000 < times[-1] < to_ms(NOW)


def test_history_tells_the_newest_version_of_each_case_that_is_open(pack):
    only, calm = ("hotline",), {"trouble": {}, "per_day": 800}
    whole = flat(player(pack, only=only, **calm).history(24 * 32))
    newest = {m.key: json.loads(m.value) for m in whole}
    still_open = {k for k, m in newest.items() if "closed_at" not in m}
    told = {m.key: json.loads(m.value) for m in flat(player(pack, only=only, **calm).history(2))}
    assert len(still_open) > 500
    assert {k: told.get(k) for k in still_open} == {k: newest[k] for k in still_open}


def test_history_since_an_earlier_run_tells_only_what_came_after(pack):
    since = NOW - timedelta(minutes=30)
    found = flat(player(pack).history(30, since))
    assert found == player(pack).between(to_ms(since), to_ms(NOW))


def test_live_goes_on_where_history_ends_at_the_pace_of_the_clock(pack):
    hand = Hand(step_s=20)
    found = []
    for messages in player(pack).live(lambda: hand.now, hand.sleep):
        found += messages
        if hand.now >= NOW + timedelta(seconds=380):
            break
    assert found == player(pack).between(to_ms(NOW), to_ms(NOW) + 380_000)


def test_every_life_is_told_step_by_step_to_its_end(pack):
    start = to_ms(NOW)
    found = player(pack, only=("hotline",), trouble={}, per_day=800).between(
        start, start + hours(24 * 28)
    )
    versions = defaultdict(list)
    for m in (json.loads(m.value) for m in found):
        if m["accepted_at"] < "2026-11-26" and m["order_no"].startswith("20261125"):
            versions[m["order_no"]].append((m["rev"], m["updated_at"], m.get("closed_at")))
    assert len(versions) > 600
    for told in versions.values():
        assert [rev for rev, _, _ in told] == list(range(1, len(told) + 1))
        assert [at for _, at, _ in told] == sorted(at for _, at, _ in told)
        assert [bool(closed) for _, _, closed in told] == [False] * (len(told) - 1) + [True]


def test_a_faster_city_sends_more_and_nothing_from_the_future(pack):
    cursor = Cursor(player(pack, speed=60))
    wall = NOW + timedelta(seconds=30)
    found = cursor.until(wall)
    usual = player(pack).between(to_ms(NOW), to_ms(NOW) + 30 * 60_000)
    assert [m.key for m in found] == [m.key for m in usual]
    assert all(m.at_ms <= to_ms(wall) for m in found)
    stamps = [
        json.loads(m.value)["updated_at"]
        for m in found
        if m.topic == "hotline" and m.value[-1:] == b"}"
    ]
    assert max(datetime.fromisoformat(s) for s in stamps) <= wall


def chi_square(counts, shares):
    expected = np.asarray(shares) / np.sum(shares) * np.sum(counts)
    return float(((np.asarray(counts) - expected) ** 2 / expected).sum())


@pytest.mark.parametrize("feed", ["hotline", "city_management", "grid_officer"])
def test_cases_come_by_the_hours_and_in_the_shares_of_the_mix(feed):
    lives, mix = lives_of(feed)
    start = to_ms(datetime(2026, 11, 1, 16, tzinfo=UTC))
    cases = lives.alive(start, start + hours(24 * 14))
    cases = cases[cases["born"] >= start]
    by_hour = np.bincount((cases["born"] + OFFSET_MS) // HOUR_MS % 24, minlength=24)
    groups = np.bincount(cases["group"], minlength=len(mix.groups))
    topics = np.bincount(cases["topic"], minlength=len(mix.topics))
    weights = [t.weight * t.months.get(11, 1) for t in mix.topics]
    # 70 is far in the tail for 23 degrees of freedom, 100 for 45.
    assert chi_square(by_hour, mix.hours) < 70
    assert chi_square(groups, [g.share for g in mix.groups.values()]) < 40
    assert chi_square(topics, weights) < 100
    usual = load_feeds(CITIES / "beijing" / "feeds")[feed].play["per_day"] * 14
    assert abs(len(cases) - usual) < 0.02 * usual


def test_the_hotline_answers_at_once_as_often_as_published():
    lives, mix = lives_of("hotline")
    start = to_ms(datetime(2026, 11, 1, 16, tzinfo=UTC))
    cases = lives.alive(start, start + hours(24 * 7))
    cases = cases[cases["born"] >= start]
    assert abs((cases["path"] == list(mix.paths).index("直办")).mean() - 0.527) < 0.005


def test_limits_of_components_have_the_published_frequencies():
    _, mix = lives_of("city_management")
    topics = [t for t in mix.topics if t.code.startswith("C")]
    shares = Counter()
    for topic in topics:
        for name, weight in topic.limits.items():
            shares[name] += topic.weight * weight / sum(topic.limits.values())
    published = {"1工作日": 113, "3工作日": 73, "5工作日": 67, "2工作日": 60}
    published |= {"4工作时": 22, "2紧急工作时": 15}
    total = sum(t.weight for t in topics)
    for name, count in published.items():
        assert shares[name] / total == pytest.approx(count / 350, abs=0.005)


@pytest.mark.parametrize(
    ("clock", "limit_h", "due"),
    [("work", 4, "30 11:30"), ("work", 8, "30 17:30"), ("always", 2, "27 19:30")],
)
def test_limits_run_by_working_hours_or_round_the_clock(clock, limit_h, due):
    """Friday 17:30 + 4 工作时, 1 工作日, 2 紧急工作时."""
    kept = Clock(clock, OFFSET_MS)
    begun = np.array([to_ms(datetime.fromisoformat("2026-11-27T17:30:00+08:00"))])
    wanted = to_ms(datetime.strptime(f"2026-11-{due} +0800", "%Y-%m-%d %H:%M %z"))
    assert abs(int(kept.moment(kept.worked(begun) + limit_h)[0]) - wanted) < 1_000


def test_trouble_is_modest_and_of_every_kind(pack):
    start = to_ms(NOW)
    found = player(pack, only=("hotline",), per_day=30_000).between(start, start + hours(24))
    whole = Counter(m.value for m in found)
    twice = sum(count - 1 for count in whole.values())
    told, broken = [], 0
    for m in found:
        try:
            told.append((m.at_ms, json.loads(m.value)))
        except ValueError:
            broken += 1
    late = sum(at - to_ms(datetime.fromisoformat(m["updated_at"])) > hours(24) for at, m in told)
    nowhere = sum(m["lng"] == 0 for _, m in told)
    outside = sum(m["lng"] > 119 for _, m in told)
    unknown = sum(m["class"] == "未编码事项" for _, m in told)
    kinds = (twice, late, broken, nowhere, outside, unknown)
    assert min(kinds) > 0
    assert sum(kinds) <= 0.005 * len(found)


def test_points_lie_in_the_street_they_name_and_follow_the_people(pack):
    start = to_ms(NOW)
    found = player(pack, only=("hotline",), trouble={}).between(start, start + hours(6))
    rows = [json.loads(m.value) for m in found]
    lng, lat = to_wgs84(
        np.array([r["lng"] for r in rows]), np.array([r["lat"] for r in rows]), "GCJ02"
    )
    streets = [r["address"].removeprefix("区")[7:16] for r in rows]
    # Positions are written with six decimals: a tenth of a metre of tolerance at the edges.
    shapes = [shapely.buffer(SHAPES[s], 2e-6) for s in streets]
    assert shapely.contains_xy(shapes, lng, lat).all()
    share = sum(s.startswith("110101") for s in streets) / len(streets)
    assert share == pytest.approx(0.9, abs=0.05)


def test_officers_report_by_codes_of_three_lengths(pack):
    start = to_ms(NOW)
    found = player(pack, only=("grid_officer",), trouble={}).between(start, start + hours(24))
    codes = Counter(m.value.decode().split(",")[2] for m in found)
    assert set(codes) <= set(SHAPES)
    assert {len(c) for c in codes} == {9, 12, 15}


def test_readings_are_those_of_the_same_day_of_the_sample_and_gaps_stay_gaps(pack):
    start = to_ms(NOW)
    found = player(pack, only=("air_quality",)).between(start, start + hours(2))
    rows = [json.loads(m.value) for m in found]
    stations = pl.read_csv(CITIES / "beijing/samples/prsa_stations.csv")
    names = dict(stations.select("station", "station_zh").iter_rows())
    sample = pl.read_parquet(CITIES / "beijing/samples/prsa_2015.parquet").filter(
        pl.col("at").is_between(datetime(2015, 11, 24, 17), datetime(2015, 11, 24, 18))  # noqa: DTZ001
    )
    wanted = {
        (names[row["station"]], name, f"2026-11-24T{row['at']:%H}:00:00+08:00"): row[name]
        for row in sample.iter_rows(named=True)
        for name in ("pm25", "pm10", "so2", "no2", "o3", "co")
        if row[name] is not None
    }
    told = {(r["station"], r["property"], r["observed_at"]): r["value"] for r in rows}
    assert told.keys() == wanted.keys()
    scale = {"co": 0.001}
    assert all(
        told[k] == pytest.approx(v * scale.get(k[1], 1), abs=0.001) for k, v in wanted.items()
    )


def chicago(now=NOW):
    folder = CITIES / "chicago"
    return Player(folder, load_feeds(folder / "feeds"), now)


def test_incidents_keep_weekday_and_time_and_have_one_id_for_ever():
    start = to_ms(NOW)
    weeks = chicago().between(start, start + hours(24 * 7 * 9))
    assert len({m.key for m in weeks}) == len(weeks)
    again = chicago(NOW + timedelta(days=1)).between(start, start + hours(24))
    assert again == weeks[: len(again)]
    sample = pl.read_parquet(CITIES / "chicago/samples/incidents_2018.parquet")
    real = Counter(
        (at.weekday(), f"{at:%H:%M}", block)
        for at, block in sample.select("occurred_at", "block").iter_rows()
    )
    for m in weeks[:2_000]:
        row = json.loads(m.value)
        at = datetime.fromisoformat(row["occurred_at"])
        assert real[(at.weekday(), f"{at:%H:%M}", row["block"])] > 0
        assert 0 <= m.at_ms - to_ms(at) < 60_000


def in_force(messages, moment):
    alerts = [read_alert(m.value) for m in messages if m.at_ms <= to_ms(moment)]
    named = " ".join(a["references"] or "" for a in alerts)
    return [
        a
        for a in alerts
        if a["msgType"] != "Cancel"
        and datetime.fromisoformat(a["expires"]) > moment
        and a["identifier"] not in named
    ]


def test_one_to_three_warnings_and_one_exercise_are_in_force_at_any_time(pack):
    start = to_ms(NOW) - hours(72)
    messages = player(pack, only=("warnings",)).between(start, to_ms(NOW) + hours(48))
    for hour in range(48):
        found = in_force(messages, NOW + timedelta(hours=hour))
        assert 1 <= sum(a["status"] == "Actual" for a in found) <= 3
        assert sum(a["status"] == "Exercise" for a in found) in (1, 2)
        assert all(len(a["identifier"]) == 31 for a in found)
        assert all("演示" in a["headline"] for a in found)
    kinds = Counter(read_alert(m.value)["msgType"] for m in messages)
    assert set(kinds) == {"Alert", "Update", "Cancel"}


def test_warnings_still_in_force_are_told_with_a_short_history(pack):
    short = flat(player(pack, only=("warnings",)).history(0.5))
    long = flat(player(pack, only=("warnings",)).history(100))
    ids = [{a["identifier"] for a in in_force(messages, NOW)} for messages in (short, long)]
    assert ids[0] == ids[1] != set()


def test_an_unknown_kind_is_named_with_the_nearest_one(pack):
    with pytest.raises(PlayError, match=r"'hotlin' is unknown. Did you mean 'hotline'"):
        player(pack, only=("hotline",), kind="hotlin")
