r"""The grammar of a feed's YAML file: everything that tells one feed from another.

A **path** names a part of a message. Dots step into objects (`geo.x`), `[2]` takes one element of
an array, `[]` takes every element, each becoming a record of its own (`readings[].value`; several
arrays of the same depth go side by side). A dot in a name is written `\\.`, as are `[`, `]` and a
leading `$`. In CSV a path is the name of a column and in XML the elements from the root's children
on, `@name` being an attribute. Paths with `$` don't point into the value:

    $key            the message's key
    $header.<name>  a header of the message
    $timestamp      broker time, ms since the epoch
    $column, $cell  of a wide row: the column that made the record, and what stood in it
    $column.<name>  a named group of `wide.pattern` in the column's name
    $beside.<name>  what stands in the column that goes with it (`wide.beside`)
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from layers.labels import Label

Kind = Literal["observation", "case", "incident", "warning"]

Format = Literal["json", "csv", "xml", "cap", "avro", "protobuf"]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base: an unknown key is an error."""


class Owner(Rule, frozen=True):
    """The department that answers for the data."""

    code: str
    zh: str
    en: str

    @property
    def label(self) -> Label:
        """Its name."""
        return Label(self.zh, self.en)


class Expect(Rule, frozen=True):
    """What a healthy feed does."""

    interval_s: int
    """Seconds between two messages of one source."""
    sources: int
    """Number of sources that report."""
    silent_after_s: int
    """Without a message for so long, the feed is silent."""


class Pick(Rule, frozen=True):
    """How a text is got from a message, where one path is not enough; one of the first four."""

    path: str = ""
    first: tuple[str, ...] = ()
    """Candidates; the first that is there and not blank is taken."""
    const: str | int | float | None = None
    join: tuple[str, ...] = ()
    """Paths whose texts are put together; absent when all of them are."""
    by: str = ""
    """Between the joined texts."""
    match: str = ""
    """Regular expression (Rust syntax) with one group: only what it takes is kept."""
    default: str | None = None
    """When nothing is there."""


Where = str | Pick
"""A path, or how to get a text from several."""


class TimeRule(Rule, frozen=True):
    """Where the event time stands and how it is written."""

    field: Where
    form: str | tuple[str, ...] = "iso"
    """iso | epoch_s | epoch_ms | epoch_us | excel (days since 1899-12-30) | a strftime pattern; of
    several forms the first that fits is taken. An hour 24 is the next day's hour 0 in each."""
    zone: str = "Asia/Shanghai"
    """Zone of times that carry no offset: a name of the IANA database, or an offset (+08:00)."""
    ambiguous: Literal["earliest", "latest", "reject"] = "earliest"
    """An hour that the clock shows twice, when summer time ends."""
    gap: Literal["reject", "shift"] = "reject"
    """An hour that the clock skips; shift: as if it had not been put forward."""


class Affine(Rule, frozen=True):
    """A city's own grid: x' = a·x + b·y + c and y' = d·x + e·y + f, in the CRS `epsg`."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float
    epsg: int


class Device(Rule, frozen=True):
    """A table of devices beside the feed (CSV with a header): where each of them stands."""

    file: str
    """Path from the folder of the city pack."""
    id: str
    """Column that holds the sensor's id, as the message gives it."""
    lng: str = ""
    lat: str = ""
    code: str = ""
    """Column of a region or grid code, for devices without coordinates."""


class PlaceRule(Rule, frozen=True):
    """Where the position stands. Coordinates go before the device table, that before a code."""

    lng: Where = ""
    lat: Where = ""
    point: Where = ""
    """Both coordinates in one text."""
    form: Literal["lng,lat", "lat,lng", "wkt"] = "lng,lat"
    """How `point` is written; any separator. WKT of any geometry: its centroid."""
    datum: Literal["WGS84", "CGCS2000", "GCJ02", "BD09"] = "WGS84"
    epsg: int = 0
    """CRS of the coordinates instead of `datum`; lng is then the easting, lat the northing."""
    affine: Affine | None = None
    code: Where = ""
    """Region or grid code."""
    device: Device | None = None
    address: Where = ""
    """An address in words: shown with the record, never guessed at; it is placed in 未定位."""
    swapped: Literal["keep", "mend"] = "keep"
    """mend: when only the exchanged coordinates lie in the city, exchange them and count it."""
    placeholders: tuple[tuple[float, float], ...] = ((0.0, 0.0),)
    """Positions that stand for none (longitude, latitude as they are sent)."""


