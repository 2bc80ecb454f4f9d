"""`/metrics`: the accounts and the age of every feed, for Prometheus, as the screens show them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from layers.feeds import OUTCOMES
from layers.snapshot import FeedHealth

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_STATES = ("live", "stale", "silent")

Value = Callable[[FeedHealth], float | None]


def exposition(feeds: Iterable[FeedHealth], now: datetime) -> bytes:
    """Give the text that Prometheus reads.

    Args:
        feeds: the feeds of the city.
        now: the moment of the answer.
    """
    collectors = CollectorRegistry()
    collectors.register(_Feeds(list(feeds), now))
    return generate_latest(collectors)


class _Feeds:
    """Turns the health of feeds into metrics; asked once."""

    def __init__(self, feeds: list[FeedHealth], now: datetime) -> None:
        self._feeds = feeds
        self._now = now

    def collect(self) -> Iterator[Metric]:
        yield self._accounts()
        yield self._gauge("lag_messages", "Messages in the broker not yet applied", lambda f: f.lag)
        yield self._gauge(
            "age_seconds",
            "Seconds since the newest message",
            lambda f: self._age(f.last_message_at),
        )
        yield self._gauge("unmapped", "Accepted records of unknown category", lambda f: f.unmapped)
        yield self._gauge("unassigned", "Accepted records in 未定位", lambda f: f.unassigned)
        yield self._states()

    def _accounts(self) -> Metric:
        family = CounterMetricFamily(
            "yiwang_feed_messages",
            "Messages by what became of them; read is the sum of the others",
            labels=["feed", "outcome"],
        )
        for feed in self._feeds:
            for outcome in ("read", *OUTCOMES):
                family.add_metric([feed.id, outcome], getattr(feed, outcome))
        return family

    def _gauge(self, name: str, help_: str, value: Value) -> Metric:
        family = GaugeMetricFamily(f"yiwang_feed_{name}", help_, labels=["feed"])
        for feed in self._feeds:
            found = value(feed)
            if found is not None:
                family.add_metric([feed.id], found)
        return family

    def _states(self) -> Metric:
        family = GaugeMetricFamily(
            "yiwang_feed_state", "1 for the state the feed is in", labels=["feed", "state"]
        )
        for feed in self._feeds:
            for state in _STATES:
                family.add_metric([feed.id, state], float(feed.state == state))
        return family

    def _age(self, moment: datetime | None) -> float | None:
        return None if moment is None else (self._now - moment).total_seconds()
