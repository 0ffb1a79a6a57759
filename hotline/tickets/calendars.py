"""The published working calendars in SQL, and as the value that arithmetic takes."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.kernel.clock import SHANGHAI
from hotline.kernel.db import UnitOfWork
from hotline.sla.calendar import CalendarYear, Period, WorkingCalendar
from hotline.tickets.model import CalendarRow

DEFAULT_PERIODS = (Period.parse("08:00-12:00"), Period.parse("14:00-18:00"))

UNPUBLISHED = WorkingCalendar("unpublished", SHANGHAI, DEFAULT_PERIODS, ())
"""Used while no calendar has been loaded: every deadline from it is provisional."""


async def save_calendar(uow: UnitOfWork, calendar: WorkingCalendar, *, now: datetime) -> bool:
    """Make a calendar the one in force; False if its version is in force already."""
    name, version = calendar.name, calendar.version
    content = to_content(calendar)
    rows = await uow.session.scalars(
        select(CalendarRow).where(CalendarRow.name == name).with_for_update()
    )
    known = {row.version: row for row in rows}
    current = known.get(version)
    if current and current.is_active and current.content == content:
        return False
    await uow.session.execute(update(CalendarRow).values(is_active=False))
    if current is None:
        current = CalendarRow(name=name, version=version, content=content, loaded_at=now)
        uow.session.add(current)
    current.content, current.is_active, current.loaded_at = content, True, now
    await uow.session.flush()
    return True


async def calendar_in_force(session: AsyncSession) -> WorkingCalendar:
    """Return the calendar in force, or the one that is always provisional."""
    row = await session.scalar(
        select(CalendarRow)
        .where(CalendarRow.is_active)
        .order_by(CalendarRow.loaded_at.desc())
        .limit(1)
    )
    return from_content(row.name, row.content) if row else UNPUBLISHED


def to_content(calendar: WorkingCalendar) -> dict[str, Any]:
    """Return a calendar as JSON values, without its name."""
    return {
        "zone": calendar.zone.key,
        "periods": [str(period) for period in calendar.periods],
        "years": [
            {
                "year": year.year,
                "version": year.version,
                "source": year.source,
                "holidays": _named_days(year.holidays),
                "make_up_days": _named_days(year.make_up_days),
            }
            for year in calendar.years
        ],
    }


def from_content(name: str, content: Mapping[str, Any]) -> WorkingCalendar:
    """Return the calendar that `to_content` wrote."""
    return WorkingCalendar(
        name=name,
        zone=ZoneInfo(content["zone"]),
        periods=tuple(Period.parse(text) for text in content["periods"]),
        years=tuple(
            CalendarYear(
                year=year["year"],
                version=year["version"],
                source=year["source"],
                holidays=_read_days(year["holidays"]),
                make_up_days=_read_days(year["make_up_days"]),
            )
            for year in content["years"]
        ),
    )


def _named_days(days: Mapping[date, str]) -> dict[str, str]:
    return {on.isoformat(): name for on, name in sorted(days.items())}


def _read_days(days: Mapping[str, str]) -> dict[date, str]:
    return {date.fromisoformat(on): name for on, name in days.items()}
