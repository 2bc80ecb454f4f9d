"""config.yaml into frozen values: every setting of Yiwang, its default, its range and its meaning.

Where a value comes from, the later winning: the defaults below, the file, the environment
(`YIWANG_<SECTION>__<KEY>`). Secrets come from the environment only; a secret in the file is an
error. The file is `--config FILE`, or YIWANG_CONFIG, or `config.yaml` where the command runs.
`docs/configuration.md` is made from this module by `layers/settings_page.py`.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec
import yaml

from layers import documents
from layers.documents import DocumentError

PREFIX = "YIWANG_"
"""Start of every environment variable that Yiwang reads."""

Count = Annotated[int, msgspec.Meta(ge=1)]
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]

KAFKA_SECRETS = ("sasl_plain_password", "ssl_password")
"""Keys of kafka.security that may only come from the environment."""


KAFKA_SECURITY = (
    "api_version",
    "client_dns_lookup",
    "proxy_url",
    "sasl_kerberos_domain_name",
    "sasl_kerberos_name",
    "sasl_kerberos_service_name",
    "sasl_mechanism",
    "sasl_plain_password",
    "sasl_plain_username",
    "security_protocol",
    "ssl_cafile",
    "ssl_certfile",
    "ssl_check_hostname",
    "ssl_crlfile",
    "ssl_keyfile",
    "ssl_password",
)
"""Keys that kafka.security may have: those that every client of kafka-python takes."""


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base: an unknown key is an error."""


class CitySection(_Section, frozen=True, kw_only=True):
    """城市 / The city."""

    pack: Annotated[str, msgspec.Meta(min_length=1)] = "beijing"
    """城市包：自带的名称（beijing、chicago），或一个文件夹的路径。

    The city pack: a name that ships (beijing, chicago), or the path of a folder."""


class KafkaSection(_Section, frozen=True, kw_only=True):
    """消息总线 / The broker."""

    bootstrap: Annotated[str, msgspec.Meta(min_length=1)] = "127.0.0.1:9092"
    """Kafka 地址，主机:端口，多个以逗号分隔。

    Addresses of the brokers, host:port, separated by commas."""
    group: Annotated[str, msgspec.Meta(min_length=1)] = "yiwang"
    """消费组名称；同一城市的所有 ingest 进程须相同。

    Name of the consumer group; the same for all ingest workers of a city."""
    partitions: Count = 6
    """本系统创建主题时的分区数；也是可并行的 ingest 进程数上限。

    Partitions of topics that Yiwang creates; also the most workers that can share the load."""
    rejects_topic: Annotated[str, msgspec.Meta(min_length=1)] = "yiwang.rejects"
    """无法读取的消息写入的主题。

    The topic to which messages that can't be read are written."""
    security: dict[str, Any] = {}
    """SASL/TLS 设置，原样交给 kafka-python（如 ssl_cafile）；口令只从环境变量读取。

    SASL/TLS settings, passed to kafka-python as they are (security_protocol, sasl_mechanism,
    sasl_plain_username, ssl_cafile, …). Passwords come from the environment only."""

    def __repr__(self) -> str:
        """Without the security settings, whose secrets must not reach a log."""
        return f"KafkaSection(bootstrap={self.bootstrap!r}, group={self.group!r})"


class RedisSection(_Section, frozen=True, kw_only=True):
    """城市状态库 / The store of the city's state."""

    url: Annotated[str, msgspec.Meta(pattern="^(redis|rediss|unix)://")] = (
        "redis://127.0.0.1:6379/0"
    )
    """Redis（≥ 6.2）或 Valkey 的地址：redis://、rediss://（TLS）或 unix://，不含口令。

    Address of Redis (≥ 6.2) or Valkey: redis://, rediss:// (TLS) or unix://, without a password."""
    password: str = ""
    """口令，只从环境变量读取。

    The password, from the environment only."""
    prefix: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_.-]+$")] = "yw"
    """所有键的前缀；多个城市可共用一个 Redis。

    First part of every key; several cities can share one Redis."""
    cluster: bool = False
    """是否为 Redis Cluster。

    True for Redis Cluster."""

    @property
    def address(self) -> str:
        """The URL with the password in it, for the connection alone: never log it."""
        if not self.password:
            return self.url
        parts = urlsplit(self.url)
        user = parts.username or ""
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{user}:{quote(self.password, safe='')}@{host}"))

    def __repr__(self) -> str:
        """Without the password, which must not reach a log."""
        return f"RedisSection(prefix={self.prefix!r}, cluster={self.cluster!r})"


