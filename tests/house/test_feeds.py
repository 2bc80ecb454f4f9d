"""Every feed of every city pack that ships."""

from pathlib import Path

import pytest

from ingest.demo.kinds import KINDS
from layers.feeds import load_feeds

CITIES = Path(__file__).resolve().parents[2] / "layers" / "cities"

FEEDS = [
    pytest.param(pack.parent, feed, id=f"{pack.parent.name}-{feed.id}")
    for pack in sorted(CITIES.glob("*/city.yaml"))
    for feed in load_feeds(pack.parent / "feeds").values()
]

REQUIRED = {
    "observation": {"sensor_id", "property", "value"},
    "case": {"case_id", "status", "reported_at"},
    "incident": {"incident_id"},
    "warning": set(),
}
"""Kind → the canonical fields that a feed must map."""


def strings(value):
    if isinstance(value, dict):
        for part in value.values():
            yield from strings(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from strings(part)
    elif isinstance(value, str):
        yield value


def test_both_cities_ship_with_feeds():
    cities = {feed.values[0].name for feed in FEEDS}
    assert {"beijing", "chicago"} <= cities


@pytest.mark.parametrize(("pack", "feed"), FEEDS)
def test_a_feed_can_be_played_from_samples_that_ship(pack, feed):
    assert feed.play.get("kind") in KINDS
    named = [text for text in strings(feed.play) if text.startswith("samples/")]
    assert named
    assert not [text for text in named if not (pack / text).is_file()]


def test_no_sample_ships_that_no_feed_plays():
    played = {
        pack / text for pack, feed in (f.values for f in FEEDS) for text in strings(feed.play)
    }
    samples = {f for f in CITIES.glob("*/samples/*") if f.name != "README.md"}
    assert not samples - played


@pytest.mark.parametrize(("pack", "feed"), FEEDS)
def test_a_feed_says_in_both_languages_who_owns_it_whom_to_call_and_where_it_comes_from(pack, feed):
    labels = {"title": feed.title, "owner": feed.owner, "contact": feed.contact}
    labels["origin"] = feed.origin
    assert not [name for name, text in labels.items() if not text.zh.strip() or not text.en.strip()]


@pytest.mark.parametrize(("pack", "feed"), FEEDS)
def test_a_feed_maps_what_its_kind_requires_and_can_be_silent(pack, feed):
    assert REQUIRED[feed.kind] <= set(feed.fields)
    assert feed.kind == "warning" or feed.time is not None
    assert feed.expect.sources > 0
    assert feed.expect.silent_after_s >= feed.expect.interval_s
    assert feed.late_after_s > 0


@pytest.mark.parametrize(("pack", "feed"), FEEDS)
def test_generated_data_says_so_to_the_viewer(pack, feed):
    if feed.generated:
        assert "演示" in feed.origin.zh + feed.title.zh
