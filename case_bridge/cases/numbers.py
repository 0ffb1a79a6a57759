"""Case numbers: yyMMdd and a serial of five digits, such as 26031100001 (domain 3.3)."""

from datetime import date, datetime

from hotline.kernel.clock import SHANGHAI


def case_day(now: datetime) -> date:
    """Return the day that a number given out now carries, Shanghai time."""
    return now.astimezone(SHANGHAI).date()


def case_number(day: date, serial: int) -> str:
    """Return the number; a day with more cases than five digits hold gets a longer one."""
    return f"{day:%y%m%d}{serial:05}"
