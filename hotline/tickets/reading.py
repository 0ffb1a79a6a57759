"""What is read of tickets: by screens, by other packages, and by citizens with number and code."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Forbidden, NotFound, Unavailable
from hotline.kernel.ids import CallId, CitizenId, ContactId, TicketId
from hotline.kernel.privacy import mask_email, mask_phone
from hotline.tickets import wording
from hotline.tickets.categories import category_value
from hotline.tickets.model import TicketRow
from hotline.tickets.query_code import QueryCodeOptions, is_right, locked_until, query_code
from hotline.tickets.repository import Tickets
from hotline.tickets.states import TicketState
from hotline.tickets.views import (
    HistoryEntry,
    PublicTicket,
    TicketLine,
    TicketPage,
    TicketView,
)

NOT_OVER: Final = (TicketState.OPEN, TicketState.TRANSFERRED, TicketState.RESOLVED)


async def ticket_view(session: AsyncSession, ticket_id: TicketId) -> TicketView:
    """Return one ticket as a value.

    Raises:
        NotFound: if there is none.
    """
    return await _view(session, await Tickets(session).get(ticket_id))


async def ticket_by_number(session: AsyncSession, number: str) -> TicketView:
    """Return the ticket with a number.

    Raises:
        NotFound: if there is none.
    """
    row = await Tickets(session).find_by_number(number)
    if row is None:
        raise NotFound("ticket", number)
    return await _view(session, row)


async def ticket_of_contact(session: AsyncSession, contact_id: ContactId) -> TicketView | None:
    """Return the ticket that a contact led to, or None while there is none."""
    row = await Tickets(session).find_by_contact(contact_id)
    return await _view(session, row) if row else None


async def tickets_of_call(session: AsyncSession, call_id: CallId) -> Sequence[TicketLine]:
    """Return the tickets that came of a call, first to last: one for each matter told in it."""
    return (await tickets_of_calls(session, [call_id])).get(call_id, ())


async def tickets_of_calls(
    session: AsyncSession, call_ids: Iterable[UUID]
) -> Mapping[UUID, Sequence[TicketLine]]:
    """Return the tickets that came of each of these calls, first to last; no key for none."""
    return await Tickets(session).of_calls(call_ids)


async def history(session: AsyncSession, ticket_id: TicketId) -> Sequence[HistoryEntry]:
    """Return every move of a ticket, first to last."""
    return [
        HistoryEntry(
            position=row.position,
            trigger=row.trigger,
            state=row.state,
            round=row.round,
            actor=row.actor,
            detail=row.detail,
            at=row.at,
        )
        for row in await Tickets(session).history(ticket_id)
    ]


async def whole_address(
    session: AsyncSession, ticket_id: TicketId, *, in_confidence: bool
) -> str | None:
    """Return the whole number or address to answer to, for a person who must use it (R88).

    Raises:
        Forbidden: if the citizen is anonymous, or asked for confidence and the reader is not
            trusted so.
        NotFound: if there is no such ticket.
    """
    row = await Tickets(session).get(ticket_id)
    if row.anonymous or (row.confidential and not in_confidence):
        raise Forbidden("the citizen asked not to be known")
    return row.reply_to


async def open_tickets_of_citizen(
    session: AsyncSession, citizen_id: CitizenId, *, limit: int = 20
) -> Sequence[TicketLine]:
    """Return a citizen's tickets that are not over, newest first: what a seat sees on answering."""
    return await Tickets(session).of_citizen(citizen_id, states=NOT_OVER, limit=limit)


async def closed_tickets_of_citizen(
    session: AsyncSession, citizen_id: CitizenId, *, limit: int = 3
) -> Sequence[TicketLine]:
    """Return the latest of a citizen's tickets that were closed, newest first."""
    return await Tickets(session).of_citizen(citizen_id, states=(TicketState.CLOSED,), limit=limit)


async def work_list(
    session: AsyncSession, *, after: str | None = None, limit: int = 50
) -> TicketPage:
    """Return a page of tickets that a person must look at (OPEN), oldest first.

    Raises:
        Invalid: if `after` is not a cursor of ours.
    """
    return await Tickets(session).page(states=(TicketState.OPEN,), after=after, limit=limit)


