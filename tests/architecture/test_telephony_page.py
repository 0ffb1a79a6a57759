"""The page that says what the telephone does names files and tests that are there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "telephony.md"
ROWS = [
    tuple(cell.strip() for cell in line.strip().strip("|").split("|"))
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| what ")
]
QUOTED = re.compile(r"`([^`]+)`")


@cache
def functions_in(file: Path) -> frozenset[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, functions))


def test_the_page_has_its_rows() -> None:
    assert len(ROWS) > 50
    assert all(len(row) == 3 for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_what_the_telephone_does_is_where_the_page_says_and_is_tested(
    row: tuple[str, str, str],
) -> None:
    what, where, shown_by = row
    files, cited = QUOTED.findall(where), QUOTED.findall(shown_by)
    assert files, what
    assert cited, what
    for name in files:
        folder = ROOT if name.startswith("hotline/") else ROOT / "channels" / "voice"
        assert (folder / f"{name}.py").is_file(), f"{what}: {name} is gone"
    for test in cited:
        path, _, name = test.partition("::")
        file = ROOT / "tests" / path
        assert file.is_file(), f"{what}: {path} is gone"
        assert name.startswith("test_"), f"{what}: {test} names no test"
        assert name in functions_in(file), f"{what}: {name} is gone from {path}"
