"""A feed that can't work is refused with its file, the key and what to do."""

from pathlib import Path

import pytest
from small_city import feed

from ingest.mapping import check_mapping
from layers.documents import DocumentError

FILE = Path("city/feeds/air.yaml")
FIELDS = {"sensor_id": "id", "property": "p", "value": "v"}
WIDE = {"fields": FIELDS | {"property": "$column", "value": "$cell"}}
CSV = {"format": "csv", "csv": {"columns": ["id", "p", "v", "x", "y", "at"]}}


def fields(**changes):
    return {"fields": FIELDS | changes}


WRONG = {
    "fields.value: path 'a..b'": fields(value="a..b"),
    "fields.value: path '$keys'": fields(value="$keys"),
    "fields.value is empty": fields(value=""),
    "fields.value has none of path": fields(value={"match": "(a)"}),
    "fields.value has path and const": fields(value={"path": "v", "const": 1}),
    "fields.value.by is given without join": fields(value={"path": "v", "by": "-"}),
    "fields.value.match does not compile": fields(value={"path": "v", "match": "("}),
    "fields.value.match needs exactly one group": fields(value={"path": "v", "match": "a"}),
    "which takes more arrays apart": fields(value="a[].v", property="b[].c[].p"),
    "$cell is read, but wide is missing": WIDE,
    "wide has neither columns nor pattern": WIDE | {"wide": {}},
    "wide.pattern can't find columns in json": WIDE | {"wide": {"pattern": "H.*"}},
    "wide.pattern does not compile": WIDE | CSV | {"wide": {"pattern": "("}},
    "wide.pattern matches no whole name": WIDE | CSV | {"wide": {"pattern": "H"}},
    "wide.columns[0]: csv.columns has no column 'z'": WIDE | CSV | {"wide": {"columns": ["z"]}},
    "nothing reads $cell": {"wide": {"columns": ["a"]}},
    "$beside.flag: wide.beside has no such name": WIDE
    | {"fields": {**WIDE["fields"], "quality": "$beside.flag"}, "wide": {"columns": ["a"]}},
    "wide.beside.flag: wide.pattern has no group 'hour'": WIDE
    | {"wide": {"columns": ["a"], "beside": {"flag": "V{hour}"}}},
    "wide.pattern has no group 'hour'": {
        "wide": {"columns": ["a"], "pattern": "(?P<day>.*)"},
        "fields": FIELDS | {"property": "$column.hour", "value": "$cell"},
    },
    "csv is missing": {"format": "csv"},
    "csv.columns is missing": {"format": "csv", "csv": {}},
    "csv.delimiter is ''": {"format": "csv", "csv": CSV["csv"] | {"delimiter": ""}},
    "csv.quote is": {"format": "csv", "csv": CSV["csv"] | {"quote": "''"}},
    "fields.value: csv.columns has no column 'att'. Did you mean": CSV | fields(value="att"),
    "schema has neither file nor registry": {"format": "avro"},
    "schema has both file": {"format": "avro", "schema": {"file": "a", "registry": "http://r"}},
    "schema.message is missing": {"format": "protobuf", "schema": {"file": "a.desc"}},
    "schema is given, but format is json": {"schema": {"file": "a.avsc"}},
    "format json does not go with kind warning": {"kind": "warning", "fields": {}},
    "format cap does not go with kind observation": {"format": "cap"},
}


@pytest.mark.parametrize("problem", WRONG)
def test_what_can_not_work_is_named_with_its_file_and_a_remedy(problem):
    with pytest.raises(DocumentError) as caught:
        check_mapping(feed(**WRONG[problem]), FILE)
    assert str(caught.value).startswith("city/feeds/air.yaml: ")
    assert problem in str(caught.value)
    assert str(caught.value).endswith((".", "?"))


RIGHT = {
    "arrays side by side": {
        "fields": {"sensor_id": "id", "property": "p[]", "value": "v[]"},
        "place": {"lng": "geo.coordinates[0]", "lat": "geo.coordinates[1]"},
    },
    "wide": WIDE | CSV | {"wide": {"pattern": "[pv]"}},
    "a header without columns": {"format": "csv", "csv": {"header": True}} | fields(value="PM2.5"),
    "xml": {"format": "xml"} | fields(value="r[].@v"),
    "beside the value": fields(sensor_id="$key", property="$header.ce_type"),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_can_work_is_taken(name):
    check_mapping(feed(**RIGHT[name]), FILE)
