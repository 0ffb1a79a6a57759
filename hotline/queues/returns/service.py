"""Return calls: owed when a caller is lost, dialled when their place comes, tried a few times."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.contacts.announcements.service import was_answer
from hotline.contacts.calls import service as calls
from hotline.contacts.calls.states import CallResult
from hotline.kernel.db import UnitOfWork
from hotline.kernel.ids import CallId, new_id
from hotline.queues.control.states import DIRECT
from hotline.queues.model import QueueEntryRow
from hotline.queues.pool import Pool, fitting
from hotline.queues.returns.model import ReturnCallRow
from hotline.queues.returns.policy import (
    DEFAULT_RETURNS,
    ReturnPolicy,
    after_attempt,
    is_expired,
    is_owed,
    may_ring,
    place_of,
    room,
)
from hotline.queues.returns.repository import ReturnCalls
from hotline.queues.returns.states import RETURN, ReturnReason, ReturnState, ReturnTrigger
from hotline.queues.routing import Needs, QueueRules, Waiting
from hotline.queues.seat_repository import Seats
from hotline.queues.values import QueuePolicy

PLAIN_POLICY = QueuePolicy()

FLOW = "return_call"
"""The flow that a rung citizen walks: greeting, notice, queue."""

TELL_JOB = "tell_not_reached"
"""{return_id}: a message says that we rang in vain."""

MESSAGE_REFERENCE = "return_message"
"""What such a message refers to: `return_message:<return_id>`."""

ORDER_LIMIT = timedelta(minutes=2)
"""An order that no voice process took by then is over; the ladder goes on."""

MAX_ROUND = 50
"""So many are dialled for one queue in one round at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnCall:
    """A call that we owe, or owed."""

    return_id: UUID
    call_id: CallId
    queue: str
    number: str
    reason: ReturnReason
    state: ReturnState
    place: datetime
    made_at: datetime
    due_at: datetime
    attempts: int
    ended_at: datetime | None
    why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPlace:
    """Where a return call goes on to wait."""

    queue: str
    place: datetime
    needs: Needs
    """Skills that the citizen asked for, such as a language."""


@dataclass(frozen=True, slots=True)
class RingAt:
    """A number that is to be rung, and the blind index under which its owner is known."""

    number: str
    number_hash: str | None


async def owe(
    uow: UnitOfWork,
    entry: QueueEntryRow,
    reason: ReturnReason,
    *,
    now: datetime,
    at: RingAt | None = None,
    policy: ReturnPolicy = DEFAULT_RETURNS,
) -> bool:
    """Owe the caller of an ended wait a call, if the caller can be and is to be rung.

    `at` the number that a caller gave who withholds the one of the call. False if not, or if the
    number is owed a call already: then the earlier place counts.
    """
    if entry.queue == DIRECT:
        # A seat was being rung for somebody else's talk; that talk says what is owed.
        return False
    call = await calls.get_call(uow.session, CallId(entry.call_id))
    if at is None and call.number is not None:
        at = RingAt(call.number, call.number_hash)
    if at is None or not is_owed(call, reason, now - entry.enqueued_at, policy):
        return False
    if reason is ReturnReason.MISSED and await was_answer(uow.session, entry.call_id, now):
        # What was announced was what the caller had called for.
        return False
    row = ReturnCallRow(
        id=new_id(),
        entry_id=entry.id,
        call_id=entry.call_id,
        queue=entry.queue,
        number=at.number,
        number_hash=at.number_hash,
        reason=reason,
        rank_at=place_of(reason, entry.rank_at),
        made_at=now,
    )
    if not await ReturnCalls(uow.session).add(row):
        return False
    await calls.note_event(uow, CallId(entry.call_id), "return_owed", now=now, reason=reason.value)
    uow.signal("queue", queue=entry.queue)
    return True


async def dial_due(
    uow: UnitOfWork,
    now: datetime,
    policy: ReturnPolicy = DEFAULT_RETURNS,
    queue_policy: QueuePolicy = PLAIN_POLICY,
) -> int:
    """Order the calls whose place has come; end those for which it is too late. Returns how many.

    An order has a key of its own for each attempt: whoever runs this twice dials once.
    """
    moved = 0
    for queue in await ReturnCalls(uow.session).queues_with_due(now):
        moved += await _dial_queue(uow, queue, queue_policy.rules_of(queue), now, policy)
    return moved


async def _dial_queue(
    uow: UnitOfWork, queue: str, rules: QueueRules, now: datetime, policy: ReturnPolicy
) -> int:
    helping = rules.all_queues(queue)
    returns = ReturnCalls(uow.session)
    is_staffed = await Seats(uow.session).anybody(helping)
    free = await Pool(uow.session, now).kinds(helping)
    dialling = await returns.dialling(queue, now)
    moved = 0
    for row in await returns.due(queue, now, MAX_ROUND):
        if is_expired(row.made_at, now, policy):
            _end(uow, row, ReturnTrigger.GIVE_UP, "expired", now)
            moved += 1
        elif is_staffed and may_ring(row.made_at, now, policy):
            ahead = await returns.callers_before(queue, row.rank_at)
            entry = await uow.session.get_one(QueueEntryRow, row.entry_id)
            waits = Waiting(entry.id, row.made_at, row.rank_at, entry.needs)
            fit = fitting(free, helping, rules.needs_of(waits, now))
            if room(fit, ahead, dialling) <= 0:
                # For whom comes later another seat may fit.
                continue
            # Orders of one round are taken in the order of the places.
            await _dial(uow, row, now + moved * timedelta(microseconds=1))
            dialling += 1
            moved += 1
    return moved


