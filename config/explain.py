"""`hotline explain`: why a deadline is when it is."""

from datetime import datetime
from pathlib import Path

from config.calendar_tables import load_calendar
from config.data_files import DATA
from hotline.kernel.errors import Invalid
from hotline.sla.deadline import DayRule, deadline
from hotline.sla.limit import Limit
from hotline.sla.text import describe
from ivr.errors import Problem


def explain_deadline(
    start: str,
    limit: str,
    calendars: Path = DATA / "calendars",
    *,
    day_rule: str = DayRule.EIGHT_HOURS,
    language: str = "zh",
    allow_provisional: bool = False,
) -> str:
    """Return the deadline receipt as text, in `zh` or `en`.

    `start` is an ISO instant, in the calendar's zone unless it names one; `limit` such as `4wh`;
    `day_rule` is `eight_hours` or `end_of_day`.

    Raises:
        Invalid: if one of them cannot be read, or the calendar has mistakes or lacks a year.
    """
    problems: list[Problem] = []
    calendar = load_calendar(calendars, problems)
    if calendar is None:
        raise Invalid("calendars", "; ".join(str(problem) for problem in problems))
    if day_rule not in set(DayRule):
        raise Invalid("day rule", f"{day_rule!r} is none of {', '.join(DayRule)}")
    if language not in {"zh", "en"}:
        raise Invalid("language", f"{language!r} is neither zh nor en")
    try:
        begin = datetime.fromisoformat(start)
    except ValueError:
        raise Invalid("start", f"{start!r} is not a time; write e.g. 2026-02-14T16:30") from None
    if begin.utcoffset() is None:
        begin = begin.replace(tzinfo=calendar.zone)
    receipt = deadline(
        begin,
        Limit.parse(limit),
        calendar,
        day_rule=DayRule(day_rule),
        allow_provisional=allow_provisional,
    )
    return describe(receipt, language)
