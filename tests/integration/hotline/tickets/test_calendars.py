from dataclasses import replace
from datetime import date, timedelta

from hotline.kernel.db import Database
from hotline.sla.calendar import CalendarYear
from hotline.tickets.calendars import (
    UNPUBLISHED,
    calendar_in_force,
    from_content,
    save_calendar,
    to_content,
)
from tests.conftest import FakeClock
from tests.integration.hotline.tickets.drafts import CALENDAR

NEXT_YEAR = CalendarYear(2027, "1", "the next notice", {date(2027, 1, 1): "元旦"}, {})


async def test_the_calendar_in_force_is_the_one_saved_last(
    database: Database, clock: FakeClock
) -> None:
    longer = replace(CALENDAR, years=(*CALENDAR.years, NEXT_YEAR))
    async with database.begin() as uow:
        first = await save_calendar(uow, CALENDAR, now=clock())
        again = await save_calendar(uow, CALENDAR, now=clock())
        second = await save_calendar(uow, longer, now=clock.advance(timedelta(days=1)))

    async with database.read() as session:
        assert await calendar_in_force(session) == longer
    assert (first, again, second) == (True, False, True)


async def test_an_older_version_can_come_back(database: Database, clock: FakeClock) -> None:
    longer = replace(CALENDAR, years=(*CALENDAR.years, NEXT_YEAR))
    for calendar in (CALENDAR, longer, CALENDAR):
        async with database.begin() as uow:
            await save_calendar(uow, calendar, now=clock())

    async with database.read() as session:
        assert await calendar_in_force(session) == CALENDAR


async def test_while_no_calendar_is_loaded_every_year_is_unknown(database: Database) -> None:
    async with database.read() as session:
        calendar = await calendar_in_force(session)

    assert calendar is UNPUBLISHED
    assert not calendar.knows(2026)


def test_a_calendar_survives_storage() -> None:
    assert from_content(CALENDAR.name, to_content(CALENDAR)) == CALENDAR
