"""What somebody tried without the right to: rows of the audit log, so few that none can fill it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from hotline.accounts import audit
from hotline.kernel.db import Database
from hotline.kernel.errors import Unavailable
from hotline.web.rates import InProcess, Limit, RateLimit, TooMany

log = structlog.get_logger()

REFUSED: Final = "access.refused"
DOORS: Final = (1, timedelta(minutes=10))
PEOPLE: Final = (30, timedelta(hours=1))
LONGEST_PATH: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalLimits:
    """How many rows one person's refusals make."""

    doors: Limit = field(default_factory=lambda: InProcess(RateLimit(*DOORS)))
    """For each person and route."""
    people: Limit = field(default_factory=lambda: InProcess(RateLimit(*PEOPLE)))
    """For each person, at all routes together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Who was refused what."""

    login: str
    route: str
    method: str
    path: str
    source: str
    """The address that it came from."""
    problem: str


async def note_refusal(
    database: Database, limits: RefusalLimits, attempt: Attempt, *, now: datetime
) -> None:
    """Write a refusal down unless it was lately; the last row of an hour says that more may come.

    Nothing is raised while the database is away: the refusal stays one.
    """
    try:
        await limits.people.peek(attempt.login, now=now)
        await limits.doors.check(f"{attempt.login} {attempt.route}", now=now)
        await limits.people.check(attempt.login, now=now)
    except TooMany:
        return
    detail = {
        "method": attempt.method,
        "path": attempt.path[:LONGEST_PATH],
        "problem": attempt.problem,
        "source": attempt.source,
    }
    if await _is_spent(limits.people, attempt.login, now):
        detail["later"] = "further ones are not written within the hour"
    try:
        async with database.begin() as uow:
            await audit.append(
                uow,
                actor=attempt.login,
                action=REFUSED,
                target=f"route:{attempt.route}",
                detail=detail,
                now=now,
            )
    except Unavailable:
        log.warning("refusal_not_written", route=attempt.route)


async def _is_spent(limit: Limit, login: str, now: datetime) -> bool:
    try:
        await limit.peek(login, now=now)
    except TooMany:
        return True
    return False
