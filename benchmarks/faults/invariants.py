"""What must hold when the storm is over, whatever happened in it."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.faults.house import House
from benchmarks.faults.people import Ledger
from case_bridge.bridge.model import AlarmRow
from hotline.accounts import audit
from hotline.accounts.model import AuditRow
from hotline.callbacks.model import CallbackAttemptRow, CallbackRow
from hotline.callbacks.repository import ENDED
from hotline.callbacks.states import AttemptResult, CallbackState
from hotline.callbacks.steps import MAX_UNKNOWN, read_reference
from hotline.contacts.contact import Channel, MessageState
from hotline.contacts.messages import MAX_REPEATS
from hotline.contacts.model import ContactRow, MessageRow
from hotline.kernel.outbox import OutboxRow, OutboxState
from hotline.tickets.model import TicketHistoryRow, TicketRow
from hotline.tickets.states import TICKET, TicketState, TicketTrigger


async def find_problems(house: House, ledger: Ledger) -> list[str]:
    """Return every broken promise; empty means that all was kept."""
    async with house.database.read() as session:
        return [
            *await _contacts(session, ledger),
            *await _tickets(session),
            *await _callbacks(session, house),
            *await _messages(session, house),
            *await _outbox(session),
            *await _audit(session),
            *await _alarms(session),
        ]


async def _contacts(session: AsyncSession, ledger: Ledger) -> list[str]:
    """Every acknowledged contact has one row with its very bytes, and one ticket."""
    rows = (await session.scalars(select(ContactRow))).all()
    stored = {row.provider_id: row for row in rows}
    tickets = Counter((await session.scalars(select(TicketRow.contact_id))).all())
    problems = []
    for contact in ledger.sent:
        row = stored.get(contact.provider_id)
        if row is None:
            if contact.provider_id in ledger.acknowledged:
                problems.append(f"an acknowledged {contact.channel} contact is lost")
            continue
        if row.sha256 != hashlib.sha256(contact.raw).hexdigest():
            problems.append(f"a {contact.channel} contact is not what was sent")
        if tickets[row.id] != 1:
            problems.append(f"a {contact.channel} contact has {tickets[row.id]} tickets, not 1")
    return problems


async def _tickets(session: AsyncSession) -> list[str]:
    """Every ticket is archived, its history replays, and each of its rounds was called back."""
    problems = []
    histories = defaultdict(list)
    query = select(TicketHistoryRow).order_by(TicketHistoryRow.position)
    for entry in await session.scalars(query):
        histories[entry.ticket_id].append(entry)
    asked = Counter(
        (row.ticket_id, row.round) for row in await session.scalars(select(CallbackRow))
    )
    for ticket in await session.scalars(select(TicketRow)):
        history = histories[ticket.id]
        if ticket.state is not TicketState.CLOSED:
            problems.append(f"a ticket ends as {ticket.state}, not closed")
        if TICKET.replay(each.trigger for each in history if each.trigger) is not ticket.state:
            problems.append("the history of a ticket does not lead to its state")
        resolved = Counter(one.round for one in history if one.trigger is TicketTrigger.RESOLVE)
        for number, times in resolved.items():
            if times != 1:
                problems.append(f"a ticket was resolved {times} times in one round")
            if asked[ticket.id, number] != 1:
                problems.append(f"{asked[ticket.id, number]} callbacks for one complainant")
    return problems


async def _callbacks(session: AsyncSession, house: House) -> list[str]:
    """Everybody was asked once to the end; rung again only when nobody knew, never a third time."""
    attempts: dict[UUID, list[CallbackAttemptRow]] = defaultdict(list)
    query = select(CallbackAttemptRow).order_by(CallbackAttemptRow.number)
    for attempt in await session.scalars(query):
        attempts[attempt.callback_id].append(attempt)
    problems = list(_rung_twice(house))
    for row in await session.scalars(select(CallbackRow)):
        problems += _one_callback(row, attempts[row.id], house)
    return problems


def _rung_twice(house: House) -> Iterator[str]:
    rings = Counter(ring.reference for ring in house.telephones.rings)
    for times in rings.values():
        if times > 1:
            yield f"one attempt rang {times} times"


def _one_callback(
    row: CallbackRow, attempts: Sequence[CallbackAttemptRow], house: House
) -> Iterator[str]:
    if row.state not in ENDED:
        yield f"a callback ends as {row.state}"
    unknown = sum(
        one.result is AttemptResult.UNKNOWN for one in attempts if one.channel is Channel.VOICE
    )
    repeats = sum(one.is_repeat for one in attempts)
    if repeats > MAX_UNKNOWN:
        yield f"a callback was repeated {repeats} times"
    rings = [each for each in house.telephones.rings if _is_about(each.reference, row.id)]
    voice = sum(one.channel is Channel.VOICE for one in attempts)
    if len(rings) > voice or voice > row.ladder.count(Channel.VOICE.value) + MAX_UNKNOWN:
        yield f"{len(rings)} rings and {voice} attempts by telephone"
    heard_out = [each for each in house.telephones.heard_out if _is_about(each.reference, row.id)]
    if len(heard_out) > 1 + min(unknown, MAX_UNKNOWN):
        yield f"somebody was asked to the end {len(heard_out)} times, {unknown} unknown"
    if heard_out and row.state is not CallbackState.ANSWERED:
        yield f"somebody answered, and the callback ends as {row.state}"
    if row.state is CallbackState.ANSWERED and row.ended_at is not None:
        last = max((each.started_at for each in attempts), default=row.ended_at)
        if last > row.ended_at:
            yield "somebody who had answered was asked again"


def _is_about(reference: str, callback_id: UUID) -> bool:
    named = read_reference(reference)
    return named is not None and named[0] == callback_id


async def _messages(session: AsyncSession, house: House) -> list[str]:
    """Every letter left; twice only after an unknown fate, and then visibly."""
    problems = []
    ended = (MessageState.SENT, MessageState.FAILED, MessageState.LOST)
    for row in await session.scalars(select(MessageRow)):
        accepted = house.relay.accepted[row.key]
        if row.state not in ended:
            problems.append(f"a message ends as {row.state}")
        if accepted > 1 + min(row.repeats, MAX_REPEATS):
            problems.append(f"a message left {accepted} times with {row.repeats} repeats")
        if row.state is MessageState.SENT and not accepted:
            problems.append("a message is noted as sent, and never left")
    receipts = Counter(
        row.reference
        for row in await session.scalars(select(MessageRow))
        if row.key.startswith("receipt:")
    )
    tickets = await session.scalars(
        select(TicketRow.id).where(TicketRow.reply_channel == Channel.MAIL)
    )
    counts = [receipts[f"ticket:{ticket_id}"] for ticket_id in tickets]
    return problems + [f"{count} receipts for one ticket" for count in counts if count != 1]


async def _outbox(session: AsyncSession) -> list[str]:
    """Nothing is owed any more, and nothing was given up."""
    rows = await session.scalars(select(OutboxRow).where(OutboxRow.state != OutboxState.DONE))
    return [f"an outbox row is {row.state}: {row.job}, {row.error}" for row in rows]


async def _audit(session: AsyncSession) -> list[str]:
    """The chain is whole, and has one row for each transfer."""
    rows = (await session.scalars(select(AuditRow.seq))).all()
    transfers = await session.scalars(
        select(TicketHistoryRow.id).where(TicketHistoryRow.trigger == TicketTrigger.TRANSFER)
    )
    problems = [f"audit row {each.seq}: {each.what}" for each in await audit.verify(session)]
    if len(rows) != len(transfers.all()):
        problems.append("acts and audit rows do not agree")
    return problems


async def _alarms(session: AsyncSession) -> list[str]:
    """Tickets and cases never contradict each other."""
    return [f"alarm: {row.problem}" for row in await session.scalars(select(AlarmRow))]
