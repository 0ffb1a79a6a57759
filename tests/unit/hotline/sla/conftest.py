"""The calendar that ships with the program."""

import pytest

from config.calendar_tables import load_calendar
from config.data_files import DATA
from hotline.sla.calendar import WorkingCalendar
from ivr.errors import Problem


@pytest.fixture(scope="session")
def calendar() -> WorkingCalendar:
    """The demo city's calendar for 2025 and 2026: 08-12 and 14-18."""
    problems: list[Problem] = []
    calendar = load_calendar(DATA / "calendars", problems)
    assert calendar is not None, problems
    return calendar
