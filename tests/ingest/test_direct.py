"""A city played straight into the pipeline, without a broker."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from played_city import NOW, Hand, feeds_of, player, write_pack

from ingest.consumer import Intake, Pace, Worker
from ingest.demo.direct import DirectSource, Playing
from ingest.worker import NoTopic
from layers.batch import Frame
from layers.feeds import read_health
from layers.pack import load_pack


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pack")
    write_pack(folder)
    return folder


def direct(pack, hand, begin=lambda names: dict.fromkeys(names, -1), hours_back=1.0):
    played = player(pack, now=hand.now)
    playing = Playing(played.history(hours_back), lambda: hand.now, hand.sleep)
    return DirectSource(played, tuple(feeds_of()), begin, playing)


def polled(source, polls):
    return [part for _ in range(polls) for part in source.poll(1.0)]


def test_direct_playing_numbers_each_topic_without_gaps_and_repeats_what_is_asked_again(pack):
    hand = Hand()
    source = direct(pack, hand)
    found = [s for s in polled(source, 12) if s.topic == "hotline"]
    offsets = np.concatenate([s.offsets for s in found])
    assert offsets.tolist() == list(range(len(offsets)))
    assert [s.start for s in found[1:]] == [s.next for s in found[:-1]]
    source.commit({"hotline:0": 100})
    source.seek({"hotline:0": 150})
    again = next(s for s in source.poll(1.0) if s.topic == "hotline")
    assert again.start == 150
    assert again.value(0) == next(s for s in found if s.next > 150).value(150 - found[0].start)
    assert source.lag()["hotline:0"] == 0


def test_direct_playing_begins_at_the_fence_and_waits_no_longer_than_asked(pack):
    hand = Hand()
    source = direct(pack, hand, begin=lambda names: dict.fromkeys(names, 5_000))
    first = next(s for s in polled(source, 12) if s.topic == "hotline")
    assert (first.start, int(first.offsets[0])) == (5_000, 5_000)
    before = hand.now
    source.poll(0.3)
    assert hand.now - before <= timedelta(seconds=0.3)


def test_direct_playing_tells_up_to_where_a_later_run_need_not_look(pack):
    hand = Hand()
    source = direct(pack, hand, hours_back=0.1)
    assert source.settled_until is None
    polled(source, 30)
    assert source.settled_until <= NOW
    source.commit({f"{t}:0": 1 << 40 for t in feeds_of()})
    assert NOW < source.settled_until <= hand.now


def played_into(store, folder, now):
    """Play two hours into the state; give the number of messages, and the accounts."""
    feeds = feeds_of()
    play = player(folder, now=now)
    frame = Frame(load_pack(folder).geography, "11", "Asia/Shanghai")
    clock = now.timestamp
    worker = Worker(Intake(feeds, frame), store, NoTopic(), Pace(5_000, 0.0, 1e9), clock)
    playing = Playing(play.history(2), lambda: now, Hand().sleep)
    source = DirectSource(play, worker.topics, worker.begin, playing)
    count = worker.drain(Impatient(source))
    return count, read_health(store, feeds, frame.homes, now)


class Impatient:
    """A source that is never waited for."""

    def __init__(self, source):
        self._source = source

    def __getattr__(self, name):
        return getattr(self._source, name)

    def poll(self, timeout_s):
        return self._source.poll(0.0)


def test_a_city_played_again_is_counted_as_repeated_and_changes_no_number(store, pack):
    # Redis forgets by its own clock, so the played past must be near.
    now = datetime.now(UTC).replace(microsecond=0)
    count, first = played_into(store, pack, now)
    again, second = played_into(store, pack, now)
    assert count == again > 3_000
    assert sum(f.read for f in first.values()) == count
    assert all(f.read == f.accepted + f.duplicate + f.rejected + f.late for f in second.values())
    calm = ("air_quality", "weather", "warnings")
    assert {f: second[f].accepted for f in calm} == {f: first[f].accepted for f in calm}
    assert second["hotline"].read == 2 * first["hotline"].read
