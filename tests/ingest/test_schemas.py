"""Avro and Protobuf, by a schema of the pack or of a registry that may be away."""

import base64
import io
import json
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import fastavro
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2
from hypothesis import given
from hypothesis import strategies as st
from log_source import LogSource
from small_city import NOW_MS, feed, frame

from ingest.codecs.avro import Avro
from ingest.codecs.protobuf import Protobuf
from ingest.codecs.registry import RegistryUnavailableError, insist
from ingest.consumer import Intake, Pace, Worker
from ingest.mapping import check_mapping
from ingest.normalize import Normalizer
from ingest.replay import NoTopic
from ingest.sources.base import make_slice
from layers.documents import DocumentError
from layers.feed_spec import SchemaRule
from layers.feeds import read_health

SCHEMA = {
    "type": "record",
    "name": "Reading",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "p", "type": {"type": "enum", "name": "P", "symbols": ["pm25", "o3"]}},
        {"name": "v", "type": ["null", "double", "string"]},
        {"name": "x", "type": "double"},
        {"name": "y", "type": "double"},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {
            "name": "price",
            "type": [
                "null",
                {"type": "bytes", "logicalType": "decimal", "precision": 5, "scale": 2},
            ],
            "default": None,
        },
        {"name": "more", "type": {"type": "array", "items": "int"}, "default": []},
    ],
}
PATHS = ["id", "p", "v", "at", "price", "more[1]"]


def part(*values):
    return make_slice("t", 0, range(len(values)), [NOW_MS] * len(values), values)


def datum(**changes):
    body = {"id": "s1", "p": "pm25", "v": 10.0, "x": 0.5, "y": 1.0, "at": NOW_MS, "more": [4, 5]}
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(SCHEMA), body | changes)
    return stream.getvalue()


@pytest.fixture
def avsc(tmp_path):
    file = tmp_path / "reading.avsc"
    file.write_text(json.dumps(SCHEMA), encoding="utf-8")
    return str(file)


def test_avro_is_read_by_the_schema_of_the_pack(avsc):
    codec = Avro(SchemaRule(file=avsc), PATHS)
    moment = datetime.fromtimestamp(NOW_MS / 1000, UTC)
    values = [datum(), datum(v="12", at=moment, price=Decimal("3.50")), datum(v=None)]
    found = codec.decode(part(*values, b"", b"\x02", datum() + b"x"))
    at = str(NOW_MS)
    assert found.columns.rows()[:3] == [
        ("s1", "pm25", "10", at, None, "5"),
        ("s1", "pm25", "12", at, "3.50", "5"),
        ("s1", "pm25", None, at, None, "5"),
    ]
    assert sorted(found.broken) == [3, 4, 5]
    assert all(why.startswith("not Avro: ") for why in found.broken.values())


def test_an_avro_message_may_carry_a_header_that_its_own_schema_makes_needless(avsc):
    codec = Avro(SchemaRule(file=avsc), ["id"])
    found = codec.decode(part(b"\0\0\0\0\x07" + datum(), b"\xc3\x0112345678" + datum()))
    assert found.columns["id"].to_list() == ["s1", "s1"]


def test_a_feed_of_avro_is_checked_and_its_readings_count(avsc, tmp_path):
    spec = feed(format="avro", schema={"file": avsc})
    check_mapping(spec, tmp_path / "air.yaml")
    rows = Normalizer(spec, frame()).batch([part(datum(), b"\xff\n")]).rows
    assert rows["outcome"].to_list() == [0, 2]
    assert json.loads(rows["raw"][0])["id"] == "s1"
    for file in (str(tmp_path / "none.avsc"), __file__):
        with pytest.raises(DocumentError, match="is no Avro schema"):
            check_mapping(feed(format="avro", schema={"file": file}), tmp_path / "air.yaml")


def descriptors():
    file = descriptor_pb2.FileDescriptorProto(name="city.proto", package="city", syntax="proto3")
    file.dependency.append("google/protobuf/timestamp.proto")
    kinds = descriptor_pb2.FieldDescriptorProto
    reading = file.message_type.add(name="Reading")
    for number, (name, kind, type_name) in enumerate(
        [
            ("id", kinds.TYPE_STRING, ""),
            ("value", kinds.TYPE_DOUBLE, ""),
            ("at", kinds.TYPE_MESSAGE, ".google.protobuf.Timestamp"),
            ("count", kinds.TYPE_INT64, ""),
        ],
        1,
    ):
        made = reading.field.add(name=name, number=number, type=kind, label=1)
        if type_name:
            made.type_name = type_name
    page = file.message_type.add(name="Page")
    page.field.add(
        name="readings", number=1, type=kinds.TYPE_MESSAGE, type_name=".city.Reading", label=3
    )
    return file


