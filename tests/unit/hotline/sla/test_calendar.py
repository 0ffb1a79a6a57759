from datetime import date, timedelta

import chinese_calendar
import holidays
import pytest

from hotline.kernel.clock import SHANGHAI
from hotline.kernel.errors import Invalid
from hotline.sla.calendar import (
    CalendarYear,
    DayKind,
    Period,
    WorkingCalendar,
    YearNotPublished,
)

DAYS = [date(2023, 1, 1) + timedelta(days=number) for number in range(4 * 365 + 1)]
MORNING = Period.parse("08:00-12:00")
# domain notes 4.3, from the notice for 2026
MAKE_UP_2026 = ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"]


def test_the_make_up_workdays_of_2026_are_those_of_the_notice(calendar: WorkingCalendar) -> None:
    made_up = [day for day in DAYS if calendar.day(day).kind is DayKind.MAKE_UP]

    assert [f"{day:%m-%d}" for day in made_up if day.year == 2026] == MAKE_UP_2026


def test_every_day_from_2023_to_2026_agrees_with_chinesecalendar(calendar: WorkingCalendar) -> None:
    ours = {day: calendar.day(day).kind.is_worked for day in DAYS}

    assert ours == {day: chinese_calendar.is_workday(day) for day in DAYS}


def test_every_day_from_2023_to_2026_agrees_with_holidays(calendar: WorkingCalendar) -> None:
    oracle = holidays.country_holidays("CN", years=range(2023, 2027))
    off = {day for day in DAYS if not calendar.day(day).kind.is_worked}

    assert off == {day for day in DAYS if not oracle.is_working_day(day)}


@pytest.mark.parametrize(
    ("on", "kind", "name"),
    [
        ("2026-03-11", DayKind.WORKDAY, ""),  # Wednesday
        ("2026-03-14", DayKind.WEEKEND, ""),  # Saturday
        ("2026-02-17", DayKind.HOLIDAY, "春节"),  # Tuesday
        ("2026-02-14", DayKind.MAKE_UP, "春节"),  # Saturday
        ("2025-10-06", DayKind.HOLIDAY, "国庆节、中秋节"),  # Monday
    ],
)
def test_a_day_says_what_it_is(
    calendar: WorkingCalendar, on: str, kind: DayKind, name: str
) -> None:
    day = calendar.day(date.fromisoformat(on))

    assert (day.kind, day.name, day.provisional) == (kind, name, False)


def test_a_year_without_a_published_notice_is_refused(calendar: WorkingCalendar) -> None:
    with pytest.raises(YearNotPublished) as caught:
        calendar.day(date(2027, 1, 4))

    assert caught.value.year == 2027


def test_a_year_without_a_notice_is_provisional_on_request(calendar: WorkingCalendar) -> None:
    day = calendar.day(date(2027, 1, 4), allow_provisional=True)

    assert (day.kind, day.provisional) == (DayKind.WORKDAY, True)


def test_a_notice_may_name_days_of_the_december_before() -> None:
    year = CalendarYear(2027, "1", "notice", {date(2026, 12, 31): "元旦"}, {})
    known = CalendarYear(2026, "1", "notice", {}, {})
    calendar = WorkingCalendar("test", SHANGHAI, (MORNING,), (known, year))

    assert calendar.day(date(2026, 12, 31)).kind is DayKind.HOLIDAY


def test_the_version_names_every_year(calendar: WorkingCalendar) -> None:
    assert calendar.version == "2023.1+2024.1+2025.1+2026.1"


@pytest.mark.parametrize("text", ["08:00-12:00", "00:00-24:00", "13:30-17:45"])
def test_a_period_is_written_as_it_was_read(text: str) -> None:
    assert str(Period.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "8-12", "08:00-08:00", "12:00-08:00", "08:00-24:01", "08:60-12:00"]
)
def test_anything_else_is_no_period(text: str) -> None:
    with pytest.raises(Invalid):
        Period.parse(text)


def test_overlapping_periods_are_refused() -> None:
    with pytest.raises(Invalid, match="does not follow"):
        WorkingCalendar("test", SHANGHAI, (MORNING, Period.parse("11:00-13:00")), ())


def test_a_calendar_without_periods_is_refused() -> None:
    with pytest.raises(Invalid, match="never reaches"):
        WorkingCalendar("test", SHANGHAI, (), ())
