"""`limits.yaml` as the rules of the city, with every mistake named."""

from pathlib import Path

import pytest

from case_bridge.cases.rules import FilingBase, Stage
from config.data_files import DATA
from config.rule_table import LIMITS, load_rules
from ivr.errors import Problem

SHIPPED = (DATA / LIMITS).read_text(encoding="utf-8")


def load(folder: Path, text: str) -> list[Problem]:
    (folder / LIMITS).write_text(text, encoding="utf-8")
    problems: list[Problem] = []
    load_rules(folder, problems)
    return problems


def test_the_shipped_rules_have_no_mistake() -> None:
    """R22, R25: limits per stage, extension, shelving and the street rule are data."""
    problems: list[Problem] = []
    rules = load_rules(DATA, problems)

    assert problems == []
    assert str(rules.stages[Stage.RETURN]) == "2wd"
    assert rules.extension.base is FilingBase.OWN


@pytest.mark.parametrize(
    ("good", "bad", "words"),
    [
        ("return: 2wd", "return: 2 days", "return"),
        ("base: own", "base: mine", "base"),
        ("percent: 10", "percent: 110", "percent"),
        ("- facility:0114", "- cover:0114", "codes"),
        ("repair: 24uh", "repair: soon", "repair"),
        ("  check: 4wh", "  chek: 4wh", "che"),
    ],
)
def test_a_mistake_is_named_with_its_key(tmp_path: Path, good: str, bad: str, words: str) -> None:
    assert good in SHIPPED
    problems = load(tmp_path, SHIPPED.replace(good, bad, 1))

    assert any(words in problem.what for problem in problems)


def test_a_city_without_the_file_is_told(tmp_path: Path) -> None:
    problems: list[Problem] = []
    load_rules(tmp_path, problems)

    assert any(problem.source == LIMITS for problem in problems)
