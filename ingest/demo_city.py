"""`yiwang demo`: a whole city on one machine, each part a process of its own.

Redis and Kafka start at the same time; the web server as soon as Redis answers; the topics, the
player and the workers as soon as Kafka does. However the demo ends, nothing is left running: it
stops its parts in order, and the kernel ends them when the demo itself is killed.
"""

from __future__ import annotations

import json
import os
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any, Protocol

from ingest.demo_parts import DemoError, Parts
from ingest.kafka_jars import RegistryUnreachableError, find_jars
from ingest.local_kafka import LocalKafka
from layers.config import KAFKA_SECRETS, Config
from layers.processes import LOOPBACK, FolderLock, PortBusyError, is_free
from layers.store.local_redis import LocalRedis

WORKERS = 2
_READY_S = 120.0
_STATUS_S = 2.0


class Voice(Protocol):
    """Where the demo says what happens."""

    def say(self, line: str) -> None:
        """Say one thing that has happened."""
        ...

    def status(self, line: str) -> None:
        """Say how things are; the newest counts."""
        ...


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the demo is asked for."""

    speed: float = 1.0
    """How many times faster than the clock the city lives."""
    kafka: bool = True
    """False: the same files through the same pipeline, without a broker."""
    hours: float = 50.0
    """Length of the history that is loaded at the start."""
    jars: Path | None = None
    """Folder with Kafka's jars; None: the cache, filled from Maven's registry the first time."""


def run_demo(config: Config, options: DemoOptions, stop: Event, voice: Voice) -> None:
    """Start everything, keep it running until told to stop, and stop it.

    Args:
        config: city, port, language; Redis and Kafka are those of the demo, whatever it names.
        options: what was asked for.
        stop: ends the demo.
        voice: told each step, and now and then how things are.

    Raises:
        PortBusyError: the port of the screens is taken.
        FolderBusyError: the demo of this city runs already.
        DemoError: a part does not come up, or ends again and again.
        KafkaUnavailableError: Kafka does not come up, for another reason than the network.
        LocalRedisError: Redis does not come up.
    """
    if not is_free(config.serve.port, config.serve.host):
        raise PortBusyError(config.serve.port, "Take another: `make demo PORT=8060`.")
    demo = _Demo(config, options, voice)
    with ExitStack() as closing:
        parts = demo.start(closing)
        demo.wait_until_ready(parts, stop)
        demo.watch(parts, stop)
        voice.say("正在停止 stopping")
    voice.say("已全部停止 everything has stopped")


class _Demo:
    """One run of the demo."""

    def __init__(self, config: Config, options: DemoOptions, voice: Voice) -> None:
        self.config, self.options, self.voice = config, options, voice
        self.say = voice.say
        self._began = time.monotonic()
        self._jars = self._find_jars() if options.kafka else None
        kind = "demo" if self._jars else "demo-direct"
        self.folder = config.local.folder / kind / Path(config.city.pack).name
        self._mark = self.folder / "played.json"
        self._mark_before = _changed_ns(self._mark)

    def _find_jars(self) -> Path | None:
        """Give Kafka's jars; None when they are not here and can't be fetched."""
        cache = self.config.local.folder / "jars"
        try:
            return find_jars(cache, self.options.jars, self.say)
        except RegistryUnreachableError as error:
            self.say(str(error))
            self.say("改为不经 Kafka 播放 going on without Kafka: same files, same pipeline")
            return None

    def start(self, closing: ExitStack) -> Parts:
        """Start the servers and all parts; what undoes it is put on `closing`."""
        lock = FolderLock(self.folder, "the demo of this city")
        closing.callback(lock.release)
        redis = LocalRedis(self.folder / "redis")
        redis.launch()
        closing.callback(redis.stop)
        kafka = self._launch_kafka(closing)
        redis.wait()
        bootstrap = kafka.bootstrap if kafka else "127.0.0.1:9"
        environ = demo_environment(self.config, redis.url, bootstrap)
        parts = Parts(self.folder, environ, self.say)
        closing.callback(parts.stop)
        parts.start("web", "serve")
        if kafka:
            self._start_beside(kafka, parts)
        self._start_player(parts)
        return parts

    def _launch_kafka(self, closing: ExitStack) -> LocalKafka | None:
        if self._jars is None:
            return None
        kafka = LocalKafka(self.folder / "kafka", jars=self._jars)
        kafka.launch()
        closing.callback(kafka.stop)
        return kafka

    def _start_beside(self, kafka: LocalKafka, parts: Parts) -> None:
        from ingest.kafka_topics import city_topics, create_topics

        topics = city_topics(self.config)
        kafka.wait()
        create_topics(kafka.bootstrap, topics, self.config.kafka.partitions)
        self.say(f"Kafka {kafka.bootstrap}")
        for number in range(1, WORKERS + 1):
            name = f"ingest-{number}"
            parts.start(name, "ingest", "--name", name)

    def _start_player(self, parts: Parts) -> None:
        options = self.options
        arguments = ["--hours", str(options.hours), "--speed", str(options.speed)]
        arguments += ["--mark", str(self._mark)]
        if self._jars is None:
            arguments.append("--direct")
        parts.start("player", "play", *arguments)

    def wait_until_ready(self, parts: Parts, stop: Event) -> None:
        """Wait until the screens can be opened, and say where they are."""
        url = screens_url(self.config)
        while not stop.is_set():
            if _fetch(f"{url}/readyz") is not None:
                took = time.monotonic() - self._began
                self.say(f"打开 Open {url}/wall  ({took:.0f} s)  Ctrl-C 结束 ends")
                self.say(f"日志 logs: {self.folder}/*.log")
                return
            parts.mend()
            if time.monotonic() - self._began > _READY_S:
                raise DemoError(f"The screens did not come up. See {self.folder}/web.log.")
            stop.wait(0.1)

    def watch(self, parts: Parts, stop: Event) -> None:
        """Keep the parts running, and say now and then how the city is."""
        loaded, due = False, 0.0
        while not stop.wait(0.5):
            parts.mend()
            if not loaded and self._is_history_loaded():
                loaded = True
                self.say(f"历史已载入 history of {self.options.hours:g} h is loaded")
            if time.monotonic() >= due:
                due = time.monotonic() + _STATUS_S
                self._tell_status()

    def _is_history_loaded(self) -> bool:
        # The player marks how far it has come; an unchanged mark is that of an earlier run.
        return _changed_ns(self._mark) != self._mark_before

    def _tell_status(self) -> None:
        answer = _fetch(f"{screens_url(self.config)}/sources.json")
        feeds = json.loads(answer)["feeds"].values() if answer else ()
        if feeds:
            self.voice.status(status_line(list(feeds)))


def screens_url(config: Config) -> str:
    """Give the address of the screens as a browser on this machine reaches them."""
    host = config.serve.host
    every = {"0.0.0.0", "::", ""}  # noqa: S104 - compared, not listened on
    return f"http://{LOOPBACK if host in every else host}:{config.serve.port}"


def status_line(feeds: Sequence[Mapping[str, Any]]) -> str:
    """Say in one line what has come of the messages of all feeds."""
    sums = {
        name: sum(feed.get(name) or 0 for feed in feeds)
        for name in ("read", "accepted", "duplicate", "rejected", "late", "lag")
    }
    live = sum(feed["state"] == "live" for feed in feeds)
    told = " ".join(f"{name}={number:,}" for name, number in sums.items())
    return f"{told} feeds_live={live}/{len(feeds)}"


def demo_environment(
    config: Config, redis_url: str, bootstrap: str, environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Give the environment of the parts: the caller's, with the demo's own servers."""
    secrets = {"YIWANG_REDIS__PASSWORD", *(f"YIWANG_KAFKA__{s.upper()}" for s in KAFKA_SECRETS)}
    own = {n: v for n, v in environ.items() if n not in secrets and "__SECURITY" not in n}
    return own | {
        "YIWANG_CITY__PACK": config.city.pack,
        "YIWANG_KAFKA__BOOTSTRAP": bootstrap,
        "YIWANG_KAFKA__SECURITY": "{}",
        "YIWANG_REDIS__URL": redis_url,
        "YIWANG_REDIS__CLUSTER": "false",
        "YIWANG_SERVE__HOST": config.serve.host,
        "YIWANG_SERVE__PORT": str(config.serve.port),
    }


def _fetch(url: str) -> bytes | None:
    """Give the body of a good answer; None for any other and for none."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own server
            return bytes(answer.read())
    except OSError:
        return None


def _changed_ns(file: Path) -> int:
    return file.stat().st_mtime_ns if file.exists() else 0
