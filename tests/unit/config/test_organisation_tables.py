"""Mistakes in the files of organisation are told with file and line, all at once."""

from pathlib import Path
from shutil import copytree

import pytest

from config.data_files import DATA
from config.organisation_tables import ORGANISATION, load_organisations
from ivr.errors import Problem


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("article: 003 a15", "article: somewhere", "is not e.g. 001 a10-11"),
        ("roles: dispatcher", "roles: janitor", "'janitor' is none of"),
        ("roles: dispatcher, level: first", "roles: dispatcher, level: third", "is none of first"),
        ("levels: 1", "levels: 3", "is not a number from 1 to 2"),
        ("climbs: no", "climbs: yes", "needs two command levels"),
        ("closes: {roles: shift_leader", "closes: {roles: unit", "cannot be the duty of unit"),
        ("article: 003 a18", 'article: "-"', "needs its article"),
    ],
)
def test_a_mistake_is_told_with_its_file_and_line(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    """R112: each line with its article, and nothing that contradicts itself."""
    copytree(DATA / ORGANISATION, tmp_path / ORGANISATION)
    file = tmp_path / ORGANISATION / "suning.yaml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")
    line = text[: text.index(old)].count("\n") + 1
    problems: list[Problem] = []

    found = load_organisations(tmp_path, problems)

    assert "suning" not in found
    assert "junan" in found
    (problem,) = problems
    assert problem.source == "suning.yaml"
    assert told in problem.what
    assert problem.line == line
