"""Rejected messages produced once more to the logs in which they stand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import msgspec
import numpy as np
from kafka import KafkaProducer

from ingest.mending.listing import Known, mended_of, settings_of
from ingest.mending.origin import HEADER, Origin
from ingest.normalize import Normalizer
from ingest.sources.base import Slice, make_slice
from ingest.sources.kafka_range import KafkaRanges, Log, Message
from layers.batch import Frame
from layers.config import Config
from layers.feed_spec import FeedSpec
from layers.feeds import Reject
from layers.store import keys
from layers.store.client import Store

_KEPT = 4_000
"""Signs of a message that a reject holds at most (`ingest/rejects.py`)."""
_LOOK_S = 0.2


class LostMessageError(Exception):
    """The bytes of a rejected message are nowhere."""

    def __init__(self, reject: Reject, why: str) -> None:
        super().__init__(
            f"{reject.id}: 原始报文已不可得 the message is gone from Kafka, and {why}. "
            "请来源单位重发，或以 --edit FILE 给出报文。"
            "Ask the source to send it again, or give it by --edit FILE."
        )


@dataclass(slots=True)
class Outcome:
    """What came of a replay, by the ids of rejects."""

    sent: list[str] = field(default_factory=list)
    still: dict[str, str] = field(default_factory=dict)
    """Not sent: it would be rejected again → why."""
    lost: list[str] = field(default_factory=list)
    """Not sent: why its bytes can't be had."""
    mended: set[str] = field(default_factory=set)
    """Of those sent: applied and taken back."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A message that is to be replayed."""

    part: Slice
    """The message alone."""
    message: Message
    partition: int | None
    origin: Origin
    ids: tuple[str, ...]


