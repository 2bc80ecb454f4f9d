"""The job that every peer does: what one worker of Yiwang does with a reading, event by event.

Decode, check, find the district, street and grid, leave out repetitions, and keep in Redis the
newest reading of each sensor, the sums of every minute, hour and day at every level, and the
accounts. Written as a good engineer would by hand: places are remembered, a batch is summed up in
dictionaries before Redis hears of it, and Redis is asked twice a batch, in pipelines. It makes less
than Yiwang does: a crash loses or doubles what was under way, and late messages are not told apart.
"""

from __future__ import annotations

import json
import os
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson
import redis
import shapely

ZONE = ZoneInfo("Asia/Shanghai")
LEVELS = (2, 6, 9, 12, 15)
BOUNDS = {"pm25": (0, 2000)}
MERGE = """
local new = cjson.decode(ARGV[1])
for key, cells in pairs(new) do
  for field, c in pairs(cells) do
    local was = redis.call('HGET', key, field)
    if was then
      local n, s, lo, hi = string.match(was, '(%S+) (%S+) (%S+) (%S+)')
      c = {c[1] + n, c[2] + s, math.min(c[3], lo), math.max(c[4], hi)}
    end
    redis.call('HSET', key, field, c[1] .. ' ' .. c[2] .. ' ' .. c[3] .. ' ' .. c[4])
  end
end
"""


class Job:
    """What is done with each message, and with each batch of them.

    The environment says where: JOB_REDIS (URL), JOB_REGIONS (a file of code and WKB), JOB_EVENTS.
    """

    def __init__(self) -> None:
        self.redis = redis.Redis.from_url(os.environ["JOB_REDIS"])
        self.events = int(os.environ["JOB_EVENTS"])
        shapes = [line.split() for line in Path(os.environ["JOB_REGIONS"]).read_text().splitlines()]
        self.codes = [code for code, _ in shapes]
        self.tree = shapely.STRtree([shapely.from_wkb(bytes.fromhex(wkb)) for _, wkb in shapes])
        self.places: dict[tuple[float, float], str] = {}
        self.merge = self.redis.register_script(MERGE)
        self.started = 0.0
        self.done = 0

    def record(self, value: bytes) -> dict | None:
        """Decode, check and place one message; None when it is rejected."""
        self.started = self.started or time.perf_counter()
        try:
            body = orjson.loads(value)
            number = float(body["value"])
            low, high = BOUNDS[body["property"]]
            at = datetime.fromisoformat(body["observed_at"])
            spot = (body["lng"], body["lat"])
        except (ValueError, KeyError, TypeError):
            return None
        if not low <= number <= high:
            return None
        code = self.places.get(spot)
        if code is None:
            code = self.places[spot] = self._placed(*spot)
        return {
            "sensor": body["sensor_id"], "property": body["property"], "value": number,
            "unit": body["unit"], "at": at, "code": code, "raw": value,
        }  # fmt: skip

    def write(self, records: list[dict | None]) -> None:
        """Write one batch; prints the result and ends the process after the last."""
        good = [r for r in records if r is not None]
        fresh = self._fresh(good)
        sums: dict[str, dict[str, list[float]]] = {}
        latest: dict[str, str] = {}
        for r in fresh:
            self._add(sums, r)
            latest[f"{r['sensor']}|{r['property']}"] = (
                f"{r['at'].timestamp():.0f}|{r['value']}|{r['unit']}|{r['code']}|{r['raw'].decode()}"
            )
        pipe = self.redis.pipeline(transaction=False)
        self.merge(args=[orjson.dumps(sums)], client=pipe)
        if latest:
            pipe.hset("job:latest", mapping=latest)
        pipe.hincrby("job:acct", "read", len(records))
        pipe.hincrby("job:acct", "accepted", len(fresh))
        pipe.hincrby("job:acct", "duplicate", len(good) - len(fresh))
        pipe.hincrby("job:acct", "rejected", len(records) - len(good))
        pipe.execute()
        self.done += len(records)
        if self.done >= self.events:
            self._end()

    def _placed(self, lng: float, lat: float) -> str:
        found = self.tree.query(shapely.Point(lng, lat), predicate="intersects")
        return max((self.codes[i] for i in found), key=len, default="000000")

    def _fresh(self, records: list[dict]) -> list[dict]:
        pipe = self.redis.pipeline(transaction=False)
        for r in records:
            pipe.sadd(f"job:seen:{r['at']:%Y%m%d%H}", f"{r['sensor']}|{r['property']}|{r['at']}")
        return [r for r, new in zip(records, pipe.execute(), strict=True) if new]

    def _add(self, sums: dict[str, dict[str, list[float]]], r: dict) -> None:
        local, value = r["at"].astimezone(ZONE), r["value"]
        cells = (
            (f"job:m:{local:%Y%m%d%H}", local.minute),
            (f"job:h:{local:%Y%m%d}", local.hour),
            (f"job:d:{local:%Y%m}", local.day),
        )
        for level in LEVELS:
            if len(r["code"]) < level:
                break
            for key, part in cells:
                field = f"{r['property']}|{r['code'][:level]}|{part}"
                cell = sums.setdefault(key, {}).get(field)
                if cell is None:
                    sums[key][field] = [1, value, value, value]
                else:
                    cell[0] += 1
                    cell[1] += value
                    cell[2] = min(cell[2], value)
                    cell[3] = max(cell[3], value)

    def _end(self) -> None:
        seconds = time.perf_counter() - self.started
        result = {"events": self.done, "events_per_s": round(self.done / seconds)}
        os.write(1, json.dumps(result).encode() + b"\n")  # some peers take stdout for their log
        os._exit(0)
