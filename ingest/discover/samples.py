"""A sample file of unknown form as records: format, encoding, dialect, a text for every path."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import zstandard

from ingest.codecs import xml
from ingest.sources.sheets import SHEETS, SheetError, rows_of

MOST = 5_000
"""Records that are looked at."""

Encoding = Literal["utf-8", "gb18030", "utf-16", "latin-1"]

_MARKS: tuple[tuple[bytes, Encoding], ...] = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_DELIMITERS = (",", ";", "\t", "|")
_SNIFFED = 200
_WORD = re.compile(r"[^\W\d_][^:]*$")
"""What begins with a letter, and is no time."""
_DEEPEST = 8
_ITSELF = ""
"""Name of the text of an element that has attributes."""


class SampleError(Exception):
    """A sample from which nothing can be told."""

    def __init__(self, file: Path, problem: str) -> None:
        super().__init__(
            f"{file}: {problem}. 请给出含若干条消息的文件 Give a file with some messages: JSON, "
            "NDJSON, CSV, XML, CAP, GeoJSON or a spreadsheet; .gz and .zst are unpacked."
        )


@dataclass(slots=True)
class Sample:
    """What a file holds."""

    format: Literal["json", "csv", "xml", "cap"]
    encoding: Encoding = "utf-8"
    records: list[dict[str, str]] = field(default_factory=list)
    """Path → text, of each record; what is absent or null is left out."""
    paths: list[str] = field(default_factory=list)
    """Every path, in the order of the file."""
    columns: list[str] = field(default_factory=list)
    """CSV: names of the cells."""
    delimiter: str = ","
    skip: int = 0
    has_header: bool = True
    questions: list[tuple[str, str]] = field(default_factory=list)
    """What the form of the file leaves open: Chinese, English."""


def read_sample(file: Path) -> Sample:
    """Read a file and tell what it is.

    Raises:
        SampleError: it can't be read, or holds nothing that has a form.
    """
    try:
        found = _read(file)
    except (OSError, EOFError, ValueError, csv.Error, zstandard.ZstdError, SheetError) as error:
        raise SampleError(file, f"读不懂 can't be read ({error})") from error
    if found.format != "cap" and not found.records:
        raise SampleError(file, "没有记录 holds no record")
    del found.records[MOST:]
    found.paths = list(dict.fromkeys(p for record in found.records for p in record))
    return found


def _read(file: Path) -> Sample:
    if file.suffix.lower() in SHEETS:
        return _table(rows_of(file, dates_as_numbers=False), Sample("csv"))
    data = _unpacked(file)
    text, encoding = _decoded(data)
    start = text.lstrip()[:1]
    if start == "<":
        return _xml(data, text)
    if start in ("{", "["):
        found = _json(text)
        if found is not None:
            found.encoding = encoding
            return found
    return _csv(text, Sample("csv", encoding))


def _unpacked(file: Path) -> bytes:
    data = file.read_bytes()
    if file.suffix == ".gz":
        return gzip.decompress(data)
    if file.suffix == ".zst":
        with zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True) as reader:
            return bytes(reader.read())
    return data


def _is_western(data: bytes) -> bool:
    """Say whether signs beyond ASCII stand alone between ASCII ones, as µ, ° and ü do in Latin-1.

    A Chinese text in GB 18030 has them in pairs, or in fours with digits.
    """
    fours = re.sub(rb"[\x81-\xfe][0-9][\x81-\xfe][0-9]", b"", data)
    runs = [len(run) for run in re.findall(rb"[\x80-\xff]+", fours)]
    return bool(runs) and sum(n == 1 for n in runs) > len(runs) / 2


def _decoded(data: bytes) -> tuple[str, Encoding]:
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data.decode("utf-8-sig" if name == "utf-8" else "utf-16"), name
    tried: tuple[Encoding, ...] = ("utf-8", *(() if _is_western(data) else ("gb18030",)))
    for encoding in tried:
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), "latin-1"


def _json(text: str) -> Sample | None:
    """Read JSON: one value a line, or one value; an array within it gives the records."""
    found = Sample("json")
    values: list[Any] = []
    try:
        whole = json.loads(text)
    except ValueError:
        for line in text.splitlines():
            try:
                values.append(json.loads(line))
            except ValueError:
                continue  # a broken line says nothing
        if not any(isinstance(v, dict) for v in values):
            return None
        return _records(found, [v for v in values if isinstance(v, dict)])
    elements, where = _elements(whole)
    if where:
        zh = f"文件是一个文档，记录在 {where} 中；若每条消息是整个文档，请在各路径前加 {where}."
        en = f"The file is one document, its records in {where}. If a message of the topic is such "
        en += f"a document, write {where}. before every path."
        found.questions.append((zh, en))
    return _records(found, elements)


def _elements(whole: Any) -> tuple[list[Any], str]:
    """Give the records of one JSON value, and the path of the array that holds them."""
    if isinstance(whole, list):
        return [v for v in whole if isinstance(v, dict)], "[]"
    arrays = {
        name: [v for v in value if isinstance(v, dict)]
        for name, value in whole.items()
        if isinstance(value, list)
    }
    name = max(arrays, key=lambda n: len(arrays[n]), default="")
    if name and len(arrays[name]) > 0:
        return arrays[name], f"{_name(name)}[]"
    return [whole], ""


def _records(found: Sample, values: Sequence[Any]) -> Sample:
    inner = _inner_array(values)
    for value in values:
        shared = dict(_leaves(value, "", inner))
        parts = _at(value, inner) if inner else None
        if parts is None:
            found.records.append(shared)
            continue
        prefix = ".".join(_name(step) for step in inner) + "[]"
        found.records += [{**shared, **dict(_leaves(p, prefix, ()))} for p in parts]
    return found


def _inner_array(values: Sequence[Any]) -> tuple[str, ...]:
    """Find the array of objects that gives the records: the one with the most elements."""
    counts: Counter[tuple[str, ...]] = Counter()
    for value in values[:_SNIFFED]:
        for steps, array in _arrays(value, ()):
            counts[steps] += len(array)
    return counts.most_common(1)[0][0] if counts else ()


def _arrays(value: Any, steps: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    if not isinstance(value, dict) or len(steps) > _DEEPEST:
        return
    for name, part in value.items():
        if isinstance(part, list) and part and all(isinstance(v, dict) for v in part):
            yield (*steps, name), part
        else:
            yield from _arrays(part, (*steps, name))


def _at(value: Any, steps: Sequence[str]) -> list[Any] | None:
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return value if isinstance(value, list) and value else None


def _leaves(value: Any, path: str, inner: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Give the path and text of every leaf; of short arrays each element, of others none."""
    if isinstance(value, dict):
        for name, part in value.items():
            step = path if name == _ITSELF else _step(path, name)
            if not inner or step != ".".join(_name(s) for s in inner):
                yield from _leaves(part, step, inner)
    elif isinstance(value, list):
        if len(value) <= 3:
            for number, part in enumerate(value):
                yield from _leaves(part, f"{path}[{number}]", inner)
    elif value is not None:
        yield path, str(value).lower() if isinstance(value, bool) else str(value)


