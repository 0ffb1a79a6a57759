"""In which hours of which days citizens may be disturbed; pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import count

from hotline.kernel.clock import SHANGHAI
from hotline.sla.calendar import Day, DayKind, WorkingCalendar


@dataclass(frozen=True, slots=True)
class Window:
    """Permitted hours of a day, on the clock of Shanghai; `closes` None is midnight."""

    opens: time
    closes: time | None

    def __post_init__(self) -> None:
        """Refuse a window that is empty or runs over midnight.

        Raises:
            ValueError: if it does.
        """
        if self.closes is not None and self.closes <= self.opens:
            raise ValueError("a window closes after it opens, on the same day")


WindowsOn = Callable[[date], Sequence[Window]]
"""The permitted hours of a day; there is a day after every other one that has some."""


def every_day(windows: Sequence[Window]) -> WindowsOn:
    """Return the same hours for each day."""
    return lambda _: windows


def but_holidays(
    windows: Sequence[Window], on_holidays: Sequence[Window], calendar: WorkingCalendar
) -> WindowsOn:
    """Return other hours, or none, for the public holidays of a calendar; weekends are plain days.

    Days of a year whose holidays are not published yet are plain ones.
    """
    return lambda on: on_holidays if _is_holiday(_day(calendar, on)) else windows


def is_permitted(windows_on: WindowsOn, at: datetime) -> bool:
    """Say whether citizens may be disturbed at an instant."""
    return _window(windows_on, at) is not None


def next_permitted(windows_on: WindowsOn, at: datetime) -> datetime:
    """Return `at`, or the next opening of a window after it, in the zone of `at`."""
    if is_permitted(windows_on, at):
        return at
    local = at.astimezone(SHANGHAI)
    openings = (
        datetime.combine(on, window.opens, SHANGHAI)
        for on in (local.date() + timedelta(days=day) for day in count())
        for window in sorted(windows_on(on), key=lambda window: window.opens)
    )
    return next(opening for opening in openings if opening > local).astimezone(at.tzinfo)


def closing(windows_on: WindowsOn, at: datetime) -> datetime | None:
    """Return when the permitted hours around an instant end; None if they go on over midnight."""
    window = _window(windows_on, at)
    if window is None or window.closes is None:
        return None
    local = at.astimezone(SHANGHAI)
    return datetime.combine(local.date(), window.closes, SHANGHAI).astimezone(at.tzinfo)


def holidays_between(
    calendar: WorkingCalendar, since: datetime, until: datetime
) -> tuple[str, ...]:
    """Return the names of the public holidays from one instant to another, each once, in order."""
    first, last = (each.astimezone(SHANGHAI).date() for each in (since, until))
    days = [_day(calendar, first + timedelta(days=day)) for day in range((last - first).days + 1)]
    return tuple(dict.fromkeys(day.name for day in days if _is_holiday(day)))


def _window(windows_on: WindowsOn, at: datetime) -> Window | None:
    local = at.astimezone(SHANGHAI)
    clock = local.time()
    return next(
        (
            window
            for window in windows_on(local.date())
            if window.opens <= clock and (window.closes is None or clock < window.closes)
        ),
        None,
    )


def _day(calendar: WorkingCalendar, on: date) -> Day:
    return calendar.day(on, allow_provisional=True)


def _is_holiday(day: Day) -> bool:
    return day.kind is DayKind.HOLIDAY
