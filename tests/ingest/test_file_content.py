"""Files of every shape come out as the messages that a topic would carry."""

import gzip
import json
from datetime import UTC, datetime
from xml.sax.saxutils import escape
from zipfile import ZipFile

import polars as pl
import pytest
import zstandard
from small_city import feed

from ingest.codecs import csv
from ingest.sources.base import make_slice
from ingest.sources.file import FileError, read_messages

TABLE = feed(format="csv", csv={"columns": ["id", "p", "v", "x", "y", "at"], "delimiter": ";"})
ROW = "s1;pm25;10;0.5;1;9"
HEADED = feed(format="csv", csv={"header": True}, wide={"pattern": r"H\d+"})


def messages(spec, tmp_path, data, name="file.txt"):
    file = tmp_path / name
    file.write_bytes(data if isinstance(data, bytes) else data.encode())
    return list(read_messages(spec, file))


def test_lines_are_messages_and_blank_ones_are_none(tmp_path):
    assert messages(feed(), tmp_path, '{"a":1}\r\n\n{bad\n[1]') == [b'{"a":1}', b"{bad", b"[1]"]


def test_a_file_may_be_packed(tmp_path):
    data = b'{"a":1}\n{"a":2}\n'
    assert len(messages(feed(), tmp_path, gzip.compress(data), "a.ndjson.gz")) == 2
    packed = zstandard.compress(data) + zstandard.compress(data)
    assert len(messages(feed(), tmp_path, packed, "a.ndjson.zst")) == 4


def test_a_file_that_is_not_packed_as_its_name_says_can_t_be_read(tmp_path):
    for name in ("a.gz", "a.zst", "a.xlsx", "a.parquet"):
        with pytest.raises(FileError, match="can't be read"):
            messages(feed(), tmp_path, b"plain", name)


def test_a_file_that_is_one_array_holds_a_message_an_element(tmp_path):
    data = json.dumps([{"id": 1, "v": 1.50}, {"id": 2}], indent=2)
    assert [json.loads(m) for m in messages(feed(), tmp_path, data)] == [
        {"id": 1, "v": 1.5},
        {"id": 2},
    ]
    assert messages(feed(), tmp_path, '[{"id":1,"v":1.50}]') == [b'{"id":1,"v":1.50}']


def test_a_feed_that_takes_the_array_apart_gets_the_file_as_one_message(tmp_path):
    inner = feed(fields={"sensor_id": "[].id", "property": "[].p", "value": "[].v"}, place={})
    spec = type(inner)(**_fields(inner) | {"time": type(inner.time)("[].at", "epoch_ms")})
    assert messages(spec, tmp_path, '[{"id":1},\n{"id":2}]') == [b'[{"id":1},\n{"id":2}]']


def _fields(spec):
    return {name: getattr(spec, name) for name in spec.__struct_fields__}


def test_an_object_around_an_array_of_what_the_feed_reads_holds_a_message_an_element(tmp_path):
    data = json.dumps({"count": 2, "tags": [1], "items": [{"id": 1, "v": 2}, {"id": 2}]}, indent=1)
    assert len(messages(feed(), tmp_path, data)) == 2
    assert messages(feed(), tmp_path, '{"id": 1, "p": "x", "items": [{"id": 3}]}') == [
        b'{"id": 1, "p": "x", "items": [{"id": 3}]}'
    ]


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-8"])
def test_a_file_s_own_mark_of_byte_order_goes_before_the_encoding_of_the_feed(tmp_path, codec):
    assert messages(TABLE, tmp_path, f"{ROW}\n".encode(codec)) == [ROW.encode()]
    assert messages(feed(), tmp_path, '{"id":"东"}\n'.encode(codec)) == ['{"id":"东"}'.encode()]


@pytest.mark.parametrize("codec", ["gb18030", "utf-16", "utf-8", "latin-1"])
def test_messages_stay_in_the_encoding_of_the_feed(tmp_path, codec):
    spec = feed(format="csv", csv={"columns": ["id", "p"]}, encoding=codec)
    text = "é,1" if codec == "latin-1" else "东城,1"
    wanted = text.encode("utf-16-le" if codec == "utf-16" else codec)
    assert messages(spec, tmp_path, f"id,p\n{text}\n".encode(codec)) == [wanted]


def test_bytes_that_are_no_text_stay_in_their_line(tmp_path):
    spec = feed(format="csv", csv={"columns": ["id", "p"]}, encoding="gb18030")
    assert messages(spec, tmp_path, b"a,1\n\xff\xff,2\nb,3\n") == [b"a,1", b"\xff\xff,2", b"b,3"]


def test_a_header_that_repeats_the_columns_is_no_message(tmp_path):
    assert messages(TABLE, tmp_path, f"id;p;v;x;y;at\n{ROW}\n") == [ROW.encode()]
    assert messages(TABLE, tmp_path, f'"id";"p";"v";"x";"y";"at"\r\n{ROW}\r\n') == [ROW.encode()]


def test_a_header_in_another_order_or_with_other_columns_is_matched_by_name(tmp_path):
    data = "at;more;id;y;x;v;p\n9;!;s1;1;0.5;10;pm25\n"
    assert messages(TABLE, tmp_path, data) == [ROW.encode()]
    assert messages(TABLE, tmp_path, "at;id;p;v\n9;s1;pm25;10\n") == [b"s1;pm25;10;;;9"]
    assert messages(TABLE, tmp_path, 'p;v;at;id\n"a;b";1;9;s1\nbad\n') == [
        b's1;"a;b";1;;;9',
        b"bad",
    ]


