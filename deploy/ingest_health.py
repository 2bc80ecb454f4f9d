"""Health of the ingest workers as a group: exit 0 when one reported its lag within two minutes.

A worker serves no port and writes no file, so this asks the one thing that shows work: the report
that workers leave in Redis for each of their partitions, also when a topic is quiet. A worker that
died is not this check's business: its process ends and the container starts again.
"""
# ruff: noqa: INP001 - a script of the container image, not part of a package

from __future__ import annotations

import sys
import time

from layers.config import load_config
from layers.store import keys
from layers.store.client import Store, StoreUnavailableError, connect

SILENT_AFTER_S = 120


def seconds_since_report(store: Store, now_ms: int) -> float | None:
    """Give the age of the newest report of any worker; None when there has never been one."""
    (reports,) = store.read([("hgetall", keys.UNASSIGNED, keys.LAG, ())])
    moments = [int(report.rpartition(b"|")[2]) for report in reports.values()]
    return (now_ms - max(moments)) / 1000 if moments else None


def main() -> int:
    """Say how the workers are; the exit code is the answer."""
    settings = load_config().redis
    store = connect(settings.address, prefix=settings.prefix, cluster=settings.cluster)
    try:
        age_s = seconds_since_report(store, time.time_ns() // 1_000_000)
    except StoreUnavailableError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    if age_s is None:
        sys.stdout.write("no worker has ever reported\n")
        return 1
    sys.stdout.write(f"last report of a worker {age_s:.0f} s ago\n")
    return 0 if age_s <= SILENT_AFTER_S else 1


if __name__ == "__main__":
    sys.exit(main())
