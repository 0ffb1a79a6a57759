"""Messages to citizens: queued with their cause, sent once, repeated at most once when in doubt."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.contacts.contact import (
    SECRET_MARK,
    SEND_LIMIT,
    Channel,
    DeliveryUnknown,
    MessageState,
    Outbound,
    OutboundMessage,
    ReturnedLetter,
    Undeliverable,
    trace_of,
)
from hotline.contacts.events import MessageFailed, MessageSent
from hotline.contacts.model import MessageRow
from hotline.contacts.repository import Messages
from hotline.contacts.states import MESSAGE, MessageTrigger
from hotline.kernel.db import Database, UnitOfWork
from hotline.kernel.errors import Unavailable
from hotline.kernel.privacy import mask_email, mask_phone

log = structlog.get_logger()

REPEAT_AFTER = timedelta(minutes=2)
MAX_REPEATS = 1


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message for screens: the address masked, the body left out, which may hold a way in."""

    message_id: UUID
    channel: Channel
    address_masked: str
    subject: str
    state: MessageState
    repeats: int
    error: str | None
    created_at: datetime
    ended_at: datetime | None


async def queue_message(
    uow: UnitOfWork, message: OutboundMessage, *, due_at: datetime | None = None, now: datetime
) -> UUID:
    """Owe a message, for now or an instant; the same key is the same message.

    Job: `send_message` {message_id}.
    """
    messages = Messages(uow.session)
    row = MessageRow(
        key=message.key,
        trace=trace_of(message.key),
        reference=message.reference,
        channel=message.channel,
        address=message.to,
        subject=message.subject,
        body=message.body,
        headers=dict(message.headers),
        secret=message.secret,
        state=MESSAGE.initial,
        created_at=now,
    )
    message_id = await messages.insert(row)
    if message_id is None:
        return (await messages.find(message.key)).id
    uow.enqueue(
        "send_message",
        key=f"message:{message_id}",
        payload={"message_id": str(message_id)},
        due_at=due_at or now,
    )
    return message_id


async def send_message(
    database: Database, outbound: Outbound, message_id: UUID, *, now: datetime
) -> None:
    """Send a queued message once; a message that has ended is left alone.

    It is marked as being sent before the act. A run that finds the mark of a dead one does not
    know whether the message left: it is repeated, but only once.

    Raises:
        Unavailable: if the other side certainly has not taken it; call again later.
    """
    async with database.begin() as uow:
        claim = await _claim(uow, message_id, now=now)
    if claim is None:
        return
    try:
        async with asyncio.timeout(SEND_LIMIT.total_seconds()):
            await outbound.send(claim.message, now=now)
    except Unavailable:
        async with database.begin() as uow:
            await _postpone(uow, claim)
        raise
    except Undeliverable as error:
        async with database.begin() as uow:
            await _refuse(uow, claim, code=error.code, now=now)
    except (DeliveryUnknown, TimeoutError):
        async with database.begin() as uow:
            await _lose(uow, claim, now=now)
    else:
        async with database.begin() as uow:
            await _confirm(uow, claim, now=now)


async def record_return(uow: UnitOfWork, letter: ReturnedLetter, *, now: datetime) -> bool:
    """Note that a message came back after it had left; False if that is none of ours.

    A bounce counts only with the trace of a message that was sent to the address it complains
    of: anybody can write a mail that looks like one. The report of a gateway is signed.
    """
    row = await Messages(uow.session).find_traced(letter.trace)
    is_ours = row is not None and (
        letter.addresses is None or row.address.lower() in letter.addresses
    )
    if row is None or not is_ours:
        log.warning("bounce_of_no_message_of_ours")
        return False
    if not MESSAGE.allows(row.state, MessageTrigger.BOUNCE):
        return False
    row.state = MESSAGE.next(row.state, MessageTrigger.BOUNCE)
    row.error = letter.code or "bounced"
    _end(row, now=now)
    uow.record(MessageFailed(reference=row.reference, key=row.key, occurred_at=now))
    log.warning("message_returned", message_id=str(row.id), code=letter.code)
    return True


async def withdraw_message(uow: UnitOfWork, key: str, *, now: datetime) -> None:
    """Take back a message that has not left, because it is not true or not needed any more."""
    row = await Messages(uow.session).find_traced(trace_of(key))
    if row is None or not MESSAGE.allows(row.state, MessageTrigger.WITHDRAW):
        return
    row.state = MESSAGE.next(row.state, MessageTrigger.WITHDRAW)
    _end(row, now=now)


async def recover_messages(database: Database, *, now: datetime) -> int:
    """Settle messages whose sender died in the act; return how many. For the sweeper."""
    async with database.read() as session:
        stuck = await Messages(session).stuck(before=now - 2 * SEND_LIMIT, limit=100)
    for message_id in stuck:
        async with database.begin() as uow:
            row = await Messages(uow.session).get(message_id, lock=True)
            if _is_abandoned(row, now):
                _mark_lost(uow, row, now=now)
    return len(stuck)


