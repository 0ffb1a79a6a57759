from datetime import date
from pathlib import Path

import pytest

from case_bridge.units.unit import Duty, ResponsibilityRule, UnitClass
from config.category_table import load_schemes
from config.unit_tables import load_responsibility, load_units
from hotline.tickets.category import Category, CategoryKind
from ivr.errors import Problem

SCHEMES = 'schemes: [{id: S, scheme: S, version: "1", title: t, code: ".*", in_use: yes}]'
UNITS = """\
units:
  - {code: ZJ, name: 住建局, class: first}
  - {code: GS, name: 供水公司, class: second, phone: 010-0000-0001, utility: yes, competent: ZJ}
"""
MATRIX = """\
scheme: S
valid_from: 2025-01-01
rules:
  - {unit: ZJ, facility: ["01"], incident: ["0501-0502"]}
  - {unit: GS, facility: ["0101"], area: 东关街道, duty: owner}
"""
CATEGORIES = [
    Category(scheme="S", version="1", code=code, kind=kind, name_zh=code)
    for kind, code in (
        (CategoryKind.FACILITY, "0101"),
        (CategoryKind.FACILITY, "0102"),
        (CategoryKind.INCIDENT, "0501"),
        (CategoryKind.INCIDENT, "0502"),
    )
]


def load(
    folder: Path, units: str = UNITS, matrix: str = MATRIX
) -> tuple[tuple[ResponsibilityRule, ...], list[str]]:
    for name, text in (("schemes", SCHEMES), ("units", units), ("responsibility", matrix)):
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    problems: list[Problem] = []
    schemes = load_schemes(folder, problems)
    rules = load_responsibility(folder, schemes, CATEGORIES, load_units(folder, problems), problems)
    return rules, [str(problem) for problem in problems]


def test_units_are_read_with_the_department_that_answers_for_them(tmp_path: Path) -> None:
    (tmp_path / "units.yaml").write_text(UNITS, "utf-8")
    problems: list[Problem] = []

    department, utility = load_units(tmp_path, problems)

    assert problems == []
    assert (department.unit_class, department.is_utility) == (UnitClass.FIRST, False)
    assert (utility.is_utility, utility.competent_code) == (True, "ZJ")  # R33


def test_classes_and_ranges_become_rules(tmp_path: Path) -> None:
    rules, problems = load(tmp_path)

    assert problems == []
    assert [(rule.category, rule.area, rule.unit_code, rule.duty) for rule in rules] == [
        ("facility:01", "*", "ZJ", Duty.MAINTAINER),
        ("incident:0501", "*", "ZJ", Duty.MAINTAINER),
        ("incident:0502", "*", "ZJ", Duty.MAINTAINER),
        ("facility:0101", "东关街道", "GS", Duty.OWNER),
    ]
    assert {(rule.scheme, rule.valid_from) for rule in rules} == {("S", date(2025, 1, 1))}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("code: GS", "code: ZJ", "units.yaml line 3: code 'ZJ' is written twice"),
        (
            "class: second",
            "class: 2",
            "units.yaml line 3: class: '2' is none of first, second, third",
        ),
        (
            ", competent: ZJ",
            "",
            "units.yaml line 3: 供水公司 is a utility, but `competent` is missi",
        ),
        ("competent: ZJ", "competent: X", "units.yaml line 3: competent: there is no unit 'X'"),
        ("phone:", "fone:", "units.yaml line 3: 'fone' is not known here"),
    ],
)
def test_a_mistake_in_the_units_is_told(tmp_path: Path, old: str, new: str, problem: str) -> None:
    _, problems = load(tmp_path, units=UNITS.replace(old, new, 1))

    assert any(found.startswith(problem) for found in problems), problems


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("scheme: S", "scheme: T", "responsibility.yaml line 1: scheme: is not in schemes.yaml"),
        ("2025-01-01", "soon", "responsibility.yaml line 2: valid_from: 'soon' is not a date"),
        ("unit: GS", "unit: X", "responsibility.yaml line 5: unit: there is no unit 'X'"),
        ("duty: owner", "duty: boss", "responsibility.yaml line 5: duty: 'boss' is none of"),
        ('"0101"', '"0199"', "responsibility.yaml line 5: facility: there is no category 0199"),
        (
            '"0101"',
            '"0110-0120"',
            "responsibility.yaml line 5: facility: there is no category 0110",
        ),
        ('"0101"', '"cover"', "responsibility.yaml line 5: facility: 'cover' is not a class"),
        ('facility: ["0101"], ', "", "responsibility.yaml line 5: names neither facility nor"),
        ('"0501-0502"', '"0501"', "responsibility.yaml line 1: no unit answers for incident 0502"),
        (
            "area: 东关街道, duty: owner",
            'incident: ["0501"]',
            "responsibility.yaml line 1: several units answer for incident 0501 0501: GS, ZJ",
        ),
    ],
)
def test_a_mistake_in_the_matrix_is_told(tmp_path: Path, old: str, new: str, problem: str) -> None:
    _, problems = load(tmp_path, matrix=MATRIX.replace(old, new, 1))

    assert any(found.startswith(problem) for found in problems), problems
