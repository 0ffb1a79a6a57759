"""What each seat can do, as one sheet: seats in rows, skills in columns, levels in the cells."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Invalid
from hotline.kernel.ids import SeatId
from hotline.queues.model import QueueEntryRow, SeatRow
from hotline.queues.routing import Needs
from hotline.queues.seat_repository import Seats
from hotline.queues.service import set_skills
from hotline.queues.states import QueuedState

SKILL = re.compile(r"[a-z][a-z_]{0,19}\.[a-z0-9][a-z0-9_-]{0,29}")
"""Kind and name: `business.gas`, `dialect.min`, `language.en`."""

MOST_SKILLS = 40
"""Columns that a sheet may have; more cannot be looked over."""


class SkillKind(StrEnum):
    """What a skill is about: the part of its name before the dot."""

    BUSINESS = "business"  # 业务
    DIALECT = "dialect"  # 方言
    LANGUAGE = "language"  # 语言


@dataclass(frozen=True, slots=True)
class SeatSkills:
    """One row: a seat, and the level of each skill that it has."""

    seat_id: SeatId
    extension: str
    name: str
    queue: str
    skills: Needs


@dataclass(frozen=True, slots=True)
class Sheet:
    """Some seats, and every skill that a seat of the house has or a caller who waits asks for."""

    skills: tuple[str, ...]
    wanted: frozenset[str]
    """Those that callers who wait ask for."""
    seats: tuple[SeatSkills, ...]
    following: str | None
    """The last extension, if there are more seats behind it."""


async def sheet(
    session: AsyncSession, *, queue: str | None = None, after: str = "", limit: int = 50
) -> Sheet:
    """Return the seats of a queue, or of all, behind an extension, with their skills."""
    query = select(SeatRow).where(SeatRow.extension > after)
    if queue is not None:
        query = query.where(SeatRow.queue == queue)
    rows = (await session.scalars(query.order_by(SeatRow.extension).limit(limit + 1))).all()
    wanted = await _wanted(session)
    had = await session.scalars(select(func.jsonb_object_keys(SeatRow.skills)).distinct())
    return Sheet(
        skills=in_order({*had, *wanted}),
        wanted=frozenset(wanted),
        seats=tuple(_line(row) for row in rows[:limit]),
        following=rows[limit - 1].extension if len(rows) > limit else None,
    )


async def queues_of_seats(session: AsyncSession) -> list[str]:
    """Return the queues that seats belong to."""
    query = select(SeatRow.queue).distinct().order_by(SeatRow.queue)
    return list(await session.scalars(query))


async def change(
    uow: UnitOfWork, seat_id: SeatId, *, seen: Needs, skills: Needs
) -> Mapping[str, tuple[int, int]]:
    """Set a seat's skills; return what changed: skill to the level before and now, 0 for none.

    Raises:
        Conflict: if somebody else changed them since they were `seen`; nothing is changed then.
        Invalid: if a name is no skill, or a level is not 1 to 9.
    """
    for skill in skills:
        if not SKILL.fullmatch(skill):
            raise Invalid(skill, "is not a skill: kind.name, as business.gas")
    seat = await Seats(uow.session).get(seat_id, lock=True)
    before = dict(seat.skills)
    if before == dict(skills):
        return {}
    if before != dict(seen):
        raise Conflict(f"the skills of seat {seat.extension} were changed meanwhile")
    await set_skills(uow, seat_id, skills)
    names = before.keys() | skills.keys()
    found = {name: (before.get(name, 0), skills.get(name, 0)) for name in sorted(names)}
    return {name: levels for name, levels in found.items() if levels[0] != levels[1]}


def in_order(skills: Iterable[str]) -> tuple[str, ...]:
    """Return skills by kind, business first, and by name; those of other kinds last."""
    kinds = [kind.value for kind in SkillKind]

    def place(skill: str) -> tuple[int, str]:
        kind = skill.partition(".")[0]
        return (kinds.index(kind) if kind in kinds else len(kinds), skill)

    return tuple(sorted(set(skills), key=place))


async def _wanted(session: AsyncSession) -> set[str]:
    query = select(func.jsonb_object_keys(QueueEntryRow.needs)).where(
        QueueEntryRow.state == QueuedState.WAITING
    )
    return set(await session.scalars(query.distinct()))


def _line(row: SeatRow) -> SeatSkills:
    return SeatSkills(SeatId(row.id), row.extension, row.name, row.queue, dict(row.skills))