def _step(path: str, name: str) -> str:
    return f"{path}.{_name(name)}" if path else _name(name)


def _name(name: str) -> str:
    for sign in ("\\", ".", "[", "]"):
        name = name.replace(sign, "\\" + sign)
    return "\\" + name if name.startswith("$") else name


def _xml(data: bytes, text: str) -> Sample:
    if "urn:oasis:names:tc:emergency:cap" in text:
        return Sample("cap")
    parts = [b"<?xml" + p for p in data.split(b"<?xml")[1:]] if data.count(b"<?xml") > 1 else [data]
    documents = []
    for part in parts:
        try:
            documents.append(xml.read(part, is_bare=True)[1])
        except xml.XmlError:
            continue
    several = _several(documents)
    return _records(Sample("xml"), [_plain(d, (), several) for d in documents])


def _several(documents: Sequence[Any]) -> set[tuple[str, ...]]:
    """Find the elements that come more than once in one parent."""
    found: set[tuple[str, ...]] = set()

    def look(element: Any, steps: tuple[str, ...]) -> None:
        for name, part in element.items():
            if isinstance(part, list):
                if len(part) > 1:
                    found.add((*steps, name))
                for one in part:
                    look(one, (*steps, name))

    for document in documents:
        look(document, ())
    return found


def _plain(element: Any, steps: tuple[str, ...], several: set[tuple[str, ...]]) -> dict[str, Any]:
    """Give an element as the JSON that the paths of the grammar see."""
    found: dict[str, Any] = {}
    for name, part in element.items():
        if not isinstance(part, list):
            if name.startswith("@"):
                found[name] = part
            continue
        at = (*steps, name)
        if at in several:
            found[name] = [_plain(one, at, several) for one in part]
            continue
        inside = _plain(part[0], at, several)
        text = part[0].get("#text")
        if inside and text:
            inside[_ITSELF] = text
        found[name] = inside or text
    return found


def _csv(text: str, found: Sample) -> Sample:
    lines = text.splitlines()
    if not lines or "\0" in text:
        return found
    found.delimiter = max(_DELIMITERS, key=lambda d: _consistency(lines[:_SNIFFED], d))
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=found.delimiter))
    return _table([row for row in rows if any(cell.strip() for cell in row)], found)


def _consistency(lines: Sequence[str], delimiter: str) -> tuple[float, int]:
    """Say how much a file looks like a table with this delimiter."""
    counts = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if row)
    if not counts:
        return 0.0, 0
    cells, often = counts.most_common(1)[0]
    return (often / sum(counts.values()) if cells > 1 else 0.0), cells


def _table(rows: list[list[str]], found: Sample) -> Sample:
    if not rows:
        return found
    width = Counter(len(row) for row in rows).most_common(1)[0][0]
    found.skip = next(i for i, row in enumerate(rows) if len(row) == width)
    head, body = rows[found.skip], rows[found.skip + 1 :]
    found.has_header = _is_header(head, body[0] if body else [])
    if found.has_header:
        found.columns = [cell.strip().removeprefix("\ufeff") for cell in head]
    else:
        body = [head, *body]
        found.columns = [f"column_{n}" for n in range(1, width + 1)]
        found.questions.append(
            (
                "文件没有表头：请在 csv.columns 中为各列命名。",
                "The file has no header: name its columns in csv.columns.",
            )
        )
    for row in body:
        cells = zip(found.columns, row, strict=False)
        found.records.append({name: cell for name, cell in cells if cell.strip() and name})
    return found


def _is_header(cells: Sequence[str], below: Sequence[str]) -> bool:
    """Say whether a row names columns: different names, words, or a word over what is none."""
    names = [cell.strip() for cell in cells]
    if len(set(names)) < len(names):
        return False
    words = [bool(_WORD.match(name)) for name in names]
    over = [w and not _WORD.match(cell.strip()) for w, cell in zip(words, below, strict=False)]
    return sum(words) * 2 > len(names) or any(over)
