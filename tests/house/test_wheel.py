"""What is installed without the repository works: the wheel holds all that the product reads."""

import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from zipfile import ZipFile

import pytest

from layers.processes import Child, free_port

NOT_INSTALLED = ("dashboard/frontend/",)
"""What builds assets, not what reads them."""

YIWANG = (sys.executable, "-P", "-m", "layers.command")
"""The command, without the folder in which the tests run."""


@pytest.fixture(scope="module")
def installed(root, tmp_path_factory):
    """The wheel of the files that git knows, as pip would install it."""
    source, made = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("made")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        if os.path.lexists(root / name):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, source / name, follow_symlinks=False)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    build += ["--no-deps", "--no-build-isolation", "--wheel-dir", str(made), str(source)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with ZipFile(next(made.glob("*.whl"))) as wheel:
        wheel.extractall(made / "site")
    return made / "site"


@pytest.fixture
def environ(installed, redis_url):
    return os.environ | {
        "PYTHONPATH": str(installed),
        "YIWANG_REDIS__URL": redis_url,
        "YIWANG_REDIS__PREFIX": "t",
    }


def test_the_wheel_holds_every_file_of_the_rooms_and_of_the_assets(installed, tracked):
    rooms = [str(p) for p in tracked if p.parts[0] in {"ingest", "layers", "dashboard"}]
    needed = [p for p in rooms if not p.startswith(NOT_INSTALLED)]
    needed += [f"dashboard/{p}" for p in tracked if p.parts[0] == "assets"]
    assert len(needed) > 300
    assert not [p for p in needed if not (installed / p).is_file()]


def test_what_was_installed_checks_every_city(environ, installed):
    cities = installed / "layers" / "cities"
    for pack in (folder.name for folder in cities.iterdir() if (folder / "city.yaml").is_file()):
        done = subprocess.run(
            [*YIWANG, "check"],
            env=environ | {"YIWANG_CITY__PACK": pack},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_what_was_installed_serves_its_pages_and_their_assets(environ, tmp_path):
    port = free_port()
    command = [*YIWANG, "serve", "--port", str(port)]
    child = Child(command, tmp_path / "serve.log", environ)
    try:
        for path in ("/assets/tokens.css", "/assets/fonts/fonts.min.css", "/wall"):
            assert answered(f"http://127.0.0.1:{port}{path}", child)
    finally:
        child.stop()


def answered(url, child):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{url}: {error}\n{child.tail()}") from error
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"nothing answers at {url}\n{child.tail()}")
