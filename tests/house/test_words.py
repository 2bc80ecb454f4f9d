"""What no tracked file may say, and what the documents must."""

import os
import re
import subprocess
import sys
from urllib.parse import urlsplit

MACHINE_PATH = re.compile(r"(?<![\w.$}/-])/(?:work|root|home|Users)/\w")

LOCK_ADDRESS = re.compile(
    r"--(?:extra-)?index-url|\"resolved\":\s*\"https?:|^\s*registry\s*=", re.MULTILINE
)

RELATIVE_LINK = re.compile(r"!?\[[^\]]*\]\((?!https?:|mailto:|#)([^)#\s]+)")

CHINESE = re.compile(r"[一-鿿]")
ENGLISH = re.compile(r"[A-Za-z]{3,}")


def mirrors():
    """The package servers that this machine is set up to use, by host."""
    said = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    names = ("PIP_INDEX_URL", "UV_INDEX_URL", "NPM_CONFIG_REGISTRY", "npm_config_registry")
    said += " ".join(os.environ.get(name, "") for name in names)
    hosts = {urlsplit(found).hostname for found in re.findall(r"https?://[^\s'\",]+", said)}
    return {host for host in hosts if host}


def test_no_file_holds_a_path_of_one_machine(written):
    found = [
        f"{s.path}: {hit[0]}" for s in text_of(written) if (hit := MACHINE_PATH.search(s.text))
    ]
    assert not found


def test_no_file_says_from_which_server_packages_come(written):
    hosts = mirrors()
    found = [
        str(s.path)
        for s in text_of(written)
        if any(host in s.text for host in hosts)
        or (s.path.name != "test_words.py" and LOCK_ADDRESS.search(s.text))
    ]
    assert not found


def text_of(written):
    data = {".png", ".jpg", ".webp", ".ico", ".gz", ".parquet", ".zst", ".lz4", ".jar", ".pbf"}
    return [s for s in written if s.path.suffix not in data]


def test_the_first_screen_of_the_readme_and_the_guide_speak_both_languages(root):
    for name in ("README.md", "CONTRIBUTING.md"):
        first = "\n".join((root / name).read_text(encoding="utf-8").splitlines()[:40])
        assert len(CHINESE.findall(first)) >= 80, name
        assert len(ENGLISH.findall(first)) >= 60, name


def test_the_readme_names_the_two_commands_and_the_flow(root):
    text = (root / "README.md").read_text(encoding="utf-8")
    assert "make demo" in text
    assert "make test" in text
    assert "→ ingest → layers" in text


def test_every_relative_link_of_a_document_leads_somewhere(written, root):
    dead = [
        f"{s.path}: {target}"
        for s in written
        if s.path.suffix == ".md"
        for target in RELATIVE_LINK.findall(s.text)
        if not (root / s.path.parent / target).exists()
    ]
    assert not dead


def test_every_target_of_make_says_what_it_does_and_the_promised_ones_exist(root):
    text = (root / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):(?!=)", text, re.MULTILINE))
    explained = set(re.findall(r"^([a-z-]+):[^\n]*?## \S", text, re.MULTILINE))
    assert targets == explained
    assert {"demo", "test", "lint", "bench", "shots", "docs", "clean"} <= targets


def test_decisions_are_numbered_without_gaps_and_stay_short(root):
    files = sorted((root / "docs" / "adr").glob("*.md"))
    assert [int(f.name[:4]) for f in files] == list(range(1, len(files) + 1))
    assert not [f.name for f in files if len(f.read_text(encoding="utf-8").splitlines()) > 60]