async def count_messages_to(session: AsyncSession, address: str, *, since: datetime) -> int:
    """Return how many messages to an address were queued since an instant."""
    return await Messages(session).count_to(address, since=since)


async def messages_about(
    session: AsyncSession, references: Collection[str]
) -> Sequence[MessageView]:
    """Return the messages about a ticket or attempts of callbacks, oldest first."""
    return [_view(row) for row in await Messages(session).about(references)]


@dataclass(frozen=True, slots=True)
class _Claim:
    """One attempt at a message; its result counts until another attempt has begun."""

    message_id: UUID
    attempt: int
    message: OutboundMessage


async def _claim(uow: UnitOfWork, message_id: UUID, *, now: datetime) -> _Claim | None:
    row = await Messages(uow.session).get(message_id, lock=True)
    if row.state is MessageState.SENDING:
        if not _is_abandoned(row, now):
            raise Unavailable("a message that another worker is sending", SEND_LIMIT)
        _mark_lost(uow, row, now=now)
    is_repeat = row.state is MessageState.UNKNOWN
    if not MESSAGE.allows(row.state, MessageTrigger.SEND) or row.repeats > MAX_REPEATS:
        return None
    row.state = MESSAGE.next(row.state, MessageTrigger.SEND)
    row.attempts += 1
    row.repeats += int(is_repeat)
    row.sending_since = now
    message = OutboundMessage(
        channel=row.channel,
        to=row.address,
        subject=row.subject,
        body=row.body.replace(SECRET_MARK, row.secret or ""),
        reference=row.reference,
        key=row.key,
        headers=row.headers,
    )
    return _Claim(message_id, row.attempts, message)


async def _held(uow: UnitOfWork, claim: _Claim, trigger: MessageTrigger) -> MessageRow | None:
    """Return the message, locked; None if it has gone on without this attempt's result."""
    row = await Messages(uow.session).get(claim.message_id, lock=True)
    if row.attempts == claim.attempt and MESSAGE.allows(row.state, trigger):
        return row
    # A worker that stood still longer than its lease: others have settled what it left behind.
    log.warning("message_result_too_late", message_id=str(claim.message_id), result=trigger)
    return None


def _is_abandoned(row: MessageRow, now: datetime) -> bool:
    if row.state is not MessageState.SENDING or row.sending_since is None:
        return False
    return now - row.sending_since >= 2 * SEND_LIMIT


async def _confirm(uow: UnitOfWork, claim: _Claim, *, now: datetime) -> None:
    row = await _held(uow, claim, MessageTrigger.CONFIRM)
    if row is None:
        return
    row.state = MESSAGE.next(row.state, MessageTrigger.CONFIRM)
    _end(row, now=now)
    uow.record(MessageSent(reference=row.reference, key=row.key, occurred_at=now))


async def _postpone(uow: UnitOfWork, claim: _Claim) -> None:
    row = await _held(uow, claim, MessageTrigger.POSTPONE)
    if row is not None:
        row.state = MESSAGE.next(row.state, MessageTrigger.POSTPONE)


async def _refuse(uow: UnitOfWork, claim: _Claim, *, code: str, now: datetime) -> None:
    row = await _held(uow, claim, MessageTrigger.REFUSE)
    if row is None:
        return
    row.state = MESSAGE.next(row.state, MessageTrigger.REFUSE)
    row.error = code
    _end(row, now=now)
    uow.record(MessageFailed(reference=row.reference, key=row.key, occurred_at=now))
    log.warning("message_refused", message_id=str(row.id), channel=row.channel, code=code)


async def _lose(uow: UnitOfWork, claim: _Claim, *, now: datetime) -> None:
    row = await _held(uow, claim, MessageTrigger.LOSE)
    if row is not None:
        _mark_lost(uow, row, now=now)


def _mark_lost(uow: UnitOfWork, row: MessageRow, *, now: datetime) -> None:
    """Note that nobody knows whether the message left; owe its one repeat, or give up."""
    row.state = MESSAGE.next(row.state, MessageTrigger.LOSE)
    log.warning("message_fate_unknown", message_id=str(row.id), channel=row.channel)
    if row.repeats < MAX_REPEATS:
        uow.enqueue(
            "send_message",
            key=f"message:{row.id}:repeat",
            payload={"message_id": str(row.id)},
            due_at=now + REPEAT_AFTER,
        )
        return
    row.state = MESSAGE.next(row.state, MessageTrigger.GIVE_UP)
    row.error = "unknown"
    _end(row, now=now)
    uow.record(MessageFailed(reference=row.reference, key=row.key, occurred_at=now))


def _end(row: MessageRow, *, now: datetime) -> None:
    row.ended_at = now
    row.secret = None


def _view(row: MessageRow) -> MessageView:
    address = row.address
    return MessageView(
        message_id=row.id,
        channel=row.channel,
        address_masked=mask_email(address) if "@" in address else mask_phone(address),
        subject=row.subject,
        state=row.state,
        repeats=row.repeats,
        error=row.error,
        created_at=row.created_at,
        ended_at=row.ended_at,
    )