class Resender:
    """Plays rejected messages again.

    Args:
        config: where Kafka is.
        feeds: feed id → feed, as they are now.
        frame: homes and regions.
        store: the city's state.
    """

    def __init__(
        self, config: Config, feeds: dict[str, FeedSpec], frame: Frame, store: Store
    ) -> None:
        self._config = config
        self._feeds = feeds
        self._frame = frame
        self._store = store
        topics = [topic for feed in feeds.values() for topic in feed.all_topics]
        self._ranges = KafkaRanges(settings_of(config), topics)

    def close(self) -> None:
        """Let go of Kafka."""
        self._ranges.close()

    def raw(self, reject: Reject) -> bytes:
        """Give the bytes of a rejected message.

        Raises:
            LostMessageError: they are nowhere.
        """
        return self._fetch(reject)[1].value

    def send(
        self,
        chosen: Sequence[Known],
        every: Iterable[Known],
        edited: bytes | None,
        progress: Callable[[int, int], None],
    ) -> Outcome:
        """Produce messages again that would be accepted now.

        Args:
            chosen: the rejects whose messages are played.
            every: all that are known: a message that holds several is played for all of them.
            edited: stands for the message, when there is one.
            progress: messages done, messages in all.

        Raises:
            kafka.errors.KafkaError: Kafka does not take them.
        """
        places: dict[tuple[str, int], list[Known]] = {}
        wanted = {(k.reject.log_name, k.reject.offset) for k in chosen}
        for one in every:
            place = one.reject.log_name, one.reject.offset
            if place in wanted and one.fate == "open":
                places.setdefault(place, []).append(one)
        producer = KafkaProducer(
            bootstrap_servers=self._config.kafka.bootstrap,
            acks="all",
            **self._config.kafka.security,
        )
        outcome = Outcome()
        try:
            for number, rejects in enumerate(places.values(), 1):
                self._send(rejects, edited, producer, outcome)
                progress(number, len(places))
        finally:
            producer.close()
        return outcome

    def _send(
        self,
        rejects: Sequence[Known],
        edited: bytes | None,
        producer: KafkaProducer,
        outcome: Outcome,
    ) -> None:
        try:
            found = self._found([k.reject for k in rejects], edited)
        except LostMessageError as error:
            outcome.lost.append(str(error))
            return
        reason = self._trial(found)
        if reason:
            outcome.still |= dict.fromkeys(found.ids, reason)
            return
        header = (HEADER, msgspec.json.encode(found.origin))
        others = [(n, v) for n, v in found.message.headers if n != HEADER]
        told = producer.send(
            found.part.topic,
            value=found.part.value(0),
            key=found.message.key,
            headers=[*others, header],
            partition=found.partition,
        ).get(timeout=30)
        log = next(
            name
            for name, known in self._ranges.logs.items()
            if (known.topic, known.partition) == (told.topic, told.partition)
        )
        place = f"{log}:{told.offset}"
        self._store.note(keys.UNASSIGNED, keys.SENT, dict.fromkeys(found.ids, place))
        outcome.sent += found.ids

    def _found(self, rejects: Sequence[Reject], edited: bytes | None) -> _Found:
        first = rejects[0]
        part, message, log = self._fetch(first, edited)
        told = next((v for name, v in message.headers if name == HEADER), None)
        origin = (
            msgspec.json.decode(told, type=Origin)
            if told
            else Origin(
                feed=first.feed,
                log=first.log_name,
                offset=first.offset,
                home=first.home or keys.UNASSIGNED,
                records=tuple(sorted({r.record for r in rejects})),
                at_ms=first.at_ms,
            )
        )
        times = np.array([origin.at_ms], dtype=np.int64)
        partition = log.partition if log else None
        return _Found(
            replace(part, times_ms=times), message, partition, origin, tuple(r.id for r in rejects)
        )

    def _fetch(
        self, reject: Reject, edited: bytes | None = None
    ) -> tuple[Slice, Message, Log | None]:
        """Give the message as a slice of its own, with its key and headers, and its log."""
        log = self._ranges.logs.get(reject.log_name)
        message = self._ranges.message(log, reject.offset) if log else None
        if log is not None and message is not None:
            part = next(self._ranges.read(log, reject.offset, reject.offset + 1))
            return (part if edited is None else _with_value(part, edited)), message, log
        value = _from_list(reject, self._feeds[reject.feed]) if edited is None else edited
        later = next(
            (
                g
                for g in self._ranges.logs.values()
                if (g.topic, g.partition) == (reject.topic, reject.partition)
            ),
            None,
        )
        part = make_slice(reject.topic, reject.partition, [reject.offset], [reject.at_ms], [value])
        return part, Message(reject.at_ms, None, value, ()), later

    def _trial(self, found: _Found) -> str:
        """Say why the message would be rejected again by the feed's YAML as it is now."""
        feed = self._feeds[found.origin.feed]
        batch = Normalizer(feed, self._frame).batch([found.part])
        reasons = [reject for _, reject in batch.rejects]
        if not reasons or len(reasons) < len(found.ids):
            return ""
        first = reasons[0]
        return f"{first.field or '—'} = {first.value!r}: {first.reason.zh} {first.reason.en}"

    def wait(self, outcome: Outcome, every: Iterable[Known], patience_s: float) -> None:
        """Wait until workers have applied what was sent; note what was mended."""
        sent = set(outcome.sent)
        rejects = [k.reject for k in every if k.id in sent]
        ends = time.monotonic() + patience_s
        while True:
            outcome.mended = mended_of(self._store, self._frame.homes, rejects)
            if len(outcome.mended) >= len(rejects) or time.monotonic() >= ends:
                return
            time.sleep(_LOOK_S)


def _with_value(part: Slice, value: bytes) -> Slice:
    bounds = np.array([0, len(value) + 1], dtype=np.int64)
    return replace(part, buffer=value + b"\n", bounds=bounds)


def _from_list(reject: Reject, feed: FeedSpec) -> bytes:
    """Give the message from what the reject itself holds of it."""
    if len(reject.raw) >= _KEPT:
        raise LostMessageError(reject, f"the list of rejects holds only {_KEPT} signs of it")
    if feed.personal:
        raise LostMessageError(reject, "the list of rejects holds it without its personal parts")
    if "\\x" in reject.raw or feed.encoding != "utf-8" or feed.format in ("avro", "protobuf"):
        raise LostMessageError(reject, "its bytes are no plain text")
    return reject.raw.encode()
