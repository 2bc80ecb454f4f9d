"""The subcommands of the demo: `demo`, and `play`, which it uses."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import msgspec

from ingest.demo_parts import DemoError
from ingest.kafka_jars import KafkaUnavailableError
from layers.command import Command, CommandError, Progress, stop_on_signal
from layers.config import Config
from layers.store.local_redis import LocalRedisError

if TYPE_CHECKING:
    from ingest.play_city import Play


def _play_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--hours", type=float, default=50.0, metavar="H", help="history first (default 50 h)"
    )
    parser.add_argument(
        "--speed", type=_speed, default=1.0, metavar="X", help="times faster than the clock"
    )
    parser.add_argument(
        "--mark", type=Path, metavar="FILE", help="remembers how far this has been played"
    )
    parser.add_argument(
        "--direct", action="store_true", help="without Kafka, straight into the pipeline"
    )


def _run_play(args: argparse.Namespace, config: Config) -> int:
    from kafka.errors import KafkaError

    from ingest.demo.message import PlayError
    from ingest.play_city import Play, play_direct

    play = Play(args.hours, args.speed, args.mark)
    try:
        with stop_on_signal() as stop:
            if args.direct:
                play_direct(config, play, stop, _clock)
            else:
                _play_into_kafka(config, play, stop)
    except PlayError as error:
        raise CommandError(str(error)) from error
    except KafkaError as error:
        raise CommandError(f"Kafka does not take the messages ({error!r}).") from error
    return 0


def _play_into_kafka(config: Config, play: Play, stop: Event) -> None:
    from ingest.play_city import KafkaSink, open_player, play_history, play_live

    progress = Progress("history")
    player = open_player(config, play.speed, _clock())
    sink = KafkaSink(config)
    count = play_history(player, play, sink, stop, lambda sent: progress(f"{sent:,} messages"))
    if not stop.is_set():
        progress.done(f"{count:,} messages, now live")
        play_live(player, play, sink, stop, _clock)
    sink.close()


def _clock() -> datetime:
    return datetime.now(UTC)


def _demo_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--city", default="", metavar="PACK", help="beijing (default), chicago, …")
    parser.add_argument("--port", type=int, default=0, help="port of the screens (default 8050)")
    parser.add_argument(
        "--speed", type=_speed, default=1.0, metavar="X", help="times faster than the clock"
    )
    parser.add_argument(
        "--hours", type=float, default=50.0, metavar="H", help="history first (default 50 h)"
    )
    parser.add_argument(
        "--no-kafka", action="store_true", help="the same files and pipeline without Kafka"
    )
    parser.add_argument(
        "--jars", type=Path, metavar="DIR", help="folder with Kafka's jars: nothing is fetched"
    )


def _run_demo(args: argparse.Namespace, config: Config) -> int:
    from ingest.demo_city import DemoOptions, run_demo

    if args.config:
        os.environ["YIWANG_CONFIG"] = str(args.config.resolve())  # for the parts
    city = msgspec.structs.replace(config.city, pack=args.city or config.city.pack)
    serve = msgspec.structs.replace(config.serve, port=args.port or config.serve.port)
    options = DemoOptions(args.speed, not args.no_kafka, args.hours, args.jars)
    with stop_on_signal() as stop:
        run_demo(msgspec.structs.replace(config, city=city, serve=serve), options, stop, _Voice())
    return 0


class _Voice:
    """The terminal: steps stay, the status is renewed below them."""

    def __init__(self) -> None:
        self._line = Progress("yiwang demo", sys.stdout, every_s=30.0)

    def say(self, line: str) -> None:
        """Say one thing that has happened."""
        self._line.done(line)

    def status(self, line: str) -> None:
        """Renew the status."""
        self._line(line)


def _speed(text: str) -> float:
    speed = float(text)
    if not 0 < speed <= 3600:
        raise argparse.ArgumentTypeError("between 0 and 3600")
    return speed


PLAY = Command(
    name="play",
    help="play the city pack's streams into Kafka",
    description="把城市包的数据流按真实节奏写入 Kafka；先补历史，再持续播放。\n"
    "Plays the streams of the city pack into their topics: first the hours that have gone by,\n"
    "each message at its own time, then on at the pace of the clock. With --mark it remembers how\n"
    "far it has come, and the next run sends only what came after. The demo uses it.",
    examples=(
        ("yiwang play", "50 hours of history, then live"),
        ("yiwang play --hours 0 --speed 60", "no history, an hour a minute"),
    ),
    run=_run_play,
    add_arguments=_play_arguments,
)

DEMO = Command(
    name="demo",
    help="see a whole city live: everything on this machine, one command",
    description="在本机演示整座城市：Kafka、Redis、数据播放、两个接入进程与网页，一条命令。\n"
    "Shows a whole city on this machine: a local Kafka and Redis, a player that sends the city\n"
    "pack's streams at true pace, two ingest workers and the web server. 50 hours of history are\n"
    "loaded first, and kept between starts. Ctrl-C ends all of it. When Maven's registry can't be\n"
    "reached, it says so and plays the same files through the same pipeline without Kafka.",
    examples=(
        ("yiwang demo", "Beijing on port 8050"),
        ("yiwang demo --city chicago --port 8060", "another city, another port"),
        ("yiwang demo --speed 60", "an hour a minute"),
        ("yiwang demo --no-kafka", "without Kafka and without a network"),
    ),
    run=_run_demo,
    add_arguments=_demo_arguments,
    errors=(DemoError, KafkaUnavailableError, LocalRedisError),
)
