"""Validate all files of a city without starting anything: one line a file, ok or what is wrong.

A table of filing standards gives one line for each cell that is wrong.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from layers.cases import working_time
from layers.cases.limits import Plain
from layers.cases.standards import read_standards
from layers.cases.working_time import load_working_time
from layers.config import Config, find_config, load_config
from layers.documents import DocumentError
from layers.feed_spec import FeedSpec
from layers.feeds import read_feed
from layers.indicators import Indicator, load_indicators
from layers.pack import CityPack, load_pack

T = TypeVar("T")

FeedCheck = Callable[[FeedSpec, Path], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found in one file."""

    file: str
    problem: str = ""
    """File, key, nearest valid key; empty: the file is good."""
    note: str = ""
    """What a good file holds."""

    @property
    def line(self) -> str:
        """The finding as one line."""
        if self.problem:
            return f"ERROR  {self.problem}"
        return f"ok     {self.file}{f'  ({self.note})' if self.note else ''}"


def check_all(
    path: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    pack: str = "",
    check_feed: FeedCheck = lambda _feed, _file: None,
) -> Iterator[Finding]:
    """Check settings, city pack, feeds and indicators, in this order.

    Args:
        path: config.yaml; None looks for one as `layers.config.find_config` says.
        environ: environment with overrides.
        pack: city pack to check in place of the configured one.
        check_feed: what ingest asks of a feed besides its grammar; raises a DocumentError.
    """
    file = path or find_config(environ)
    note = "" if file else "not there: defaults"
    config = yield from _try(file or Path("config.yaml"), lambda: load_config(file, environ), note)
    name = pack or (config or Config()).city.pack
    city = yield from _try(Path(name) / "city.yaml", lambda: load_pack(name), "")
    if city is not None:
        yield from _check_pack(city, check_feed)


def _check_pack(city: CityPack, check_feed: FeedCheck) -> Iterator[Finding]:
    for level in city.levels:
        count = sum(r.level == level.digits for r in city.geography.regions.values())
        yield Finding(str(city.folder / level.file), note=f"{count} regions")
    feeds: dict[str, FeedSpec] = {}
    for file in sorted(city.feeds_dir.glob("*.yaml")):
        feed = yield from _try(file, partial(_read_feed, file, feeds, check_feed), "")
        if feed is not None:
            feeds[feed.id] = feed
    if not feeds:
        yield Finding("", f"{city.feeds_dir}: has no feed that can be read. Add one *.yaml a feed.")
    indicators = yield from _try(
        city.indicators_file, lambda: load_indicators(city.indicators_file, feeds), ""
    )
    if indicators is not None:
        yield from _check_wall(city, indicators)
    yield from _check_cases(city)


def _check_cases(city: CityPack) -> Iterator[Finding]:
    """Check the working time, and the filing standards by it and by the categories of the feed."""
    file = city.folder / working_time.FILE
    note = "" if file.is_file() else "not there: defaults"
    found = yield from _try(file, lambda: load_working_time(city.folder, city.timezone), note)
    for table in sorted((city.folder / "standards").glob("*.csv")):
        yield from _check_standards(city, table, "work" if found is None else found.plain)


def _check_standards(city: CityPack, file: Path, plain: Plain) -> Iterator[Finding]:
    categories = city.categories.get(file.stem, {})
    try:
        standards, bad = read_standards(file, categories, plain)
    except DocumentError as error:
        yield Finding(str(error.file), " ".join(str(error).split()))
        return
    for finding in bad:
        yield Finding(str(file), finding.sentence())
    if not bad:
        yield Finding(str(file), note=f"{len(standards.rows)} filing conditions")


def _read_feed(file: Path, known: Mapping[str, FeedSpec], check_feed: FeedCheck) -> FeedSpec:
    feed = read_feed(file)
    check_feed(feed, file)
    if feed.id in known:
        raise DocumentError(file, f"id {feed.id!r} is taken", "Give it another id.")
    return feed


def _check_wall(city: CityPack, indicators: Mapping[str, Indicator]) -> Iterator[Finding]:
    named = [("wall", code) for code in city.wall] + [("map_indicator", city.map_indicator)]
    for key, code in named:
        if code not in indicators:
            near = difflib.get_close_matches(code, list(indicators), 1, 0.4)
            remedy = f"Did you mean `{near[0]}`?" if near else f"See {city.indicators_file}."
            yield Finding(
                "", f"{city.folder / 'city.yaml'}: `{key}` names no indicator `{code}`. {remedy}"
            )


def _try(file: Path, read: Callable[[], T], note: str) -> Generator[Finding, None, T | None]:
    try:
        found = read()
    except DocumentError as error:
        yield Finding(str(error.file), " ".join(str(error).split()))
        return None
    yield Finding(str(file), note=note)
    return found
