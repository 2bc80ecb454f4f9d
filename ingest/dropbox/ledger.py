"""How far each file has come: one small JSON a file, named by the digest of its content."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

import msgspec

_BLOCK = 1 << 20


class Entry(msgspec.Struct, frozen=True):
    """One file."""

    digest: str
    name: str
    """Of the file, when it was first seen."""
    topic: str
    log: str = ""
    """Which of all topics that have borne the name, where the broker says."""
    state: Literal["open", "done"] = "open"
    sent: int = 0
    """Messages that stand in the topic for certain, from the first on."""
    ends: dict[int, int] = {}
    """Partition → an offset below which no message from `sent` on stands."""


class Ledger:
    """The entries in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def entry(self, digest: str, topic: str) -> Entry | None:
        """Give what is known of a content that was produced, or begun, for a topic."""
        try:
            return msgspec.json.decode(self._file(digest, topic).read_bytes(), type=Entry)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def write(self, entry: Entry) -> None:
        """Note how far a file has come, at one stroke."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self._file(entry.digest, entry.topic)
        part = file.with_suffix(".part")
        part.write_bytes(msgspec.json.encode(entry))
        part.replace(file)

    def _file(self, digest: str, topic: str) -> Path:
        return self.folder / f"{digest[:32]}.{topic}.json"


def digest_of(file: Path) -> str:
    """Give the SHA-256 of a file's bytes in hex."""
    content = hashlib.sha256()
    with file.open("rb") as data:
        while block := data.read(_BLOCK):
            content.update(block)
    return content.hexdigest()
