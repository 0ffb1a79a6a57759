"""The working calendar: `calendars/working_time.yaml` and one file for each published year."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from config.data_files import read_yaml
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.errors import Invalid
from hotline.sla.calendar import SATURDAY, CalendarYear, Period, WorkingCalendar
from ivr.errors import Problem
from ivr.text import Section

WORKING_TIME = "working_time.yaml"
YEAR_FILES = "[0-9][0-9][0-9][0-9].yaml"
DAYS = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\.\.(\d{4}-\d{2}-\d{2}))?", re.ASCII)
LONGEST_HOLIDAY = 31


def load_calendar(folder: Path, problems: list[Problem]) -> WorkingCalendar | None:
    """Return the calendar, or None with what is wrong in `problems`."""
    before = len(problems)
    years = tuple(_year(file, problems) for file in sorted(folder.glob(YEAR_FILES)))
    top = read_yaml(folder / WORKING_TIME, problems)
    if not years:
        top.problem(f"there is no year file beside it, such as {folder.name}/2026.yaml")
    name, zone, periods = top.text("name"), _zone(top), tuple(_periods(top))
    top.finish()
    if len(problems) > before:
        return None
    try:
        return WorkingCalendar(name, zone, periods, years)
    except Invalid as error:
        top.problem(error.problem, "periods")
        return None


def _zone(top: Section) -> ZoneInfo:
    key = top.text("zone")
    try:
        return ZoneInfo(key)
    except (ZoneInfoNotFoundError, ValueError):
        top.problem(f"zone: {key!r} is not a time zone; write e.g. Asia/Shanghai", "zone")
        return SHANGHAI


def _periods(top: Section) -> Iterator[Period]:
    for text in top.texts("periods", required=True):
        try:
            yield Period.parse(text)
        except Invalid as error:
            top.problem(error.problem, "periods")


def _year(file: Path, problems: list[Problem]) -> CalendarYear:
    top = read_yaml(file, problems)
    holidays: dict[date, str] = {}
    make_up: dict[date, str] = {}
    year = top.integer("year", 1, least=2000, most=2100)
    if str(year) != file.stem:
        top.problem(f"year: {year} stands in {file.name}", "year")
    for section in top.sections("holidays"):
        name = section.text("name")
        for text in section.texts("days", required=True):
            _enter(section, "days", name, _days(section, "days", text, year), holidays, make_up)
        for text in section.texts("make_up"):
            days = _days(section, "make_up", text, year)
            _enter(section, "make_up", name, days, make_up, holidays)
            if any(on.weekday() < SATURDAY for on in days):
                section.problem(f"make_up: {text} is no weekend day", "make_up")
        section.finish()
    version, source = top.text("version"), top.text("source")
    top.finish()
    return CalendarYear(year, version, source, holidays, make_up)


def _enter(
    section: Section,
    key: str,
    name: str,
    days: list[date],
    into: dict[date, str],
    other: dict[date, str],
) -> None:
    """Enter days under a name, unless they are entered already."""
    for on in days:
        if on in into or on in other:
            section.problem(f"{key}: {on} is entered twice", key)
        into[on] = name


def _days(section: Section, key: str, text: str, year: int) -> list[date]:
    """Return the days of `2026-02-15..2026-02-23`, or of one date; December before is allowed."""
    match = DAYS.fullmatch(text)
    try:
        first, last = (date.fromisoformat(end) for end in (match[1], match[2] or match[1]))  # type: ignore[index]
    except (TypeError, ValueError):
        section.problem(f"{key}: {text!r} is neither a date nor two dates with .. between", key)
        return []
    count = (last - first).days + 1
    if not 1 <= count <= LONGEST_HOLIDAY:
        section.problem(f"{key}: {text} is not 1 to {LONGEST_HOLIDAY} days", key)
        return []
    days = [first + timedelta(days=number) for number in range(count)]
    if any(on.year != year and (on.year, on.month) != (year - 1, 12) for on in days):
        section.problem(f"{key}: {text} is not in {year}", key)
    return days
