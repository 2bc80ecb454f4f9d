"""The fenced apply, on a real Redis."""

import struct

from layers.store.writes import SEPARATOR, Fence, Writes

HOME = "110105"
NEVER = 9_999_999_999


def claim(start, upto, **parts):
    return Writes(fences=[Fence("air:0", "" if start < 0 else str(start), upto)], **parts)


def cell(n, total, low, high):
    return [("h:20261124", NEVER, ["air.pm25|110105|8"], [n], [total], [low], [high])]


def read_cell(store):
    return store.client.hget(store.key(HOME, "h:20261124"), "air.pm25|110105|8")


def test_a_claim_is_applied_once_however_often_it_is_sent(store):
    assert store.apply(HOME, claim(-1, 10, sums=cell(2, 30, 10, 20)), 1).status == "ok"
    again = store.apply(HOME, claim(-1, 10, sums=cell(2, 30, 10, 20)), 1)
    assert again.status == "fence"
    assert again.fences == {"air:0": 10}
    assert read_cell(store) == b"2 30 10 20"


def test_the_next_claim_merges_count_sum_min_and_max(store):
    store.apply(HOME, claim(-1, 10, sums=cell(2, 30, 10, 20)), 1)
    store.apply(HOME, claim(10, 20, sums=cell(1, 5, 5, 5)), 1)
    assert read_cell(store) == b"3 35 5 20"
    assert store.fences([HOME, "110101"]) == {HOME: {"air:0": 20}, "110101": {}}


def test_a_worker_that_lost_its_partition_changes_nothing(store):
    store.apply(HOME, claim(-1, 10), 1)
    store.apply(HOME, claim(10, 20, sums=cell(1, 5, 5, 5)), 1)
    late = store.apply(HOME, claim(10, 15, sums=cell(9, 9, 9, 9)), 1)
    assert late.status == "fence"
    assert read_cell(store) == b"1 5 5 5"


def test_known_ids_are_named_and_nothing_is_written(store):
    ids = struct.pack("<3Q", 7, 8, 9)
    store.apply(HOME, claim(-1, 10, seen=[("seen:air:1", NEVER, ids, 0, 1)]), 1)
    second = struct.pack("<3Q", 6, 8, 5)
    parts = {"seen": [("seen:air:1", NEVER, second, 4, 1)], "sums": cell(3, 3, 1, 1)}
    answer = store.apply(HOME, claim(10, 20, **parts), 1)
    assert answer.status == "seen"
    assert answer.positions == (5,)
    assert read_cell(store) is None
    assert store.fences([HOME])[HOME] == {"air:0": 10}


def test_an_older_reading_never_replaces_a_newer_one(store):
    newer, older = "0000000000002|20", "0000000000001|10"
    store.apply(HOME, claim(-1, 10, latest=[("latest", ["s|pm25"], [newer])]), 1)
    store.apply(HOME, claim(10, 20, latest=[("latest", ["s|pm25"], [older])]), 1)
    assert store.client.hget(store.key(HOME, "latest"), "s|pm25") == newer.encode()


def record_cell(*parts):
    return SEPARATOR.join(map(str, parts))


def rank(stem, region, member, score, bound=""):
    return SEPARATOR.join((stem, region, member, str(score), bound))


def record(version, status, due):
    cells = [record_cell("stage:hotline", "", HOME, f"|{status}", 0, "c")]
    ranks = [rank("open:hotline:", HOME, "h.1", due)] if due else []
    return ("rec:case", "h.1", version, "{}", cells, ranks, "raw", 0)


def test_the_state_is_what_the_newest_version_contributes_in_any_order(store):
    versions = [record(3, "closed", 0), record(1, "reported", 50), record(2, "handling", 60)]
    for at, one in enumerate(versions):
        expected = -1 if at == 0 else at
        store.apply(HOME, claim(expected, at + 1, records=[one]), 1)
    assert store.client.hgetall(store.key(HOME, "stage:hotline")) == {b"110105|closed": b"1"}
    assert store.client.zcard(store.key(HOME, f"open:hotline:{HOME}")) == 0


def test_a_new_version_takes_back_what_the_old_one_gave(store):
    for at, one in enumerate([record(1, "reported", 50), record(2, "handling", 60)]):
        store.apply(HOME, claim(-1 if at == 0 else at, at + 1, records=[one]), 1)
    assert store.client.hgetall(store.key(HOME, "stage:hotline")) == {b"110105|handling": b"1"}
    assert store.client.zrange(store.key(HOME, f"open:hotline:{HOME}"), 0, -1, withscores=True) == [
        (b"h.1", 60.0)
    ]


def test_a_record_that_moved_to_another_home_gives_nothing_here_any_more(store):
    store.apply(HOME, claim(-1, 1, records=[record(1, "reported", 50)]), 1)
    store.apply(HOME, claim(1, 2, moved=[("rec:case", ["h.0", "h.1"], [9, 1])]), 1)
    assert store.client.hgetall(store.key(HOME, "stage:hotline")) == {b"110105|reported": b"1"}
    store.apply(HOME, claim(2, 3, moved=[("rec:case", ["h.0", "h.1"], [9, 2])]), 1)
    suffixes = ("stage:hotline", "rec:case", f"open:hotline:{HOME}")
    assert not store.client.exists(*(store.key(HOME, s) for s in suffixes))


def test_a_record_counts_at_every_level_of_its_region(store):
    region = "110105001002003"
    cells = [record_cell("h:20261124", "hotline.received|", region, "|8", NEVER, "s")]
    ranks = [rank("recent:", region, "case|h.1", 5, "200")]
    one = ("rec:case", "h.1", 1, "{}", cells, ranks, "raw", 0)
    store.apply(HOME, claim(-1, 1, records=[one]), 1)
    fields = store.client.hkeys(store.key(HOME, "h:20261124"))
    levels = {region[:n] for n in (6, 9, 12, 15)}
    assert {f.decode().split("|")[1] for f in fields} == levels
    assert all(store.client.zcard(store.key(HOME, f"recent:{code}")) == 1 for code in levels)