def page(*readings):
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(timestamp_pb2.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(descriptors().SerializeToString())
    made = message_factory.GetMessageClass(pool.FindMessageTypeByName("city.Page"))()
    for name, value, seconds in readings:
        made.readings.add(id=name, value=value).at.seconds = seconds
    return made.SerializeToString()


@pytest.fixture
def desc(tmp_path):
    file = tmp_path / "city.desc"
    made = descriptor_pb2.FileDescriptorSet(file=[descriptors()])
    file.write_bytes(made.SerializeToString())
    return str(file)


COLUMNS = ["readings[].id", "readings[].value", "readings[].at", "readings[].count"]
ROWS = [
    ("a", "1.5", "1970-01-01T00:00:05Z", "0"),
    ("b", "0", "1970-01-01T00:00:00Z", "0"),
]


def test_protobuf_is_read_by_a_descriptor_set_and_what_is_zero_is_a_reading(desc):
    codec = Protobuf(SchemaRule(file=desc, message="city.Page"), COLUMNS)
    found = codec.decode(part(page(("a", 1.5, 5), ("b", 0, 0)), b"\xff", b""))
    assert found.columns.rows()[:2] == ROWS
    assert found.message.tolist() == [0, 0, 1, 2]
    assert found.broken[2].startswith("not Protobuf: ")
    assert found.broken[3] == "it holds no record"


def test_a_message_that_the_descriptor_set_has_not_got_is_named(desc, tmp_path):
    spec = feed(format="protobuf", schema={"file": desc, "message": "city.Pag"})
    with pytest.raises(DocumentError, match=r"city\.desc: has no message 'city\.Pag'"):
        check_mapping(spec, tmp_path / "air.yaml")


@given(st.lists(st.binary(max_size=30), min_size=1, max_size=4))
def test_no_bytes_make_a_schema_raise_or_lose_a_message(values):
    schema = fastavro.parse_schema(SCHEMA)
    codec = Avro(SchemaRule(registry="http://127.0.0.1:1"), ["id"])
    codec._own = schema
    assert codec.decode(part(*values)).columns.height == len(values)


@contextmanager
def registry(schemas, port=0):
    asked = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            number = self.path.rpartition("/")[2]
            found = schemas.get(number)
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(json.dumps({"schema": found}).encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_schema_of_a_registry_is_asked_for_once():
    with registry({"7": json.dumps(SCHEMA)}) as (url, asked):
        codec = Avro(SchemaRule(registry=url), ["id"])
        head = b"\0\0\0\0\x07"
        found = codec.decode(part(head + datum(), head + datum(id="s2"), datum(), b"\0\0\0\0\x09"))
        codec.decode(part(head + datum(), b"\0\0\0\0\x09x"))
    assert found.columns["id"].to_list() == ["s1", "s2", None, None]
    assert "five bytes" in found.broken[2]
    assert "no schema 9" in found.broken[3]
    assert asked == ["/schemas/ids/7", "/schemas/ids/9"]


def test_protobuf_of_a_registry_says_which_message_it_is():
    text = base64.b64encode(descriptors().SerializeToString()).decode()
    with registry({"3?format=serialized": text}) as (url, _):
        codec = Protobuf(SchemaRule(registry=url, message="city.Page"), COLUMNS)
        body = page(("a", 1.5, 5), ("b", 0, 0))
        found = codec.decode(part(b"\0\0\0\0\x03\x02\x02" + body, b"\0\0\0\0\x03\x00" + body))
    assert found.columns.rows() == ROWS * 2


def test_while_a_registry_is_away_no_message_is_judged():
    codec = Avro(SchemaRule(registry="http://127.0.0.1:1"), ["id"])
    with pytest.raises(RegistryUnavailableError, match=r"127\.0\.0\.1:1 does not answer"):
        codec.decode(part(b"\0\0\0\0\x07" + datum()))


def test_messages_wait_until_the_registry_answers_and_are_all_read_then(store, caplog):
    caplog.set_level("INFO")
    with registry({"7": json.dumps(SCHEMA)}) as (url, _):
        pass  # it was there, and its address is free again
    spec = feed(format="avro", schema={"registry": url})
    intake = Intake({"air": spec}, frame())
    worker = Worker(intake, store, NoTopic(), Pace(9, 0.0, 1e9), lambda: NOW_MS / 1000)
    log = {("air", 0): [(NOW_MS, b"\0\0\0\0\x07" + datum())]}
    source = LogSource(log, worker.begin, [])
    thread = threading.Thread(target=worker.step, args=[source])
    thread.start()
    thread.join(1)
    assert thread.is_alive()
    port = int(url.rstrip("/").rpartition(":")[2])
    with registry({"7": json.dumps(SCHEMA)}, port):
        thread.join(20)
    worker.drain(source)
    worker._thread.shutdown()
    assert [r.message.split()[0] for r in caplog.records if "event=registry" in r.message] == [
        "event=registry_lost",
        "event=registry_recovered",
    ]
    now = datetime.fromtimestamp(NOW_MS / 1000, UTC)
    health = read_health(store, {"air": spec}, frame().homes, now)["air"]
    assert (health.read, health.accepted, health.rejected) == (1, 1, 0)


def test_a_worker_that_waits_for_a_registry_can_be_stopped():
    stop = threading.Event()
    stop.set()
    codec = Avro(SchemaRule(registry="http://127.0.0.1:1"), ["id"])
    with pytest.raises(RegistryUnavailableError):
        insist(lambda: codec.decode(part(b"\0\0\0\0\x07" + datum())), stop)
