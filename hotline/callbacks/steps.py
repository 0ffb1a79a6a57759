"""What moves one callback along its ladder; the callers hold the lock on its ticket."""

from datetime import datetime
from uuid import UUID

from hotline.callbacks.events import CallbackNotReached
from hotline.callbacks.hours import next_permitted
from hotline.callbacks.model import CallbackRow
from hotline.callbacks.policy import CallbackPolicy, next_attempt_at, permitted_hours
from hotline.callbacks.repository import Callbacks
from hotline.callbacks.states import (
    CALLBACK,
    AttemptResult,
    CallbackState,
    CallbackTrigger,
    UntoldKind,
)
from hotline.callbacks.untold import note_untold
from hotline.contacts.calls.orders import withdraw_order
from hotline.contacts.contact import Channel
from hotline.contacts.messages import withdraw_message
from hotline.kernel.db import UnitOfWork
from hotline.kernel.ids import CallbackId, TicketId
from hotline.tickets.calendars import calendar_in_force
from hotline.tickets.model import TicketRow
from hotline.tickets.service import close_ticket
from hotline.tickets.states import TicketState
from hotline.tickets.ticket import CloseReason

MAX_UNKNOWN = 1
"""An attempt whose result nobody knows is repeated so often (design 3)."""

DISTURBING = frozenset({Channel.VOICE, Channel.SMS})
"""Channels that ring in somebody's pocket: in permitted hours only."""


HEARD = frozenset({AttemptResult.DELIVERED, AttemptResult.ANSWERED})
"""Results after which the complainant knows the outcome."""


async def after_unknown(
    uow: UnitOfWork, ticket: TicketRow, row: CallbackRow, policy: CallbackPolicy, *, now: datetime
) -> None:
    """Repeat the attempt once, visibly; a second unknown ends the calling."""
    row.unknown_results += 1
    if row.state is CallbackState.ATTEMPTING:
        row.state = CALLBACK.next(row.state, CallbackTrigger.LOSE)
    if row.unknown_results <= MAX_UNKNOWN:
        await owe_next(uow, row, policy, now=now)
        return
    written = [
        place
        for place, channel in enumerate(row.ladder)
        if place > row.rung and channel != Channel.VOICE
    ]
    to = written[0] if written else len(row.ladder)
    await climb(uow, ticket, row, policy, to=to, now=now)


async def climb(
    uow: UnitOfWork,
    ticket: TicketRow,
    row: CallbackRow,
    policy: CallbackPolicy,
    *,
    to: int,
    now: datetime,
) -> None:
    """Go to a rung of the ladder, or give up beyond its end."""
    if to >= len(row.ladder):
        await give_up(uow, ticket, row, now=now)
        return
    row.rung = to
    row.state = CALLBACK.next(row.state, CallbackTrigger.MISS)
    await owe_next(uow, row, policy, now=now)


async def owe_next(
    uow: UnitOfWork, row: CallbackRow, policy: CallbackPolicy, *, now: datetime
) -> None:
    """Owe the attempt of the present rung at the next time that suits it."""
    channel = Channel(row.ladder[row.rung])
    hours = permitted_hours(policy, channel, await calendar_in_force(uow.session))
    match channel:
        case Channel.VOICE:
            made = await Callbacks(uow.session).attempts(row.id)
            at = next_attempt_at(policy, hours, [one.started_at for one in made], now)
        case Channel.SMS:
            at = next_permitted(hours, now)
        case _:
            at = now
    owe_attempt(uow, row, at=at)


def owe_attempt(uow: UnitOfWork, row: CallbackRow, *, at: datetime) -> None:
    """Owe the next attempt for an instant."""
    number = row.attempts_made + 1
    row.due_at = at
    uow.enqueue(
        "attempt_callback",
        key=f"callback:{row.id}:{number}:{at.isoformat()}",
        payload={"callback_id": str(row.id), "attempt_no": number},
        due_at=at,
    )


def owe_review(uow: UnitOfWork, row: CallbackRow, *, at: datetime) -> None:
    """Owe a look at whether the present waiting has ended."""
    row.due_at = at
    uow.enqueue(
        "review_callback",
        key=f"callback:{row.id}:{row.attempts_made}:review:{at.isoformat()}",
        payload={"callback_id": str(row.id), "attempt_no": row.attempts_made},
        due_at=at,
    )


def await_answer(
    uow: UnitOfWork, row: CallbackRow, policy: CallbackPolicy, *, now: datetime
) -> None:
    """Note that the question has been delivered, and wait for the answer."""
    row.state = CALLBACK.next(row.state, CallbackTrigger.ASK)
    owe_review(uow, row, at=now + policy.answer_within)


async def give_up(uow: UnitOfWork, ticket: TicketRow, row: CallbackRow, *, now: datetime) -> None:
    """Say honestly that nobody was reached (R69); who never heard the outcome is left to a person.

    Whom a letter reached, or who took the call, knows it and has only not answered.
    """
    row.state = CALLBACK.next(row.state, CallbackTrigger.GIVE_UP)
    row.ended_at, row.due_at = now, None
    made = await Callbacks(uow.session).attempts(row.id)
    has_heard = any(one.result in HEARD for one in made)
    if ticket.reply_to is not None and not has_heard:
        await note_untold(
            uow,
            UntoldKind.OUTCOME,
            TicketId(row.ticket_id),
            key=f"callback:{row.id}",
            callback_id=CallbackId(row.id),
            now=now,
        )
    uow.record(
        CallbackNotReached(
            callback_id=CallbackId(row.id), ticket_id=TicketId(row.ticket_id), occurred_at=now
        )
    )
    await settle(uow, ticket, row, now=now)


async def withdraw_attempt(uow: UnitOfWork, row: CallbackRow, *, now: datetime) -> None:
    """Take back the present attempt: a call not dialled is not made, a letter does not leave."""
    await withdraw_order(uow, reference(row), now=now)
    await withdraw_message(uow, reference(row), now=now)


async def cancel(uow: UnitOfWork, row: CallbackRow, *, now: datetime) -> None:
    """End a callback whose ticket has gone back to work."""
    await withdraw_attempt(uow, row, now=now)
    row.state = CALLBACK.next(row.state, CallbackTrigger.CANCEL)
    row.ended_at, row.due_at = now, None


async def settle(uow: UnitOfWork, ticket: TicketRow, row: CallbackRow, *, now: datetime) -> bool:
    """Close the ticket once its complainant has answered or was not reached; say whether.

    Who was not reached can still answer.
    """
    if ticket.state is not TicketState.RESOLVED or ticket.round != row.round:
        return False
    is_confirmed = row.state is CallbackState.ANSWERED
    reason = CloseReason.CONFIRMED if is_confirmed else CloseReason.NOT_REACHED
    await close_ticket(uow, TicketId(ticket.id), reason=reason, now=now)
    return True


def reference(row: CallbackRow) -> str:
    """Return what names the present attempt: `callback:<id>:<attempt>`."""
    return f"callback:{row.id}:{row.attempts_made}"


def read_reference(text: str) -> tuple[CallbackId, int] | None:
    """Return callback and attempt that a reference names; None if it names something else."""
    kind, _, rest = text.partition(":")
    identifier, _, number = rest.partition(":")
    if kind != "callback" or not number.isdecimal():
        return None
    try:
        return CallbackId(UUID(identifier)), int(number)
    except ValueError:
        return None
