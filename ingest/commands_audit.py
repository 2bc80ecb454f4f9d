"""The subcommand `audit`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from layers.command import Command, CommandError, Progress
from layers.config import Config
from layers.store.client import Store, connect
from layers.store.local_redis import LocalRedis, LocalRedisError

if TYPE_CHECKING:
    from ingest.audit.run import Report


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--scratch",
        default="",
        metavar="URL",
        help="Redis for the second state (default: a passing one on this machine); its keys "
        "begin with the prefix and `.audit`, and are removed afterwards",
    )
    parser.add_argument(
        "--show", type=int, default=1, metavar="N", help="differences to name (default: the first)"
    )
    parser.add_argument(
        "--strict", action="store_true", help="exit code 1 also when a part can't be proven"
    )


def _run(args: argparse.Namespace, config: Config) -> int:
    from kafka.errors import KafkaError

    from ingest.audit.run import Audit, run_audit
    from ingest.sources.kafka_range import LogStalledError
    from layers.store.client import StoreUnavailableError

    shown = Progress("audit")

    def progress(done: int, total: int) -> None:
        share = f" ({done * 100 // total} %)" if total else ""
        shown(f"重算 recomputed {done:,} / {total:,}{share}")

    try:
        with _scratch(args.scratch, config) as scratch:
            report = run_audit(config, Audit(scratch, time.time, progress, max(1, args.show)))
    except KafkaError as error:
        raise CommandError(
            f"Kafka（{config.kafka.bootstrap}）没有应答 does not answer ({error!r}). "
            "Check kafka.bootstrap and kafka.security."
        ) from error
    except (StoreUnavailableError, LogStalledError) as error:
        raise CommandError(str(error)) from error
    shown.done(f"重算 recomputed {report.messages:,} 条消息 messages")
    for line in lines_of(report):
        sys.stdout.write(line + "\n")
    return 1 if not report.is_equal or (args.strict and report.gaps) else 0


@contextmanager
def _scratch(url: str, config: Config) -> Iterator[Store]:
    """Give an empty store; what was in it is removed before and after."""
    prefix = f"{config.redis.prefix}.audit"
    if not url:
        with LocalRedis(None) as server:
            yield connect(server.url, prefix=prefix)
        return
    store = connect(url, prefix=prefix, cluster=False)
    if not store.ping():
        raise CommandError(f"--scratch {url} 没有应答 does not answer. Check the address.")
    store.wipe()
    try:
        yield store
    finally:
        store.wipe()


def lines_of(report: Report) -> Iterator[str]:
    """Give what an audit found, a line each."""
    for gap in report.gaps:
        since = _moment(gap.since_ms)
        part = f"仅证明 {since} 起 proven from {since} on" if since else "不予比较 not compared"
        yield f"未证明 not proven  {gap.feed}  {gap.log}: {gap.why}; {part}"
    for d in report.first:
        yield f"不同 differs  区 home {d.home}  键 key {d.key}  字段 field {d.field}"
        yield f"  现存 live        {d.live or '— (无 absent)'}"
        yield f"  重算 recomputed  {d.recomputed or '— (无 absent)'}"
    tally = report.tally
    what = (
        "相等 equal" if report.is_equal else f"共 {report.differences:,} 处不同 differences in all"
    )
    yield (
        f"{what}: {tally.fields:,} 个字段已比较 fields compared, "
        f"{tally.unproven:,} 个不可证 not provable, {tally.tied:,} 个先后不定 tied"
    )


def _moment(ms: int | None) -> str:
    return "" if ms is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ms / 1000))


AUDIT = Command(
    name="audit",
    help="prove that the state in Redis is what the messages in Kafka make",
    description="审计：用同一套代码由 Kafka 重算城市状态，并与 Redis 中的现状逐项比较。\n"
    "Copies the live state home by home, each at one instant with its fences; reads the logs\n"
    "again from their beginning up to exactly these fences into a second, passing Redis; and\n"
    "compares every field. Workers may go on meanwhile; the live state is only read. Says\n"
    "`equal`, or names the first difference: home, key, field, live and recomputed value.\n"
    "\n"
    "Not compared, and said so: what Kafka has deleted by now, recorded files that were replayed\n"
    "straight into the state, and topics that were made again. What was counted under an older\n"
    "YAML of a feed differs from what the newer one makes; that is a true difference\n"
    "(docs/operate.md). Needs as much memory in the second Redis as the state has.\n"
    "Exit code: 0 equal, 1 different or not possible.",
    examples=(
        ("yiwang audit", "with a passing Redis on this machine"),
        ("yiwang audit --scratch redis://10.0.0.8:6379/3", "with a Redis of your own"),
        ("yiwang audit --show 20 --strict", "more differences; gaps in the proof count as failure"),
    ),
    run=_run,
    add_arguments=_arguments,
    errors=(LocalRedisError,),
)