class IngestSection(_Section, frozen=True, kw_only=True):
    """接入 / The workers between Kafka and the state."""

    max_poll_records: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 20_000
    """一次读取的消息数上限；决定内存占用。

    Most messages of one poll; bounds the memory of a worker."""
    linger_ms: Annotated[int, msgspec.Meta(ge=0, le=60_000)] = 100
    """一次读取最多等待的毫秒数；越小越快，越大越省。

    Longest wait of one poll in milliseconds; small is prompt, large is thrifty."""
    commit_every_s: Seconds = 1.0
    """每隔多少秒向 Kafka 提交位点（仅供查看积压；正确性不依赖它）。

    Seconds between commits to Kafka (a hint for tools that show lag; correctness does not rest
    on it)."""
    status_host: Annotated[str, msgspec.Meta(min_length=1)] = "127.0.0.1"
    """接入进程状态地址（/metrics、/healthz、/readyz）的监听地址。

    Address on which a worker serves /metrics, /healthz and /readyz."""
    status_port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 0
    """该状态地址的端口；0 为不开放。同一主机上的各进程须各用一个端口。

    Its port; 0 serves none. Workers on one host need a port each."""
    folders: dict[str, str] = {}
    """`yiwang watch` 监视的文件夹：数据源编号 → 文件夹路径。

    Folders that `yiwang watch` takes files from: id of a feed → path of a folder."""


class RetentionSection(_Section, frozen=True, kw_only=True):
    """保留期 / How long the parts of the state are kept."""

    minute_h: Count = 26
    """分钟汇总保留的小时数。

    Hours for which minute sums are kept."""
    hour_d: Count = 35
    """小时汇总保留的天数。

    Days for which hour sums are kept."""
    day_d: Count = 400
    """日汇总保留的天数。

    Days for which day sums are kept."""
    record_d: Count = 35
    """已结案件与事件记录在最后一次变更后保留的天数。

    Days for which closed cases and incidents are kept after their last change."""
    recent_cases: Count = 200
    """每个区域保留的最新事件条数。

    Newest events kept for each region."""
    rejects: Count = 500
    """每个区域保留的被拒消息条数。

    Rejected messages kept for each home."""


class ServeSection(_Section, frozen=True, kw_only=True):
    """网页服务 / The web server."""

    host: Annotated[str, msgspec.Meta(min_length=1)] = "127.0.0.1"
    """监听地址；对外开放时请置于反向代理之后。

    Address to listen on; put a reverse proxy in front before you open it to others."""
    port: Port = 8050
    """监听端口。

    Port to listen on."""


class ScreensSection(_Section, frozen=True, kw_only=True):
    """画面 / What a screen shows when its address says nothing else."""

    lang: Literal["zh", "en"] = "zh"
    """默认语言：zh 或 en。

    Default language: zh or en."""
    theme: Literal["dark", "light"] = "dark"
    """默认主题：dark（深色）或 light（浅色）。

    Default theme: dark or light."""


class LocalSection(_Section, frozen=True, kw_only=True):
    """本机服务 / The local servers of `yiwang demo`, `yiwang kafka` and `yiwang redis`."""

    state: Annotated[str, msgspec.Meta(min_length=1)] = "~/.cache/yiwang"
    """本机 Kafka、Redis 的程序包、数据与日志所在文件夹。

    Folder of the local Kafka and Redis: jars, data and logs."""

    @property
    def folder(self) -> Path:
        """The folder, with `~` resolved."""
        return Path(self.state).expanduser()


class Config(_Section, frozen=True, kw_only=True):
    """All settings."""

    city: CitySection = CitySection()
    kafka: KafkaSection = KafkaSection()
    redis: RedisSection = RedisSection()
    ingest: IngestSection = IngestSection()
    retention: RetentionSection = RetentionSection()
    serve: ServeSection = ServeSection()
    screens: ScreensSection = ScreensSection()
    local: LocalSection = LocalSection()


SECTIONS: dict[str, type[msgspec.Struct]] = {f.name: f.type for f in msgspec.structs.fields(Config)}
"""Section → its type, in the order of the file."""


