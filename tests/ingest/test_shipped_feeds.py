"""Every feed that ships: what the demo plays is read by the feed's own codec and mapping."""

import re
from collections import Counter, defaultdict
from datetime import UTC, datetime

import pytest

from ingest.demo.mix import CasePlay, load_play
from ingest.demo.play import Player
from ingest.mapping import load_feeds
from ingest.normalize import Normalizer
from ingest.sources.base import make_slice
from layers.batch import ACCEPTED, REJECTED, Frame
from layers.pack import CITIES, load_pack
from layers.times import to_ms

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
START_MS = to_ms(NOW) - 4 * 3_600_000
ALL = {city: load_feeds(CITIES / city / "feeds") for city in ("beijing", "chicago")}
FEEDS = [pytest.param(c, f, id=f"{c}-{f}") for c, feeds in ALL.items() for f in feeds]
GENERATED = [f for f in FEEDS if ALL[f.values[0]][f.values[1]].generated]
CASES = [f for f in GENERATED if ALL[f.values[0]][f.values[1]].kind == "case"]
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def played():
    """Four hours of each feed of both cities: (city, topic) → messages."""
    found = defaultdict(list)
    for city, feeds in ALL.items():
        for m in Player(CITIES / city, feeds, NOW).between(START_MS, to_ms(NOW)):
            found[city, m.topic].append(m)
    return found


@pytest.fixture(scope="module")
def frames():
    packs = {city: load_pack(city) for city in ALL}
    return {city: Frame(p.geography, p.code, p.timezone) for city, p in packs.items()}


def batch(feed, frame, messages):
    values = [m.value for m in messages]
    part = make_slice(feed.topic_name, 0, range(len(values)), [m.at_ms for m in messages], values)
    return Normalizer(feed, frame).batch([part])


@pytest.mark.parametrize(("city", "feed"), FEEDS)
def test_what_is_played_is_read_but_for_the_trouble_that_the_feed_announces(
    played, frames, city, feed
):
    spec = ALL[city][feed]
    messages = played[city, spec.topic_name]
    assert messages
    found = batch(spec, frames[city], messages)
    outcomes = Counter(found.rows["outcome"].to_list())
    troubled = len(messages) - outcomes[ACCEPTED]
    assert troubled <= (0.005 * len(messages) if spec.generated else 0)
    assert outcomes[REJECTED] == len(found.rejects)
    accepted = found.rows.filter(found.rows["outcome"] == ACCEPTED)
    assert accepted["unmapped"].mean() <= (0.005 if spec.generated else 0)


@pytest.mark.parametrize(("city", "feed"), FEEDS)
def test_what_is_played_lies_in_the_city(played, frames, city, feed):
    spec = ALL[city][feed]
    found = batch(spec, frames[city], played[city, spec.topic_name])
    if spec.kind != "warning":
        assert (found.rows["region"] == 0).mean() < 0.01


@pytest.mark.parametrize(("city", "feed"), CASES)
def test_a_mix_and_its_feed_know_the_same_words(city, feed):
    spec = ALL[city][feed]
    _, mix = load_play(CITIES / city, feed, spec.play)
    words = {word for path in mix.paths.values() for word, _ in path.steps}
    assert words == set(spec.codes["status"].table)
    assert {t.code for t in mix.topics} == set(spec.codes["category"].table)
    assert {name for t in mix.topics for name in t.limits} <= set(mix.limits)
    assert {name for g in mix.groups.values() for name in g.paths} <= set(mix.paths)
    assert all(path.steps[-1][1] == 1.0 for path in mix.paths.values())
    ends = {spec.codes["status"].table[path.steps[-1][0]] for path in mix.paths.values()}
    assert ends <= {"closed", "rejected", "void"}


@pytest.mark.parametrize(("city", "feed"), CASES)
def test_trouble_is_at_most_half_a_percent_and_announced(city, feed):
    spec = ALL[city][feed]
    play, _ = load_play(CITIES / city, feed, spec.play)
    assert isinstance(play, CasePlay)
    shares = [getattr(play.trouble, name) for name in play.trouble.__struct_fields__]
    assert 0 < sum(shares) <= 0.005
    assert re.search(r"0\.4\s?%", spec.origin.zh)
    assert re.search(r"0\.4\s?%", spec.origin.en)


@pytest.mark.parametrize(("city", "feed"), GENERATED)
def test_generated_messages_name_no_person_and_no_telephone(played, city, feed):
    for m in played[city, ALL[city][feed].topic_name]:
        text = m.value.decode(errors="replace")
        words = "".join(re.findall(r"[一-龥、]+[一-龥\d\-、]*", text))
        assert not re.search(r"\d{7,}", words)
        assert not re.search(r"(先生|女士|身份证|手机号|电话[:：])", text)


def test_a_work_order_of_the_hotline_has_about_four_hundred_bytes(played):
    sizes = [len(m.value) for m in played["beijing", "hotline"]]
    assert 350 < sum(sizes) / len(sizes) < 480
    assert max(sizes) < 700


def test_nothing_of_chicago_is_generated():
    assert not any(feed.generated or feed.play.get("trouble") for feed in ALL["chicago"].values())


def test_samples_are_small_and_each_is_explained_with_its_licence():
    samples = [f for city in ALL for f in (CITIES / city / "samples").iterdir()]
    assert sum(f.stat().st_size for f in samples) < 5 * MEGABYTE
    for file in samples:
        text = (file.parent / "README.md").read_text(encoding="utf-8")
        assert file.name == "README.md" or file.name in text
        assert "Licence" in text or "licence" in text
