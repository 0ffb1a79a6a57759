"""Orders to ring somebody in the hands of a voice process; `service.place_order` makes them.

An order is marked as being dialled before the first packet leaves. If the process dies after
that, nobody knows whether it rang: the result is UNKNOWN, and whoever placed it decides.
"""

from datetime import datetime, timedelta
from uuid import UUID

from hotline.contacts.calls.events import CallOrderFinished
from hotline.contacts.calls.model import CallOrderRow
from hotline.contacts.calls.repository import CallOrders
from hotline.contacts.calls.states import ORDER, CallResult, OrderState, OrderTrigger
from hotline.contacts.calls.values import Order
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict
from hotline.kernel.ids import CallId

CLAIM_LEASE = timedelta(seconds=30)
"""From the claim to the first packet takes milliseconds; a process that needs longer is dead."""

LONGEST_ORDER = timedelta(minutes=30)
"""No ordered call lasts so long; one that seems to is not being looked after."""


async def claim_order(uow: UnitOfWork, *, process_id: UUID, now: datetime) -> Order | None:
    """Take the oldest order that nobody holds, under a lease; None if there is none."""
    row = await CallOrders(uow.session).next_free(now)
    if row is None:
        return None
    row.state = ORDER.next(row.state, OrderTrigger.CLAIM)
    row.process_id = process_id
    row.lease_until = now + CLAIM_LEASE
    return Order(
        order_id=row.id,
        to_number=row.to_number,
        flow=row.flow,
        variables={name: str(value) for name, value in row.variables.items()},
        reference=row.reference,
        expires_at=row.expires_at,
    )


async def release_order(uow: UnitOfWork, order_id: UUID, *, process_id: UUID) -> None:
    """Give a claimed order back untouched.

    Raises:
        Conflict: if another process holds it meanwhile.
    """
    row = await _held(uow, order_id, process_id)
    row.state = ORDER.next(row.state, OrderTrigger.RELEASE)
    row.process_id = row.lease_until = None


async def mark_dialling(
    uow: UnitOfWork, order_id: UUID, *, process_id: UUID, call_id: CallId, now: datetime
) -> None:
    """Write down that the number is about to be dialled; commit before the first packet.

    Raises:
        Conflict: if another process holds the order meanwhile.
    """
    row = await _held(uow, order_id, process_id)
    row.state = ORDER.next(row.state, OrderTrigger.DIAL)
    row.call_id = call_id
    row.lease_until = now + LONGEST_ORDER


async def keep_answer(
    uow: UnitOfWork, order_id: UUID, *, process_id: UUID, question: str, keys: str
) -> None:
    """Keep the key pressed for a question.

    Raises:
        Conflict: if the order has been given up meanwhile.
    """
    row = await _held(uow, order_id, process_id)
    row.answers = {**row.answers, question: keys}


async def finish_order(
    uow: UnitOfWork, order_id: UUID, *, process_id: UUID, result: CallResult, now: datetime
) -> None:
    """The ordered call is over.

    Raises:
        Conflict: if the order has been given up meanwhile.
    """
    row = await _held(uow, order_id, process_id)
    _finish(uow, row, OrderTrigger.FINISH, result, now)


async def withdraw_order(uow: UnitOfWork, key: str, *, now: datetime) -> None:
    """Take back an order that nobody has begun to dial; one that rings already is let be."""
    row = await CallOrders(uow.session).of_key(key)
    if row is not None and row.state is OrderState.QUEUED:
        _finish(uow, row, OrderTrigger.EXPIRE, CallResult.FAILED, now)


async def sweep_orders(uow: UnitOfWork, now: datetime) -> int:
    """End orders that nobody will end: expired ones, and those whose process died."""
    orders = CallOrders(uow.session)
    overdue, orphaned = await orders.overdue(now), await orders.orphaned(now)
    for row in overdue:
        _finish(uow, row, OrderTrigger.EXPIRE, CallResult.FAILED, now)
    for row in orphaned:
        _finish(uow, row, OrderTrigger.LOSE, CallResult.UNKNOWN, now)
    return len(overdue) + len(orphaned)


def _finish(
    uow: UnitOfWork,
    row: CallOrderRow,
    trigger: OrderTrigger,
    result: CallResult,
    now: datetime,
) -> None:
    row.state = ORDER.next(row.state, trigger)
    row.result = result
    row.finished_at = now
    uow.record(
        CallOrderFinished(
            order_id=row.id,
            reference=row.reference,
            result=result,
            answers={name: str(value) for name, value in row.answers.items()},
            occurred_at=now,
        )
    )


async def _held(uow: UnitOfWork, order_id: UUID, process_id: UUID) -> CallOrderRow:
    row = await CallOrders(uow.session).get(order_id, lock=True)
    if row.process_id != process_id or row.state not in {OrderState.CLAIMED, OrderState.DIALLING}:
        raise Conflict(f"call order {order_id} is not in the hands of this process")
    return row
