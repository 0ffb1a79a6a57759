"""The files of a ticket: those of the contact behind it."""

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
    ticket = await Tickets(session).get(ticket_id)
    if ticket.contact_id is None or (for_the_city and ticket.confidential):
        return []
    return await contacts.attachments_of(session, [ContactId(ticket.contact_id)])


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
