"""What could not be read: which field, which value, why, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from ingest.checks import Check
from ingest.codecs.explode import NO_RECORD
from ingest.codecs.wide import CELL
from ingest.personal import KEPT_BACK
from ingest.sources.base import Slice
from layers.batch import REJECTED
from layers.feed_spec import FeedSpec
from layers.feeds import Reject
from layers.labels import Label

UNREADABLE = 999
"""In the column `failed`: the codec could not read the message at all."""

_BEGINNING, _VALUE, _RAW = 60, 200, 4_000
"""Longest text kept of an unreadable message, a value and a message; the topic has all of it."""

_FORMATS = {
    "json": Label(
        "每条消息发送一个 UTF-8 的 JSON 对象。", "Send one JSON object a message, in UTF-8."
    ),
    "csv": Label(
        "每条消息发送一行，列与数据源文件所列一致。",
        "Send one line a message with the columns that the feed lists.",
    ),
    "xml": Label(
        "每条消息发送一个 XML 文档，不带文档类型声明。",
        "Send one XML document a message, without a document type declaration.",
    ),
    "avro": Label(
        "请按数据源所列的 Avro 模式编码每条消息。",
        "Encode each message by the Avro schema that the feed names.",
    ),
    "protobuf": Label(
        "请按数据源所列的 Protobuf 描述编码每条消息。",
        "Encode each message by the Protobuf descriptor that the feed names.",
    ),
    "cap": Label(
        "每条消息发送一个 CAP 1.2 的 <alert>，不带文档类型声明。",
        "Send one CAP 1.2 <alert> a message, without a document type declaration.",
    ),
}

_EMPTY = Label(
    "没有读数时不要发送；若有读数，请修正数据源中的路径或列名。",
    "Send nothing when there is no reading; if there is one, correct the paths of the feed.",
)


def explain(
    feed: FeedSpec,
    whole: Slice,
    slices: Sequence[Slice],
    rows: pl.DataFrame,
    why: tuple[Sequence[Check], Mapping[int, str]],
) -> list[tuple[int, Reject]]:
    """Give each rejected row with its reason, in order.

    Args:
        feed: whose messages they are.
        whole: all messages of the poll.
        slices: the partitions they came from.
        rows: with `failed` and the texts that came.
        why: the checks, and row → why the codec could not read it.
    """
    bad = rows.filter(pl.col("outcome") == REJECTED)
    return [
        (row["row"], _reject(feed, whole, slices[row["part"]], row, why))
        for row in bad.iter_rows(named=True)
    ]


def _reject(
    feed: FeedSpec,
    whole: Slice,
    part: Slice,
    row: Mapping[str, object],
    why: tuple[Sequence[Check], Mapping[int, str]],
) -> Reject:
    number = int(str(row["row"]))
    checks, broken = why
    if feed.personal:
        raw = KEPT_BACK.zh if row["failed"] == UNREADABLE else str(row["raw"])
    else:
        raw = as_text(whole.value(int(str(row["message"]))))
    if row["failed"] == UNREADABLE and feed.personal:
        field, value, remedy = "", "", _FORMATS[feed.format]
        reason = Label(f"无法解析：{KEPT_BACK.zh}", f"can't be read: {KEPT_BACK.en}")
    elif row["failed"] == UNREADABLE:
        # the message as a whole is the value; its beginning is enough to know it by
        field, value = "", raw[:_BEGINNING]
        reason = Label(f"无法解析：{broken[number]}", f"can't be read: {broken[number]}")
        remedy = _EMPTY if broken[number] == NO_RECORD else _FORMATS[feed.format]
    else:
        check = checks[int(str(row["failed"]))]
        came = row[check.column]
        # of a wide row it is the column that is wrong
        field = check.field.replace(CELL, str(row.get("column_text") or CELL))
        value = "" if came is None else str(came)
        reason, remedy = check.reason, check.remedy
    return Reject(
        feed=feed.id,
        topic=part.topic,
        partition=part.partition,
        offset=int(str(row["offset"])),
        at_ms=int(str(row["broker_ms"])),
        field=field,
        value=value[:_VALUE],
        reason=reason,
        remedy=remedy,
        raw=raw[:_RAW],
    )


def as_text(value: bytes) -> str:
    r"""Give bytes as text; bytes that are no UTF-8 are written as \xNN."""
    return value.decode("utf-8", "backslashreplace")
