"""The subcommand `feed`: new, try, docs."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from layers.command import Command, CommandError
from layers.config import Config
from layers.documents import DocumentError
from layers.store.client import Store, connect
from layers.store.local_redis import LocalRedis, LocalRedisError

if TYPE_CHECKING:
    from ingest.sources.base import Slice
    from layers.batch import Frame
    from layers.feed_spec import FeedSpec
    from layers.pack import CityPack

_KINDS = ("observation", "case", "incident", "warning")


def _arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="new|try|docs")
    new = actions.add_parser("new", help="write a first YAML by looking at a sample")
    new.add_argument("sample", type=Path, metavar="SAMPLE", help="some messages, in any form")
    new.add_argument("--id", default="", help="id of the feed (default: from the file's name)")
    new.add_argument("--kind", choices=_KINDS, help="of the records (default: guessed)")
    new.add_argument("--out", type=Path, metavar="FILE", help="where to (default: the screen)")
    attempt = actions.add_parser("try", help="what would come of messages; nothing is counted")
    attempt.add_argument("feed", metavar="FEED", help="id of a feed of the pack, or a YAML file")
    attempt.add_argument("file", nargs="?", type=Path, metavar="FILE", help="recorded messages")
    attempt.add_argument(
        "--topic", default="", metavar="T", help="the newest of this topic instead"
    )
    attempt.add_argument(
        "--limit", type=int, default=10_000, metavar="N", help="messages of the topic (10000)"
    )
    attempt.add_argument("--map", type=Path, metavar="FILE", help="draw the points into this HTML")
    attempt.add_argument("--no-memory", action="store_true", help="do not measure Redis")
    attempt.add_argument(
        "--scratch", default="", metavar="URL", help="Redis to measure in (default: a passing one)"
    )
    attempt.add_argument(
        "--bear",
        type=float,
        default=0.0,
        metavar="PERCENT",
        help="rejects that are borne: exit code 0 up to there (default 0)",
    )
    docs = actions.add_parser("docs", help="write the page of the catalogue")
    docs.add_argument("page", nargs="?", type=Path, default=Path("docs/catalogue.md"))


def _run(args: argparse.Namespace, config: Config) -> int:
    actions: dict[str, Callable[[argparse.Namespace, Config], int]] = {
        "new": _new,
        "try": _try,
        "docs": _docs,
    }
    return actions[args.action](args, config)


def _new(args: argparse.Namespace, config: Config) -> int:
    from ingest.discover.draft import City, draft_of
    from ingest.discover.samples import SampleError, read_sample
    from ingest.discover.spelling import feed_id_of
    from layers.pack import load_pack

    if args.out and args.out.exists():
        raise CommandError(f"{args.out}: 已存在 is there already. 请另取名 Give another name.")
    pack = load_pack(config.city.pack)
    try:
        sample = read_sample(args.sample)
    except SampleError as error:
        raise CommandError(str(error)) from error
    feed_id = args.id or feed_id_of(args.sample)
    draft = draft_of(sample, feed_id, args.kind, City(pack.geography, pack.timezone))
    if args.out:
        args.out.write_text(draft.text, encoding="utf-8")
    else:
        sys.stdout.write(draft.text)
    write = sys.stderr.write
    write(f"\n{len(sample.records):,} 条记录 records, {sample.format}, {draft.kind}\n")
    for number, (zh, en) in enumerate(draft.questions, 1):
        write(f"问 {number:>2}  {zh}\n        {en}\n")
    for line in _checked(draft.text, args.sample, config, pack):
        write(line + "\n")
    return 0


def _checked(text: str, sample: Path, config: Config, pack: CityPack) -> Iterator[str]:
    """Say whether the draft passes `yiwang check`, and what it makes of its own sample."""
    from tempfile import TemporaryDirectory

    from ingest.trial.report import try_feed
    from ingest.worker import frame_of

    with TemporaryDirectory() as folder:
        file = Path(folder) / "feeds" / "draft.yaml"
        file.parent.mkdir()
        file.write_text(text, encoding="utf-8")
        try:
            feed = _feed_of(file)
            slices = _of_file(feed, sample)
        except (DocumentError, CommandError) as error:
            yield f"check: 尚未通过 not yet: {str(error).partition(': ')[2]}"
            return
    yield "check: 通过 passes"
    trial = try_feed(feed, frame_of(config, pack), slices)
    counts = ", ".join(f"{name} {count:,}" for name, count in trial.outcomes.items() if count)
    yield f"try: {counts}"
    for (name, zh, en), count in trial.rejects.most_common(5):
        yield f"  {count:,} × {name or '—'}: {zh} {en}"


def _feed_of(file: Path) -> FeedSpec:
    from ingest.mapping import check_mapping
    from layers.feeds import read_feed

    feed = read_feed(file)
    check_mapping(feed, file)
    return feed


def _named(name: str, pack: CityPack) -> FeedSpec:
    from ingest.mapping import load_feeds

    file = Path(name)
    if file.suffix in (".yaml", ".yml"):
        return _feed_of(file)
    feeds = load_feeds(pack.feeds_dir)
    if name not in feeds:
        known = ", ".join(sorted(feeds))
        raise CommandError(
            f"没有数据源 there is no feed {name!r}. 可用 Use one of: {known}, or a .yaml file."
        )
    return feeds[name]


def _of_file(feed: FeedSpec, file: Path) -> list[Slice]:
    from ingest.sources.file import FileError
    from ingest.trial.messages import NothingToTryError, of_file

    try:
        return of_file(feed, file, int(time.time() * 1000))
    except (FileError, NothingToTryError) as error:
        raise CommandError(str(error)) from error


def _of_topic(config: Config, feed: FeedSpec, topic: str, limit: int) -> list[Slice]:
    from kafka.errors import KafkaError

    from ingest.trial.messages import NothingToTryError, of_topic

    try:
        return of_topic(config, feed, topic, limit)
    except KafkaError as error:
        raise CommandError(f"Kafka 没有应答 does not answer ({error!r}).") from error
    except NothingToTryError as error:
        raise CommandError(str(error)) from error


def _try(args: argparse.Namespace, config: Config) -> int:
    from ingest.trial.report import lines_of, try_feed
    from ingest.trial.sketch import sketch
    from ingest.worker import frame_of
    from layers.pack import load_pack

    if (args.file is None) == (not args.topic):
        raise CommandError("请给出文件或 --topic 之一。Give a FILE, or --topic, and not both.")
    pack = load_pack(config.city.pack)
    feed = _named(args.feed, pack)
    frame = frame_of(config, pack)
    if args.file:
        slices = _of_file(feed, args.file)
    else:
        slices = _of_topic(config, feed, args.topic, args.limit)
    trial = try_feed(feed, frame, slices)
    for line in lines_of(trial):
        sys.stdout.write(line + "\n")
    if not args.no_memory:
        for line in _measured(args.scratch, feed, frame, slices):
            sys.stdout.write(line + "\n")
    if args.map:
        args.map.write_text(sketch(trial, pack.geography), encoding="utf-8")
        sys.stdout.write(f"地图 map: {args.map}\n")
    return 0 if trial.rejected_share * 100 <= args.bear else 1


def _measured(url: str, feed: FeedSpec, frame: Frame, slices: list[Slice]) -> Iterator[str]:
    from ingest.trial.memory import memory_of

    with _scratch(url) as store:
        memory = memory_of(feed, frame, store, slices, time.time)
    records = max(1, sum(len(s.offsets) for s in slices))
    yield (
        f"内存 memory in Redis: {memory.total:,} B, "
        f"每条消息 {memory.total // records:,} B a message"
    )
    for family, size in memory.families.items():
        yield f"  {family:<8} {size:>12,}"


@contextmanager
def _scratch(url: str) -> Iterator[Store]:
    prefix = "yw.try"
    if not url:
        with LocalRedis(None) as server:
            yield connect(server.url, prefix=prefix)
        return
    store = connect(url, prefix=prefix)
    store.wipe()
    try:
        yield store
    finally:
        store.wipe()


def _docs(args: argparse.Namespace, config: Config) -> int:
    from ingest.catalogue_page import page

    args.page.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{args.page}\n")
    del config
    return 0


FEED = Command(
    name="feed",
    help="draft a feed from a sample, try it on messages, write the catalogue",
    description="数据源：由样本草拟、用真实消息试跑、生成目录页。\n"
    "new   looks at a sample (JSON, NDJSON, GeoJSON, CSV of any dialect, XML, CAP, a spreadsheet,\n"
    "      packed or not) and writes a first YAML: format, encoding, delimiter, the array that\n"
    "      holds the records, time with form and zone, place with its order and, for metres, the\n"
    "      projection that lies in the city, ids, property and value or a wide row, codes with\n"
    "      the states that are plain, marks of missing values, personal data. What it can't tell\n"
    "      stands in the file as a question (问 / ?). It says whether the draft passes `check`,\n"
    "      and what it makes of its own sample.\n"
    "try   reads messages by a feed and counts nothing: outcomes, every field with its coverage\n"
    "      and examples, unmapped codes, how deep records are placed, the time span, rejects by\n"
    "      reason, the memory they take in a passing Redis, and, with --map, the points on a map.\n"
    "      Exit code: 0 no more rejects than --bear, 1 more.\n"
    "docs  writes docs/catalogue.md from ingest/catalogue.",
    examples=(
        ("yiwang feed new today.csv --id parking --out parking.yaml", "a first YAML"),
        ("yiwang feed try parking.yaml today.csv --map points.html", "what comes of it"),
        ("yiwang feed try hotline --topic hotline --limit 2000 --bear 1", "on what comes now"),
    ),
    run=_run,
    add_arguments=_arguments,
    errors=(LocalRedisError,),
)