async def query_code_of(
    session: AsyncSession, ticket_id: TicketId, options: QueryCodeOptions
) -> str:
    """Return the query code of a ticket: to show once, speak, or mail to its citizen."""
    row = await Tickets(session).get(ticket_id)
    return query_code(options, ticket_id, row.code_generation)


async def renew_query_code(uow: UnitOfWork, ticket_id: TicketId, options: QueryCodeOptions) -> str:
    """Replace a query code that has leaked; return the fresh one."""
    row = await Tickets(uow.session).get(ticket_id, lock=True)
    row.code_generation += 1
    row.code_failures, row.code_locked_until = 0, None
    return query_code(options, ticket_id, row.code_generation)


async def public_ticket(
    uow: UnitOfWork, *, number: str, code: str, options: QueryCodeOptions, now: datetime
) -> PublicTicket | None:
    """Return what a citizen sees with number and code, or None if they do not fit.

    A wrong code is counted in the same transaction, so commit it: five in a row lock the ticket's
    page for a quarter of an hour. An unknown number and a wrong code look the same.

    Raises:
        Unavailable: while the page is locked; `retry_after` says how long.
    """
    row = await Tickets(uow.session).find_by_number(number.strip(), lock=True)
    if row is None:
        return None
    if row.code_locked_until and now < row.code_locked_until:
        raise Unavailable("the status page of this ticket", row.code_locked_until - now)
    if not is_right(options, TicketId(row.id), row.code_generation, code):
        row.code_failures += 1
        row.code_locked_until = locked_until(row.code_failures, now)
        return None
    row.code_failures, row.code_locked_until = 0, None
    return await _public(uow.session, row)


async def public_ticket_by_id(session: AsyncSession, ticket_id: TicketId) -> PublicTicket:
    """Return what a citizen sees whose right is proven otherwise, by a signed link."""
    return await _public(session, await Tickets(session).get(ticket_id))


async def _public(session: AsyncSession, row: TicketRow) -> PublicTicket:
    category = await Tickets(session).category(row.category_id)
    ticket_id = TicketId(row.id)
    return PublicTicket(
        ticket_id=ticket_id,
        number=row.number,
        state=row.state,
        words=wording.state_words(row.state, row.outcome, row.close_reason),
        subject=row.subject,
        category_name=category.name_zh if category else "",
        category_kind=category.kind if category else None,
        opened_at=row.opened_at,
        due_at=row.due_at,
        outcome=row.outcome,
        result=row.result,
        round=row.round,
        steps=wording.timeline(await history(session, ticket_id)),
    )


async def _view(session: AsyncSession, row: TicketRow) -> TicketView:
    category = await Tickets(session).category(row.category_id)
    return TicketView(
        ticket_id=TicketId(row.id),
        number=row.number,
        state=row.state,
        round=row.round,
        channel=row.channel,
        contact_id=ContactId(row.contact_id) if row.contact_id else None,
        call_id=CallId(row.call_id) if row.call_id else None,
        citizen_id=CitizenId(row.citizen_id) if row.citizen_id else None,
        related_ticket_id=TicketId(row.related_ticket_id) if row.related_ticket_id else None,
        request_kind=row.request_kind,
        category=await category_value(session, category),
        condition=row.condition,
        urgency=row.urgency,
        subject=row.subject,
        body=row.body,
        address=row.address,
        longitude=row.longitude,
        latitude=row.latitude,
        reply_channel=row.reply_channel,
        reply_to_masked=masked_address(row.reply_to, anonymous=row.anonymous),
        anonymous=row.anonymous,
        confidential=row.confidential,
        opened_at=row.opened_at,
        transferred_at=row.transferred_at,
        resolved_at=row.resolved_at,
        closed_at=row.closed_at,
        due_at=row.due_at,
        deadline=row.deadline,
        outcome=row.outcome,
        result=row.result,
        close_reason=row.close_reason,
    )


def masked_address(address: str | None, *, anonymous: bool) -> str:
    """Return how an answer address is shown: masked, and not at all for the anonymous (R88)."""
    if not address:
        return ""
    if anonymous:
        return "匿名"
    return mask_email(address) if "@" in address else mask_phone(address)
