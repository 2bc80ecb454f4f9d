"""Poison of every kind: mutants of real messages cost only themselves.

Each shipped feed reads a few hundred of its own messages with mutants among them: bits turned,
ends torn off, messages spliced, hostile pieces put in. FUZZ_ROUNDS=500 makes a long run of it.
"""

import os
import random
from datetime import UTC, datetime

import pytest
from log_source import LogSource

from ingest.consumer import Intake, Pace, Worker
from ingest.demo.play import Player
from ingest.mapping import load_feeds
from ingest.normalize import Normalizer
from ingest.sources.base import make_slice
from layers.batch import Frame
from layers.feeds import read_health
from layers.pack import CITIES, load_pack
from layers.times import to_ms

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ROUNDS = int(os.environ.get("FUZZ_ROUNDS", "2"))
ALL = {city: load_feeds(CITIES / city / "feeds") for city in ("beijing", "chicago")}
FEEDS = [pytest.param(c, f, id=f"{c}-{f}") for c, feeds in ALL.items() for f in feeds]

PIECES = (
    b"\x00", b"\xff", b"\xed\xa0\x80", b"\n", b"\r\n", b'"', b"\\", b"{", b"}", b"[", b"]", b",",
    b"null", b"NaN", b"1e999", b"-0", b"99999999999999999999", b"\\u0000", b"\\ud800", b"[[[[",
    b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>", b"<![CDATA[", b"&b;",
    b"\xef\xbb\xbf", "，".encode(), "零点".encode("gb18030"), b"0000-00-00",
    b"2026-02-30T25:61:61", b"|", b"\x1f",
    b"{" * 300, b"<a>" * 300, b"," * 200,
)  # fmt: skip


def mutant(rng, values):
    """Give one message with one to three things done to it."""
    value = rng.choice(values)
    for _ in range(rng.randint(1, 3)):
        at = rng.randint(0, len(value))
        kind = rng.randrange(6)
        if kind == 0 and value:
            bit = rng.randrange(len(value) * 8)
            turned = bytearray(value)
            turned[bit // 8] ^= 1 << bit % 8
            value = bytes(turned)
        elif kind == 1:
            value = value[:at]
        elif kind == 2:
            other = rng.choice(values)
            value = value[:at] + other[rng.randint(0, len(other)) :]
        elif kind == 3:
            value = value[:at] + rng.choice(PIECES) + value[at:]
        elif kind == 4:
            end = min(len(value), at + rng.randint(1, 20))
            value = value[:at] + value[end:]
        else:
            value = value[:at] + rng.randbytes(rng.randint(1, 8)) + value[at:]
    return value


@pytest.fixture(scope="module")
def frames():
    packs = {city: load_pack(city) for city in ALL}
    return {city: Frame(p.geography, p.code, p.timezone) for city, p in packs.items()}


@pytest.fixture(scope="module")
def played():
    found = {}
    for city, feeds in ALL.items():
        for message in Player(CITIES / city, feeds, NOW).between(
            to_ms(NOW) - 6 * 3_600_000, to_ms(NOW)
        ):
            found.setdefault((city, message.topic), []).append((message.at_ms, message.value))
    return found


def verdicts(feed, frame, messages):
    """Give the outcomes and ids of the records of each message."""
    times, values = zip(*messages, strict=True)
    part = make_slice(feed.topic_name, 0, range(len(values)), times, values)
    rows = Normalizer(feed, frame).batch([part]).rows
    found = [[] for _ in values]
    for offset, outcome, known in zip(rows["offset"], rows["outcome"], rows["id"], strict=True):
        found[offset].append((outcome, known))
    return found


class Sink:
    def send(self, rejects):
        assert all(r.reason.zh and r.remedy.en for r in rejects)


def accounted(feed, frame, store, messages):
    """Take all into Redis; give the accounts."""
    store.client.flushall()
    intake = Intake({feed.id: feed}, frame)
    worker = Worker(intake, store, Sink(), Pace(10_000, 0.0, 1e9), lambda: to_ms(NOW) // 1000)
    worker.drain(LogSource({(feed.topic_name, 0): messages}, worker.begin, [70] * 9))
    return read_health(store, {feed.id: feed}, frame.homes, NOW)[feed.id]


@pytest.mark.parametrize(("city", "name"), FEEDS)
def test_mutants_cost_only_themselves(played, frames, store, city, name):
    feed, frame = ALL[city][name], frames[city]
    rng = random.Random(f"{city}-{name}")
    for _ in range(ROUNDS):
        source = played[city, feed.topic_name]
        good = rng.sample(source, min(120, len(source)))
        alone = verdicts(feed, frame, good)
        bad = [(at, mutant(rng, [v for _, v in good])) for at, _ in rng.choices(good, k=80)]
        # mutants come after the good ones, so that none of those is a repetition of theirs
        found = verdicts(feed, frame, good + bad)
        assert found[: len(good)] == alone
        assert all(found[len(good) :]), "a message without a verdict"
        count = sum(map(len, found))
        health = accounted(feed, frame, store, good + bad)
        outcomes = health.accepted + health.duplicate + health.rejected + health.late
        assert health.read == outcomes == count
