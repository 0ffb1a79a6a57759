"""Working calendars: which hours of which days count as working time.

A year is known only when its holiday notice has been published (each November or December for the
year after) and entered. For any other year the weekends alone would be a guess, so the year is
refused, or, when the caller asks for it, answered and marked as provisional.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Self
from zoneinfo import ZoneInfo

from hotline.kernel.errors import Invalid

MIDNIGHT = timedelta(days=1)
SATURDAY = 5
CLOCK_TIMES = re.compile(r"([0-2][0-9]):([0-5][0-9])-([0-2][0-9]):([0-5][0-9])", re.ASCII)


class YearNotPublished(Invalid):
    """A date lies in a year whose public holidays are not known."""

    def __init__(self, calendar: str, year: int) -> None:
        super().__init__(
            "calendar", f"{calendar} has no published holidays for {year}; enter the notice first"
        )
        self.year = year


class DayKind(StrEnum):
    """Why a day is, or is not, a working day."""

    WORKDAY = "workday"  # 工作日
    WEEKEND = "weekend"  # 周末
    HOLIDAY = "holiday"  # 法定节假日, with the days moved to it
    MAKE_UP = "make_up"  # 调休上班: a weekend day that is worked

    @property
    def is_worked(self) -> bool:
        """Say whether working periods exist on such a day."""
        return self in {DayKind.WORKDAY, DayKind.MAKE_UP}


@dataclass(frozen=True, slots=True)
class Day:
    """What the calendar knows about a date."""

    on: date
    kind: DayKind
    name: str = ""
    """The holiday, for HOLIDAY and MAKE_UP."""
    provisional: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A stretch of working time on a working day, as time since midnight."""

    opens: timedelta
    closes: timedelta

    def __post_init__(self) -> None:
        if not timedelta(0) <= self.opens < self.closes <= MIDNIGHT:
            raise Invalid("period", f"{self} does not lie within one day, or is empty")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `08:00-12:00`; the end of a day is `24:00`.

        Raises:
            Invalid: if `text` is anything else.
        """
        match = CLOCK_TIMES.fullmatch(text)
        if match is None:
            raise Invalid("period", f"{text!r} is not a period; write e.g. 08:00-12:00")
        hours, minutes, last_hours, last_minutes = map(int, match.groups())
        return cls(
            timedelta(hours=hours, minutes=minutes),
            timedelta(hours=last_hours, minutes=last_minutes),
        )

    def __str__(self) -> str:
        """Return the form that `parse` reads."""
        ends = (self.opens, self.closes)
        return "-".join(f"{end // HOUR:02}:{end % HOUR // MINUTE:02}" for end in ends)


HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """The published holidays of one year."""

    year: int
    version: str
    source: str
    """The notice the days were taken from."""
    holidays: Mapping[date, str]
    make_up_days: Mapping[date, str]


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Working periods, and the years whose days are known."""

    name: str
    zone: ZoneInfo
    periods: tuple[Period, ...]
    years: tuple[CalendarYear, ...]

    def __post_init__(self) -> None:
        if not self.periods:
            raise Invalid("periods", "a calendar without working periods never reaches a deadline")
        for earlier, later in pairwise(self.periods):
            if later.opens < earlier.closes:
                raise Invalid("periods", f"{later} does not follow {earlier}")

    @property
    def version(self) -> str:
        """Return the versions of all years known, such as `2025.1+2026.1`."""
        return "+".join(f"{year.year}.{year.version}" for year in self.years)

    @property
    def working_day(self) -> timedelta:
        """Return the working time of one whole working day."""
        return sum((period.closes - period.opens for period in self.periods), timedelta(0))

    def knows(self, year: int) -> bool:
        """Say whether the holidays of `year` are published."""
        return any(known.year == year for known in self.years)

    def day(self, on: date, *, allow_provisional: bool = False) -> Day:
        """Return what `on` is; a day of an unknown year is provisional, if that is allowed.

        Raises:
            YearNotPublished: if the year is not known and `allow_provisional` is not set.
        """
        if not self.knows(on.year) and not allow_provisional:
            raise YearNotPublished(self.name, on.year)
        provisional = not self.knows(on.year)
        for year in self.years:
            # A notice may name days of the December before its year.
            if name := year.holidays.get(on):
                return Day(on, DayKind.HOLIDAY, name, provisional)
            if name := year.make_up_days.get(on):
                return Day(on, DayKind.MAKE_UP, name, provisional)
        kind = DayKind.WEEKEND if on.weekday() >= SATURDAY else DayKind.WORKDAY
        return Day(on, kind, "", provisional)

    def local(self, instant: datetime) -> datetime:
        """Return an aware `instant` in the calendar's zone."""
        return instant.astimezone(self.zone)

    def midnight(self, on: date) -> datetime:
        """Return the first instant of a day, in UTC."""
        return self._instant(on, timedelta(0))

    def working_stretches(self, on: date) -> Iterator[tuple[datetime, datetime]]:
        """Yield begin and end, in UTC, of the working periods that a worked day has."""
        for period in self.periods:
            yield self._instant(on, period.opens), self._instant(on, period.closes)

    def _instant(self, on: date, since_midnight: timedelta) -> datetime:
        # Added before the zone is attached: 08:00 is 08:00 on a day that changes its clocks, too.
        wall = datetime(on.year, on.month, on.day) + since_midnight  # noqa: DTZ001
        return wall.replace(tzinfo=self.zone).astimezone(UTC)
