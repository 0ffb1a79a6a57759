import pytest

from ivr.errors import Problem
from ivr.text import MAX_CHARACTERS, Section, read


def wrong(text: str) -> list[str]:
    problems: list[Problem] = []
    read("file.yaml", text, problems)
    return [str(problem) for problem in problems]


def section(text: str) -> tuple[Section, list[Problem]]:
    problems: list[Problem] = []
    return read("file.yaml", text, problems), problems


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "file.yaml line 1: empty"),
        ("- a\n- b", "file.yaml line 1: the text: keys with values are expected"),
        ("a: 1\nb: [", "file.yaml line 2: not YAML: expected the node content"),
        ("a: 1\na: 2", "file.yaml line 2: 'a' is written twice"),
        ("a: \x07", "file.yaml line 1: not YAML"),
        ("a" * (MAX_CHARACTERS + 1), "file.yaml line 1: longer than"),
    ],
)
def test_text_that_is_no_mapping_is_told(text: str, problem: str) -> None:
    assert wrong(text)[0].startswith(problem)


def test_values_are_read_as_they_are_written() -> None:
    top, problems = section("code: 0101\nanswer: yes\nyear: 2026-01-01")

    values = [top.text("code"), top.text("answer"), top.text("year")]

    assert (values, problems) == (["0101", "yes", "2026-01-01"], [])


def test_one_value_alone_is_a_list_of_one() -> None:
    top, _ = section("a: x\nb: [x, y]")

    assert (top.texts("a"), top.texts("b"), top.texts("c")) == (("x",), ("x", "y"), ())


def test_a_list_where_one_value_belongs_is_told() -> None:
    top, problems = section("a: [x]")

    assert top.text("a") == ""
    assert [str(problem) for problem in problems] == ["file.yaml line 1: a: one value is expected"]


def test_a_value_where_a_list_of_mappings_belongs_is_told() -> None:
    top, problems = section("a: x\nb:\n  - y\n")

    assert (top.sections("a"), len(top.sections("b"))) == ([], 1)
    assert [str(problem) for problem in problems] == [
        "file.yaml line 1: a: a list is expected",
        "file.yaml line 3: b: keys with values are expected",
    ]


def test_a_missing_list_is_told() -> None:
    top, problems = section("b: 1")

    assert top.sections("a") == []
    assert [problem.what for problem in problems] == ["'a' is missing"]


def test_what_nobody_asked_for_is_told() -> None:
    top, problems = section("a: 1\nb: 2")
    top.text("a")

    top.finish()

    assert [str(problem) for problem in problems] == ["file.yaml line 2: 'b' is not known here"]


@pytest.mark.parametrize("text", ["x", "-1", "11", "1.5", "１"])
def test_a_number_out_of_range_is_told_and_replaced(text: str) -> None:
    top, problems = section(f"a: {text}")

    assert top.integer("a", 3, least=0, most=10) == 3
    assert len(problems) == 1
