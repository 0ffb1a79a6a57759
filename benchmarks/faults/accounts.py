"""The reckoning after the killing: the database against what citizens hold in their hands."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.faults.traffic import Ledger
from hotline.accounts import audit
from hotline.callbacks.model import CallbackAttemptRow, CallbackRow
from hotline.callbacks.repository import ENDED
from hotline.callbacks.states import AttemptResult, CallbackState
from hotline.contacts.calls.model import CallRow
from hotline.contacts.calls.states import CallDirection, CallState
from hotline.contacts.contact import Channel, ContactState
from hotline.contacts.model import ContactRow
from hotline.kernel.outbox import OutboxRow, OutboxState
from hotline.queues.returns.model import ReturnCallRow
from hotline.tickets.model import TicketHistoryRow, TicketRow
from hotline.tickets.states import TICKET, TicketState, TicketTrigger


async def unfinished(session: AsyncSession, now: datetime) -> Mapping[str, int]:
    """Return what is still on its way, by what it is; empty when all is quiet."""
    queries = {
        "outbox rows due": select(func.count()).where(
            OutboxRow.state == OutboxState.PENDING, OutboxRow.due_at <= now
        ),
        "callbacks": select(func.count()).where(CallbackRow.state.not_in(ENDED)),
        "calls": select(func.count()).where(CallRow.ended_at.is_(None)),
        "contacts not understood": select(func.count()).where(
            ContactRow.state == ContactState.STORED
        ),
        "tickets in work": select(func.count()).where(
            TicketRow.state.in_((TicketState.OPEN, TicketState.TRANSFERRED, TicketState.RESOLVED))
        ),
    }
    found = {name: await session.scalar(query) or 0 for name, query in queries.items()}
    return {name: count for name, count in found.items() if count}


async def find_problems(
    session: AsyncSession, ledger: Ledger, rings: Mapping[str, int]
) -> list[str]:
    """Return every broken promise; empty means that all was kept."""
    return [
        *await _contacts(session, ledger),
        *await _calls(session, ledger),
        *await _callbacks(session, rings),
        *await _machinery(session),
    ]


async def _contacts(session: AsyncSession, ledger: Ledger) -> list[str]:
    columns = select(ContactRow.id, ContactRow.channel, ContactRow.provider_id)
    rows = (await session.execute(columns)).all()
    numbers: dict[UUID | None, list[str]] = defaultdict(list)
    for contact_id, number in await session.execute(select(TicketRow.contact_id, TicketRow.number)):
        numbers[contact_id].append(number)
    forms, mails = defaultdict(list), defaultdict(list)
    for contact_id, channel, provider_id in rows:
        if channel is Channel.WEB:
            forms[provider_id.partition(".")[0]].append(contact_id)
        elif channel is Channel.MAIL:
            mails[provider_id.partition(" ")[0]].append(contact_id)
    problems: list[str] = []
    for nonce, receipt in ledger.forms.items():
        problems += _one_contact("form", forms[nonce], numbers, receipt)
    for message_id in ledger.mails:
        problems += _one_contact("mail", mails[message_id], numbers, "")
    return problems


def _one_contact(
    kind: str, contacts: Sequence[UUID], numbers: Mapping[UUID | None, Sequence[str]], receipt: str
) -> Iterator[str]:
    if len(contacts) != 1:
        yield f"an acknowledged {kind} is there {len(contacts)} times"
        return
    tickets = numbers[contacts[0]]
    if len(tickets) != 1:
        yield f"an acknowledged {kind} has {len(tickets)} tickets"
    elif receipt and tickets[0] != receipt:
        yield f"the receipt of a {kind} says {receipt}, the ticket {tickets[0]}"


async def _calls(session: AsyncSession, ledger: Ledger) -> list[str]:
    query = select(CallRow).where(CallRow.direction == CallDirection.INBOUND)
    rows = defaultdict(list)
    for row in await session.scalars(query):
        rows[row.number].append(row)
    problems = []
    for number in ledger.calls:
        found = rows[number]
        if len(found) != 1:
            problems.append(f"an answered call has {len(found)} rows")
        elif found[0].answered_at is None and found[0].state is not CallState.LOST:
            # Killed between the answer and its row, a call is lost; anything else was answered.
            problems.append(f"an answered call ends as {found[0].state}, never answered")
        elif found[0].ended_at is None or found[0].state not in (CallState.ENDED, CallState.LOST):
            problems.append(f"an answered call is left as {found[0].state}")
    return problems


async def _rung_back(session: AsyncSession, rings: Mapping[str, int]) -> list[str]:
    """Say who was rung without a callback, and without being owed a call that was cut off."""
    owed: Counter[str] = Counter()
    for row in await session.scalars(select(ReturnCallRow)):
        owed[row.number] += row.attempts
    return [
        f"somebody was rung {times} times, owed {owed[number]} return calls"
        for number, times in rings.items()
        if times > owed[number]
    ]


async def _callbacks(session: AsyncSession, rings: Mapping[str, int]) -> list[str]:
    attempts: dict[UUID, list[CallbackAttemptRow]] = defaultdict(list)
    query = select(CallbackAttemptRow).order_by(CallbackAttemptRow.number)
    for attempt in await session.scalars(query):
        attempts[attempt.callback_id].append(attempt)
    problems: list[str] = []
    asked: Counter[tuple[UUID, int]] = Counter()
    of_callback = (
        await session.execute(
            select(CallbackRow, TicketRow.reply_to).join(
                TicketRow, TicketRow.id == CallbackRow.ticket_id
            )
        )
    ).all()
    known = set()
    for row, number in of_callback:
        known.add(number)
        asked[row.ticket_id, row.round] += 1
        problems += _one_callback(row, attempts[row.id], rings.get(number or "", 0))
    problems += await _rung_back(
        session, {number: times for number, times in rings.items() if number not in known}
    )
    resolved = await session.execute(
        select(TicketHistoryRow.ticket_id, TicketHistoryRow.round).where(
            TicketHistoryRow.trigger == TicketTrigger.RESOLVE
        )
    )
    for ticket_id, round_ in resolved:
        if asked[ticket_id, round_] != 1:
            problems.append(f"a resolved ticket has {asked[ticket_id, round_]} callbacks")
    return problems


def _one_callback(
    row: CallbackRow, attempts: Sequence[CallbackAttemptRow], rings: int
) -> Iterator[str]:
    if row.state not in ENDED:
        yield f"a callback is left as {row.state}"
    if rings > len(attempts):
        yield f"a telephone was rung {rings} times in {len(attempts)} attempts"
    if sum(each.is_repeat for each in attempts) > 1:
        yield "a callback was repeated more than once"
    for before, after in pairwise(attempts):
        if before.result in (None, AttemptResult.DELIVERED):
            yield f"attempt {after.number} was made after one that ended as {before.result}"
        if after.is_repeat != (before.result is AttemptResult.UNKNOWN):
            yield f"attempt {after.number} after {before.result}: is_repeat {after.is_repeat}"
    answered_at = row.ended_at if row.state is CallbackState.ANSWERED else None
    if answered_at and any(each.started_at > answered_at for each in attempts):
        yield "somebody who had answered was rung again"


async def _machinery(session: AsyncSession) -> list[str]:
    dead = select(OutboxRow).where(OutboxRow.state == OutboxState.DEAD)
    problems = [f"dead: {row.job}, {row.error}" for row in await session.scalars(dead)]
    problems += [f"audit row {each.seq}: {each.what}" for each in await audit.verify(session)]
    histories = defaultdict(list)
    query = select(TicketHistoryRow).order_by(TicketHistoryRow.position)
    for entry in await session.scalars(query):
        histories[entry.ticket_id].append(entry.trigger)
    for ticket in await session.scalars(select(TicketRow)):
        moves = (trigger for trigger in histories[ticket.id] if trigger)
        if TICKET.replay(moves) is not ticket.state:
            problems.append("the history of a ticket does not lead to its state")
    return problems


async def figures(session: AsyncSession) -> Mapping[str, int]:
    """Return what there was to count."""
    queries = {
        "contacts": select(func.count()).select_from(ContactRow),
        "tickets": select(func.count()).select_from(TicketRow),
        "calls_in": select(func.count()).where(CallRow.direction == CallDirection.INBOUND),
        "calls_lost": select(func.count()).where(
            CallRow.direction == CallDirection.INBOUND, CallRow.state == CallState.LOST
        ),
        "callbacks": select(func.count()).select_from(CallbackRow),
        "callbacks_answered": select(func.count()).where(
            CallbackRow.state == CallbackState.ANSWERED
        ),
        "attempts": select(func.count()).select_from(CallbackAttemptRow),
        "attempts_unknown": select(func.count()).where(
            CallbackAttemptRow.result == AttemptResult.UNKNOWN
        ),
    }
    return {name: await session.scalar(query) or 0 for name, query in queries.items()}
