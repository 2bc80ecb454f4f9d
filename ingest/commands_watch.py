"""The subcommand `watch`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from layers.command import Command, CommandError, Progress, stop_on_signal
from layers.config import Config
from layers.processes import FolderBusyError


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder", nargs="?", type=Path, metavar="FOLDER", help="default: all of ingest.folders"
    )
    parser.add_argument("--feed", default="", metavar="ID", help="feed that its files belong to")
    parser.add_argument(
        "--every",
        type=float,
        default=2.0,
        metavar="S",
        help="seconds between two looks; a file that stays the same for so long is whole "
        "(default 2)",
    )
    parser.add_argument("--once", action="store_true", help="take what is there, then end")


def _run(args: argparse.Namespace, config: Config) -> int:
    from ingest import mapping
    from ingest.dropbox.folder import DropFolder, Watch
    from layers.pack import load_pack

    feeds = mapping.load_feeds(load_pack(config.city.pack).feeds_dir)
    wanted = _wanted(args, config)
    for feed_id, folder in wanted.items():
        if feed_id not in feeds:
            known = ", ".join(sorted(feeds))
            raise CommandError(f"没有数据源 there is no feed {feed_id!r}. Use one of: {known}.")
        if not folder.is_dir():
            raise CommandError(f"{folder}: 不是文件夹 is no folder. 请先建立 Make it first.")
    drops: dict[str, DropFolder] = {}
    progress = Progress("watch", sys.stdout)
    try:
        for feed_id, folder in wanted.items():
            drops[feed_id] = DropFolder(folder, feeds[feed_id])
        with stop_on_signal() as stop:
            watch = Watch(config, drops, progress.done, progress)
            failed = watch.run(stop, args.every, once=args.once)
    finally:
        for drop in drops.values():
            drop.close()
    return 1 if args.once and failed else 0


def _wanted(args: argparse.Namespace, config: Config) -> dict[str, Path]:
    """Give feed → folder."""
    if args.folder is None and not args.feed:
        if config.ingest.folders:
            return {feed: Path(name) for feed, name in config.ingest.folders.items()}
        raise CommandError(
            "请给出文件夹与 --feed，或设置 ingest.folders。"
            "Name a folder and --feed, or set ingest.folders in config.yaml."
        )
    if args.folder is None or not args.feed:
        raise CommandError(
            "文件夹与 --feed 须同时给出。A folder needs --feed, and --feed a folder."
        )
    return {args.feed: args.folder}


WATCH = Command(
    name="watch",
    help="take files that arrive in a folder into the topic of a feed",
    description="监视文件夹：到达的文件逐条写入数据源的主题。\n"
    "Produces the files that arrive in a folder to the topic of their feed: lines, tables with a\n"
    "header, spreadsheets, JSON arrays, packed or not, as the feed's YAML says. A file is taken\n"
    "when it is whole: it has not changed between two looks; better still, write it elsewhere on\n"
    "the same disk and rename it into the folder. Names that begin with a dot or end in .tmp,\n"
    ".part and the like are left alone.\n"
    "\n"
    "Each content is produced once, under whatever name it comes, and each message of it once,\n"
    "also when the process is killed in the middle: FOLDER/.yiwang remembers how far each file\n"
    "has come, and every message bears the key `digest:number`. Then the file goes to FOLDER/done\n"
    "or, with a .reason.txt beside it, to FOLDER/failed. A line that can't be read is no failure:\n"
    "it is rejected and stands on /sources. Messages are stamped now: what is older than the\n"
    "feed's late_after_s is late. Ctrl-C ends it in good order.",
    examples=(
        ("yiwang watch /data/in/hotline --feed hotline", "one folder"),
        ("yiwang watch", "all folders of ingest.folders"),
        (
            "yiwang watch inbox --feed parking --once",
            "what is there now; exit code 1 if one failed",
        ),
    ),
    run=_run,
    add_arguments=_arguments,
    errors=(FolderBusyError,),
)
