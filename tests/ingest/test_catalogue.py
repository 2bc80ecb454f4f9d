"""The catalogue of feeds: every sample gives the records that stand beside it.

`python tests/ingest/test_catalogue.py` writes what is read today; look at every line that changes.
"""

import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.mapping import OPTIONAL, REQUIRED, check_mapping
from ingest.normalize import Normalizer
from ingest.sources.base import make_slice
from ingest.sources.file import FileSource, read_messages
from layers.batch import Frame
from layers.feeds import OUTCOMES, read_feed
from layers.pack import load_pack

CATALOGUE = Path(__file__).resolve().parents[2] / "ingest" / "catalogue"
FOLDERS = sorted(file.parent for file in CATALOGUE.glob("*/feed.yaml"))
NAMES = [folder.name for folder in FOLDERS]
NOW_MS = 1_800_000_000_000

WARNING = ("identifier", "status", "event", "severity", "areaDesc", "geocodes", "expires")
TIMES = {"reported_at", "due_at", "closed_at", "expires", "version"}


@pytest.fixture(scope="session")
def beijing():
    return frame()


def frame():
    pack = load_pack("beijing")
    return Frame(pack.geography, pack.code, pack.timezone)


def sample_of(folder):
    (sample,) = folder.glob("sample.*")
    return sample


def batch_of(folder, city):
    feed = read_feed(folder / "feed.yaml")
    source = FileSource(feed, sample_of(folder), lambda names: dict.fromkeys(names, -1), NOW_MS)
    slices = source.poll(0)
    return feed, Normalizer(feed, city).batch(slices)


def readable(name, value):
    if value is not None and name in TIMES and not (name == "version" and abs(value) < 1e10):
        return datetime.fromtimestamp(value / 1000, UTC).isoformat()
    return round(value, 6) if isinstance(value, float) else value


def records_of(folder, city):
    """Give what became of every record of a sample, as it stands in expected.json."""
    feed, batch = batch_of(folder, city)
    names = [*REQUIRED[feed.kind], *OPTIONAL[feed.kind]] or list(WARNING)
    names = ["ending" if name == "outcome" else name for name in names]
    told = dict(batch.rejects)
    found = []
    for row in batch.rows.iter_rows(named=True):
        record = {"message": row["message"], "outcome": OUTCOMES[row["outcome"]]}
        if row["row"] in told:
            reject = told[row["row"]]
            record |= {"field": reject.field, "value": reject.value, "reason": reject.reason.en}
        else:
            at = readable("expires", row["event_ms"])
            record |= {"at": at, "region": city.geography.codes[row["region"]]}
            record |= {n: readable(n, row[n]) for n in ("lng", "lat") if row.get(n) is not None}
            record |= {n: readable(n, row[n]) for n in names if row.get(n) is not None}
        found.append(record)
    return found


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_a_sample_gives_the_records_that_stand_beside_it(folder, beijing):
    wanted = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    assert records_of(folder, beijing) == wanted


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_a_feed_of_the_catalogue_is_right_small_and_explained_in_both_languages(folder):
    file = folder / "feed.yaml"
    feed = read_feed(file)
    check_mapping(feed, file)
    assert feed.id == folder.name
    text = file.read_text(encoding="utf-8")
    comment = "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))
    assert len(re.findall(r"[一-鿿]", comment)) >= 10
    assert re.search(r"[A-Za-z]+ [A-Za-z]+ [A-Za-z]+", comment)
    assert all((feed.title.zh, feed.title.en, feed.origin.zh, feed.origin.en))
    assert sum(f.stat().st_size for f in folder.iterdir()) < 20_000
    assert sorted(f.name for f in folder.iterdir()) == sorted(
        ["feed.yaml", "expected.json", sample_of(folder).name]
    )


def test_the_catalogue_shows_every_format_that_cities_send_most():
    formats = {read_feed(folder / "feed.yaml").format for folder in FOLDERS}
    assert {"json", "csv", "xml", "cap"} <= formats


def test_what_is_personal_is_in_no_record(beijing):
    _, batch = batch_of(CATALOGUE / "hotline_12345", beijing)
    kept = "".join(batch.rows["raw"].to_list())
    assert "13800001234" not in kept
    assert "某先生" not in kept


@st.composite
def damaged(draw, folder):
    """Draw the messages of a sample, some of them cut, mangled or put together."""
    feed = read_feed(folder / "feed.yaml")
    messages = list(read_messages(feed, sample_of(folder)))
    found = []
    for message in draw(st.lists(st.sampled_from(messages), min_size=1, max_size=4)):
        at = draw(st.integers(0, len(message)))
        more = draw(
            st.binary(max_size=4) | st.sampled_from([b"", b"\xff", b"\n", b"[", b'"', b";"])
        )
        gone = draw(st.integers(0, 12))
        found.append(message[:at] + more + message[at + gone :])
    return found


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
@settings(max_examples=25)
@given(data=st.data())
def test_no_damage_to_a_sample_makes_its_feed_raise_or_lose_a_message(folder, beijing, data):
    values = data.draw(damaged(folder))
    part = make_slice("t", 0, range(len(values)), [NOW_MS] * len(values), values)
    rows = Normalizer(read_feed(folder / "feed.yaml"), beijing).batch([part]).rows
    assert sorted(set(rows["message"].to_list())) == list(range(len(values)))
    assert rows["outcome"].null_count() == 0


if __name__ == "__main__":
    CITY = frame()
    for FOLDER in FOLDERS:
        LINES = ",\n".join(json.dumps(r, ensure_ascii=False) for r in records_of(FOLDER, CITY))
        (FOLDER / "expected.json").write_text(f"[\n{LINES}\n]\n", encoding="utf-8")
        sys.stdout.write(f"{FOLDER.name}\n{LINES}\n")
