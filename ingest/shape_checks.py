"""What a feed says of the shape of its messages that can't work, found before the first message."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

import polars as pl

from ingest.codecs.avro import schema_of
from ingest.codecs.protobuf import message_class
from ingest.paths import (
    PathError,
    check_chains,
    check_special,
    is_of_row,
    is_special,
    name_of_column,
    parse,
)
from ingest.picks import paths_of
from layers.documents import DocumentError
from layers.feed_spec import FeedSpec, Pick, Where, WideRule

Problem = tuple[str, str]
"""What is wrong, and what to do."""


def check_shape(feed: FeedSpec, file: Path) -> None:
    """Raise a DocumentError for the first thing that can't work.

    Raises:
        DocumentError: it names the key and the remedy.
    """
    for found in (_format, _csv, _wide, _picks, _paths, _schema):
        for problem, remedy in found(feed):
            raise DocumentError(file, problem, remedy)


def wheres(feed: FeedSpec) -> dict[str, Where]:
    """Give everything that is read from a message: key in the YAML file → how it is got."""
    place = feed.place
    found: dict[str, Where] = {f"fields.{name}": w for name, w in feed.fields.items()}
    found |= {f"place.{n}": getattr(place, n) for n in ("lng", "lat", "point", "code", "address")}
    if feed.time:
        found["time.field"] = feed.time.field
    found |= {f"dedupe.key[{at}]": path for at, path in enumerate(feed.dedupe.key)}
    found |= {f"personal.{path}": path for path in feed.personal}
    return {key: where for key, where in found.items() if where or key.startswith("fields.")}


def _format(feed: FeedSpec) -> Iterator[Problem]:
    if (feed.format == "cap") != (feed.kind == "warning"):
        yield (
            f"format {feed.format} does not go with kind {feed.kind}",
            "Warnings come as format: cap; to read CAP as another kind, use format: xml.",
        )


def _csv(feed: FeedSpec) -> Iterator[Problem]:
    if feed.format != "csv":
        return
    rule = feed.csv
    if rule is None:
        yield "csv is missing", "List csv.columns, or set csv.header: true for whole tables."
        return
    if not rule.columns and not rule.header:
        yield "csv.columns is missing", "List them, or set csv.header: true for whole tables."
    if not rule.delimiter or rule.delimiter == rule.quote:
        yield f"csv.delimiter is {rule.delimiter!r}", 'Give the sign between cells, like ";".'
    if len(rule.quote) > 1:
        yield f"csv.quote is {rule.quote!r}", 'Give one sign, or "" where quotes mean nothing.'
    if rule.skip < 0:
        yield "csv.skip is negative", "Give the number of lines before the header."


def _wide(feed: FeedSpec) -> Iterator[Problem]:
    rule = feed.wide
    read = {p for where in wheres(feed).values() for p in paths_of(where)}
    if rule is None:
        for path in sorted(filter(is_of_row, read)):
            yield f"{path} is read, but wide is missing", "List wide.columns."
        return
    if not rule.columns and not rule.pattern:
        yield "wide has neither columns nor pattern", "List wide.columns, or give wide.pattern."
    try:
        pattern = re.compile(rule.pattern)
    except re.error as error:
        yield f"wide.pattern does not compile ({error})", "Mend the regular expression."
        return
    if not rule.columns and feed.format != "csv":
        yield f"wide.pattern can't find columns in {feed.format}", "List wide.columns."
    if "$cell" not in read:
        yield "wide is given, but nothing reads $cell", "Map fields.value to $cell."
    yield from _groups(rule, pattern, read)
    columns = feed.csv.columns if feed.csv and not feed.csv.header else ()
    if columns and not rule.columns and not any(map(pattern.fullmatch, columns)):
        yield "wide.pattern matches no whole name in csv.columns", "Mend it; .* matches any text."


def _groups(rule: WideRule, pattern: re.Pattern[str], read: Collection[str]) -> Iterator[Problem]:
    """Check what is asked of a column's name, and of the columns beside it."""
    for path in sorted(p for p in read if p.startswith("$column.")):
        if path.removeprefix("$column.") not in pattern.groupindex:
            name = path.removeprefix("$column.")
            yield f"{path}: wide.pattern has no group {name!r}", f"Write (?P<{name}>…) in it."
    for path in sorted(p for p in read if p.startswith("$beside.")):
        if path.removeprefix("$beside.") not in rule.beside:
            yield f"{path}: wide.beside has no such name", "List it in wide.beside."
    for name, template in rule.beside.items():
        for group in re.findall(r"\{(\w+)\}", template):
            if group != "column" and group not in pattern.groupindex:
                problem = f"wide.beside.{name}: wide.pattern has no group {group!r}"
                yield problem, f"Write (?P<{group}>…) in it, or {{column}}."


