"""Tables of filing standards: what ships, versions, and bad rows."""

import shutil
from datetime import date

import pytest

from layers.cases.limits import Limit
from layers.cases.standards import COLUMNS, read_standards
from layers.check import check_all
from layers.documents import DocumentError
from layers.pack import CITIES, load_pack

EXAMPLE = CITIES / "beijing" / "standards" / "city_management.csv"

ROW = {
    "code": "C0114", "row": "1", "zh": "园林井盖", "en": "Garden manhole cover",
    "condition_zh": "破损", "condition_en": "damaged", "limit": "4工作时", "closing_zh": "修复",
    "closing_en": "repaired", "lead_zh": "园林绿化部门", "lead_en": "Parks",
    "valid_from": "2020-01-01", "valid_to": "",
}  # fmt: skip


def table(tmp_path, *rows, encoding="utf-8"):
    file = tmp_path / "standards.csv"
    lines = [",".join(COLUMNS)]
    lines += [",".join(f'"{(ROW | row)[name]}"' for name in COLUMNS) for row in rows]
    file.write_text("\n".join(lines) + "\n", encoding=encoding)
    return file


@pytest.fixture(scope="module")
def shipped():
    found, bad = read_standards(EXAMPLE, load_pack("beijing").categories["city_management"])
    assert not bad
    return found


def test_the_example_speaks_of_every_class_of_the_code_table(shipped):
    categories = load_pack("beijing").categories["city_management"]
    assert set(shipped.by_code) == set(categories)
    for code, rules in shipped.by_code.items():
        assert {r.name for r in rules} == {categories[code]}


def test_every_text_of_the_example_is_in_both_languages(shipped):
    labels = [label for r in shipped.rows for label in (r.condition, r.closing, r.lead)]
    assert not [label for label in labels if label.zh == label.en]


@pytest.mark.parametrize(
    ("rule", "limit"),
    [
        ("C0101-1", Limit(2, "emergency_hour")),
        ("C0114-1", Limit(4, "work_hour")),
        ("C0114-2", Limit(2, "work_day")),
        ("C0114-3", Limit(5, "work_day")),
        ("E0505-1", Limit(2, "emergency_hour")),
        ("E0506-1", Limit(2, "emergency_hour")),
        ("E0110-1", Limit(4, "work_hour")),
        ("E0112-1", Limit(2, "work_hour")),
        ("E0101-1", Limit(2, "emergency_day")),
        ("E0101-2", Limit(15, "work_day")),
    ],
)
def test_b3_the_limits_of_the_brief_are_those_of_the_example(shipped, rule, limit):
    assert shipped.rule(rule, date(2026, 1, 1)).limit == limit


def test_a_case_is_filed_under_the_row_in_force_on_its_day(tmp_path):
    old = {"limit": "4工作时", "valid_to": "2024-12-31"}
    new = {"limit": "1工作日", "valid_from": "2025-01-01"}
    found, bad = read_standards(table(tmp_path, old, new))
    assert not bad
    assert found.rule("C0114-1", date(2024, 12, 31)).limit == Limit(4, "work_hour")
    assert found.rule("C0114-1", date(2025, 1, 1)).limit == Limit(1, "work_day")
    assert found.rule("C0114-1", date(2019, 1, 1)) is None
    assert len(found.of_category("C0114", date(2026, 1, 1))) == 1


@pytest.mark.parametrize(
    ("change", "column", "said"),
    [
        ({"limit": "尽快"}, "limit", "请写一个数和一个单位"),
        ({"limit": ""}, "limit", "请填写此格"),
        ({"code": "C0115"}, "code", "C0114"),
        ({"code": "垃圾"}, "code", "codes/"),
        ({"condition_zh": " "}, "condition_zh", "请填写此格"),
        ({"closing_zh": ""}, "closing_zh", "请填写此格"),
        ({"valid_from": "2020年1月"}, "valid_from", "2026-01-31"),
        ({"valid_to": "2019-01-01"}, "valid_to", "更正"),
    ],
)
def test_a_bad_row_is_named_with_line_column_value_and_remedy(tmp_path, change, column, said):
    found, bad = read_standards(table(tmp_path, {"row": "9"}, change), ["C0114"])
    assert [r.id for r in found.rows] == ["C0114-9"]
    (finding,) = bad
    assert (finding.line, finding.column) == (3, column)
    assert finding.value == change[column].strip()
    assert said in finding.remedy.zh
    assert f"standards.csv:3: {column}" in finding.sentence("en")
    assert finding.remedy.zh in finding.sentence("zh")


def test_every_fault_of_a_row_is_told_at_once(tmp_path):
    _, bad = read_standards(table(tmp_path, {"limit": "soon", "zh": "", "valid_from": "x"}))
    assert {f.column for f in bad} == {"limit", "zh", "valid_from"}


def test_a_condition_that_stands_twice_on_the_same_days_is_named(tmp_path):
    found, bad = read_standards(table(tmp_path, {}, {"limit": "1工作日"}))
    assert len(found.rows) == 1
    assert (bad[0].line, bad[0].column) == (3, "row")


def test_a_table_from_an_older_program_is_read_and_a_missing_column_is_named(tmp_path):
    found, bad = read_standards(table(tmp_path, {}, encoding="gb18030"))
    assert found.rows[0].name.zh == "园林井盖"
    assert not bad
    file = tmp_path / "short.csv"
    file.write_text("code,row,zh,limits\n", encoding="utf-8")
    with pytest.raises(DocumentError, match="has no column"):
        read_standards(file)


def test_the_check_lists_every_bad_cell_of_a_pack_and_counts_the_rows_of_a_good_table(tmp_path):
    pack = tmp_path / "mycity"
    shutil.copytree(CITIES / "beijing", pack, ignore=shutil.ignore_patterns("samples", "grid.geo*"))
    text = (pack / "city.yaml").read_text(encoding="utf-8")
    (pack / "city.yaml").write_text(text.partition("  - digits: 15")[0], encoding="utf-8")
    table = pack / "standards" / "city_management.csv"

    def lines():
        return [f.line for f in check_all(None, {"YIWANG_CITY__PACK": str(pack)})]

    assert any("city_management.csv  (103 filing conditions)" in line for line in lines())
    assert any(line.endswith("working_time.yaml") for line in lines())
    broken = table.read_text(encoding="utf-8").replace("2紧急工作时", "马上", 2)
    table.write_text(broken.replace("E0508", "E0509"), encoding="utf-8")
    (pack / "working_time.yaml").write_text("calendar: chna\n", encoding="utf-8")
    errors = [line for line in lines() if line.startswith("ERROR")]
    assert len(errors) == 4
    assert "Did you mean `china`?" in errors[0]
    assert "city_management.csv:2: limit '马上'" in errors[1]
    assert "Did you mean E0508?" in errors[3]
