"""What a warning says in English, where its sender says it in English too.

A CAP alert has one <info> for each language (CAP 1.2, 3.2.2). The Chinese one is what is stored;
the English one is read from the message itself, which stands beside it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple
from xml.etree import ElementTree as ET


class English(NamedTuple):
    """The words of an English <info>; empty where it has none."""

    event: str = ""
    headline: str = ""
    sender_name: str = ""


@lru_cache(maxsize=1024)
def english(raw: bytes) -> English:
    """Read the English words of a message; the codec has refused documents with declarations."""
    if b"language>en" not in raw.lower():
        return English()
    try:
        alert = ET.fromstring(raw)  # noqa: S314  see above: no entities can be in it
    except ET.ParseError:
        return English()
    for info in alert.iterfind("{*}info"):
        if _text(info, "language").lower().startswith("en"):
            return English(*(_text(info, name) for name in ("event", "headline", "senderName")))
    return English()


def _text(info: ET.Element, name: str) -> str:
    return (info.findtext(f"{{*}}{name}") or "").strip()
