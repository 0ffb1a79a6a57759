"""The files of a ticket: those of every contact behind it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.contacts import service as contacts
from hotline.contacts.contact import Attachment
from hotline.contacts.service import AttachmentView
from hotline.kernel.errors import NotFound
from hotline.kernel.ids import ContactId, TicketId
from hotline.tickets.repository import Tickets


async def attachments_of_ticket(
    session: AsyncSession, ticket_id: TicketId, *, for_the_city: bool = False
) -> Sequence[AttachmentView]:
    """Return the files that came with a ticket, oldest first.

    With `for_the_city` without those of whoever asked to be kept confidential (R88): a photo
    may show who took it, and where they live.

    Raises:
        NotFound: if there is no such ticket.
    """
    tickets = Tickets(session)
    ticket = await tickets.get(ticket_id)
    people = await tickets.complainants(ticket_id)
    sources = [(ticket.contact_id, ticket.confidential)]
    sources += [(each.contact_id, each.confidential) for each in people]
    hidden = {contact_id for contact_id, is_confidential in sources if is_confidential}
    wanted = {contact_id for contact_id, _ in sources} - (hidden if for_the_city else set())
    known = [ContactId(contact_id) for contact_id in wanted if contact_id is not None]
    return await contacts.attachments_of(session, known) if known else []


async def read_attachment(
    session: AsyncSession, ticket_id: TicketId, attachment_id: UUID
) -> Attachment:
    """Return one file of a ticket with its content.

    Raises:
        NotFound: if the ticket has no such file.
    """
    known = await attachments_of_ticket(session, ticket_id)
    if attachment_id not in {each.attachment_id for each in known}:
        raise NotFound("attachment", attachment_id)
    return await contacts.read_attachment(session, attachment_id)
