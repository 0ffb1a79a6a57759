"""`hotline explain`: why a deadline is when it is, and how a score comes about."""

from datetime import datetime
from fractions import Fraction
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.evaluation.counters import COUNTERS, OBJECTS, REVERSE_RANK
from case_bridge.evaluation.definition import SUNING, ObjectKind
from case_bridge.evaluation.grade import Grading
from case_bridge.evaluation.options import Options
from case_bridge.evaluation.period import Period
from case_bridge.evaluation.score import stored_values
from case_bridge.evaluation.service import published
from case_bridge.evaluation.text import explain
from config.calendar_tables import load_calendar
from config.data_files import DATA
from hotline.kernel.errors import Invalid, NotFound
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


def explain_given_score(
    should_close: int, closed: int, on_time: int, rework: int, rank: int, units: int
) -> str:
    """Return the sum of regulation 003 article 26 for given figures, step by step (R71).

    Raises:
        Invalid: if the figures contradict each other.
    """
    if not on_time <= closed <= should_close or rework > should_close:
        raise Invalid("figures", "on time ≤ closed ≤ should close, and rework ≤ should close")
    if rank > units:
        raise Invalid("rank", f"{rank} is more than the {units} units")
    if should_close == 0:
        raise Invalid("should close", "a unit that had nothing to close has no score")
    values = dict.fromkeys(COUNTERS, Fraction(0)) | {
        "should_close": Fraction(should_close),
        "closed": Fraction(closed),
        "closed_on_time": Fraction(on_time),
        "reworked": Fraction(rework),
        REVERSE_RANK: Fraction(rank),
        OBJECTS: Fraction(units),
    }
    return explain(values, SUNING, Options(), Grading())


async def explain_stored_score(
    session: AsyncSession, kind: ObjectKind, period: str, name: str
) -> str:
    """Return the sum behind a published result, with the definition and options of then.

    Raises:
        NotFound: if nothing is published of the period, or nobody of that name is in it.
        Invalid: if the object was not scored.
    """
    found = await published(session, kind, Period.parse(period))
    if found is None:
        raise NotFound("published evaluation", f"{kind} {period}")
    result = next((each for each in found.results if name in {each.name, each.key}), None)
    if result is None:
        names = ", ".join(each.name for each in found.results)
        raise NotFound("assessed object", f"{name} (there are {names})")
    if result.score is None:
        raise Invalid("object", f"{name} was not scored: {result.remark}")
    title = f"{found.period.label()} {result.name} 第{found.revision}次公布"
    values = stored_values(result.counters)
    return explain(values, found.definition, found.options, found.grading, title=title)