class CsvRule(Rule, frozen=True):
    """Delimited text: one line a message, or a whole document a message."""

    columns: tuple[str, ...] = ()
    """Names of the cells in order; not needed for documents that carry a header."""
    delimiter: str = ","
    quote: str = '"'
    """Empty: quotes mean nothing."""
    header: bool = False
    """A message is a document: its first line names the columns, each further line is a record."""
    skip: int = 0
    """Lines before the header, of files and documents."""


class XmlRule(Rule, frozen=True):
    """XML."""

    strip_namespaces: bool = True


class SchemaRule(Rule, frozen=True):
    """The schema of Avro or Protobuf messages."""

    file: str = ""
    """Avro: an .avsc; Protobuf: a descriptor set (protoc --descriptor_set_out). From the pack."""
    message: str = ""
    """Protobuf: the full name of the message."""
    registry: str = ""
    """URL of a schema registry; messages then carry its five-byte header."""


class WideRule(Rule, frozen=True):
    """One row that holds many records: each of these columns becomes one."""

    columns: tuple[str, ...] = ()
    """Paths."""
    pattern: str = ""
    """Regular expression over CSV columns; its named groups are `$column.<name>`."""
    beside: dict[str, str] = {}
    """Name → column that goes with each of them, such as its quality; in braces a named group of
    `pattern` or `column`, the whole name: {flag: "V{hour}"}. Read as `$beside.<name>`."""


class CodeTable(Rule, frozen=True):
    """Source values → canonical codes."""

    table: dict[str, str] = {}
    file: str = ""
    """Further rows from a CSV of the pack with the columns `value` and `code`."""
    default: str = "UNMAPPED"
    ignore_case: bool = False
    """Case and surrounding blanks make no difference."""


class Conversion(Rule, frozen=True):
    """value' = value · factor + offset, in the unit `to`."""

    to: str
    factor: float = 1.0
    offset: float = 0.0


class ValueRule(Rule, frozen=True):
    """How numbers are written and what they mean."""

    decimal: Literal[".", ","] = "."
    thousands: str = ""
    missing: tuple[str, ...] = ()
    """Texts that stand for no reading (-999, NULL, —)."""
    valid: tuple[str, ...] = ()
    """Qualities (after `codes.quality`) of readings that count; empty: all of them."""
    units: dict[str, Conversion] = {}
    """Unit of the message, or `property:unit` → conversion."""
    assumed: dict[str, str] = {}
    """Property → unit of a message that names none."""


class DedupeRule(Rule, frozen=True):
    """What makes two messages the same event."""

    key: tuple[str, ...] = ()
    """Paths; empty: the identity of the kind (sensor, property and time; number and version)."""
    horizon_s: int = 0
    """How long a repetition is known; 0: as long as a message may be late."""
    revised: Literal["ignore", "replace"] = "ignore"
    """Observations with the identity of an earlier one and another value. ignore: a duplicate;
    replace: the earlier value is taken back, also from minimum and maximum."""


class LateRule(Rule, frozen=True):
    """What becomes of messages later than `late_after_s`: counted as late and kept in any case."""

    apply_within_s: int = 0
    """Up to this age they still correct the sums of their own time; 0: never."""


Personal = Literal["mask", "hmac", "drop"]


class FeedSpec(Rule, frozen=True):
    """One feed, as its YAML file says."""

    id: str
    title: Label
    owner: Owner
    contact: Label
    format: Format
    kind: Kind
    origin: Label
    expect: Expect
    late_after_s: int
    topic: str = ""
    topics: tuple[str, ...] = ()
    """Further topics of the same messages."""
    encoding: Literal["utf-8", "gb18030", "utf-16", "latin-1"] = "utf-8"
    generated: bool = False
    time: TimeRule | None = None
    place: PlaceRule = PlaceRule()
    csv: CsvRule | None = None
    xml: XmlRule = XmlRule()
    schema: SchemaRule = SchemaRule()
    wide: WideRule | None = None
    fields: dict[str, Where] = {}
    codes: dict[str, CodeTable] = {}
    values: ValueRule = ValueRule()
    bounds: dict[str, dict[str, tuple[float, float]]] = {}
    dedupe: DedupeRule = DedupeRule()
    late: LateRule = LateRule()
    personal: dict[str, Personal] = {}
    """Path → mask (138****1234), hmac (keyed by YIWANG_SECRET_HMAC) or drop, before it is kept."""
    play: dict[str, Any] = {}

    @property
    def remembered_s(self) -> int:
        """How long a repetition must be known."""
        return max(self.dedupe.horizon_s or self.late_after_s, self.late.apply_within_s)

    @property
    def topic_name(self) -> str:
        """The Kafka topic: `topic`, or the id."""
        return self.topic or self.id

    @property
    def all_topics(self) -> tuple[str, ...]:
        """Every topic that carries the feed."""
        return (self.topic_name, *self.topics)
