"""What a worker tells Prometheus of itself: stages, messages, lag, oldest unapplied message.

The collectors belong to the process, as those of prometheus_client do. What the city has taken in
is not among them: that stands in the accounts, which the web server exports
(`dashboard/metrics.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager

import numpy as np
from prometheus_client import Counter, Gauge, Histogram

from layers.batch import Batch
from layers.feeds import OUTCOMES

STAGES = ("poll", "normalize", "rejects", "apply", "redis")
"""poll waits for messages; redis is the part of apply that waits for the store."""

_SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
_STAGE = Histogram(
    "yiwang_worker_stage_seconds", "Seconds of one poll in each stage", ["stage"], buckets=_SECONDS
)
_MESSAGES = Counter(
    "yiwang_worker_messages", "Records this worker has applied, by what became of them",
    ["feed", "outcome"],
)  # fmt: skip
_LAG = Gauge("yiwang_worker_lag_messages", "End of log less position", ["log"])
_OLDEST = Gauge(
    "yiwang_worker_oldest_unapplied_timestamp_seconds",
    "Broker time of the oldest message that was read and is not applied yet; 0: there is none",
)
_STORE = Gauge("yiwang_worker_store_up", "1 while Redis answers this worker")
_STORE.set(1)


def stage(name: str) -> AbstractContextManager[object]:
    """Time one stage of one poll."""
    timer: AbstractContextManager[object] = _STAGE.labels(name).time()
    return timer


def applied(batches: Iterable[Batch]) -> None:
    """Count what has been applied."""
    for batch in batches:
        counts = np.bincount(batch.rows["outcome"].to_numpy(), minlength=len(OUTCOMES))
        for outcome, count in zip(OUTCOMES, counts[: len(OUTCOMES)].tolist(), strict=True):
            if count:
                _MESSAGES.labels(batch.feed.id, outcome).inc(count)
    _OLDEST.set(0)


def under_way(batches: Iterable[Batch]) -> None:
    """Note the oldest message that is being applied from now on."""
    moments = [batch.rows["broker_ms"].min() for batch in batches if batch.rows.height]
    _OLDEST.set(min((float(m) for m in moments if m is not None), default=0.0) / 1000)  # type: ignore[arg-type]


def waiting(lag: Mapping[str, int]) -> None:
    """Note the lag of the logs that this worker holds; those it lost are forgotten."""
    _LAG.clear()
    for log, messages in lag.items():
        _LAG.labels(log).set(messages)


def store_answers(*, yes: bool) -> None:
    """Note whether Redis answers."""
    _STORE.set(yes)
