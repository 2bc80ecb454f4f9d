"""A stream of generated cases: lives become messages, and a few of them trouble.

Produced = written by the source, then a short way to the broker; a late one takes a day and more,
a repeated one comes again some seconds after. All of it is drawn by the key of the case and the
step, so a message is produced at the same moment in every run.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np

from ingest.demo import chance
from ingest.demo.chance import Keys
from ingest.demo.clocks import DAY_MS, HOUR_MS, Moments
from ingest.demo.lives import Lives, Steps
from ingest.demo.message import Message, Setting
from ingest.demo.mix import load_play
from ingest.demo.versions import Version, Wording
from layers.feed_spec import FeedSpec

_BLOCK_MS = 6 * HOUR_MS
"""What is planned at once; the last two blocks are kept."""
_LONGEST_WAY_MS = 28 * HOUR_MS
_AT_ONCE = 4_096
"""Steps that are worded at once: bounds the memory."""
_STEPS = 16
"""More than the steps of any path: number of a message = key x _STEPS + step."""

# The draws of a message by number.
_WAY, _IS_LATE, _FAULT, _PAUSE = 40, 41, 42, 43

Write = Callable[[Version], tuple[str, bytes]]
"""A feed's own form: the case id, and the message."""


class CaseStream:
    """One case feed, played.

    Args:
        feed: its YAML; `play` as in `ingest.demo.mix.CasePlay`.
        setting: the city.
        write: the feed's form.
    """

    def __init__(self, feed: FeedSpec, setting: Setting, write: Write) -> None:
        play, mix = load_play(setting.folder, feed.id, feed.play)
        offset = setting.now.astimezone(ZoneInfo(setting.timezone)).utcoffset() or timedelta()
        self._topic = feed.topic_name
        self._trouble = play.trouble
        self._write = write
        self._seed = chance.stream_seed(setting.seed, feed.id)
        self._lives = Lives(mix, play.per_day, self._seed, int(offset.total_seconds() * 1000))
        self._wording = Wording(feed, self._lives, play, mix, setting.places)
        self._blocks: dict[int, tuple[Steps, Moments]] = {}

    def between(self, start_ms: int, end_ms: int, shift_ms: int) -> list[Message]:
        """Give the messages of a window; see `ingest.demo.message.Stream`."""
        found: list[Message] = []
        for block in range(start_ms // _BLOCK_MS, (end_ms - 1) // _BLOCK_MS + 1):
            steps, at = self._block(block)
            first, after = np.searchsorted(at, [start_ms, end_ms])
            rows = np.arange(first, after)
            found += self._messages(steps.take(rows), at[rows], shift_ms)
        return found

    def standing(self, at_ms: int) -> list[Message]:
        """Give the newest message of each case that is open at that moment."""
        steps = self._lives.steps(self._lives.alive(at_ms, at_ms))
        at = steps.when + self._way(steps)
        steps, at = steps.take(at < at_ms), at[at < at_ms]
        keys = steps.cases["key"]
        newest = np.flatnonzero(np.append(keys[1:] != keys[:-1], values=True)[: len(keys)])
        rows = newest[np.argsort(at[newest], kind="stable")]
        return self._messages(steps.take(rows), at[rows], 0)

    def _block(self, number: int) -> tuple[Steps, Moments]:
        if number not in self._blocks:
            while len(self._blocks) > 1:
                del self._blocks[next(iter(self._blocks))]
            self._blocks[number] = self._produced(number * _BLOCK_MS, (number + 1) * _BLOCK_MS)
        return self._blocks[number]

    def _produced(self, start_ms: int, end_ms: int) -> tuple[Steps, Moments]:
        """Give what is produced in a window, in order, repeated messages included."""
        steps = self._lives.steps(self._lives.alive(start_ms - _LONGEST_WAY_MS, end_ms))
        steps = steps.take((steps.when >= start_ms - _LONGEST_WAY_MS) & (steps.when < end_ms))
        at = steps.when + self._way(steps)
        again = np.flatnonzero(self._draw(steps, _FAULT) < self._trouble.duplicate)
        pause = (2_000 + 30_000 * self._draw(steps, _PAUSE)[again]).astype(np.int64)
        rows = np.concatenate([np.arange(len(at)), again])
        at = np.concatenate([at, at[again] + pause])
        kept = np.flatnonzero((at >= start_ms) & (at < end_ms))
        kept = kept[np.lexsort((rows[kept], at[kept]))]
        return steps.take(rows[kept]), at[kept]

    def _way(self, steps: Steps) -> Moments:
        """Give the time from the source's stamp to the broker, ms."""
        usual = 200 + 2_800 * self._draw(steps, _WAY)
        late = self._draw(steps, _IS_LATE) < self._trouble.late
        way = np.where(late, DAY_MS + HOUR_MS + usual * 1_000, usual)
        return np.asarray(way, dtype=np.int64)

    def _messages(self, steps: Steps, at: Moments, shift_ms: int) -> list[Message]:
        found: list[Message] = []
        for first in range(0, len(at), _AT_ONCE):
            rows = np.arange(first, min(first + _AT_ONCE, len(at)))
            found += self._written(steps.take(rows), at[rows], shift_ms)
        return found

    def _written(self, steps: Steps, at: Moments, shift_ms: int) -> list[Message]:
        broken = self._draw(steps, _FAULT) >= 1 - self._trouble.broken
        versions = self._wording.versions(steps, shift_ms)
        found = []
        for version, ms, cut in zip(versions, (at - shift_ms).tolist(), broken, strict=True):
            case_id, value = self._write(version)
            value = value[: len(value) * 2 // 3] if cut else value
            found.append(Message(self._topic, case_id.encode(), value, ms))
        return found

    def _draw(self, steps: Steps, number: int) -> chance.Floats:
        numbers: Keys = steps.cases["key"] * np.uint64(_STEPS) + steps.step.astype(np.uint64)
        return chance.uniform(numbers, number, self._seed)
