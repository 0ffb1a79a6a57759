"""Attempts to reach a complainant: a call is ordered, or a letter queued, once."""

from datetime import datetime, timedelta

import structlog

from hotline.callbacks import letters
from hotline.callbacks.hours import WindowsOn, is_permitted, next_permitted
from hotline.callbacks.letters import Envelope
from hotline.callbacks.links import link_url
from hotline.callbacks.model import CallbackAttemptRow, CallbackRow
from hotline.callbacks.options import CallbackOptions
from hotline.callbacks.policy import CallbackPolicy, permitted_hours, ring_until
from hotline.callbacks.repository import Callbacks
from hotline.callbacks.states import CALLBACK, CallbackState, CallbackTrigger
from hotline.callbacks.steps import (
    DISTURBING,
    cancel,
    owe_attempt,
    owe_review,
    reference,
)
from hotline.contacts.calls.service import place_order
from hotline.contacts.contact import Channel
from hotline.contacts.messages import queue_message
from hotline.kernel.db import Database, UnitOfWork
from hotline.kernel.ids import CallbackId
from hotline.people.number import parse_number
from hotline.tickets.calendars import calendar_in_force
from hotline.tickets.model import TicketRow
from hotline.tickets.states import TicketState

log = structlog.get_logger()

SURVEY_FLOW = "survey"
LONGEST_CALL = timedelta(minutes=35)
"""Voice gives up an ordered call after half an hour; later than that nobody reports it any more."""
LEAST_ROOM = timedelta(minutes=2)
"""Before the end of permitted hours; an order placed later would hardly be dialled within them."""
LONGEST_DELIVERY = timedelta(days=2)
"""The outbox gives up a message after about a day of trying."""


async def attempt(
    database: Database,
    callback_id: CallbackId,
    *,
    attempt_no: int,
    options: CallbackOptions,
    now: datetime,
) -> None:
    """Make one attempt: order the call or queue the message, in one transaction.

    Nothing happens if this attempt was made before, or the callback is over; outside permitted
    hours the attempt is owed for the next permitted one. Job: `attempt_callback`
    {callback_id, attempt_no}.
    """
    async with database.begin() as uow:
        ticket, row = await Callbacks(uow.session).lock(callback_id)
        if not CALLBACK.allows(row.state, CallbackTrigger.ATTEMPT):
            return
        is_early = row.due_at is not None and now < row.due_at
        if row.attempts_made != attempt_no - 1 or is_early:
            return
        if ticket.state is not TicketState.RESOLVED or ticket.round != row.round:
            await cancel(uow, row, now=now)
            return
        policy = CallbackPolicy.from_payload(row.policy)
        channel = Channel(row.ladder[row.rung])
        hours = permitted_hours(policy, channel, await calendar_in_force(uow.session))
        at = _permitted_at(hours, channel, now)
        if at > now:
            owe_attempt(uow, row, at=at)
            return
        await _make_attempt(uow, ticket, row, channel, policy, hours, options=options, now=now)


def _permitted_at(hours: WindowsOn, channel: Channel, now: datetime) -> datetime:
    """Return when a citizen may be disturbed, now or later: a call with some room to ring in."""
    if channel not in DISTURBING:
        return now
    at = next_permitted(hours, now)
    room = LEAST_ROOM if channel is Channel.VOICE else timedelta(0)
    return at if is_permitted(hours, at + room) else next_permitted(hours, at + room)


async def _make_attempt(
    uow: UnitOfWork,
    ticket: TicketRow,
    row: CallbackRow,
    channel: Channel,
    policy: CallbackPolicy,
    hours: WindowsOn,
    *,
    options: CallbackOptions,
    now: datetime,
) -> None:
    is_repeat = row.state is CallbackState.UNKNOWN
    row.state = CALLBACK.next(row.state, CallbackTrigger.ATTEMPT)
    row.attempts_made += 1
    uow.session.add(
        CallbackAttemptRow(
            callback_id=row.id,
            number=row.attempts_made,
            channel=channel,
            is_repeat=is_repeat,
            started_at=now,
        )
    )
    if channel is Channel.VOICE:
        until = ring_until(policy, hours, now)
        await _order_call(uow, ticket, row, until, options=options, now=now)
        review_at = now + policy.ring_within + LONGEST_CALL
    else:
        await _queue_letter(uow, ticket, row, channel, options=options, now=now)
        review_at = now + LONGEST_DELIVERY
    owe_review(uow, row, at=review_at)
    log.info(
        "callback_attempted",
        callback_id=str(row.id),
        attempt=row.attempts_made,
        channel=channel,
        is_repeat=is_repeat,
    )


async def _order_call(
    uow: UnitOfWork,
    ticket: TicketRow,
    row: CallbackRow,
    expires_at: datetime,
    *,
    options: CallbackOptions,
    now: datetime,
) -> None:
    assert ticket.reply_to is not None
    assert ticket.outcome is not None
    number = parse_number(ticket.reply_to, home_area_code=options.home_area_code)
    assert number is not None
    await place_order(
        uow,
        key=reference(row),
        to=number.dialable,
        flow=SURVEY_FLOW,
        variables={"ticket_number": ticket.number, "outcome": ticket.outcome.value},
        reference=reference(row),
        expires_at=expires_at,
        now=now,
    )


async def _queue_letter(
    uow: UnitOfWork,
    ticket: TicketRow,
    row: CallbackRow,
    channel: Channel,
    *,
    options: CallbackOptions,
    now: datetime,
) -> None:
    assert ticket.reply_to is not None
    assert ticket.outcome is not None
    letter = letters.outcome_letter(
        Envelope(channel, ticket.reply_to, reference(row), key=reference(row)),
        options.about(ticket.number, ticket.subject),
        outcome=ticket.outcome,
        result=ticket.result,
        url=link_url(options.links, CallbackId(row.id), now=now),
        days=options.links.valid_for.days,
    )
    await queue_message(uow, letter, now=now)
