from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.callbacks.hours import (
    Window,
    WindowsOn,
    but_holidays,
    closing,
    every_day,
    holidays_between,
    is_permitted,
    next_permitted,
)
from hotline.kernel.clock import SHANGHAI
from hotline.sla.calendar import CalendarYear, Period, WorkingCalendar

WINDOWS = (Window(time(9), time(12)), Window(time(14), time(21)))
CALENDAR = WorkingCalendar(
    "city",
    SHANGHAI,
    (Period.parse("08:00-12:00"),),
    (
        CalendarYear(
            2026,
            "1",
            "a notice",
            {date(2026, 3, day): "节日" for day in (12, 13, 14)} | {date(2026, 3, 20): "别的节"},
            {date(2026, 3, 15): "节日"},
        ),
    ),
)
PLAIN = every_day(WINDOWS)
NEVER_ON_HOLIDAYS = but_holidays(WINDOWS, (), CALENDAR)
LITTLE_ON_HOLIDAYS = but_holidays(WINDOWS, (Window(time(10), time(11)),), CALENDAR)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "permitted"),
    [
        (at(11, 8, 59), False),
        (at(11, 9), True),
        (at(11, 12), False),  # noon rest
        (at(11, 14), True),
        (at(11, 20, 59), True),
        (at(11, 21), False),
        (at(12, 0), False),
    ],
)
def test_nobody_is_rung_up_outside_permitted_hours(moment: datetime, permitted: bool) -> None:
    assert is_permitted(PLAIN, moment) is permitted


@pytest.mark.parametrize(
    ("hours", "moment", "then"),
    [
        (PLAIN, at(11, 10), at(11, 10)),
        (PLAIN, at(11, 12, 30), at(11, 14)),
        (PLAIN, at(11, 21), at(12, 9)),
        (PLAIN, at(12, 3), at(12, 9)),
        (PLAIN, at(31, 23), datetime(2026, 4, 1, 9, tzinfo=SHANGHAI)),
        (NEVER_ON_HOLIDAYS, at(11, 21), at(15, 9)),  # the day made up for is worked, too
        (NEVER_ON_HOLIDAYS, at(13, 10), at(15, 9)),
        (LITTLE_ON_HOLIDAYS, at(11, 21), at(12, 10)),
        (LITTLE_ON_HOLIDAYS, at(14, 11), at(15, 9)),
    ],
)
def test_an_attempt_waits_for_the_next_window(
    hours: WindowsOn, moment: datetime, then: datetime
) -> None:
    """R69: told soon, and not in the rest of a public holiday."""
    assert next_permitted(hours, moment) == then


@given(st.integers(min_value=0, max_value=365 * 24 * 60))
def test_the_next_permitted_instant_is_permitted_and_the_first_one(minute: int) -> None:
    moment = at(1, 0) + timedelta(minutes=minute)

    then = next_permitted(LITTLE_ON_HOLIDAYS, moment)

    assert is_permitted(LITTLE_ON_HOLIDAYS, then)
    between = range(0, int((then - moment).total_seconds()), 600)
    assert not any(
        is_permitted(LITTLE_ON_HOLIDAYS, moment + timedelta(seconds=seconds)) for seconds in between
    )


def test_a_year_without_a_notice_has_plain_days() -> None:
    new_year = datetime(2027, 1, 1, 10, tzinfo=SHANGHAI)

    assert is_permitted(NEVER_ON_HOLIDAYS, new_year)


@pytest.mark.parametrize(
    ("hours", "moment", "then"),
    [
        (PLAIN, at(11, 10), at(11, 12)),
        (LITTLE_ON_HOLIDAYS, at(12, 10), at(12, 11)),
        (PLAIN, at(11, 13), None),
        (every_day((Window(time(0), None),)), at(11, 23, 59), None),
    ],
)
def test_permitted_hours_end_at_the_end_of_their_window(
    hours: WindowsOn, moment: datetime, then: datetime | None
) -> None:
    assert closing(hours, moment) == then


def test_the_holidays_of_a_wait_are_named_once() -> None:
    assert holidays_between(CALENDAR, at(11, 10), at(15, 9)) == ("节日",)
    assert holidays_between(CALENDAR, at(13, 10), at(20, 0)) == ("节日", "别的节")
    assert holidays_between(CALENDAR, at(15, 10), at(16, 9)) == ()


def test_a_window_cannot_close_before_it_opens() -> None:
    with pytest.raises(ValueError, match="closes after"):
        Window(time(21), time(9))
