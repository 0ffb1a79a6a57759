"""Negative ratings and what was done about them (GB/T 39734; R80)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.accounts import audit
from hotline.accounts.service import User
from hotline.callbacks.repository import Callbacks
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Invalid
from hotline.kernel.ids import CallbackId, TicketId

LONGEST = 1000
"""Characters of what was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NegativeRating:
    """A rating that asks for a correction; names nobody."""

    callback_id: CallbackId
    ticket_id: TicketId
    ticket_number: str
    satisfaction: int
    correct_by: datetime
    is_late: bool


async def ratings_to_correct(
    session: AsyncSession, *, now: datetime, limit: int = 100
) -> list[NegativeRating]:
    """Return the negative ratings that nothing was done about, the one due soonest first."""
    return [
        NegativeRating(
            callback_id=CallbackId(row.id),
            ticket_id=TicketId(row.ticket_id),
            ticket_number=number,
            satisfaction=row.satisfaction,
            correct_by=row.correct_by,
            is_late=row.correct_by < now,
        )
        for row, number in await Callbacks(session).to_correct(limit=limit)
        if row.satisfaction is not None and row.correct_by is not None
    ]


async def correct_rating(
    uow: UnitOfWork, callback_id: CallbackId, *, text: str, actor: User, now: datetime
) -> None:
    """Say what was done about a negative rating, once.

    Raises:
        NotFound: if there is no such callback.
        Conflict: if it was not negative, or was dealt with before.
        Invalid: if it says nothing, or far too much.
    """
    text = text.strip()
    if not 0 < len(text) <= LONGEST:
        raise Invalid("text", f"say what was done, in up to {LONGEST} characters")
    row = await Callbacks(uow.session).get(callback_id, lock=True)
    if row.correct_by is None or row.corrected_at is not None:
        raise Conflict("there is no rating to correct, or it is corrected already")
    row.corrected_at, row.corrected_by, row.correction = now, actor.display_name, text
    await audit.append(
        uow,
        actor=actor.login,
        action="callback.correct",
        target=f"callback:{callback_id}",
        detail={"in_time": now <= row.correct_by},
        now=now,
    )
