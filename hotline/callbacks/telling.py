"""Telling how a ticket ended without a case: a direct answer (直办), or that it is void (作废)."""

from datetime import datetime, timedelta
from typing import Final

from hotline.callbacks.hours import every_day, next_permitted
from hotline.callbacks.letters import Envelope, answer_letter, cancellation_letter
from hotline.callbacks.options import CallbackOptions
from hotline.callbacks.states import UntoldKind
from hotline.callbacks.untold import note_untold
from hotline.contacts.calls.service import get_call
from hotline.contacts.contact import Channel
from hotline.contacts.messages import queue_message
from hotline.kernel.db import UnitOfWork
from hotline.kernel.ids import CallId, TicketId
from hotline.people.number import NumberKind, parse_number
from hotline.tickets.model import TicketRow
from hotline.tickets.repository import Tickets
from hotline.tickets.states import TicketState, TicketTrigger
from hotline.tickets.ticket import Outcome

AFTER_TALK: Final = timedelta(minutes=15)
"""What is written within the work after a talk was said in the talk."""


async def tell_answer(
    uow: UnitOfWork, ticket_id: TicketId, *, options: CallbackOptions, now: datetime
) -> None:
    """Owe the complainant of a ticket its direct answer, once (R11).

    Who was on the telephone when it was written has heard it. Everybody else gets it in writing;
    whom no letter can reach is left to a person. Job: `tell_answer` {ticket_id}, from
    TicketAnswered.
    """
    ticket = await Tickets(uow.session).get(ticket_id)
    if ticket.outcome is Outcome.ANSWERED:
        await _tell(uow, ticket, UntoldKind.ANSWER, ticket.result, options=options, now=now)


async def tell_cancellation(
    uow: UnitOfWork, ticket_id: TicketId, *, options: CallbackOptions, now: datetime
) -> None:
    """Owe the complainant of a void ticket that it is void, and why, once; as `tell_answer`.

    Job: `tell_cancellation` {ticket_id}, from TicketCancelled.
    """
    tickets = Tickets(uow.session)
    ticket = await tickets.get(ticket_id)
    if ticket.state is not TicketState.CANCELLED:
        return
    reasons = [
        str(entry.detail["reason"])
        for entry in await tickets.history(ticket_id)
        if entry.trigger is TicketTrigger.CANCEL
    ]
    await _tell(uow, ticket, UntoldKind.CANCELLATION, reasons[-1], options=options, now=now)


async def _tell(
    uow: UnitOfWork,
    ticket: TicketRow,
    kind: UntoldKind,
    words: str,
    *,
    options: CallbackOptions,
    now: datetime,
) -> None:
    is_told = ticket.reply_channel is Channel.VOICE and await _has_heard(uow, ticket)
    if is_told or ticket.reply_to is None:
        return
    ticket_id = TicketId(ticket.id)
    key = f"{kind}:{ticket_id}:{ticket.round}"
    channel = _channel(ticket)
    if channel is None or channel not in options.channels:
        await note_untold(uow, kind, ticket_id, key=key, now=now)
        return
    hours = every_day(options.policy.windows)
    due_at = next_permitted(hours, now) if channel is Channel.SMS else now
    envelope = Envelope(channel, ticket.reply_to, f"ticket:{ticket_id}", key)
    write = answer_letter if kind is UntoldKind.ANSWER else cancellation_letter
    letter = write(envelope, options.about(ticket.number, ticket.subject), words=words)
    await queue_message(uow, letter, due_at=due_at, now=now)


async def _has_heard(uow: UnitOfWork, ticket: TicketRow) -> bool:
    """Say whether the caller was talking with a seat when the ticket ended."""
    if ticket.call_id is None or ticket.closed_at is None:
        return False
    call = await get_call(uow.session, CallId(ticket.call_id))
    if call.connected_at is None:
        return False
    return call.ended_at is None or ticket.closed_at <= call.ended_at + AFTER_TALK


def _channel(ticket: TicketRow) -> Channel | None:
    """Return how to write to a complainant: to the address they named, or None."""
    if ticket.reply_channel is Channel.MAIL:
        return Channel.MAIL
    number = parse_number(ticket.reply_to or "")
    return Channel.SMS if number is not None and number.kind is NumberKind.MOBILE else None