def test_a_first_line_that_names_nothing_is_a_message(tmp_path):
    assert messages(TABLE, tmp_path, f"{ROW}\n{ROW}\n") == [ROW.encode()] * 2


def test_quotes_may_hold_line_feeds(tmp_path):
    data = 'a;"two\nlines; and ""more""";1\nb;x;2\nc;"\n\n";3\n'
    spec = feed(format="csv", csv={"columns": ["id", "p", "v"], "delimiter": ";"})
    assert messages(spec, tmp_path, data) == [
        b'a;"two\nlines; and ""more""";1',
        b"b;x;2",
        b'c;"\n\n";3',
    ]


def test_a_quote_that_is_never_closed_costs_only_its_line(tmp_path):
    spec = feed(format="csv", csv={"columns": ["id", "p"]})
    lines = [b'a,"open', *(b"b,%d" % i for i in range(500))]
    assert messages(spec, tmp_path, b"\n".join(lines)) == lines


def test_a_sign_for_inches_within_a_cell_is_no_quote(tmp_path):
    spec = feed(format="csv", csv={"columns": ["id", "p"]})
    assert messages(spec, tmp_path, 'a,5" pipe\nb,6" pipe\n') == [b'a,5" pipe', b'b,6" pipe']


def test_without_columns_the_header_is_the_definition(tmp_path):
    data = "made by x\nstation,H01,H02\nA,1,2\nB,3,4\n"
    spec = feed(format="csv", csv={"header": True, "skip": 1})
    # as a document that has lines to be skipped itself
    found = messages(spec, tmp_path, data)
    assert found == [b"\nstation,H01,H02\nA,1,2", b"\nstation,H01,H02\nB,3,4"]
    part = make_slice("t", 0, range(2), [0, 0], found)
    assert csv.decode(part, ["H02"], spec.csv).columns["H02"].to_list() == ["2", "4"]
    assert messages(HEADED, tmp_path, "station,H01\nA,1\n") == [b"station,H01\nA,1"]


def test_lines_before_the_header_are_skipped(tmp_path):
    spec = feed(format="csv", csv={"columns": ["id", "p"], "skip": 2})
    assert messages(spec, tmp_path, "a title\n\nid,p\n1,2\n") == [b"1,2"]


def test_an_xml_file_is_one_document_or_one_a_line_or_several(tmp_path):
    spec = feed(format="cap", kind="warning", fields={})
    one = '<?xml version="1.0"?>\n<alert>\n<a/>\n</alert>\n'
    assert messages(spec, tmp_path, one) == [one.encode()]
    assert len(messages(spec, tmp_path, one + one)) == 2
    assert messages(spec, tmp_path, "<a/>\n<b></b>\n") == [b"<a/>", b"<b></b>"]


def sheet(path, rows):
    """Write the least that is a spreadsheet."""
    cells = "".join(
        "<row>"
        + "".join(
            f'<c t="inlineStr"><is><t>{escape(c)}</t></is></c>'
            if isinstance(c, str)
            else f'<c s="{int(isinstance(c, datetime))}"><v>{number(c)}</v></c>'
            for c in row
        )
        + "</row>"
        for row in rows
    )
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    files = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override '
        f'PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{rel}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{rel}"><sheets><sheet name="a" sheetId="1" '
        'r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{rel}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{rel}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet {main}><cellXfs><xf numFmtId="0"/><xf numFmtId="22" '
        'applyNumberFormat="1"/></cellXfs></styleSheet>',
        "xl/worksheets/sheet1.xml": f"<worksheet {main}><sheetData>{cells}</sheetData></worksheet>",
    }
    with ZipFile(path, "w") as book:
        for name, text in files.items():
            book.writestr(name, text)


def number(cell):
    first = datetime(1899, 12, 30, tzinfo=UTC)
    return (cell - first).total_seconds() / 86_400 if isinstance(cell, datetime) else cell


def test_the_rows_of_a_spreadsheet_are_messages(tmp_path):
    moment = datetime(2025, 3, 1, 12, tzinfo=UTC)
    sheet(tmp_path / "a.xlsx", [["at", "id", "v", "p"], [moment, "s;1", 10, "pm25"], [], [9, "b"]])
    lines = list(read_messages(TABLE, tmp_path / "a.xlsx"))
    assert lines == [b'"s;1";pm25;10;;;2025-03-01 12:00:00', b"b;;;;;9"]
    objects = [json.loads(m) for m in read_messages(feed(), tmp_path / "a.xlsx")]
    assert objects[0] == {"at": "2025-03-01 12:00:00", "id": "s;1", "v": "10", "p": "pm25"}
    serial = feed(time={"field": "at", "form": "excel"})
    first = json.loads(next(read_messages(serial, tmp_path / "a.xlsx")))
    assert float(first["at"]) == 45717.5


def test_the_rows_of_a_parquet_file_are_messages(tmp_path):
    frame = pl.DataFrame({"at": [9, 10], "id": ["s1", None], "v": [1.5, 2.0], "g": [{"x": 1}] * 2})
    frame.write_parquet(tmp_path / "a.parquet")
    objects = [json.loads(m) for m in read_messages(feed(), tmp_path / "a.parquet")]
    assert objects[0] == {"at": 9, "id": "s1", "v": 1.5, "g": {"x": 1}}
    frame.drop("g").write_parquet(tmp_path / "b.parquet")
    lines = list(read_messages(TABLE, tmp_path / "b.parquet"))
    assert lines == [b"s1;;1.5;;;9", b";;2.0;;;10"]
