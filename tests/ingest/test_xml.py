"""XML is read by the paths of JSON; hostile and broken documents cost only themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.codecs import cap, xml
from ingest.sources.base import make_slice
from layers.feed_spec import XmlRule

REQUESTS = """<?xml version="1.0" encoding="{name}"?>
<service_requests xmlns:g="urn:g" page="1">
  <request n="a"><id>5</id><g:lat unit="deg"> 41.5 </g:lat><media><url>1</url><url>2</url></media>
  </request>
  <request><id>{id}</id><note><![CDATA[<b> & c]]></note></request>
</service_requests>"""


def read(paths, *documents, **rule):
    values = [d if isinstance(d, bytes) else d.encode() for d in documents]
    part = make_slice("t", 0, range(len(values)), [0] * len(values), values)
    return xml.decode(part, paths, XmlRule(**rule))


def document(name="utf-8", number="6"):
    return REQUESTS.format(name=name, id=number).encode(name)


def test_repeated_elements_become_records_with_their_attributes_and_text():
    paths = ["@page", "request[].id", "request[].@n", "request[].lat", "request[].lat.@unit"]
    found = read([*paths, "request[].note"], document())
    assert found.columns.rows() == [
        ("1", "5", "a", "41.5", "deg", None),
        ("1", "6", None, None, None, "<b> & c"),
    ]
    assert found.message.tolist() == [0, 0]


def test_an_element_that_is_not_taken_apart_is_read_where_it_comes_first_or_by_number():
    paths = ["request.id", "request[1].id", "request[-1].id", "request.media.url"]
    assert read(paths, document()).columns.rows() == [("5", "6", "6", "1")]
    found = read(["request[].media[].url[]"], document())
    assert found.columns.rows() == [("1",), ("2",)]


def test_a_path_may_begin_with_the_root_itself():
    found = read(["service_requests.request[].id"], document())
    assert found.columns.rows() == [("5",), ("6",)]


def test_prefixes_of_namespaces_are_left_out_unless_they_are_asked_for():
    found = read(["request.g:lat", "request.lat"], document(), strip_namespaces=False)
    assert found.columns.rows() == [("41.5", None)]


@pytest.mark.parametrize("name", ["gb2312", "gb18030", "gbk", "utf-8", "utf-16", "big5"])
def test_a_document_is_read_in_the_encoding_that_it_declares(name):
    found = read(["request[1].id"], document(name, "東" if name == "big5" else "东城"))
    assert found.columns.item()[0] in "東东"


def test_broken_hostile_and_empty_documents_cost_only_themselves():
    deep = b"<a>" * 5_000 + b"</a>" * 5_000
    bomb = b'<!DOCTYPE a [<!ENTITY x "xx">]><a>&x;</a>'
    found = read(["request[].id"], b"", b"<a>", bomb, deep, b"<a/>", document(), b"\xff<a/>")
    assert sorted(found.broken) == [0, 1, 2, 3, 4, 7]
    assert "declaration" in found.broken[2]
    assert "nested" in found.broken[3]
    assert found.broken[4] == "it holds no record"


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=5))
def test_no_bytes_make_xml_raise_or_lose_a_message(values):
    found = read(["a[].b", "a[].@c"], *values)
    assert sorted(set(found.message.tolist())) == list(range(len(values)))


ALERT = (
    '<?xml version="1.0" encoding="GB2312"?><alert xmlns="urn:oasis:names:tc:emergency:cap:{v}">'
    "<identifier>1</identifier><sender>s</sender><sent>2026-01-01T00:00:00+08:00</sent>"
    "<status>Actual</status><msgType>Alert</msgType>"
    "<info><language>en</language><event>Rain</event></info>"
    "<info><language>zh-CN</language><event>暴雨</event><area><areaDesc>东城</areaDesc>"
    "<geocode><valueName>GB2260</valueName><value>110101</value></geocode></area>"
    "<area><areaDesc>西城</areaDesc></area></info></alert>"
)


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_warnings_of_both_versions_are_read_with_all_areas_of_the_chinese_text(version):
    alert = cap.read_alert(ALERT.format(v=version).encode("gb2312"))
    assert (alert["event"], alert["areaDesc"], alert["geocodes"]) == (
        "暴雨",
        "东城、西城",
        "110101",
    )


def test_of_several_texts_the_most_severe_is_told_for_the_areas_of_all():
    info = (
        "<info><language>zh</language><event>{e}</event><severity>{s}</severity>"
        "<area><areaDesc>{a}</areaDesc>{shape}</area></info>"
    )
    circle = "<circle>39.9,116.4 11.1195</circle>"
    polygon = "<polygon> 1,1 1,2 2,2 1,1 </polygon>"
    infos = info.format(e="雾", s="Minor", a="东城", shape=circle)
    infos += info.format(e="暴雨", s="Severe", a="西城", shape=polygon)
    head = ALERT.partition("<info>")[0].format(v="1.2")
    alert = cap.read_alert(f"{head}{infos}</alert>".encode("gb2312"))
    assert (alert["event"], alert["areaDesc"]) == ("暴雨", "东城、西城")
    first, second = alert["polygon"].split(";")
    assert first == "1,1 1,2 2,2 1,1"
    corners = [tuple(map(float, corner.split(","))) for corner in second.split()]
    assert corners[0] == corners[-1] == (40.0, 116.4)
    assert min(y for y, _ in corners) == pytest.approx(39.8)
    assert max(x for _, x in corners) == pytest.approx(116.53, abs=0.001)
