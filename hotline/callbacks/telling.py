"""Telling a direct answer (直办) to whoever asked in writing."""

from datetime import datetime

from hotline.callbacks.letters import answer_letter
from hotline.callbacks.options import CallbackOptions
from hotline.callbacks.steps import mail_address
from hotline.contacts.contact import Channel
from hotline.contacts.messages import queue_message
from hotline.kernel.db import UnitOfWork
from hotline.kernel.ids import TicketId
from hotline.tickets.repository import Tickets
from hotline.tickets.ticket import Outcome


async def tell_answer(
    uow: UnitOfWork, ticket_id: TicketId, *, options: CallbackOptions, now: datetime
) -> None:
    """Owe every complainant who wants it in writing the answer of a ticket, once (R11).

    A caller has heard it already. Job: `tell_answer` {ticket_id}, from TicketAnswered.
    """
    tickets = Tickets(uow.session)
    ticket = await tickets.get(ticket_id)
    if ticket.outcome is not Outcome.ANSWERED:
        return
    for place, complainant in enumerate(await tickets.complainants(ticket_id)):
        channel = complainant.reply_channel
        if channel not in (Channel.MAIL, Channel.SMS) or channel not in options.channels:
            continue
        address = (
            await mail_address(uow, complainant)
            if channel is Channel.MAIL
            else complainant.reply_to
        )
        assert address is not None
        letter = answer_letter(
            channel=channel,
            to=address,
            number=ticket.number,
            subject=ticket.subject,
            answer=ticket.result,
            reference=f"ticket:{ticket_id}",
            key=f"answer:{ticket_id}:{ticket.round}:{place}",
        )
        await queue_message(uow, letter, now=now)
