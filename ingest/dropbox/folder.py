"""A folder into which files are put: each is taken when it is whole, and moved when it is done."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from kafka.errors import KafkaError

from ingest.dropbox.ledger import Ledger, digest_of
from ingest.dropbox.produce import FileProducer, NoTopicError
from ingest.sources.file import FileError, read_messages
from layers.config import Config
from layers.feed_spec import FeedSpec
from layers.processes import FolderLock

log = logging.getLogger(__name__)

DONE, FAILED, LEDGER = "done", "failed", ".yiwang"

UNFINISHED = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp", "~")
"""Endings of files that somebody is still writing."""

Voice = Callable[[str], None]


class DropFolder:
    """One watched folder.

    Args:
        folder: where files arrive.
        feed: whose they are.
    """

    def __init__(self, folder: Path, feed: FeedSpec) -> None:
        self.folder = folder
        self.feed = feed
        self.ledger = Ledger(folder / LEDGER)
        self._seen: dict[Path, tuple[int, int]] = {}
        self._lock = FolderLock(self.ledger.folder, "yiwang watch")

    def close(self) -> None:
        """Let go of the folder."""
        self._lock.release()

    def arrived(self) -> Iterator[Path]:
        """Give the files that are whole, oldest first.

        Whole is what has the same size and time as at the look before; what comes by a rename is.
        """
        now: dict[Path, tuple[int, int]] = {}
        for file in self.folder.iterdir():
            if file.name.startswith(".") or file.name.endswith(UNFINISHED) or not file.is_file():
                continue
            stat = file.stat()
            now[file] = stat.st_mtime_ns, stat.st_size
        whole = [file for file, stamp in now.items() if self._seen.get(file) == stamp]
        self._seen = now
        yield from sorted(whole, key=lambda file: (now[file], file.name))

    def done(self, file: Path) -> None:
        """Move a file that stands in the topic."""
        self._move(file, DONE)

    def failed(self, file: Path, reason: str) -> None:
        """Move a file that can't be read, and write beside it why."""
        moved = self._move(file, FAILED)
        moved.with_name(moved.name + ".reason.txt").write_text(reason + "\n", encoding="utf-8")

    def _move(self, file: Path, where: str) -> Path:
        target = self.folder / where / file.name
        target.parent.mkdir(exist_ok=True)
        number = 1
        while target.exists():
            number += 1
            target = target.with_name(f"{file.stem}.{number}{file.suffix}")
        return file.rename(target)


@dataclass(slots=True)
class Watch:
    """Takes what arrives in folders.

    Args:
        config: where Kafka is.
        folders: by the feed.
        say: told what happens.
        progress: told how far a file is.
    """

    config: Config
    folders: Mapping[str, DropFolder]
    say: Voice
    progress: Voice
    _producers: dict[str, FileProducer] = field(default_factory=dict)
    _is_waiting: bool = False

    def run(self, stop: Event, every_s: float, *, once: bool = False) -> int:
        """Look again and again until told to stop; give the number of files that failed.

        Args:
            stop: set by whoever wants it to end.
            every_s: between two looks; a file must stay the same for so long.
            once: end when all that is there is taken.
        """
        failed = 0
        looks = 0
        try:
            while not stop.is_set():
                looks += 1
                for drop in self.folders.values():
                    failed += self._take(drop, stop)
                if once and looks > 1:
                    break
                stop.wait(every_s)
        finally:
            for producer in self._producers.values():
                producer.close()
        return failed

    def _take(self, drop: DropFolder, stop: Event) -> int:
        failed = 0
        for file in drop.arrived():
            if stop.is_set():
                break
            try:
                failed += not self._produce(drop, file)
            except (KafkaError, NoTopicError) as error:
                if not self._is_waiting:
                    log.error("event=kafka_lost detail=%r", error)  # noqa: TRY400  no traceback
                    self.say(f"等待 Kafka waiting for Kafka: {error}")
                self._is_waiting = True
                break
            self._is_waiting = False
        return failed

    def _produce(self, drop: DropFolder, file: Path) -> bool:
        """Produce one file; False when it has failed."""
        feed = drop.feed
        if feed.id not in self._producers:
            self._producers[feed.id] = FileProducer(self.config, drop.ledger)
        producer = self._producers[feed.id]
        digest = digest_of(file)
        before = producer.before(digest, feed.topic_name)
        if before:
            drop.done(file)
            self.say(f"{file.name}: 已写入过，不重复 produced before as {before}; not again")
            return True
        try:
            count = producer.produce(
                feed,
                digest,
                file.name,
                (read_messages(feed, file), lambda n: self.progress(f"{file.name}: {n:,}")),
            )
        except FileError as error:
            drop.failed(file, str(error))
            self.say(f"{file.name}: 失败 failed: {error}")
            return False
        if not count:
            drop.failed(file, "文件中没有消息。There is no message in it.")
            self.say(f"{file.name}: 失败 failed: 没有消息 no message in it")
            return False
        drop.done(file)
        self.say(f"{file.name}: {count:,} 条 messages → {feed.topic_name}")
        return True
