"""Logs of readings that are revised and come late, and what pandas makes of them."""

import json
import random

import pandas as pd
from log_source import LogSource
from small_city import LOCAL, NOW_MS, NOW_S, feed, frame

from ingest.consumer import Intake, Pace, Worker

FRAME = frame()
HOUR_MS = 3_600_000
WITHIN_S = 5 * 3600


def revised_feed(**changes):
    return feed(dedupe={"revised": "replace"}, late={"apply_within_s": WITHIN_S}, **changes)


class Silent:
    def send(self, rejects):
        """Rejects are of no interest here."""


def worker(store, spec):
    intake = Intake({spec.id: spec}, FRAME)
    return Worker(intake, store, Silent(), Pace(500, 0.0, 1e9), lambda: NOW_S)


def run(store, log, spec, sizes=()):
    made = worker(store, spec)
    made.drain(LogSource(log, made.begin, sizes))


def readings(seed, count=120, partition=0):
    """Few identities, so that most are revised or repeated; some late, some too late."""
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        number = rng.randrange(4)
        body = {
            "id": f"s{number}.{partition}",
            "p": rng.choice(["pm25", "no2"]),
            "v": rng.choice([rng.randrange(6), rng.randrange(100) / 10, 5000]),
            "x": [0.5, 1.5, 3.0, 99.0][number],
            "y": 1.0,
            "at": NOW_MS + rng.randrange(3) * 60_000 - rng.choice([0, 0, 0, 2, 6]) * HOUR_MS,
        }
        found.append(json.dumps(body).encode())
    return [(NOW_MS + 60_000, value) for value in found]


def truth(log):
    """The last value of every reading that has an effect, and the accounts."""
    rows = [
        json.loads(v) | {"broker": at, "order": n}
        for (_, _), messages in sorted(log.items())
        for n, (at, v) in enumerate(messages)
    ]
    frame = pd.DataFrame(rows)
    frame["rejected"] = (frame.v > 1000) & (frame.p == "pm25")
    age_s = (frame.broker - frame["at"]) / 1000
    frame["late"] = ~frame.rejected & (age_s > 3600)
    taken = frame[~frame.rejected & (age_s <= WITHIN_S)].copy()
    name = ["id", "p", "at"]
    before = taken.groupby(name).v.shift(1)
    taken["same"] = before == taken.v
    taken["revised"] = before.notna() & (before != taken.v)
    last = taken.drop_duplicates(name, keep="last")
    accounts = {
        "read": len(frame),
        "rejected": int(frame.rejected.sum()),
        "late": int(frame.late.sum()),
        "duplicate": int((taken.same & ~taken.late).sum()),
        "accepted": int((~taken.same & ~taken.late).sum()),
        "revised": int(taken.revised.sum()),
        "late_taken": int((taken.late & ~taken.same).sum()),
    }
    return last, {name: count for name, count in accounts.items() if count}


def cells(last, width):
    """Count, sum, min and max by home, series, region of every level, and time."""
    places = {0.5: "110101001", 1.5: "110101002", 3.0: "110102", 99.0: "000000"}
    local = pd.to_datetime(last["at"], unit="ms", utc=True).dt.tz_convert("Asia/Shanghai")
    key = {
        "m": (last["at"] // HOUR_MS).astype(str).radd("m:"),
        "h": local.dt.strftime("h:%Y%m%d"),
        "d": local.dt.strftime("d:%Y%m"),
    }[width]
    inner = {"m": last["at"] // 60_000 % 60, "h": local.dt.hour, "d": local.dt.day}[width]
    found = {}
    code = last.x.map(places)
    millionths = (last.v * 1e6).round().astype("int64")
    for level in (6, 9):
        inside = code.str.len() >= level
        grouped = millionths[inside].groupby(
            [
                code[inside].str[:6], key[inside],
                "air." + last.p[inside] + "|" + code[inside].str[:level]
                + "|" + inner[inside].astype(str),
            ]
        )  # fmt: skip
        for name, part in grouped:
            found[name] = (len(part), part.sum(), part.min(), part.max())
    return found


def stored(store, width):
    found = {}
    for key in store.client.scan_iter(f"t:*:{width}:*"):
        home, suffix = key.decode()[3:].split("}:", 1)
        for name, cell in store.client.hgetall(key).items():
            found[home, suffix, name.decode()] = tuple(int(p) for p in cell.split())
    return found


def day():
    """Give the suffix of the hours of today."""
    return f"h:{LOCAL:%Y%m%d}"