def find_config(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Give the file that is read when none is named: YIWANG_CONFIG, or ./config.yaml if there."""
    named = environ.get("YIWANG_CONFIG")
    if named:
        return Path(named)
    here = Path("config.yaml")
    return here if here.is_file() else None


def load_config(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Config:
    """Read the settings: defaults, then the file, then the environment.

    Args:
        path: the file; None looks for one as `find_config` says, and goes on without.
        environ: where `YIWANG_<SECTION>__<KEY>` is looked up.

    Raises:
        DocumentError: names the file or the variable, the key, and the nearest valid key.
    """
    file = path or find_config(environ)
    plain = _plain(file) if file else {}
    if file:
        _refuse_secrets(plain, file)
        _check_security(documents.convert(plain, Config, file), file)
    origin = file or Path("defaults")
    for name in sorted(n for n in environ if n.startswith(PREFIX) and "__" in n):
        _override(plain, name, environ[name])
        origin = Path(name)
        _check_security(documents.convert(plain, Config, origin), origin)
    return documents.convert(plain, Config, origin)


def _check_security(config: Config, origin: Path) -> None:
    for key in config.kafka.security:
        if key not in KAFKA_SECURITY:
            valid = {k: f"kafka.security.{k}" for k in KAFKA_SECURITY}
            raise _unknown(str(origin), f"kafka.security.{key}", valid, key)


def _plain(file: Path) -> dict[str, Any]:
    found = documents.read_yaml(file)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise DocumentError(file, "is not a mapping", "Write `section:` and, indented, `key: …`.")
    # A section whose keys are all commented out reads as None: the defaults hold.
    return {
        name: {} if value is None and name in SECTIONS else value for name, value in found.items()
    }


def _refuse_secrets(plain: Mapping[str, Any], file: Path) -> None:
    redis, kafka = plain.get("redis"), plain.get("kafka")
    security = kafka.get("security") if isinstance(kafka, dict) else None
    if isinstance(redis, dict):
        if "password" in redis:
            raise _secret(file, "redis.password", "YIWANG_REDIS__PASSWORD")
        if ":" in str(redis.get("url", "")).partition("://")[2].rpartition("@")[0]:
            raise _secret(file, "redis.url", "YIWANG_REDIS__PASSWORD")
    for key in KAFKA_SECRETS:
        if isinstance(security, dict) and key in security:
            raise _secret(file, f"kafka.security.{key}", f"YIWANG_KAFKA__{key.upper()}")


def _secret(file: Path, key: str, variable: str) -> DocumentError:
    return DocumentError(
        file,
        f"`{key}` holds a secret, and secrets are not read from a file",
        f"Remove it and set the environment variable {variable}.",
    )


def _override(plain: dict[str, Any], name: str, text: str) -> None:
    section, *rest = name.removeprefix(PREFIX).lower().split("__")
    if section not in SECTIONS:
        raise _unknown(name, section, {s: f"{PREFIX}{s.upper()}__…" for s in SECTIONS})
    fields = {f.name: f.type for f in msgspec.structs.fields(SECTIONS[section])}
    values = plain.setdefault(section, {})
    if section == "kafka" and rest[0] in KAFKA_SECRETS:
        rest = ["security", rest[0]]
    if len(rest) == 2 and (section, rest[0]) == ("kafka", "security"):
        security = dict(values.get("security") or {})
        security[rest[1]] = text if rest[1] in KAFKA_SECRETS else _scalar(name, text)
        values["security"] = security
    elif len(rest) == 1 and rest[0] in fields:
        values[rest[0]] = text if _is_text(fields[rest[0]]) else _scalar(name, text)
    else:
        stem = f"{PREFIX}{section.upper()}__"
        raise _unknown(name, "__".join(rest), {f: f"{stem}{f.upper()}" for f in fields})


def _is_text(kind: Any) -> bool:
    return getattr(kind, "__origin__", kind) is str


def _scalar(name: str, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise DocumentError(
            Path(name), f"{text!r} can't be read", "Write a number, true, false or a word."
        ) from error


def _unknown(
    origin: str, key: str, valid: Mapping[str, str], typed: str | None = None
) -> DocumentError:
    near = difflib.get_close_matches(typed or key, list(valid), 1, 0.4)
    remedy = f"Did you mean `{valid[near[0]]}`?" if near else f"Valid are {', '.join(valid)}."
    return DocumentError(Path(origin), f"unknown setting `{key}`", remedy)
