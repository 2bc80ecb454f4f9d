"""The folder of a city's feeds while processes run: changed files are taken, invalid ones refused.

A file that can't be taken leaves the feed as it was. A file is looked at when it and all files that
it names have stayed the same between two looks, so one that is being written is not read in half.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import yaml

from layers.documents import DocumentError
from layers.feed_spec import FeedSpec
from layers.feeds import read_feed

Check = Callable[[FeedSpec, Path], None]
"""What is asked of a feed besides its grammar; raises a DocumentError."""

Stamp = tuple[tuple[str, int, int], ...]
"""Name, time of change and size of each file that a feed is made of."""


def digest_of(feed: FeedSpec) -> str:
    """Give eight letters that say by which rule a feed is read: its YAML and all it names."""
    replace = msgspec.structs.replace
    place = feed.place
    if place.device:  # where a pack lies on this machine is no part of the rule
        place = replace(place, device=replace(place.device, file=""))
    bare = replace(feed, place=place, schema=replace(feed.schema, file=""))
    content = hashlib.sha256(msgspec.json.encode(bare))
    for file in _named_by(feed, Path()):
        content.update(file.read_bytes() if file.is_file() else b"")
    return content.hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Taken:
    """The feeds in force after a change."""

    feeds: Mapping[str, FeedSpec]
    refused: Mapping[str, str]
    """File → why it was refused, of those that are refused now."""
    changed: tuple[str, ...]
    """Ids of feeds that are new, different or gone."""


@dataclass(slots=True)
class _File:
    stamp: Stamp
    feed: FeedSpec | None
    """In force; None: it has never been valid."""
    problem: str = ""


@dataclass(slots=True)
class FeedFolder:
    """Watches one folder.

    Args:
        folder: of the YAML files.
        check: what is asked of a feed besides its grammar.
    """

    folder: Path
    check: Check = lambda _feed, _file: None
    _files: dict[Path, _File] = field(default_factory=dict)
    _seen: dict[Path, Stamp] = field(default_factory=dict)

    def begin(self, feeds: Mapping[str, FeedSpec]) -> None:
        """Take the feeds that the process has read as those in force."""
        by_id = {feed.id: feed for feed in feeds.values()}
        for file in sorted(self.folder.glob("*.yaml")):
            feed = by_id.get(_id_in(file))
            self._files[file] = _File(_stamp(file, feed), feed)

    @property
    def feeds(self) -> dict[str, FeedSpec]:
        """The feeds in force: id → feed."""
        return {f.feed.id: f.feed for f in self._files.values() if f.feed is not None}

    def id_of(self, name: str) -> str:
        """Give the id of the feed that a file has in force; empty when it has none."""
        known = self._files.get(self.folder / name)
        return known.feed.id if known and known.feed else ""

    def look(self) -> Taken | None:
        """Look once; None when nothing has changed, or what has is not settled yet."""
        stamps = {
            file: _stamp(file, known.feed if (known := self._files.get(file)) else None)
            for file in sorted(self.folder.glob("*.yaml"))
        }
        settled, self._seen = self._seen == stamps, stamps
        if stamps == {file: known.stamp for file, known in self._files.items()} or not settled:
            return None
        before = self.feeds
        for gone in set(self._files) - set(stamps):
            del self._files[gone]
        for file, stamp in stamps.items():
            known = self._files.get(file)
            if known is None or known.stamp != stamp:
                self._files[file] = self._read(file, stamp, known)
        after = self.feeds
        changed = [i for i in sorted({*before, *after}) if before.get(i) is not after.get(i)]
        refused = {f.name: known.problem for f, known in self._files.items() if known.problem}
        return Taken(after, refused, tuple(changed))

    def _read(self, file: Path, stamp: Stamp, known: _File | None) -> _File:
        """Read a file; when it can't be taken, what was in force stays."""
        try:
            feed = read_feed(file)
            self.check(feed, file)
            self._refuse_twin(feed, file)
        except DocumentError as error:
            return _File(stamp, known.feed if known else None, " ".join(str(error).split()))
        return _File(_stamp(file, feed), feed)

    def _refuse_twin(self, feed: FeedSpec, file: Path) -> None:
        for other, known in self._files.items():
            if other != file and known.feed is not None and known.feed.id == feed.id:
                problem = f"id {feed.id!r} is taken by {other.name}"
                raise DocumentError(file, problem, "Give it another id.")


def _stamp(file: Path, feed: FeedSpec | None) -> Stamp:
    files = [file, *(_named_by(feed, file.parent.parent) if feed else ())]
    found = []
    for one in files:
        try:
            stat = one.stat()
        except OSError:  # it is being replaced, or gone
            continue
        found.append((str(one), stat.st_mtime_ns, stat.st_size))
    return tuple(found)


def _named_by(feed: FeedSpec, pack: Path) -> list[Path]:
    """Give the files of the pack that a feed names."""
    named = [feed.schema.file, *(table.file for table in feed.codes.values())]
    if feed.place.device:
        named.append(feed.place.device.file)
    return [pack / name for name in named if name]


def _id_in(file: Path) -> str:
    try:
        return str(yaml.safe_load(file.read_text(encoding="utf-8"))["id"])
    except (OSError, yaml.YAMLError, TypeError, KeyError):
        return ""