def _picks(feed: FeedSpec) -> Iterator[Problem]:
    for key, where in wheres(feed).items():
        if isinstance(where, Pick):
            yield from _pick(key, where)
        elif not where:
            yield f"{key} is empty", "Name a path, or leave the key out."


def _pick(key: str, pick: Pick) -> Iterator[Problem]:
    given = {"path": pick.path, "first": pick.first, "join": pick.join}
    names = [name for name, value in given.items() if value]
    names += ["const"] if pick.const is not None else []
    if len(names) != 1:
        told = " and ".join(names) or "none of path, first, const and join"
        yield f"{key} has {told}", "Give exactly one of path, first, const and join."
    if pick.by and not pick.join:
        yield f"{key}.by is given without join", "List the paths to put together in join."
    if pick.match and pick.const is not None:
        yield f"{key}.match is given with const", "Leave one of them out."
    if pick.match:
        try:
            groups = pl.select(pl.lit("").str.extract_groups(pick.match)).to_series()
        except pl.exceptions.PolarsError as error:
            yield f"{key}.match does not compile ({error})", "Mend the regular expression."
            return
        if len(groups.struct.fields) != 1:
            yield f"{key}.match needs exactly one group", "Put ( ) around what is to be kept."


def _paths(feed: FeedSpec) -> Iterator[Problem]:
    wide = feed.wide.columns if feed.wide else ()
    named = {key: paths_of(where) for key, where in wheres(feed).items()}
    named |= {f"wide.columns[{at}]": (path,) for at, path in enumerate(wide)}
    try:
        for key, found in named.items():
            for path in found:
                _check_path(feed, key, path)
        if feed.format not in {"csv", "cap"}:
            read = {key: found for key, found in named.items() if not key.startswith("personal.")}
            check_chains(p for found in read.values() for p in found if not is_special(p))
    except PathError as error:
        yield error.problem, error.remedy
    if feed.format == "csv" and feed.csv and not feed.csv.header:
        yield from _columns(feed.csv.columns, named)


def _check_path(feed: FeedSpec, key: str, path: str) -> None:
    try:
        if is_special(path):
            check_special(path)
        elif feed.format != "csv":
            parse(path)
    except PathError as error:
        error.problem = f"{key}: {error.problem}"
        raise


def _columns(columns: Iterable[str], named: Mapping[str, Iterable[str]]) -> Iterator[Problem]:
    known = set(columns)
    for key, found in named.items():
        for path in found:
            if not is_special(path) and not {path, name_of_column(path)} & known:
                near = difflib.get_close_matches(path, sorted(known), 1, 0.4)
                remedy = f"Did you mean {near[0]!r}?" if near else "Add it there."
                yield f"{key}: csv.columns has no column {path!r}", remedy


def _schema(feed: FeedSpec) -> Iterator[Problem]:
    rule = feed.schema
    if feed.format not in {"avro", "protobuf"}:
        if rule.file or rule.registry or rule.message:
            yield f"schema is given, but format is {feed.format}", "Use format avro or protobuf."
        return
    if bool(rule.file) == bool(rule.registry):
        told = "both file and registry" if rule.file else "neither file nor registry"
        yield f"schema has {told}", "Give schema.file (in the pack) or schema.registry (a URL)."
    if feed.format == "protobuf" and not rule.message:
        yield (
            "schema.message is missing",
            "Give the full name of the message, like city.v1.Reading.",
        )
    if rule.file and feed.format == "avro":
        schema_of(Path(rule.file))
    elif rule.file and rule.message:
        message_class(Path(rule.file), rule.message)
    if rule.registry and not re.match(r"https?://[^/]+", rule.registry):
        yield f"schema.registry {rule.registry!r} is no URL", "Write http://host:8081."