async def _dial(uow: UnitOfWork, row: ReturnCallRow, now: datetime) -> None:
    row.state = RETURN.next(row.state, ReturnTrigger.DIAL)
    row.attempts += 1
    row.dialled_at = now
    reference = f"return:{row.id}:{row.attempts}"
    await calls.place_order(
        uow,
        key=reference,
        to=row.number,
        flow=FLOW,
        variables={},
        reference=reference,
        expires_at=now + ORDER_LIMIT,
        now=now,
    )


async def record_end(
    uow: UnitOfWork,
    *,
    reference: str,
    order_id: UUID,
    result: CallResult,
    now: datetime,
    policy: ReturnPolicy = DEFAULT_RETURNS,
) -> None:
    """The ordered call is over: the next rung, or the end. Again, or for others: no change."""
    named = read_reference(reference)
    if named is None:
        return
    row = await ReturnCalls(uow.session).get(named[0], lock=True)
    if row.state is not ReturnState.DIALLING or row.attempts != named[1]:
        return
    call = await calls.call_of_order(uow.session, order_id)
    step = after_attempt(result, call, row.attempts, policy)
    if step.trigger is ReturnTrigger.RETRY:
        row.state = RETURN.next(row.state, step.trigger)
        row.due_at, row.why = now + step.due_in, step.why
        uow.signal("queue", queue=row.queue)
    else:
        _end(uow, row, step.trigger, step.why, now)


async def return_call(session: AsyncSession, return_id: UUID) -> ReturnCall:
    """Return one call that we owe, or owed.

    Raises:
        NotFound: if there is none of this id.
    """
    return _value(await ReturnCalls(session).get(return_id))


async def record_told(uow: UnitOfWork, *, reference: str, is_sent: bool, now: datetime) -> None:
    """Note whether the message that we rang has left. For other references: no change."""
    kind, _, identifier = reference.partition(":")
    if kind != MESSAGE_REFERENCE:
        return
    row = await ReturnCalls(uow.session).get(UUID(identifier), lock=True)
    if row.state is not ReturnState.NOT_REACHED:
        return
    if is_sent:
        _end(uow, row, ReturnTrigger.TELL, "message_sent", now)
    else:
        row.why = "message_failed"


async def cancel_for(uow: UnitOfWork, number_hash: str | None, *, now: datetime) -> None:
    """Somebody talks with a seat: what was owed to the number is owed no more."""
    if number_hash is None:
        return
    for row in await ReturnCalls(uow.session).waiting_of(number_hash):
        _end(uow, row, ReturnTrigger.CANCEL, "got_through", now)


async def cancel(uow: UnitOfWork, return_id: UUID, *, now: datetime) -> None:
    """A person rang by hand, or decided otherwise.

    Raises:
        IllegalTransition: if the return call has ended.
    """
    row = await ReturnCalls(uow.session).get(return_id, lock=True)
    _end(uow, row, ReturnTrigger.CANCEL, "by_hand", now)


async def place_for(session: AsyncSession, reference: str) -> KeptPlace | None:
    """Return the kept place of an ordered call; None if it is no return call."""
    named = read_reference(reference)
    if named is None:
        return None
    row = await ReturnCalls(session).get(named[0])
    entry = await session.get_one(QueueEntryRow, row.entry_id)
    return KeptPlace(queue=row.queue, place=row.rank_at, needs=entry.needs)


async def return_calls(session: AsyncSession, limit: int = 200) -> list[ReturnCall]:
    """Return the calls that we owe, and then the latest that we owed."""
    return [_value(row) for row in await ReturnCalls(session).latest(limit)]


def read_reference(text: str) -> tuple[UUID, int] | None:
    """Return the return call and attempt that a reference names; None if something else."""
    kind, _, rest = text.partition(":")
    identifier, _, number = rest.partition(":")
    if kind != "return" or not number.isdecimal():
        return None
    try:
        return UUID(identifier), int(number)
    except ValueError:
        return None


def _end(
    uow: UnitOfWork, row: ReturnCallRow, trigger: ReturnTrigger, why: str, now: datetime
) -> None:
    row.state = RETURN.next(row.state, trigger)
    row.ended_at, row.why = now, why
    uow.signal("queue", queue=row.queue)
    if row.state is ReturnState.NOT_REACHED and row.attempts:
        # The last rung of the ladder: a message that we rang.
        payload = {"return_id": str(row.id)}
        uow.enqueue(TELL_JOB, key=f"{TELL_JOB}:{row.id}", payload=payload, due_at=now)


def _value(row: ReturnCallRow) -> ReturnCall:
    return ReturnCall(
        return_id=row.id,
        call_id=CallId(row.call_id),
        queue=row.queue,
        number=row.number,
        reason=row.reason,
        state=row.state,
        place=row.rank_at,
        made_at=row.made_at,
        due_at=row.due_at,
        attempts=row.attempts,
        ended_at=row.ended_at,
        why=row.why,
    )
