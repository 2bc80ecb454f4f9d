"""An Apache Kafka of one's own: one node, KRaft, loopback only, data kept in a folder.

For development, tests and the demo; ready in about three seconds. Production uses the city's own
cluster (`kafka.bootstrap`).
"""

from __future__ import annotations

import json
import subprocess
import uuid
from base64 import urlsafe_b64encode
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from ingest.kafka_jars import KafkaUnavailableError, find_jars, find_java
from layers.config import load_config
from layers.local_server import LocalServer
from layers.processes import (
    LOOPBACK,
    Child,
    FolderLock,
    PortBusyError,
    accepts,
    free_port,
    is_free,
)

_QUICK = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m")
"""Starts fast and stays small."""
_STEADY = ("-Xmx1g",)
"""The virtual machine's own choice of compilers and collector: for throughput."""
_SHARE = 128 << 20
"""Bytes that one partition may keep."""


class LocalKafka(LocalServer):
    """One broker as a child process.

    Args:
        state: folder of its data, settings and log.
        port: loopback port; 0 takes a free one the first time and the same one afterwards.
        jars: folder with Kafka's jars; None: the cache in `local.state`, filled from Maven's
            registry the first time.
        throughput: True lets the virtual machine optimise and keeps everything: for benches.
    """

    patience_s = 30.0

    def __init__(
        self, state: Path, port: int = 0, jars: Path | None = None, throughput: bool = False
    ) -> None:
        super().__init__(state.resolve())
        self._wanted = port
        self._jars = jars
        self._throughput = throughput

    @property
    def bootstrap(self) -> str:
        """Where it answers."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def log(self) -> Path:
        """Where it logs warnings and errors."""
        return self.folder / "kafka.log"

    def launch(self) -> None:
        """Start it without waiting.

        Raises:
            KafkaUnavailableError: no Java, no jars; the subclass RegistryUnreachableError when only
                the network is missing.
            PortBusyError: the port asked for is taken.
            FolderBusyError: the folder belongs to a broker that runs.
        """
        java = find_java()
        jars = self._jars or find_jars(load_config().local.folder / "jars")
        self._lock = FolderLock(self.folder, "a local Kafka")
        with ExitStack() as undo:
            undo.callback(self.stop)
            self.port, controller = self._ports()
            settings = self._write_settings(controller)
            run = ["-cp", f"{jars}/*", f"-Dlog4j2.configurationFile={self._write_logging()}"]
            self._format([str(java), *_QUICK, *run], settings)
            tuning = _STEADY if self._throughput else _QUICK
            command = [str(java), *tuning, *run, "kafka.Kafka", str(settings)]
            self._child = Child(command, self.folder / "output.log", hold=[self._lock.fd])
            undo.pop_all()

    def _ports(self) -> tuple[int, int]:
        """Give the client's and the controller's port: those of last time where still free."""
        kept = self.folder / "ports.json"
        client, controller = json.loads(kept.read_text()) if kept.exists() else (0, 0)
        if self._wanted and not is_free(self._wanted):
            raise PortBusyError(self._wanted, "Name another with --port, or stop that program.")
        client = self._wanted or (client if client and is_free(client) else free_port())
        while not controller or controller == client or not is_free(controller):
            controller = free_port()
        kept.write_text(json.dumps([client, controller]))
        return client, controller

    def _write_settings(self, controller: int) -> Path:
        settings = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@{LOOPBACK}:{controller}",
            "listeners": f"PLAINTEXT://{LOOPBACK}:{self.port},CONTROLLER://{LOOPBACK}:{controller}",
            "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{self.port}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": self.folder / "data",
            "auto.create.topics.enable": "false",
            "default.replication.factor": 1,
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 1,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 1,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            "share.coordinator.state.topic.num.partitions": 1,
            "group.initial.rebalance.delay.ms": 0,
            # History is produced with its own, old times: age must not delete it, size may.
            "log.retention.ms": -1,
            "log.retention.bytes": -1 if self._throughput else _SHARE,
            "log.segment.bytes": _SHARE // 4,
        }
        file = self.folder / "server.properties"
        file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        return file

    def _write_logging(self) -> Path:
        file = self.folder / "log4j2.properties"
        file.write_text(_LOG4J.format(file=self.log))
        return file

    def _format(self, command: list[str], settings: Path) -> None:
        """Format the storage, once."""
        if (self.folder / "data" / "meta.properties").exists():
            return
        # one word with its option: one id in 64 begins with a hyphen
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        done = subprocess.run(  # noqa: S603 - our own Java and jars
            [
                *command,
                "kafka.tools.StorageTool",
                "format",
                f"--cluster-id={cluster}",
                "-c",
                str(settings),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = (done.stdout + done.stderr).strip()[-1500:]
            raise KafkaUnavailableError(f"Kafka's storage could not be formatted:\n{said}")

    def wait(self, patience_s: float = 60.0) -> Self:
        """Wait until it answers.

        Raises:
            KafkaUnavailableError: it gave up, or did not answer in time.
        """
        if self._child is None:
            raise KafkaUnavailableError("The local Kafka has not been launched. Call start().")
        if not self._comes_up(self._answers, patience_s):
            said = self._child.tail() + self._last_lines()
            self.stop()
            raise KafkaUnavailableError(
                f"The local Kafka did not come up. {self.log} says:\n{said}\n"
                f"If its data is broken, remove {self.folder} and start again."
            )
        return self

    def _answers(self) -> bool:
        return accepts(self.port) and _answers(self.bootstrap)

    def _last_lines(self) -> str:
        return self.log.read_text("utf-8", "replace")[-2000:] if self.log.exists() else ""


def _answers(bootstrap: str) -> bool:
    from kafka.errors import KafkaError

    from ingest.kafka_topics import list_topics

    try:
        list_topics(bootstrap)
    except KafkaError:  # it listens before it serves
        return False
    return True


_LOG4J = """\
status=error
appender.file.type=RollingFile
appender.file.name=file
appender.file.fileName={file}
appender.file.filePattern={file}.%i
appender.file.layout.type=PatternLayout
appender.file.layout.pattern=%d %p %c: %m%n
appender.file.policies.type=Policies
appender.file.policies.size.type=SizeBasedTriggeringPolicy
appender.file.policies.size.size=10MB
appender.file.strategy.type=DefaultRolloverStrategy
appender.file.strategy.max=2
rootLogger.level=warn
rootLogger.appenderRef.file.ref=file
"""
