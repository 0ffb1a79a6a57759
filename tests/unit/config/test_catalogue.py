from pathlib import Path

import pytest

from case_bridge.units.matcher import Matter, suggest_unit
from case_bridge.units.unit import Responsibility
from config.catalogue import CatalogueError, check_catalogue, load_catalogue
from config.data_files import DATA
from hotline.kernel.ids import UnitId, new_id
from tests.unit.config.data_folder import copy_data, edit_line, replace_text


def problems(data: Path) -> list[str]:
    return [str(problem) for problem in check_catalogue(data)]


def test_the_shipped_data_has_no_mistake() -> None:
    assert check_catalogue(DATA) == ()


def test_the_shipped_data_has_both_code_tables_and_classifies_by_one() -> None:
    catalogue = load_catalogue()

    assert len(catalogue.categories) == 327
    assert len(catalogue.categories_in_use) == 190
    assert {category.scheme for category in catalogue.categories_in_use} == {"Yuncheng-GB30428.2"}
    assert set(catalogue.flows) == {"main", "night", "return_call", "status", "survey"}
    assert catalogue.calendar.name == "莲池市工作日历"


def test_the_matrix_finds_one_unit_for_every_category_anywhere() -> None:
    catalogue = load_catalogue()
    ids = {unit.code: UnitId(new_id()) for unit in catalogue.units}
    rules = [
        Responsibility(
            scheme=rule.scheme,
            category=rule.category,
            area=rule.area,
            unit_id=ids[rule.unit_code],
            unit_name=rule.unit_code,
            duty=rule.duty,
            valid_from=rule.valid_from,
            valid_to=rule.valid_to,
        )
        for rule in catalogue.responsibility
    ]
    today = catalogue.responsibility[0].valid_from

    suggestions = {
        category.key: suggest_unit(
            rules,
            Matter(
                scheme=category.scheme,
                kind=category.kind,
                code=category.code,
                place="文庙街1号",
            ),
            on=today,
        )
        for category in catalogue.categories_in_use
    }

    assert [key for key, found in suggestions.items() if found is None] == []
    assert [key for key, found in suggestions.items() if found and "同级" in found.reason] == []


@pytest.mark.parametrize(
    ("kind", "code", "place", "unit"),
    [
        ("facility", "0101", "文庙街1号", "供水公司"),  # 上水井盖
        ("facility", "0103", "文庙街1号", "排水管理处"),  # 雨水井盖
        ("facility", "0402", "文庙街1号", "园林绿化管理处"),  # 行道树
        ("incident", "0110", "文庙街1号", "环境卫生管理处"),  # 暴露生活垃圾
        ("incident", "0405", "文庙街1号", "城市管理执法大队"),  # 店外经营
        ("incident", "0502", "文庙街1号", "燃气公司"),  # 燃气管道破裂
        ("incident", "0604", "文庙街1号", "城市管理执法大队"),  # 门前四包, anywhere
        ("incident", "0604", "荷香街道文庙街1号", "荷香街道办事处"),  # territory first (R29)
    ],
)
def test_the_demo_city_shares_its_duties(kind: str, code: str, place: str, unit: str) -> None:
    catalogue = load_catalogue()
    names = {entry.code: entry.name for entry in catalogue.units}
    rules = [
        Responsibility(
            scheme=rule.scheme,
            category=rule.category,
            area=rule.area,
            unit_id=UnitId(new_id()),
            unit_name=names[rule.unit_code],
            duty=rule.duty,
            valid_from=rule.valid_from,
            valid_to=rule.valid_to,
        )
        for rule in catalogue.responsibility
    ]
    matter = Matter(scheme="Yuncheng-GB30428.2", kind=kind, code=code, place=place)

    found = suggest_unit(rules, matter, on=catalogue.responsibility[0].valid_from)

    assert found is not None
    assert found.unit_name == unit


def test_a_mistake_on_line_17_is_named_with_file_line_and_column(tmp_path: Path) -> None:
    data = copy_data(tmp_path)
    edit_line(data / "categories.csv", 17, lambda line: line + "BROKEN 4x")

    assert problems(data) == [
        "categories.csv line 17, column limits: '4x' is not a limit;"
        " write e.g. 4wh (uh, ud, wh or wd)"
    ]


def test_mistakes_in_every_file_are_told_at_once(tmp_path: Path) -> None:
    data = copy_data(tmp_path)
    edit_line(data / "categories.csv", 20, lambda line: line.replace("component", "thing"))
    replace_text(data / "calendars" / "2026.yaml", "2026-05-09", "2026-05-08")
    replace_text(data / "units.yaml", "class: third, contact: 曹莲", "class: forth, contact: 曹莲")
    replace_text(data / "responsibility.yaml", "{unit: GJG,", "{unit: XXX,")
    flow = data / "flows" / "main.yaml"
    replace_text(flow, "play: [connecting]", "play: [conecting]")
    wrong = flow.read_text(encoding="utf-8").partition("[conecting]")[0].count("\n") + 1

    assert problems(data) == [
        "2026.yaml line 15: make_up: 2026-05-08 is no weekend day",
        "categories.csv line 20, column kind: 'thing' is neither component (部件) nor event (事件)",
        f"main.yaml line {wrong}: connecting: there is no prompt 'conecting' in zh-CN",
        "responsibility.yaml line 22: unit: there is no unit 'XXX'",
        "units.yaml line 26: class: 'forth' is none of first, second, third, frontage",
    ]


def test_a_start_with_mistakes_is_refused_with_all_of_them(tmp_path: Path) -> None:
    data = copy_data(tmp_path)
    (data / "units.yaml").unlink()

    with pytest.raises(CatalogueError) as caught:
        load_catalogue(data)

    assert "units.yaml line 1: cannot be read" in str(caught.value)


def test_a_flow_stands_in_the_file_of_its_name(tmp_path: Path) -> None:
    data = copy_data(tmp_path)
    (data / "flows" / "night.yaml").rename(data / "flows" / "duty.yaml")

    assert problems(data) == ["duty.yaml line 1: name: 'night' stands in duty.yaml"]


def test_a_file_that_is_not_utf_8_is_told_with_its_line(tmp_path: Path) -> None:
    data = copy_data(tmp_path)
    file = data / "schemes.yaml"
    file.write_bytes(file.read_bytes() + "\nx: 井盖".encode("gb18030"))

    line = file.read_bytes().count(b"\n") + 1

    assert f"schemes.yaml line {line}: is not UTF-8" in problems(data)


def test_a_flow_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    data = copy_data(tmp_path)
    (data / "flows" / "night.yaml").write_text("name: 夜间", "gb18030")

    assert problems(data) == ["night.yaml line 1: is not UTF-8"]


def test_a_missing_table_is_told_once(tmp_path: Path) -> None:
    data = copy_data(tmp_path)
    (data / "categories.csv").unlink()

    assert problems(data)[0] == "categories.csv line 1: cannot be read"
