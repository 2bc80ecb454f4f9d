"""Pages as wholes: their links, names and tables, and what of them changes when the city does."""

from itertools import product

import pytest
import sample_city as city
from all_screens import screens
from component_tree import hrefs, walk

from dashboard.live import encode, render
from dashboard.pages import PAGES
from dashboard.pages.page import Defaults, find


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_link_of_every_panel_stays_in_the_product_and_keeps_language_and_theme(lang):
    seen = 0
    for page, panel, tree in screens(lang):
        for href in hrefs(tree):
            assert href.startswith("/"), (page, panel, href)
            assert not href.startswith("//"), (page, panel, href)
            if not href.startswith("/geo/"):
                other = "switch" if panel == "header" else ""
                assert other or (f"lang={lang}" in href and "theme=dark" in href), (panel, href)
            seen += 1
    assert seen > 100


def test_every_link_leads_to_a_page_that_exists_and_is_the_key_of_that_page():
    for page, panel, tree in screens("zh"):
        for href in hrefs(tree):
            plain = href.partition("#")[0].replace("{code}", "110105")
            if plain.startswith("/geo/"):
                continue
            found = find(PAGES, plain, city.NOW, Defaults())
            assert found is not None, (page, panel, href)
            assert found[1].key() == plain, (page, panel, href)


def test_every_panel_names_itself_and_its_tables_have_captions_and_headed_rows():
    for page, panel, tree in screens("zh"):
        for part in walk(tree):
            if part._type == "Section":
                props = part.to_plotly_json()["props"]
                assert props["aria-labelledby"] in {getattr(p, "id", None) for p in walk(tree)}
            if part._type == "Table":
                kinds = [inner._type for inner in walk(part)]
                assert "Caption" in kinds, (page, panel)
                assert all(getattr(th, "scope", "") for th in walk(part) if th._type == "Th")


def test_the_same_snapshot_gives_the_same_bytes_and_another_moment_changes_no_panel():
    page, view = PAGES[0], city.view()
    first, again = render(page, view, city.area()), render(page, view, city.area())
    assert first == again
    later = render(page, view.at(city.NOW.replace(second=50)), city.area())
    assert later == first


def test_only_the_panels_that_show_what_changed_are_changed():
    page, view = PAGES[0], city.view()
    before = render(page, view, city.area())
    after = render(page, view, city.area(unassigned=18))
    assert {name for name in before if before[name] != after[name]} == {"districts"}


@pytest.mark.parametrize(("lang", "theme"), list(product(("zh", "en"), ("dark", "light"))))
def test_a_page_lays_out_all_its_panels_once(lang, theme):
    for page in PAGES:
        view = city.view(lang, theme)
        slots = []

        def slot(name, slots=slots):
            slots.append(name)

        encode(page.layout(slot, city.say(lang), view))
        assert sorted(slots) == sorted(page.panels), page.name
