"""人工告知: what no call and no letter could tell a complainant is a person's task."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.callbacks.model import CallbackRow, UntoldRow
from hotline.callbacks.states import UntoldKind
from hotline.contacts.contact import Channel
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import NotFound
from hotline.kernel.ids import CallbackId, TicketId, new_id
from hotline.tickets.model import TicketRow
from hotline.tickets.reading import masked_address, whole_address
from hotline.tickets.repository import Tickets

log = structlog.get_logger()

_LETTERS: Final = {
    "receipt": UntoldKind.RECEIPT,
    "answer": UntoldKind.ANSWER,
    "cancellation": UntoldKind.CANCELLATION,
}
"""What a letter about a ticket was, by the beginning of its key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UntoldView:
    """One task: who is to be told what; the address is masked."""

    untold_id: UUID
    kind: UntoldKind
    ticket_id: TicketId
    ticket_number: str
    subject: str
    callback_id: CallbackId | None
    reply_channel: Channel
    address_masked: str
    noted_at: datetime


async def note_untold(
    uow: UnitOfWork,
    kind: UntoldKind,
    ticket_id: TicketId,
    *,
    key: str,
    callback_id: CallbackId | None = None,
    now: datetime,
) -> None:
    """Leave it to a person to tell a complainant; the same key is the same task."""
    statement = (
        insert(UntoldRow)
        .values(
            id=new_id(),
            key=key,
            kind=kind,
            ticket_id=ticket_id,
            callback_id=callback_id,
            noted_at=now,
        )
        .on_conflict_do_nothing(index_elements=["key"])
    )
    await uow.session.execute(statement)
    log.warning("complainant_untold", ticket_id=str(ticket_id), kind=kind)


async def note_failed_letter(uow: UnitOfWork, *, reference: str, key: str, now: datetime) -> None:
    """Leave it to a person when a letter about a ticket did not arrive.

    Of receipts only for whoever chose to be written to: the others have number and code from the
    page or the seat. Letters of callbacks have a ladder of their own. Job:
    `record_message_failed`, from MessageFailed.
    """
    about, _, identifier = reference.partition(":")
    kind = _LETTERS.get(key.partition(":")[0])
    if about != "ticket" or kind is None:
        return
    ticket = await Tickets(uow.session).get(TicketId(UUID(identifier)))
    if kind is UntoldKind.RECEIPT and ticket.reply_channel not in (Channel.MAIL, Channel.SMS):
        return
    await note_untold(uow, kind, TicketId(ticket.id), key=f"letter:{key}", now=now)


async def settle_of_callback(
    uow: UnitOfWork, callback_id: CallbackId, *, by: str, now: datetime
) -> None:
    """End the task of a callback that has been answered after all, or asks no more."""
    await uow.session.execute(
        update(UntoldRow)
        .where(UntoldRow.callback_id == callback_id, UntoldRow.settled_at.is_(None))
        .values(settled_at=now, settled_by=by)
    )


async def untold(session: AsyncSession, *, limit: int = 200) -> Sequence[UntoldView]:
    """Return the open tasks, the one that waits longest first."""
    found = await session.execute(
        select(UntoldRow, TicketRow)
        .join(TicketRow, TicketRow.id == UntoldRow.ticket_id)
        .where(UntoldRow.settled_at.is_(None))
        .order_by(UntoldRow.noted_at, UntoldRow.id)
        .limit(limit)
    )
    return [_view(row, ticket) for row, ticket in found]


async def whom_to_tell(
    session: AsyncSession, untold_id: UUID, *, in_confidence: bool
) -> tuple[TicketId, str]:
    """Return the ticket of a task, and the whole number or address of its complainant.

    Raises:
        Forbidden: if they are anonymous, or asked for confidence and the reader is not trusted so.
        NotFound: if there is no such task.
    """
    row = await session.get(UntoldRow, untold_id)
    if row is None:
        raise NotFound("untold", untold_id)
    ticket_id = TicketId(row.ticket_id)
    return ticket_id, await whole_address(session, ticket_id, in_confidence=in_confidence) or ""


async def lock_untold(uow: UnitOfWork, untold_id: UUID) -> UntoldRow:
    """Return a task, locked after the ticket and the callback that it is about.

    Raises:
        NotFound: if there is none.
    """
    session = uow.session
    row = await session.get(UntoldRow, untold_id)
    if row is None:
        raise NotFound("untold", untold_id)
    await Tickets(session).get(TicketId(row.ticket_id), lock=True)
    if row.callback_id is not None:
        await session.get(CallbackRow, row.callback_id, with_for_update=True)
    await session.refresh(row, with_for_update=True)
    return row


def _view(row: UntoldRow, ticket: TicketRow) -> UntoldView:
    return UntoldView(
        untold_id=row.id,
        kind=row.kind,
        ticket_id=TicketId(ticket.id),
        ticket_number=ticket.number,
        subject=ticket.subject,
        callback_id=CallbackId(row.callback_id) if row.callback_id else None,
        reply_channel=ticket.reply_channel,
        address_masked=masked_address(ticket.reply_to, anonymous=ticket.anonymous),
        noted_at=row.noted_at,
    )
