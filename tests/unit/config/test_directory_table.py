"""The shipped directory, and what is wrong with others."""

from pathlib import Path

from config.data_files import DATA
from config.directory_table import load_directory
from hotline.queues.control.states import TargetKind
from ivr.errors import Problem


def test_the_shipped_directory_has_the_four_emergency_services_first() -> None:
    problems: list[Problem] = []
    entries = load_directory(DATA, problems)

    assert problems == []
    first = [(entry.key, entry.number) for entry in entries[:4]]
    assert first == [(number, number) for number in ("110", "119", "120", "122")]
    assert {entry.kind for entry in entries[:4]} == {TargetKind.EMERGENCY}
    assert {entry.kind for entry in entries[4:]} == {TargetKind.DEPARTMENT}


def test_every_mistake_is_named(tmp_path: Path) -> None:
    (tmp_path / "directory.yaml").write_text(
        "directory:\n"
        "  - {key: A, kind: department, name: 甲, number: '12'}\n"
        "  - {key: A, kind: friend, name: 乙, number: '0100000'}\n",
        encoding="utf-8",
    )
    problems: list[Problem] = []
    load_directory(tmp_path, problems)

    told = " ".join(str(problem) for problem in problems)
    assert "'12' is not 3 to 20 digits" in told
    assert "'friend' is none of" in told
    assert "'A' is written twice" in told
