"""Protection of seats after an abusive call (辱骂骚扰): a flag, and a rest that counts as none.

The flag says what a seat experienced; it blocks nobody. The next seat that the number reaches is
told, and a supervisor sees the flag beside the recording.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.contacts.calls import service as calls
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict
from hotline.kernel.ids import CallId, SeatId
from hotline.queues import service as queues
from hotline.queues.model import AbuseFlagRow

PROTECTION = "protection"
"""The break reason of a rest after an abusive call; figures of breaks leave it out."""

REST_OFFERED = timedelta(minutes=30)
"""For so long after a flagged call the seat may take its rest."""

FLAG_COUNTS = timedelta(days=365)
"""After that an old flag is not shown to seats any more."""


async def flag(
    uow: UnitOfWork, call_id: CallId, *, seat_id: SeatId, reason: str, now: datetime
) -> None:
    """Keep that the caller of this call was abusive; the first reason stays."""
    call = await calls.get_call(uow.session, call_id)
    statement = insert(AbuseFlagRow).values(
        call_id=call_id,
        seat_id=seat_id,
        number_hash=call.number_hash,
        reason=reason,
        flagged_at=now,
    )
    await uow.session.execute(statement.on_conflict_do_nothing(index_elements=["call_id"]))
    await calls.note_event(uow, call_id, "abuse_flagged", now=now)
    uow.signal("seat", seat_id=seat_id)


async def flags_of_number(session: AsyncSession, number_hash: str | None, now: datetime) -> int:
    """Return how many calls of this number were flagged within the last year."""
    if number_hash is None:
        return 0
    query = select(func.count()).where(
        AbuseFlagRow.number_hash == number_hash, AbuseFlagRow.flagged_at > now - FLAG_COUNTS
    )
    return await session.scalar(query) or 0


async def may_rest(session: AsyncSession, seat_id: SeatId, now: datetime) -> bool:
    """Say whether a rest is due to the seat: it has flagged a call lately, and not rested."""
    return await session.scalar(_rests_due(seat_id, now)) is not None


async def rest(uow: UnitOfWork, seat_id: SeatId, now: datetime) -> None:
    """Take the rest after an abusive call, once for each call.

    Raises:
        Conflict: if no rest is due.
        IllegalTransition: while the seat talks.
    """
    due = await uow.session.scalar(_rests_due(seat_id, now).with_for_update())
    if due is None:
        raise Conflict("no call was flagged within the last half hour, or the rest was taken")
    due.rested_at = now
    await queues.take_break(uow, seat_id, PROTECTION, now)


def _rests_due(seat_id: SeatId, now: datetime) -> Select[AbuseFlagRow]:
    return (
        select(AbuseFlagRow)
        .where(
            AbuseFlagRow.seat_id == seat_id,
            AbuseFlagRow.flagged_at > now - REST_OFFERED,
            AbuseFlagRow.rested_at.is_(None),
        )
        .order_by(AbuseFlagRow.flagged_at)
        .limit(1)
    )


async def is_flagged(session: AsyncSession, call_id: UUID) -> bool:
    """Say whether this call was flagged."""
    return await session.get(AbuseFlagRow, call_id) is not None
