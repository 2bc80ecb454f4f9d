"""The normalizers of all feeds: which takes which topic, and how one set follows another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ingest.mending.origin import replayed_in, settle
from ingest.normalize import Normalizer
from ingest.sources.base import Slice
from layers.batch import Batch, Frame
from layers.feed_spec import FeedSpec


class Normalizers:
    """One normalizer a feed.

    Args:
        feeds: feed id → feed.
        frame: homes and regions of the city.
    """

    def __init__(self, feeds: Mapping[str, FeedSpec], frame: Frame) -> None:
        self._frame = frame
        self._made: dict[str, Normalizer] = {}
        self.replace(feeds)

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics of all feeds, each once."""
        made = self._made.values()
        return tuple(dict.fromkeys(topic for n in made for topic in n.feed.all_topics))

    def replace(self, feeds: Mapping[str, FeedSpec]) -> None:
        """Take other feeds; a normalizer whose feed has not changed goes on with what it knows."""
        self._made = {
            feed.id: kept
            if (kept := self._made.get(feed.id)) is not None and kept.feed is feed
            else Normalizer(feed, self._frame)
            for feed in feeds.values()
        }

    def batches(self, slices: Sequence[Slice]) -> list[Batch]:
        """Turn the slices of one poll into one batch a feed.

        All of a feed's topics go together: what comes by two of them is found to be the same.
        """
        found = []
        for normalizer in self._made.values():
            topics = normalizer.feed.all_topics
            mine = [part for part in slices if part.topic in topics]
            if mine:
                timed, replayed = replayed_in(mine)
                batch = normalizer.batch(timed)
                found.append(settle(batch, timed, replayed, self._frame))
        return found
