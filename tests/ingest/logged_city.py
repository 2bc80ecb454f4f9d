"""Logs of the small city, and what Redis makes of them."""

import json
import random

from small_city import NOW_MS, case_feed, feed, frame

from layers.store import keys

FRAME = frame()
FEEDS = {"air": feed(), "hotline": case_feed()}


def readings(rng, count, partition=0):
    """Sensors stay where they are and keep to their partition, as keyed messages do."""
    values = []
    for _ in range(count):
        number = rng.randrange(9)
        body = {
            "id": f"s{number}.{partition}",
            "p": rng.choice(["pm25", "no2"]),
            "v": rng.choice([rng.randrange(100), 5000])
            if rng.random() < 0.1
            else rng.randrange(99),
            "x": [0.5, 1.5, 3.0, 99.0][number % 4],
            "y": 1.0,
            "at": NOW_MS + rng.randrange(40) * 1000 - rng.choice([0, 0, 0, 7_200_000]),
        }
        values.append(b"{broken" if rng.random() < 0.03 else json.dumps(body).encode())
    return [(NOW_MS + 60_000, value) for value in values]


def cases(rng, count):
    values = []
    for _ in range(count):
        number = rng.randrange(25)
        body = {
            "no": str(number),
            "cat": rng.choice(["NOISE", "ROAD", "ODD"]),
            "s": rng.choice(["reported", "handling", "closed"]),
            "r": NOW_MS - number * 60_000,
            "due": rng.choice([NOW_MS + 3_600_000, NOW_MS - 60_000, None]),
            "at": NOW_MS + rng.randrange(1_000),
            "x": rng.choice([0.5, 3.0]),
            "y": 1,
        }
        values.append((NOW_MS + 60_000, json.dumps(body).encode()))
    return values


def logs(seed, count=150):
    """Two partitions of readings; cases keyed by number, so that one partition has each."""
    rng = random.Random(seed)
    return {
        ("air", 0): readings(rng, count),
        ("air", 1): readings(rng, count, 1),
        ("hotline", 0): cases(rng, count),
    }


def state(store):
    """Everything in Redis but what tells how it got there: the order of rejects, notes."""
    found = {}
    for key in sorted(store.client.scan_iter("t:*")):
        kind = store.client.type(key)
        name = key.decode()
        if name.endswith((f":{keys.LAG}", f":{keys.REBUILT}")):
            continue
        if name.endswith(f":{keys.REJECTS}"):
            found[name] = sorted(store.client.lrange(key, 0, -1))
        elif kind == b"hash":
            found[name] = store.client.hgetall(key)
        elif kind == b"zset":
            found[name] = store.client.zrange(key, 0, -1, withscores=True)
        elif kind == b"set":
            found[name] = store.client.smembers(key)
    return found


def accounts(store, feed_id):
    total = {}
    for home in FRAME.homes:
        for name, value in store.client.hgetall(store.key(home, keys.accounts(feed_id))).items():
            if not name.endswith(b"_ms"):
                total[name.decode()] = total.get(name.decode(), 0) + int(value)
    return total
