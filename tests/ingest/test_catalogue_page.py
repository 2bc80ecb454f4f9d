"""docs/catalogue.md is made from the catalogue, and says what stands there."""

from pathlib import Path

from ingest.catalogue_page import feeds_of, page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "catalogue.md"


def test_the_page_of_the_catalogue_is_what_yiwang_feed_docs_writes():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: yiwang feed docs"


def test_every_feed_of_the_catalogue_has_its_chapter_in_both_languages():
    text = page()
    for name, feed in feeds_of().items():
        chapter = text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        zh, en = chapter.strip().split("\n\n")[:2]
        assert any("一" <= sign <= "鿿" for sign in zh), name
        assert len([w for w in en.split() if w.isascii()]) > 3, name
        for field in feed.fields:
            assert f"`{field}`" in chapter
