"""The calendar that ships with the program, and a short way to write an instant."""

from datetime import datetime

import pytest

from config.calendar_tables import load_calendar
from config.data_files import DATA
from hotline.kernel.clock import SHANGHAI
from hotline.sla.calendar import WorkingCalendar
from ivr.errors import Problem


@pytest.fixture(scope="session")
def calendar() -> WorkingCalendar:
    """The demo city's calendar for 2025 and 2026: 08-12 and 14-18."""
    problems: list[Problem] = []
    calendar = load_calendar(DATA / "calendars", problems)
    assert calendar is not None, problems
    return calendar


def shanghai(text: str) -> datetime:
    """Return `2026-02-14 16:30` as an instant in Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
