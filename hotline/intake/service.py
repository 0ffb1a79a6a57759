"""Contact to ticket in two transactions: kept raw first, understood second."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from hotline.contacts.contact import ContactState, InboundContact
from hotline.contacts.messages import record_return
from hotline.contacts.service import (
    claim_contact,
    mark_understood,
    pending_contacts,
    store_contact,
    take_up_automatic,
)
from hotline.intake.draft import draft_for_a_person, make_draft
from hotline.intake.request import Readers, Unreadable, read_contact
from hotline.kernel.db import Database, UnitOfWork
from hotline.kernel.errors import Unavailable
from hotline.kernel.ids import ContactId, TicketId
from hotline.people.citizen import PeopleOptions
from hotline.tickets.reading import ticket_of_contact
from hotline.tickets.service import open_ticket
from hotline.tickets.ticket import Actor

log = structlog.get_logger()

ACTOR = "system:intake"
BOUNCE = "bounce"
"""What is noted of an automatic mail that gives a letter back."""
REPAIR_AFTER = timedelta(seconds=30)
"""A contact that nobody has understood by then has lost its job; the sweeper owes it again."""


@dataclass(frozen=True, slots=True)
class IntakeOptions:
    """How each channel's contacts are read, and how citizens are recognised."""

    readers: Readers
    people: PeopleOptions


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a contact: always an id; a ticket, unless it waits for a second try."""

    contact_id: ContactId
    is_new: bool
    ticket_id: TicketId | None


async def store(database: Database, contact: InboundContact) -> tuple[ContactId, bool]:
    """Keep a contact raw in a transaction of its own; say "received" to the sender after this.

    Raises:
        Unavailable: if it could not be kept; the sender must try again.
    """
    async with database.begin() as uow:
        return await store_contact(uow, contact)


async def receive(
    database: Database, contact: InboundContact, *, options: IntakeOptions, now: datetime
) -> Received:
    """Keep a contact, then open its ticket at once, for channels that show the number on the spot.

    Should the second step fail, the contact is safe and its job or the sweeper opens the ticket.

    Raises:
        Unavailable: if the contact could not be kept; the sender must try again.
    """
    contact_id, is_new = await store(database, contact)
    try:
        ticket_id = await parse_contact(database, contact_id, options=options, now=now)
    except Unavailable:
        ticket_id = None
    return Received(contact_id, is_new, ticket_id)


async def parse_contact(
    database: Database, contact_id: ContactId, *, options: IntakeOptions, now: datetime
) -> TicketId | None:
    """Understand a stored contact and open exactly one ticket for it (R2, R12).

    A contact that cannot be read becomes a ticket for a person to look at. Returns the ticket, also
    when another run opened it; None for automatic mail, which is kept without one. Job:
    `parse_contact` {contact_id}, from ContactStored.
    """
    async with database.begin() as uow:
        contact = await claim_contact(uow, contact_id)
        if contact is None:
            known = await ticket_of_contact(uow.session, contact_id)
            return known.ticket_id if known else None
        try:
            request = read_contact(contact, options.readers)
        except Unreadable as error:
            log.warning("contact_unreadable", contact_id=str(contact_id), reason=error.reason)
            await mark_understood(
                uow, contact_id, ContactState.UNPARSABLE, error=error.reason, now=now
            )
            draft = draft_for_a_person(contact_id, contact, error.reason)
            return await open_ticket(uow, draft, now=now, actor=ACTOR)
        if request.is_automatic:
            await mark_understood(
                uow,
                contact_id,
                ContactState.AUTOMATIC,
                error=BOUNCE if request.returned else None,
                attachments=request.attachments,
                now=now,
            )
            if request.returned is not None:
                await record_return(uow, request.returned, now=now)
            return None
        await mark_understood(
            uow, contact_id, ContactState.PARSED, attachments=request.attachments, now=now
        )
        draft = await make_draft(uow, contact_id, contact, request, people=options.people, now=now)
        return await open_ticket(uow, draft, now=now, actor=ACTOR)


async def open_automatic(
    uow: UnitOfWork, contact_id: ContactId, *, options: IntakeOptions, actor: Actor, now: datetime
) -> TicketId:
    """Open the one ticket of a mail that was taken for automatic, but is a person's (R2, R12).

    Raises:
        NotFound: if there is no such contact.
        Conflict: if it was not taken for automatic.
    """
    contact = await take_up_automatic(uow, contact_id)
    request = read_contact(contact, options.readers)
    draft = await make_draft(uow, contact_id, contact, request, people=options.people, now=now)
    return await open_ticket(uow, draft, now=now, actor=actor)


async def parse_pending(database: Database, *, now: datetime) -> int:
    """Owe the parsing of contacts whose job was lost; return how many. For the sweeper.

    At most one repair an hour for each, so that a contact which no code understands is a dead
    letter that a person sees, and not a loop.
    """
    async with database.begin() as uow:
        waiting = await pending_contacts(uow.session, before=now - REPAIR_AFTER)
        for contact_id in waiting:
            uow.enqueue(
                "parse_contact",
                key=f"parse_contact:repair:{contact_id}:{now:%Y%m%d%H}",
                payload={"contact_id": str(contact_id)},
                due_at=now,
            )
    return len(waiting)
