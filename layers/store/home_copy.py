"""A home read whole at one instant: what an audit compares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from layers.store import keys
from layers.store.client import Store, StoreUnavailableError

_COPY = (Path(__file__).parent / "copy.lua").read_text(encoding="utf-8")

Content = dict[bytes, bytes]
"""Hash: field → value; zset: member → score; set: member → empty; list: value → how often."""


@dataclass(frozen=True, slots=True)
class KeyCopy:
    """One key."""

    kind: str
    """hash | set | zset | list."""
    lives_ms: int
    """Milliseconds until it expires; -1: never."""
    content: Content


HomeCopy = Mapping[str, KeyCopy]
"""Suffix → key."""


def read_home(store: Store, home: str) -> dict[str, KeyCopy]:
    """Read every key of a home in one atomic step; Redis does nothing else meanwhile.

    Raises:
        StoreUnavailableError: no answer.
    """
    stem = keys.home_key(store.prefix, home)
    try:
        reply = store.client.eval(_COPY, 1, stem, _literal(stem) + "*")
    except redis.RedisError as error:
        raise StoreUnavailableError(error) from error
    return {
        suffix.decode(): KeyCopy(kind.decode(), int(lives), _content(kind, items))
        for suffix, kind, lives, items in reply
    }


def fences_of(copy: HomeCopy) -> dict[str, int]:
    """Give the fences of a copied home: log → next offset not yet applied."""
    held = copy.get(keys.FENCE)
    return {log.decode(): int(at) for log, at in held.content.items()} if held else {}


def _literal(stem: str) -> str:
    """Spell a stem so that KEYS takes each letter for itself."""
    return "".join(f"\\{c}" if c in "*?[]\\^" else c for c in stem)


def _content(kind: bytes, items: list[Any]) -> Content:
    if kind in (b"hash", b"zset"):
        return dict(zip(items[0::2], items[1::2], strict=True))
    found: Content = {}
    for item in items:
        found[item] = b"" if kind == b"set" else b"%d" % (int(found.get(item, b"0")) + 1)
    return found
