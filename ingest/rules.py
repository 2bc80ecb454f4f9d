"""The feeds of a running worker: a changed YAML comes into force between two polls.

Nothing is lost or doubled by it. What has been normalized by the old rule is applied; the next poll
is normalized by the new one; fences know neither. A topic that is new is subscribed to, and read
from its fences, or from its oldest message. A file that can't be taken is refused: the log says
why, the screen says so, and the old rule stays in force.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

import msgspec

from layers.feed_folder import FeedFolder, Taken, digest_of
from layers.feed_spec import FeedSpec
from layers.feeds import RuleNote
from layers.store import keys
from layers.store.client import Store, StoreUnavailableError

log = logging.getLogger(__name__)


class LiveRules:
    """Watches the feeds of the city and tells the screens which are in force.

    Args:
        folder: of the feeds.
        store: the city's state.
        clock_s: seconds since the epoch.
        feeds: what the worker starts with.
    """

    def __init__(
        self,
        folder: FeedFolder,
        store: Store,
        clock_s: Callable[[], float],
        feeds: Mapping[str, FeedSpec],
    ) -> None:
        self._folder = folder
        self._store = store
        self._clock_s = clock_s
        self._refused: Mapping[str, str] = {}
        self._unsaid = True
        """Redis has not heard yet what is in force."""
        folder.begin(feeds)
        self.subscribe: Callable[[Sequence[str]], None] = lambda _topics: None
        """Told the topics of all feeds when they have changed."""

    def look(self) -> Mapping[str, FeedSpec] | None:
        """Give the feeds in force when they have changed."""
        before = _topics(self._folder.feeds)
        taken = self._folder.look()
        if taken is not None:
            self._tell(taken)
            self._unsaid, self._refused = True, taken.refused
            topics = _topics(taken.feeds)
            if topics != before:
                self.subscribe(topics)
        if self._unsaid:
            self._note()
        return None if taken is None or not taken.changed else taken.feeds

    def _tell(self, taken: Taken) -> None:
        for identity in taken.changed:
            feed = taken.feeds.get(identity)
            rule = digest_of(feed) if feed else "gone"
            log.info("event=feed_changed feed=%s rules=%s", identity, rule)
        for name, problem in taken.refused.items():
            if self._refused.get(name) != problem:
                log.error("event=feed_refused file=%s detail=%s", name, problem)

    def _note(self) -> None:
        """Write down which rules are in force, and what was refused; an outage is waited for."""
        now_ms = int(self._clock_s() * 1000)
        try:
            (stored,) = self._store.read([("hgetall", keys.UNASSIGNED, keys.RULES, ())])
            known = {name.decode(): RuleNote.read(text) for name, text in stored.items()}
            notes = {name: RuleNote() for name in known}
            for feed in self._folder.feeds.values():
                digest, was = digest_of(feed), known.get(feed.id, RuleNote())
                since_ms = was.since_ms if was.rules == digest else now_ms
                notes[feed.id] = RuleNote(digest, since_ms)
            for name, problem in self._refused.items():
                feed_id = self._folder.id_of(name) or name
                was = notes.get(feed_id, RuleNote())
                notes[feed_id] = msgspec.structs.replace(was, refused=problem)
            told = {name: msgspec.json.encode(note).decode() for name, note in notes.items()}
            self._store.note(keys.UNASSIGNED, keys.RULES, told)
        except StoreUnavailableError:
            return
        self._unsaid = False


def _topics(feeds: Mapping[str, FeedSpec]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(topic for feed in feeds.values() for topic in feed.all_topics))
