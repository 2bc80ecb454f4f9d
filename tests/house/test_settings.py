"""Settings and their page."""

import msgspec
import pytest

from layers.config import SECTIONS, Config, load_config

SETTINGS = [
    (section, field.name)
    for section, kind in SECTIONS.items()
    for field in msgspec.structs.fields(kind)
]


@pytest.mark.parametrize(("section", "key"), SETTINGS)
def test_every_setting_has_a_row_with_its_variable_in_the_page_of_settings(root, section, key):
    page = (root / "docs" / "configuration.md").read_text(encoding="utf-8")
    chapter = page.partition(f"\n## {section}")[2].partition("\n## ")[0]
    assert f"`{key}`" in chapter
    assert f"`YIWANG_{section.upper()}__{key.upper()}`" in chapter


def test_the_file_that_ships_says_the_defaults(root):
    assert load_config(root / "config.yaml", {}) == Config()
