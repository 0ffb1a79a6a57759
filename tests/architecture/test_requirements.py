"""The page of requirements follows the tests."""

from pathlib import Path

import pytest

from config.requirements import PAGE, Proof, Requirement, current_page, page, proofs, requirements


def test_the_page_is_in_step_with_the_tests() -> None:
    assert PAGE.read_text(encoding="utf-8") == current_page(), "run `make docs`"


def test_every_requirement_has_its_row_once() -> None:
    rows = requirements()

    assert [row.number for row in rows] == list(range(1, 113))
    assert {row.kind for row in rows} == {"S", "P"}
    assert all(row.text and row.source for row in rows)


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    source = '''"""Everything here is about R5."""

# R6: said above the test
@decorated
def test_first() -> None:
    """R7 and R8–R10: a range."""

def test_r11_in_its_name() -> None:
    call()  # R12, beside the act

def helper() -> None:
    """R13 is no test."""
'''
    (tmp_path / "test_some.py").write_text(source, encoding="utf-8")
    return tmp_path


def test_names_docstrings_and_comments_of_tests_speak(suite: Path) -> None:
    found = proofs(suite)

    first, named = (
        Proof("test_some.py", "test_first"),
        Proof("test_some.py", "test_r11_in_its_name"),
    )
    assert found == {
        5: [Proof("test_some.py", "")],
        **{number: [first] for number in range(6, 11)},
        11: [named],
        12: [named],
    }


def test_what_is_not_met_comes_first() -> None:
    rows = [
        Requirement(1, "A", "000 a1", "S", "done"),
        Requirement(2, "A", "000 a2", "S", "missing"),
        Requirement(3, "A", "000 a3", "P", "by people"),
    ]

    text = page(rows, {1: [Proof("tests/test_x.py", "test_y")]})

    assert "1 of 2 S-requirements have a test." in text
    assert text.index("missing") < text.index("by people") < text.index("done")
    assert "[`test_y`](../tests/test_x.py)" in text
