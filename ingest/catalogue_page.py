"""docs/catalogue.md, made from the folders of `ingest/catalogue`: `yiwang feed docs`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from layers.feed_spec import FeedSpec, Pick, Where
from layers.feeds import read_feed

CATALOGUE = Path(__file__).parent / "catalogue"

_HEAD = """# 数据源目录 / Catalogue of feeds

本页由 `yiwang feed docs` 生成，请勿手改。每个文件夹是一种常见的数据：带注释的 `feed.yaml`、样本、
样本应得的记录。复制到城市包的 `feeds/` 后改编号、主题与代码表；手头有样本时，
`yiwang feed new SAMPLE` 草拟，`yiwang feed try FEED FILE` 试跑。

Made by `yiwang feed docs`; do not edit. Each folder is one shape in which cities' data comes: a
`feed.yaml` with comments, a sample, and the records it must give. Copy one into `feeds/` of a city
pack, then change id, topic and code tables. With a sample at hand, `yiwang feed new SAMPLE` drafts
one and `yiwang feed try FEED FILE` tries it.
"""


def feeds_of(folder: Path = CATALOGUE) -> dict[str, FeedSpec]:
    """Read the feeds of the catalogue: folder → feed."""
    return {file.parent.name: read_feed(file) for file in sorted(folder.glob("*/feed.yaml"))}


def page(folder: Path = CATALOGUE) -> str:
    """Give the page."""
    feeds = feeds_of(folder)
    lines = [
        _HEAD,
        "| 数据源 feed | 种类 kind | 格式 format | 记录 records |",
        "|---|---|---|---|",
        *(_row(name, feed, folder) for name, feed in feeds.items()),
        "",
    ]
    for name, feed in feeds.items():
        lines += _chapter(name, feed, folder)
    return "\n".join(lines).rstrip() + "\n"


def _row(name: str, feed: FeedSpec, folder: Path) -> str:
    anchor = f"[{feed.title.zh} {feed.title.en}](#{name})"
    accepted, rejected = _counts(folder / name / "expected.json")
    return f"| {anchor} | {feed.kind} | {feed.format} | {accepted} + {rejected} 拒收 rejected |"


def _counts(file: Path) -> tuple[int, int]:
    rows = msgspec.json.decode(file.read_bytes()) if file.is_file() else []
    rejected = sum(row["outcome"] == "rejected" for row in rows)
    return len(rows) - rejected, rejected


def _chapter(name: str, feed: FeedSpec, folder: Path) -> Iterator[str]:
    zh, en = _said(folder / name / "feed.yaml")
    yield f"## {name}"
    yield ""
    yield zh
    yield ""
    yield en
    yield ""
    yield f"[feed.yaml](../ingest/catalogue/{name}/feed.yaml) · {_sample(folder / name)}"
    yield ""
    yield "| 字段 field | 来自 from |"
    yield "|---|---|"
    for field, where in _mapped(feed):
        yield f"| `{field}` | {where} |"
    yield ""


def _said(file: Path) -> tuple[str, str]:
    """Give the Chinese and the English of the comment at the head of a file."""
    head = []
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        head.append(line.lstrip("# "))
    chinese = [line for line in head if any("\u4e00" <= sign <= "\u9fff" for sign in line)]
    return " ".join(chinese), " ".join(line for line in head if line not in chinese)


def _sample(folder: Path) -> str:
    samples = sorted(folder.glob("sample*"))
    return " · ".join(f"[{s.name}](../ingest/catalogue/{folder.name}/{s.name})" for s in samples)


def _mapped(feed: FeedSpec) -> Iterator[tuple[str, str]]:
    if feed.time:
        form = feed.time.form if isinstance(feed.time.form, str) else " | ".join(feed.time.form)
        yield "time", f"{_spelled(feed.time.field)} ({_code(form)})"
    place = feed.place
    for key in ("lng", "lat", "point", "code", "address"):
        where = getattr(place, key)
        if where:
            yield f"place.{key}", _spelled(where)
    for name, where in feed.fields.items():
        yield name, _spelled(where)


def _spelled(where: Where) -> str:
    if isinstance(where, str):
        return _code(where)
    return ", ".join(_parts(where))


def _parts(pick: Pick) -> Iterator[str]:
    if pick.path:
        yield _code(pick.path)
    if pick.const is not None:
        yield f"= {_code(str(pick.const))}"
    if pick.first:
        yield " / ".join(map(_code, pick.first))
    if pick.join:
        yield " + ".join(map(_code, pick.join))
    if pick.match:
        yield f"match {_code(pick.match)}"
    if pick.default is not None:
        yield f"default {_code(pick.default)}"


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"
