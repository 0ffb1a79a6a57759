"""How calls ended (话后小结): chosen by the seat after the talk, counted, and opened again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.contacts.calls.model import CallRow
from hotline.contacts.disposition import Disposition, missing
from hotline.contacts.model import CallDispositionRow
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Invalid
from hotline.kernel.ids import CallId, TicketId, UserId

NOTE_LIMIT: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapUp:
    """What the seat writes of a call that has ended."""

    disposition: Disposition
    note: str = ""
    ticket_id: TicketId | None = None
    """The ticket that the talk was about, opened in it or earlier."""


@dataclass(frozen=True, slots=True)
class WrapUpLine:
    """One call with what the seat wrote of it."""

    call_id: UUID
    disposition: Disposition
    note: str
    ticket_id: UUID | None
    user_id: UUID
    number: str | None
    line: str
    began_at: datetime
    written_at: datetime


async def write_wrap_up(
    uow: UnitOfWork, call_id: CallId, wrap_up: WrapUp, *, by: UserId, now: datetime
) -> None:
    """Keep how a call ended; written again, it is corrected.

    Raises:
        Invalid: if what the disposition demands is missing: a ticket, or a note.
    """
    note = wrap_up.note.strip()
    if len(note) > NOTE_LIMIT:
        raise Invalid("note", f"up to {NOTE_LIMIT} characters")
    gaps = missing(
        wrap_up.disposition, has_ticket=wrap_up.ticket_id is not None, has_note=bool(note)
    )
    if gaps:
        raise Invalid(gaps[0], f"is demanded by {wrap_up.disposition}")
    values = {
        "disposition": wrap_up.disposition,
        "note": note,
        "ticket_id": wrap_up.ticket_id,
        "user_id": by,
        "written_at": now,
    }
    await uow.session.execute(
        insert(CallDispositionRow)
        .values(call_id=call_id, **values)
        .on_conflict_do_update(index_elements=["call_id"], set_=values)
    )


async def wrap_up_of(session: AsyncSession, call_id: CallId) -> WrapUp | None:
    """Return what was written of a call, or None."""
    row = await session.get(CallDispositionRow, call_id)
    if row is None:
        return None
    ticket_id = TicketId(row.ticket_id) if row.ticket_id else None
    return WrapUp(disposition=row.disposition, note=row.note, ticket_id=ticket_id)


async def counts(
    session: AsyncSession, since: datetime, until: datetime
) -> Mapping[Disposition, int]:
    """Return how many calls that began in a span ended how; none for what did not occur."""
    found = await session.execute(
        select(CallDispositionRow.disposition, func.count().label("calls"))
        .join(CallRow, CallRow.id == CallDispositionRow.call_id)
        .where(CallRow.started_at >= since, CallRow.started_at < until)
        .group_by(CallDispositionRow.disposition)
    )
    return {Disposition(row.disposition): row.calls for row in found}


async def lines(
    session: AsyncSession,
    since: datetime,
    until: datetime,
    disposition: Disposition,
    *,
    limit: int,
) -> Sequence[WrapUpLine]:
    """Return the calls behind one of the counts, newest first."""
    found = await session.execute(
        select(CallDispositionRow, CallRow)
        .join(CallRow, CallRow.id == CallDispositionRow.call_id)
        .where(
            CallRow.started_at >= since,
            CallRow.started_at < until,
            CallDispositionRow.disposition == disposition,
        )
        .order_by(CallRow.started_at.desc(), CallRow.id)
        .limit(limit)
    )
    return [
        WrapUpLine(
            call_id=call.id,
            disposition=row.disposition,
            note=row.note,
            ticket_id=row.ticket_id,
            user_id=row.user_id,
            number=call.number,
            line=call.line,
            began_at=call.started_at,
            written_at=row.written_at,
        )
        for row, call in found
    ]
