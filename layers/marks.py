"""Marks: what must have moved if the sums or readings of a feed in a home have.

Everything that a message changes in a home moves in one script with the accounts of its feed there
(docs/adr/0002). A record that has gone to another home takes back what it gave without an account;
but it leaves the hash of records, whose length is therefore part of the mark.
"""

from __future__ import annotations

from collections.abc import Iterable

from layers.asks import Answers, Asks
from layers.store import keys

Mark = tuple[bytes | int | None, ...]

_RECORDS = ("case", "incident")


def need(asks: Asks, feeds: Iterable[str], homes: Iterable[str]) -> None:
    """Ask for the marks; to be asked before what they vouch for, so that no mark is too new."""
    wanted = list(feeds)
    for home in homes:
        for feed in wanted:
            asks.add("hgetall", home, keys.accounts(feed))
        for kind in _RECORDS:
            asks.add("hlen", home, keys.records(kind))


def mark(answers: Answers, feed: str, home: str) -> Mark | None:
    """Give the mark of a feed in a home; None when it has none yet and nothing may be held."""
    account = answers.plain["hgetall", home, keys.accounts(feed), ()]
    if b"accepted" not in account:
        return None
    lengths = [answers.plain["hlen", home, keys.records(kind), ()] for kind in _RECORDS]
    corrected = account.get(b"late_taken")
    return (account[b"accepted"], account.get(b"last_event_ms"), corrected, *lengths)
