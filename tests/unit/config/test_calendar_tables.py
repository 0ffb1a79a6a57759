from datetime import date
from pathlib import Path

import pytest

from config.calendar_tables import load_calendar
from hotline.sla.calendar import DayKind, WorkingCalendar
from ivr.errors import Problem

TIME = 'name: test\nzone: Asia/Shanghai\nperiods: ["08:00-12:00", "14:00-18:00"]\n'
YEAR = """\
year: 2026
version: "1"
source: a notice
holidays:
  - name: 元旦
    days: 2026-01-01..2026-01-03
    make_up: [2026-01-04]
  - name: 清明节
    days: [2026-04-04, 2026-04-05..2026-04-06]
"""


def load(
    folder: Path, year: str = YEAR, time: str = TIME
) -> tuple[WorkingCalendar | None, list[str]]:
    (folder / "2026.yaml").write_text(year, "utf-8")
    (folder / "working_time.yaml").write_text(time, "utf-8")
    problems: list[Problem] = []
    calendar = load_calendar(folder, problems)
    return calendar, [str(problem) for problem in problems]


def test_the_days_of_a_notice_are_read(tmp_path: Path) -> None:
    calendar, problems = load(tmp_path)

    assert (problems, calendar is not None) == ([], True)
    assert calendar is not None
    assert calendar.day(date(2026, 1, 3)).kind is DayKind.HOLIDAY
    assert calendar.day(date(2026, 1, 4)).kind is DayKind.MAKE_UP
    assert calendar.day(date(2026, 4, 6)).name == "清明节"
    assert calendar.years[0].source == "a notice"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("year: 2026", "year: 2025", "2026.yaml line 1: year: 2025 stands in 2026.yaml"),
        ("year: 2026", "year: x", "2026.yaml line 1: year: 'x' is not a number"),
        ("[2026-01-04]", "[2026-01-05]", "2026.yaml line 7: make_up: 2026-01-05 is no weekend day"),
        ("[2026-01-04]", "[2026-01-03]", "2026.yaml line 7: make_up: 2026-01-03 is entered twice"),
        ("2026-04-04,", "2026-04-06,", "2026.yaml line 9: days: 2026-04-06 is entered twice"),
        (
            "2026-01-01..",
            "2026-13-01..",
            "2026.yaml line 6: days: '2026-13-01..2026-01-03' is",
        ),
        ("[2026-01-04]", "[Sunday]", "2026.yaml line 7: make_up: 'Sunday' is neither a date"),
        (
            "..2026-01-03",
            "..2025-12-31",
            "2026.yaml line 6: days: 2026-01-01..2025-12-31 is not",
        ),
        (
            "..2026-01-03",
            "..2026-03-03",
            "2026.yaml line 6: days: 2026-01-01..2026-03-03 is not",
        ),
        ("[2026-01-04]", "[2027-01-03]", "2026.yaml line 7: make_up: 2027-01-03 is not in 2026"),
        ("name: 元旦", "nmae: 元旦", "2026.yaml line 5: 'name' is missing"),
        ("source: a notice\n", "", "2026.yaml line 1: 'source' is missing"),
    ],
)
def test_a_mistake_in_a_year_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    calendar, problems = load(tmp_path, YEAR.replace(old, new, 1))

    assert calendar is None
    assert any(found.startswith(problem) for found in problems), problems


def test_a_notice_may_name_days_of_the_december_before(tmp_path: Path) -> None:
    _, problems = load(tmp_path, YEAR.replace("2026-01-01..", "2025-12-31.."))

    assert problems == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("Asia/Shanghai", "Asia/Lianchi", "working_time.yaml line 2: zone: 'Asia/Lianchi' is not"),
        ("08:00-12:00", "8-12", "working_time.yaml line 3: '8-12' is not a period"),
        ("14:00", "11:00", "working_time.yaml line 3: 11:00-18:00 does not follow 08:00-12:00"),
        ('["08:00-12:00", "14:00-18:00"]', "[]", "working_time.yaml line 3: a calendar without"),
    ],
)
def test_a_mistake_in_the_working_time_is_told(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    calendar, problems = load(tmp_path, time=TIME.replace(old, new))

    assert calendar is None
    assert problems[0].startswith(problem)


def test_a_calendar_needs_a_year(tmp_path: Path) -> None:
    load(tmp_path)
    (tmp_path / "2026.yaml").unlink()
    problems: list[Problem] = []

    assert load_calendar(tmp_path, problems) is None
    assert "there is no year file" in problems[0].what
