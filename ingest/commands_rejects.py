"""The subcommand `rejects`: list, show, replay."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from layers.command import Command, CommandError, Progress
from layers.config import Config

if TYPE_CHECKING:
    from ingest.mending.listing import Known
    from ingest.mending.resend import Outcome, Resender
    from layers.batch import Frame
    from layers.feed_spec import FeedSpec
    from layers.store.client import Store

_UNITS = {"m": 60, "h": 3600, "d": 86_400}
_SHORT = 40
_FATES = {"open": "待修 open", "sent": "已重放 sent", "mended": "已修复 mended"}


def _arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|show|replay")
    listing = actions.add_parser("list", help="which messages were rejected, why, and what came")
    _choosing(listing)
    listing.add_argument("--limit", type=int, default=50, metavar="N", help="rows (default 50)")
    listing.add_argument("--json", action="store_true", help="one JSON object a line, all of them")
    show = actions.add_parser("show", help="one rejected message with all that is known of it")
    show.add_argument("id", metavar="ID", help="as `list` names it")
    show.add_argument("--raw", action="store_true", help="the message alone, byte for byte")
    show.add_argument("--topic", action="store_true", help=_TOPIC_HELP)
    replay = actions.add_parser("replay", help="play messages again after what was wrong is mended")
    replay.add_argument("ids", nargs="*", metavar="ID", help="as `list` names them")
    _choosing(replay)
    replay.add_argument(
        "--edit", type=Path, metavar="FILE", help="the mended message; with one ID only"
    )
    replay.add_argument(
        "--wait", type=float, default=30.0, metavar="S", help="for workers to apply it (default 30)"
    )


_TOPIC_HELP = "look in the rejects topic, which holds all, not in Redis, which holds the newest"


def _choosing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--feed", default="", metavar="ID", help="of this feed only")
    parser.add_argument("--reason", default="", metavar="TEXT", help="whose reason holds this text")
    parser.add_argument(
        "--since", default="", metavar="T", help="since then: 30m, 12h, 3d, or 2026-11-24T08:00"
    )
    parser.add_argument("--topic", action="store_true", help=_TOPIC_HELP)


@dataclass(frozen=True, slots=True)
class _City:
    feeds: dict[str, FeedSpec]
    frame: Frame
    store: Store


def _run(args: argparse.Namespace, config: Config) -> int:
    from kafka.errors import KafkaError

    from ingest.mending.resend import LostMessageError
    from ingest.sources.kafka_range import LogStalledError
    from layers.store.client import StoreUnavailableError

    actions: dict[str, Callable[[argparse.Namespace, Config], int]] = {
        "list": _list,
        "show": _show,
        "replay": _replay,
    }
    try:
        return actions[args.action](args, config)
    except KafkaError as error:
        raise CommandError(
            f"Kafka（{config.kafka.bootstrap}）没有应答 does not answer ({error!r}). "
            "Check kafka.bootstrap and kafka.security."
        ) from error
    except (StoreUnavailableError, LogStalledError, LostMessageError) as error:
        raise CommandError(str(error)) from error


def _open(config: Config) -> _City:
    from ingest import mapping
    from ingest.worker import frame_of, open_store
    from layers.pack import load_pack

    pack = load_pack(config.city.pack)
    feeds = mapping.load_feeds(pack.feeds_dir)
    return _City(feeds, frame_of(config, pack), open_store(config))


def _known(city: _City, config: Config, *, topic: bool) -> list[Known]:
    from ingest.mending import listing

    homes = city.frame.homes
    rejects = listing.from_topic(config) if topic else listing.from_store(city.store, homes)
    return listing.known(city.store, homes, rejects)


def _chosen(args: argparse.Namespace, city: _City, every: Sequence[Known]) -> list[Known]:
    if args.feed and args.feed not in city.feeds:
        known = ", ".join(sorted(city.feeds))
        raise CommandError(
            f"--feed {args.feed}: 没有此数据源 there is no such feed. 可用 Use one of: {known}."
        )
    since_ms = _since_ms(args.since) if args.since else 0
    words = args.reason.casefold()
    return [
        one
        for one in every
        if args.feed in ("", one.reject.feed)
        and one.reject.at_ms >= since_ms
        and words in f"{one.reject.reason.zh} {one.reject.reason.en}".casefold()
    ]


def _since_ms(text: str) -> int:
    number, unit = text[:-1], text[-1:]
    if unit in _UNITS and number.isdecimal():
        return int((time.time() - int(number) * _UNITS[unit]) * 1000)
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(
            f"--since {text}: 不是时间 not a time. 写作 Write 30m, 12h, 3d, 2026-11-24 or "
            "2026-11-24T08:00+08:00."
        ) from error
    return int(at.timestamp() * 1000)


def _list(args: argparse.Namespace, config: Config) -> int:
    city = _open(config)
    every = _known(city, config, topic=args.topic)
    chosen = _chosen(args, city, every)
    lines = _as_json(chosen) if args.json else _as_table(chosen, args.limit)
    for line in lines:
        sys.stdout.write(line + "\n")
    return 0


def _as_json(chosen: Sequence[Known]) -> Iterator[str]:
    for one in chosen:
        row = {"id": one.id, "state": one.fate, **msgspec.to_builtins(one.reject)}
        yield msgspec.json.encode(row).decode()


def _as_table(chosen: Sequence[Known], limit: int) -> Iterator[str]:
    for one in chosen[:limit]:
        r = one.reject
        at = datetime.fromtimestamp(r.at_ms / 1000, UTC)
        said = f"{r.field or '—'} = {_short(r.value)}: {r.reason.zh} {r.reason.en}"
        yield f"{at:%Y-%m-%dT%H:%M:%SZ}  {_FATES[one.fate]}  {one.id}  {r.feed}  {said}"
    if len(chosen) > limit:
        yield f"… {len(chosen) - limit:,} 条未列 more; --limit, --json"
    counts = Counter(
        (k.reject.feed, k.reject.field or "—", k.reject.reason.zh, k.reject.reason.en)
        for k in chosen
        if k.fate != "mended"
    )
    mended = sum(k.fate == "mended" for k in chosen)
    yield (
        f"共 {len(chosen):,} 条拒收，其中 {mended:,} 条已修复。"
        f"{len(chosen):,} rejects, of which {mended:,} have been mended."
    )
    for (feed, name, zh, en), count in counts.most_common():
        yield f"  {count:>6,}  {feed}  {name}: {zh} {en}"


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return repr(flat if len(flat) <= _SHORT else flat[:_SHORT] + "…")


def _named(ids: Sequence[str], every: Sequence[Known]) -> list[Known]:
    by_id = {one.id: one for one in every}
    for name in ids:
        if name not in by_id:
            raise CommandError(
                f"{name}: 没有这条拒收 there is no such reject in Redis. "
                "See `yiwang rejects list`; --topic looks in the rejects topic, which holds all."
            )
    return [by_id[name] for name in ids]


def _show(args: argparse.Namespace, config: Config) -> int:
    city = _open(config)
    (one,) = _named([args.id], _known(city, config, topic=args.topic))
    r = one.reject
    raw = _raw(city, config, one)
    if args.raw:
        sys.stdout.buffer.write(raw)
        return 0
    feed = city.feeds.get(r.feed)
    rows = {
        "编号 id": one.id,
        "状态 state": _FATES[one.fate],
        "数据源 feed": f"{r.feed}  {feed.title.zh} {feed.title.en}" if feed else r.feed,
        "联系 contact": f"{feed.contact.zh} {feed.contact.en}" if feed else "",
        "时间 time": datetime.fromtimestamp(r.at_ms / 1000, UTC).isoformat(),
        "区 home": r.home,
        "字段 field": r.field or "—",
        "值 value": r.value,
        "原因 reason": f"{r.reason.zh} {r.reason.en}",
        "处置 remedy": f"{r.remedy.zh} {r.remedy.en}",
        "报文 message": raw.decode("utf-8", "backslashreplace"),
    }
    for name, value in rows.items():
        sys.stdout.write(f"{name:<14} {value}\n")
    return 0


def _raw(city: _City, config: Config, one: Known) -> bytes:
    """Give the bytes from Kafka; where it does not answer, what the list holds."""
    from kafka.errors import KafkaError

    try:
        resender = _resender(city, config)
    except KafkaError:
        return one.reject.raw.encode()
    try:
        return resender.raw(one.reject)
    finally:
        resender.close()


def _resender(city: _City, config: Config) -> Resender:
    from ingest.mending.resend import Resender

    return Resender(config, city.feeds, city.frame, city.store)


def _replay(args: argparse.Namespace, config: Config) -> int:
    if not args.ids and not args.feed:
        raise CommandError("请给出编号或 --feed。Name IDs, or a feed by --feed.")
    if args.edit and len(args.ids) != 1:
        raise CommandError("--edit 只能与一个编号同用。--edit goes with exactly one ID.")
    edited = _edited(args.edit) if args.edit else None
    city = _open(config)
    every = _known(city, config, topic=args.topic)
    chosen = _named(args.ids, every) if args.ids else _chosen(args, city, every)
    for one in chosen if args.ids else ():
        if one.fate != "open":
            raise CommandError(
                f"{one.id}: {_FATES[one.fate]}；不再重放。It is not played again: "
                "a reject is mended once."
            )
    progress = Progress("rejects")
    resender = _resender(city, config)
    try:
        outcome = resender.send(
            [one for one in chosen if one.fate == "open"],
            every,
            edited,
            lambda done, total: progress(f"{done:,} / {total:,}"),
        )
        if outcome.sent and args.wait > 0:
            resender.wait(outcome, every, args.wait)
    finally:
        resender.close()
    return _told(outcome, waited=args.wait > 0)


def _edited(file: Path) -> bytes:
    try:
        return file.read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise CommandError(f"--edit {file}: 读不了 can't be read ({error}).") from error


def _told(outcome: Outcome, *, waited: bool) -> int:
    write = sys.stdout.write
    for name, why in outcome.still.items():
        write(f"未重放 not sent  {name}: 仍会被拒 would be rejected again: {why}\n")
    for why in outcome.lost:
        write(f"未重放 not sent  {why}\n")
    write(f"已重放 sent {len(outcome.sent):,}, 已修复 mended {len(outcome.mended):,}\n")
    waiting = len(outcome.sent) - len(outcome.mended)
    if waited and waiting:
        write(
            f"{waiting:,} 条尚未生效：接入进程在运行吗？not applied yet: is a worker running "
            "(`yiwang ingest`)? See `yiwang rejects list`.\n"
        )
    is_done = not outcome.still and not outcome.lost and not (waited and waiting)
    return 0 if is_done else 1


REJECTS = Command(
    name="rejects",
    help="list rejected messages, look at one, play them again once mended",
    description="拒收的消息：列出、查看、修好后重放。\n"
    "Lists the messages that could not be taken, with field, value and reason; shows one with its\n"
    "bytes; and plays them again after the feed's YAML was mended, or with a mended message. A\n"
    "replayed message goes to the log in which it stood, with its key, headers and time. It is\n"
    "tried first against the YAML as it is now, and not sent when it would be rejected again.\n"
    "Once a worker has applied it, it counts as what it is now and no longer as rejected, and\n"
    "`mended` counts it: read = accepted + duplicate + rejected + late holds throughout, and\n"
    "nothing is counted twice. A mended reject is not played again.\n"
    "Exit code of `replay`: 0 all are mended, 1 some are not.",
    examples=(
        ("yiwang rejects list --feed hotline --since 12h", "what came wrong since this morning"),
        ("yiwang rejects list --json --topic | jq -r .reason.en", "all of them, for a script"),
        ("yiwang rejects show hotline:3@1f…:1201 --raw > m.json", "the message itself"),
        ("yiwang rejects replay hotline:3@1f…:1201 --edit m.json", "as it should have been"),
        ("yiwang rejects replay --feed hotline --reason 状态", "after the YAML was mended"),
    ),
    run=_run,
    add_arguments=_arguments,
)
