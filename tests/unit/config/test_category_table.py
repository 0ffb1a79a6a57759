from pathlib import Path

import pytest

from config.category_table import COLUMNS, load_categories, load_schemes
from hotline.tickets.category import Category, CategoryKind, ConditionLimit
from ivr.errors import Problem

SCHEMES = """
schemes:
  - {id: Old-2007, scheme: Old, version: "2007", title: t, code: "[0-9]{4}", in_use: no}
  - {id: New, scheme: New, version: "1", title: t, code: "[0-9]{4}", in_use: yes}
"""
COVER = "New,component,01,公用设施,01,0101,上水井盖,manhole cover,x,HAZARD 2uh | BROKEN 4wh"


def load(folder: Path, *rows: str, schemes: str = SCHEMES) -> tuple[list[Category], list[str]]:
    (folder / "schemes.yaml").write_text(schemes, "utf-8")
    (folder / "categories.csv").write_text("\n".join((",".join(COLUMNS), *rows)), "utf-8")
    problems: list[Problem] = []
    categories = load_categories(folder, load_schemes(folder, problems), problems)
    return list(categories), [str(problem) for problem in problems]


def test_a_row_becomes_a_category(tmp_path: Path) -> None:
    categories, problems = load(tmp_path, COVER)

    assert (categories, problems) == (
        [
            Category(
                scheme="New",
                version="1",
                code="0101",
                kind=CategoryKind.FACILITY,
                name_zh="上水井盖",
                name_en="manhole cover",
                major_name="公用设施",
                limits=(ConditionLimit("HAZARD", "2uh"), ConditionLimit("BROKEN", "4wh")),
            )
        ],
        [],
    )


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ("2wd", [("", "2wd")]),
        # the same condition twice: sub-conditions with limits of their own
        ("BROKEN 1wd | BROKEN 2wd", [("BROKEN", "1wd"), ("BROKEN", "2wd")]),
        ("CRACK>=1m2 or >1m x >=3mm 5wd", [("CRACK>=1m2 or >1m x >=3mm", "5wd")]),
    ],
)
def test_limits_belong_to_conditions(
    tmp_path: Path, limits: str, expected: list[tuple[str, str]]
) -> None:
    [category], _ = load(tmp_path, COVER.replace("HAZARD 2uh | BROKEN 4wh", limits))

    assert [(item.condition, item.limit) for item in category.limits] == expected


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("4wh", "4x", "column limits: '4x' is not a limit; write e.g. 4wh (uh, ud, wh or wd)"),
        ("4wh", "", "column limits: 'BROKEN' is not a limit; write e.g. 4wh (uh, ud, wh or wd)"),
        ("HAZARD 2uh | BROKEN 4wh", "", "column limits: is empty, but tickets are classified by"),
        ("New", "Nwe", "column scheme: 'Nwe' is not in schemes.yaml; known are Old-2007, New"),
        ("component", "thing", "column kind: 'thing' is neither component (部件) nor event (事件)"),
        ("0101", "101", "column code: '101' is not a code of New"),
        ("0101", "0102", "column code: '0102' is not major and minor, 0101"),
        ("上水井盖", "", "column name_zh: is empty"),
        (",x,", ",x,y,", ": 11 fields instead of 10"),
    ],
)
def test_a_mistake_is_told_with_line_and_column(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    categories, problems = load(tmp_path, COVER.replace(old, new, 1))

    assert categories == []
    assert problems[0].startswith("categories.csv line 2")
    assert any(problem in found for found in problems)


def test_one_code_twice_in_a_scheme_is_told(tmp_path: Path) -> None:
    categories, problems = load(tmp_path, COVER, COVER)

    assert len(categories) == 1
    assert problems == ["categories.csv line 3, column code: facility 0101 is in line 2 already"]


def test_components_and_events_and_schemes_may_share_a_code(tmp_path: Path) -> None:
    event = COVER.replace("component", "event")
    old = COVER.replace("New", "Old-2007")

    categories, problems = load(tmp_path, COVER, event, old)

    assert [category.key for category in categories] == [
        "New@1:facility:0101",
        "New@1:incident:0101",
        "Old@2007:facility:0101",
    ]
    assert problems == []


def test_a_major_class_has_one_name(tmp_path: Path) -> None:
    second = COVER.replace(",01,0101", ",02,0102").replace("公用设施", "公共设施")

    _, problems = load(tmp_path, COVER, second)

    assert problems == [
        "categories.csv line 3, column major_name: '公共设施' was '公用设施' before"
    ]


def test_empty_lines_do_not_shift_the_count(tmp_path: Path) -> None:
    _, problems = load(tmp_path, COVER, "", COVER.replace("component", "thing"))

    assert [problem.split(",")[0] for problem in problems] == ["categories.csv line 4"]


def test_a_field_too_long_for_a_reader_is_told(tmp_path: Path) -> None:
    _, problems = load(tmp_path, COVER, "x" * 200_000)

    assert problems == ["categories.csv line 3: 1 fields instead of 10"]


@pytest.mark.parametrize("header", ["", "scheme,kind"])
def test_a_table_without_its_columns_is_told(tmp_path: Path, header: str) -> None:
    (tmp_path / "categories.csv").write_text(header, "utf-8")
    problems: list[Problem] = []

    assert load_categories(tmp_path, {}, problems) == ()
    assert [str(problem) for problem in problems] == [
        f"categories.csv line 1: the columns must be {','.join(COLUMNS)}"
    ]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("in_use: yes", "in_use: no", "schemes.yaml line 2: no scheme is in use"),
        ("id: New", "id: Old-2007", "schemes.yaml line 4: 'Old-2007' is written twice"),
        (
            't, code: "[0-9]{4}", in_use: no',
            't, code: "[", in_use: no',
            "schemes.yaml line 3: code:",
        ),
        ("title: t, code", "titel: t, code", "schemes.yaml line 3: 'title' is missing"),
    ],
)
def test_a_mistake_in_the_schemes_is_told(tmp_path: Path, old: str, new: str, problem: str) -> None:
    _, problems = load(tmp_path, schemes=SCHEMES.replace(old, new, 1))

    assert any(found.startswith(problem) for found in problems), problems
