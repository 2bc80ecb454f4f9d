"""`make bench NAME=clock`: due times and elapsed working time of many cases at once, on one core.

Starts lie anywhere in 2024 to 2027 in Shanghai; limits are those that filing standards use, with
their frequencies in a published table. The line of windows is built once, and timed on its own.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np

from layers.cases.clock import due_times, elapsed_times
from layers.cases.limits import parse_limit
from layers.cases.working_time import load_working_time
from layers.pack import CITIES

LIMITS = {
    "1工作日": 113,
    "3工作日": 73,
    "5工作日": 67,
    "2工作日": 60,
    "4工作时": 22,
    "2紧急工作时": 15,
}
FIRST_MS, LAST_MS = 1_704_038_400_000, 1_830_268_800_000
"""2024-01-01 and 2028-01-01 in Shanghai."""


def main() -> None:
    """Run the bench and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    asked = parser.parse_args()
    clock = load_working_time(CITIES / "beijing", "Asia/Shanghai").clock
    begun = time.perf_counter()
    windows = clock.line.starts.size
    built = time.perf_counter() - begun
    random = np.random.default_rng(20260101)
    limits = [parse_limit(text) for text in LIMITS]
    weights = np.array(list(LIMITS.values())) / sum(LIMITS.values())
    chosen = random.choice(len(limits), asked.count, p=weights)
    amounts = np.array([limit.amount_ms(clock.workday_ms) for limit in limits])[chosen]
    working = np.array([limit.is_working for limit in limits])[chosen]
    starts = random.integers(FIRST_MS, LAST_MS, asked.count)
    begun = time.perf_counter()
    due, good = due_times(clock, starts, amounts, working)
    due_s = time.perf_counter() - begun
    begun = time.perf_counter()
    passed, _ = elapsed_times(clock, starts, due, working)
    elapsed_s = time.perf_counter() - begun
    result = {
        "bench": "clock",
        "count": asked.count,
        "windows": windows,
        "line_s": round(built, 3),
        "due_s": round(due_s, 3),
        "elapsed_s": round(elapsed_s, 3),
        "exact": bool(good.all() and (passed == amounts).all()),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
