"""Personal data stands nowhere: not in records, not beside them, not among the rejects."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from log_source import LogSource
from one_feed import FRAME
from small_city import NOW_MS, NOW_S, case_feed

from ingest.consumer import Intake, Pace, Worker
from ingest.feed_checks import check_meaning
from ingest.normalize import Normalizer
from ingest.personal import SECRET
from ingest.sources.base import make_slice
from layers.documents import DocumentError

PHONE, NAME, CARD = "13812345678", "张三丰", "110101199003071234"
FIELDS = {
    "case_id": "no", "status": "s", "reported_at": "r", "title": "t", "lead": "who.phone",
    "channel": "who.card", "address": "who.name",
}  # fmt: skip
RULES = {"who.phone": "mask", "who.card": "hmac", "who.name": "drop", "t": "mask", "note": "mask"}


@pytest.fixture(autouse=True)
def secret(monkeypatch):
    monkeypatch.setenv(SECRET, "a secret of this city alone")


def case(**more):
    who = {"phone": PHONE, "card": CARD, "name": NAME}
    return {
        "no": "1", "s": "reported", "r": NOW_MS, "at": NOW_MS, "x": 0.5, "y": 1, "t": "漏水",
        "who": who, "note": PHONE, "unread": CARD,
    } | more  # fmt: skip


def spec(**changes):
    return case_feed(**{"fields": FIELDS, "codes": {}, "personal": RULES} | changes)


def test_what_is_personal_is_masked_hashed_or_dropped_in_the_record():
    part = make_slice("hotline", 0, [0], [NOW_MS], [json.dumps(case()).encode()])
    rows = Normalizer(spec(), FRAME).batch([part]).rows
    assert rows["lead"].to_list() == ["138****5678"]
    assert rows["title"].to_list() == ["漏*"]
    assert rows["address"].to_list() == [None]
    assert len(rows["channel"][0]) == 32
    assert json.loads(rows["raw"][0])["note"] == "138****5678"


def test_the_hash_is_the_same_for_the_same_text_and_another_with_another_key(monkeypatch):
    values = [json.dumps(case(no=str(i))).encode() for i in range(2)]
    part = make_slice("hotline", 0, [0, 1], [NOW_MS] * 2, values)
    first = Normalizer(spec(), FRAME).batch([part]).rows["channel"]
    monkeypatch.setenv(SECRET, "another secret of another city")
    second = Normalizer(spec(), FRAME).batch([part]).rows["channel"]
    assert first[0] == first[1] != second[0]


def test_no_key_of_redis_and_no_reject_holds_personal_data(store):
    sent = []

    class Sink:
        def send(self, rejects):
            sent.extend(rejects)

    values = [
        case(), case(no="2", s="odd"), case(no="3", r=PHONE), case(no=None),
        case(no="4", at=NOW_MS - 200_000_000),
    ]  # fmt: skip
    lines = [json.dumps(v, ensure_ascii=False).encode() for v in values]
    lines += [b'{"no": "' + PHONE.encode(), json.dumps(PHONE).encode(), b"\xff" + CARD.encode()]
    log = {("hotline", 0): [(NOW_MS, line) for line in lines]}
    feeds = {"hotline": spec(personal=RULES | {"r": "mask"})}
    worker = Worker(Intake(feeds, FRAME), store, Sink(), Pace(50, 0.0, 1e9), lambda: NOW_S)
    worker.drain(LogSource(log, worker.begin, []))
    kept = [store.client.dump(key) for key in store.client.scan_iter("t:*")]
    texts = b"".join(
        part if isinstance(part, bytes) else str(part).encode()
        for key in store.client.scan_iter("t:*")
        for part in everything(store.client, key)
    )
    assert kept
    assert len(sent) >= 5
    for secret_text in (PHONE, CARD, NAME):
        assert secret_text.encode() not in texts
        assert json.dumps(secret_text).encode() not in texts
        assert not [r for r in sent if secret_text in repr(r)]


def everything(client, key):
    kind = client.type(key)
    if kind == b"hash":
        for name, value in client.hgetall(key).items():
            yield from (name, value)
    elif kind == b"list":
        yield from client.lrange(key, 0, -1)
    elif kind == b"zset":
        yield from client.zrange(key, 0, -1)
    elif kind == b"set":
        yield from client.smembers(key)


def test_a_feed_that_hashes_does_not_start_without_its_key(monkeypatch):
    monkeypatch.delenv(SECRET)
    with pytest.raises(DocumentError, match=SECRET):
        Normalizer(spec(), FRAME)
    monkeypatch.setenv(SECRET, "short")
    with pytest.raises(DocumentError, match="at least 16"):
        Normalizer(spec(), FRAME)


def test_a_feed_that_reads_as_a_whole_what_holds_personal_data_is_refused(tmp_path):
    fields = FIELDS | {"title": "who"}
    with pytest.raises(DocumentError, match=r"personal\.who\.phone lies in 'who'"):
        check_meaning(spec(fields=fields), tmp_path / "f.yaml")


@given(st.text(min_size=2, max_size=30))
def test_a_mask_shows_at_most_seven_signs_and_never_the_whole(text):
    body = json.dumps(case(t=text)).encode()
    part = make_slice("hotline", 0, [0], [NOW_MS], [body])
    shown = Normalizer(spec(personal={"t": "mask"}), FRAME).batch([part]).rows["title"][0]
    assert len(shown.replace("*", "")) <= 7
    assert len(shown) < 2 or "*" in shown
