"""Which period a page is about when nobody says: the last one that has something to show."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.evaluation.period import Period, PeriodKind
from case_bridge.evaluation.repository import Evaluations


async def usual_period(session: AsyncSession, kind: PeriodKind, *, now: datetime) -> Period:
    """Return the last period of a kind that is over; while it saw no case, the running one.

    The results of a running period are provisional, and pages say so.
    """
    running = Period.containing(kind, now)
    last = running.shifted(-1)
    return last if await Evaluations(session).has_facts(last) else running
