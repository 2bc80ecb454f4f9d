"""The audit on a real Kafka and two real Redis: equal, or it names what is not."""

import re
import time
from dataclasses import dataclass

import msgpack
import pytest
from kafka import KafkaAdminClient, TopicPartition
from packed_city import PackedCity, RunningWorker
from small_city import NOW_MS

from ingest.audit.fields import KNOWN
from ingest.replay import replay_file
from layers.command import main
from layers.store import keys

READINGS = [
    {"id": f"s{n}", "p": p, "v": n, "x": [0.5, 1.5, 3.0, 99.0][n % 4], "y": 1, "at": NOW_MS + n}
    for n in range(60)
    for p in ("pm25", "no2")
]
CASES = [
    {"no": str(n % 20), "cat": ["NOISE", "ODD"][n % 2], "s": ["reported", "handling"][n // 20],
     "r": NOW_MS, "due": NOW_MS + 9_000_000, "at": NOW_MS + n, "x": [0.5, 3.0][n // 20], "y": 1}
    for n in range(40)
]  # fmt: skip
INCIDENTS = [
    {"no": str(n), "cat": "theft", "end": "arrest", "at": NOW_MS, "x": 0.5, "y": 1}
    for n in range(9)
]


@pytest.fixture(scope="module")
def city(tmp_path_factory, kafka, redis_url):
    """A city with every kind of message, read by a worker: rejects, repetitions and moves too."""
    made = PackedCity(tmp_path_factory.mktemp("audited"), "audit1", kafka, redis_url)
    made.store.wipe()
    made.produce("air", [*READINGS, *READINGS[:7], b"{broken", {"id": "s", "p": "no2"}])
    made.produce("hotline", CASES, keys=[c["no"] for c in CASES])
    made.produce("police", INCIDENTS)
    made.produce("rev", [READINGS[4] | {"v": v} for v in (3, 8, 5)], partition=0)
    made.produce("rev", [READINGS[4] | {"at": NOW_MS - 90_000_000}], partition=0)
    made.produce_warning(1, time.time())
    with RunningWorker(made.config):
        made.await_read("air", len(READINGS) + 9)
        made.await_read("hotline", 40)
        made.await_read("police", 9)
        made.await_read("rev", 4)
        made.await_read("alerts", 1)
    yield made
    made.close()


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def audit(city, redis_url, monkeypatch, capsys):
    """Runs the command in this process: `audit(*arguments)`."""
    for name, value in city.environ.items():
        monkeypatch.setenv(name, value)

    def run(*more, scratch=redis_url):
        where = ["--scratch", scratch] if scratch else []
        code = main(["audit", *where, *more])
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return run


def test_a_state_that_the_logs_make_is_equal(city, audit):
    done = audit("--strict")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "equal" in done.stdout
    assert "not proven" not in done.stdout
    assert int(re.search(r"([\d,]+) 个字段", done.stdout)[1].replace(",", "")) > 300
    assert "recomputed 183 条消息" in done.stderr
    assert audit(scratch="").returncode == 0
    left = list(city.store.client.scan_iter("audit1.audit:*"))
    assert not left


def test_workers_may_go_on_while_the_audit_runs(city, audit):
    with RunningWorker(city.config):
        again = [r | {"at": NOW_MS - 60_000 * n} for n in range(1, 9) for r in READINGS[:40]]
        city.produce("air", again)
        done = audit("--strict")
        assert done.returncode == 0, done.stdout + done.stderr
        city.await_read("air", len(READINGS) + 9 + len(again))
    assert audit().returncode == 0


def field(city, home, family):
    """Give a key of the family in a home, and one of its fields."""
    client = city.store.client
    found = sorted(client.scan_iter(city.store.key(home, family) + "*"))
    assert found, family
    key = found[0]
    if client.type(key) == b"hash":
        return key, min(client.hkeys(key))
    if client.type(key) == b"zset":
        return key, client.zrange(key, 0, 0)[0]
    return key, None


def change(client, key, name):
    """Plant a difference of the kind that the key allows."""
    kind = client.type(key)
    if kind == b"hash":
        was = client.hget(key, name)
        if was[:1] in (b"\x95", b"\x96"):  # a record: another version of its JSON
            parts = msgpack.unpackb(was, raw=False)
            parts[1] = parts[1].replace('"at":', '"at":9', 1)
            client.hset(key, name, msgpack.packb(parts, use_bin_type=False))
        else:
            client.hset(key, name, was[:-1] + (b"7" if was[-1:] != b"7" else b"8"))
    elif kind == b"zset":
        client.zincrby(key, 1, name)
    elif kind == b"set":
        client.sadd(key, b"12345678")
    else:
        client.lpop(key)


@pytest.mark.parametrize(
    ("home", "family"),
    [
        ("110101", "acct:air"),
        ("110101", "acctm:air"),
        ("110101", "m:"),
        ("110101", "h:"),
        ("110101", "d:"),
        ("110101", "seen:air"),
        ("110102", "rec:case"),
        ("110101", "rec:incident"),
        ("11", "rec:warning"),
        ("110102", "open:hotline"),
        ("110102", "near:hotline"),
        ("110102", "stage:hotline"),
        ("110101", "recent:"),
        ("110101", "expiry"),
        ("000000", "rejects"),
        ("110102", "late"),
        ("110102", "val:rev"),
    ],
)
def test_a_planted_difference_is_named_with_home_key_and_field(city, audit, home, family):
    client = city.store.client
    key, name = field(city, home, family)
    kept = client.dump(key)
    change(client, key, name)
    try:
        done = audit()
    finally:
        client.restore(key, 0, kept, replace=True)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"home {home}" in done.stdout
    assert key.decode().partition("}:")[2] in done.stdout
    assert "recomputed" in done.stdout


def test_a_changed_reading_and_a_missing_one_are_named(city, audit):
    client, key = city.store.client, city.store.key("110101", keys.latest())
    name = min(client.hkeys(key))
    kept = client.hget(key, name)
    for value in (kept.replace(kept.split(b"\x1f")[1], b"55.5", 1), None):
        if value:
            client.hset(key, name, value)
        else:
            client.hdel(key, name)
        done = audit()
        assert done.returncode == 1
        assert name.decode() in done.stdout
        assert ("absent" in done.stdout) == (value is None)
    client.hset(key, name, kept)
    assert audit().returncode == 0


def test_what_kafka_has_deleted_is_said_and_the_rest_is_proven(city, audit, kafka, tmp_path):
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    admin.delete_records({TopicPartition("audit1.hotline", p): 3 for p in (0, 1)})
    admin.close()
    done = audit()
    assert done.returncode == 0, done.stdout
    gaps = [line for line in done.stdout.splitlines() if "not proven" in line]
    assert len(gaps) == 2
    assert "位点 3" in gaps[0]
    assert "hotline" in gaps[0]
    assert re.search(r"proven from 20\d\d-", gaps[0])
    assert audit("--strict").returncode == 1
    key, name = field(city, "110102", "stage:hotline")
    city.store.client.hincrby(key, name, 1)  # counts of what is partly gone can't be proven
    assert audit().returncode == 0
    city.store.client.hincrby(city.store.key("110101", "acct:air"), "read", 1)
    assert audit().returncode == 1
    city.store.client.hincrby(city.store.key("110101", "acct:air"), "read", -1)
    file = tmp_path / "more.ndjson"
    file.write_bytes(b'{"no": "99", "cat": "x", "at": %d, "x": 0.5, "y": 1}' % NOW_MS)
    replay_file(city.config, "police", file, lambda *_: None)
    done = audit()
    assert done.returncode == 0
    assert "recorded file" in done.stdout
    assert "police" in done.stdout


def test_the_audit_knows_every_kind_of_key_that_the_grammar_spells():
    spelled = set(
        re.findall(r"^(\w+)(?::\S*)? +(?:hash|set|zset|list) ", keys.__doc__, re.MULTILINE)
    )
    assert spelled == KNOWN
