"""What is deployed: services, health, ports, users and names of settings."""

import os
import re
import runpy
import subprocess
import sys
import tomllib

import pytest
import yaml

from layers.config import load_config
from layers.store import keys

SERVICES = {"kafka", "redis", "ingest", "serve", "proxy"}

ONCE = {"topics"}
"""Services that do one thing and end."""


@pytest.fixture(scope="session")
def compose(root):
    return yaml.safe_load((root / "deploy" / "compose.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def dockerfile(root):
    return (root / "deploy" / "Dockerfile").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def nginx(root):
    return (root / "deploy" / "nginx.conf").read_text(encoding="utf-8")


def test_the_city_is_kafka_redis_two_ingest_workers_and_the_screens_behind_a_proxy(compose):
    assert set(compose["services"]) == SERVICES | ONCE
    assert compose["services"]["ingest"]["deploy"]["replicas"] == 2


def test_every_service_has_a_health_check_and_comes_back(compose):
    for name in SERVICES:
        service = compose["services"][name]
        check = service["healthcheck"]
        assert check["test"][0] in {"CMD", "CMD-SHELL"}, name
        assert {"interval", "timeout", "retries", "start_period"} <= set(check), name
        assert service["restart"] == "unless-stopped", name


def needs(compose, name):
    rules = compose["services"][name]["depends_on"]
    return {need: rule["condition"] for need, rule in rules.items()}


def test_a_service_starts_after_the_health_of_what_it_needs(compose):
    healthy = "service_healthy"
    assert needs(compose, "topics") == {"kafka": healthy}
    assert needs(compose, "ingest") == {
        "kafka": healthy,
        "redis": healthy,
        "topics": "service_completed_successfully",
    }
    assert needs(compose, "serve") == {"redis": healthy}
    assert needs(compose, "proxy") == {"serve": healthy}


def test_only_the_proxy_is_published_and_on_loopback_unless_said_otherwise(compose):
    published = {n: s["ports"] for n, s in compose["services"].items() if "ports" in s}
    assert published == {"proxy": ["${PROXY_BIND:-127.0.0.1}:${PROXY_PORT:-8080}:8080"]}


def test_no_service_keeps_more_rights_than_it_needs(compose):
    for name, service in compose["services"].items():
        assert "no-new-privileges:true" in service["security_opt"], name
        assert not service.get("privileged"), name
        assert service.get("network_mode") != "host", name
    for name in ("topics", "ingest", "serve", "proxy"):
        assert compose["services"][name]["read_only"] is True
        assert compose["services"][name]["cap_drop"] == ["ALL"]


def test_redis_keeps_an_append_only_log_and_never_forgets_silently(compose):
    command = " ".join(compose["services"]["redis"]["command"])
    assert "--appendonly yes" in command
    assert "noeviction" in command
    assert compose["services"]["redis"]["volumes"] == ["redis:/data"]


def test_no_secret_has_a_default(compose, root):
    assert "PASSWORD:-" not in (root / "deploy" / "compose.yaml").read_text(encoding="utf-8")
    example = (root / "deploy" / ".env.example").read_text(encoding="utf-8")
    assert re.search(r"^YIWANG_REDIS__PASSWORD=$", example, re.MULTILINE)


def test_every_yiwang_variable_of_the_services_is_a_setting(compose):
    environ = {
        name: {"YIWANG_SERVE__PORT": "8050", "YIWANG_REDIS__URL": "redis://redis:6379/0"}.get(
            name, "word"
        )
        for service in compose["services"].values()
        for name in service.get("environment", {})
        if name.startswith("YIWANG_")
    }
    assert len(environ) >= 5
    config = load_config(None, environ)
    assert config.redis.address == "redis://:word@redis:6379/0"


def test_every_variable_that_compose_asks_for_stands_in_the_example(root):
    asked = set(
        re.findall(r"(?<!\$)\$\{(\w+)", (root / "deploy" / "compose.yaml").read_text("utf-8"))
    )
    given = set(
        re.findall(r"^(\w+)=", (root / "deploy" / ".env.example").read_text("utf-8"), re.MULTILINE)
    )
    assert asked == given


def test_the_broker_has_the_version_that_the_local_one_locks(compose, root):
    lock = tomllib.loads((root / "ingest" / "kafka.lock.toml").read_text(encoding="utf-8"))
    (locked,) = {d["version"] for d in lock["dependencies"] if d["artifactId"] == "kafka_2.13"}
    assert compose["services"]["kafka"]["image"] == f"apache/kafka:{locked}"


def stages(dockerfile):
    return {
        re.search(r"AS (\w+)", part)[1]: part
        for part in re.split(r"^FROM ", dockerfile, flags=re.MULTILINE)[1:]
    }


def test_the_final_images_compile_nothing_and_do_not_run_as_root(dockerfile):
    app, proxy = stages(dockerfile)["app"], stages(dockerfile)["proxy"]
    for image in (app, proxy):
        assert "HEALTHCHECK" in image
        assert not re.search(r"\b(gcc|build-essential|apt-get|apk|pip install|pip wheel)\b", image)
    assert re.search(r"^USER \d+", app, re.MULTILINE)
    assert proxy.startswith("nginxinc/nginx-unprivileged")


def test_the_scripts_of_the_image_find_what_they_import(root):
    for script in ("make_topics.py", "ingest_health.py"):
        assert callable(runpy.run_path(str(root / "deploy" / script))["main"])


def test_every_file_that_an_image_copies_exists(dockerfile, root):
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE):
        assert not [s for s in sources.split() if not (root / s).exists()]


def test_the_live_stream_is_neither_buffered_nor_compressed(nginx):
    (block,) = re.findall(r"location /live/ \{(.*?)\n        \}", nginx, re.DOTALL)
    assert "proxy_buffering off;" in block
    assert "gzip off;" in block
    types = re.search(r"gzip_types ([^;]*);", nginx)[1]
    assert "event-stream" not in types


def test_a_wall_opened_while_the_server_starts_comes_back_by_itself(nginx, root):
    assert "error_page 502 503 504 /waiting.html;" in nginx
    page = (root / "deploy" / "waiting.html").read_text(encoding="utf-8")
    assert '<meta http-equiv="refresh" content="5">' in page
    assert not re.search(r"https?://|src=|#[0-9a-fA-F]{3,8}\b", page)


def test_the_assets_are_sent_as_they_were_compressed_when_the_image_was_built(nginx, dockerfile):
    assert "gzip_static on;" in nginx
    assert "gzip -9 -k" in stages(dockerfile)["wheels"]


def health(root, redis_url):
    environ = {**os.environ, "YIWANG_REDIS__URL": redis_url, "YIWANG_REDIS__PREFIX": "t"}
    done = subprocess.run(
        [sys.executable, "deploy/ingest_health.py"],
        cwd=root,
        env=environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_ingest_is_healthy_only_while_a_worker_reports(root, store, redis_url):
    lag = store.key(keys.UNASSIGNED, keys.LAG)
    assert health(root, redis_url) == (1, "no worker has ever reported\n")
    seconds, _ = store.client.time()
    store.client.hset(lag, mapping={"a:0": f"0|{(seconds - 500) * 1000}", "a:1": "0|1"})
    assert health(root, redis_url)[0] == 1
    store.client.hset(lag, "a:0", f"17|{seconds * 1000}")
    assert health(root, redis_url)[0] == 0


def test_ingest_is_not_healthy_without_redis(root):
    code, said = health(root, "redis://127.0.0.1:1/0")
    assert code == 1
    assert "YIWANG_REDIS__URL" in said
