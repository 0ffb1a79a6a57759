"""A seat that is rung for a call which is not in its queue: consulted, recalled, picking up.

The seat gets an offer like any other, so that every race ends as it does there: one seat, one
contact. The caller waits in no queue for it: the entry is made with the offer and ends with it.
"""

from datetime import datetime, timedelta
from uuid import UUID

from hotline.contacts.calls import service as calls
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict
from hotline.kernel.ids import CallId, SeatId, new_id
from hotline.queues.acts import Act, carry_out
from hotline.queues.control.states import DIRECT
from hotline.queues.distributor import answer_offer, tell
from hotline.queues.model import OfferRow, QueueEntryRow
from hotline.queues.repository import QueueEntries
from hotline.queues.seat_repository import Seats
from hotline.queues.states import (
    QUEUED,
    SEAT,
    OfferState,
    QueuedState,
    QueuedTrigger,
    SeatState,
    SeatTrigger,
)
from hotline.queues.values import Offer

FREEABLE = frozenset({SeatState.WRAP_UP, SeatState.ON_BREAK})
"""Who picks up a parked call need not be available before."""


class SeatNotFree(Conflict):
    """The seat talks, rings, rests or is not there."""


async def call_seat(
    uow: UnitOfWork,
    call_id: CallId,
    seat_id: SeatId,
    *,
    limit: timedelta,
    now: datetime,
    is_own_wish: bool = False,
) -> Offer:
    """Offer a call to one seat; with `is_own_wish` the seat asked for it, and may rest.

    Raises:
        SeatNotFree: if the seat cannot take it.
    """
    seat = await Seats(uow.session).get(seat_id, lock=True)
    if is_own_wish and seat.state in FREEABLE:
        seat.state = SEAT.next(seat.state, SeatTrigger.MAKE_AVAILABLE)
        seat.idle_since, seat.break_reason = now, None
    if seat.state is not SeatState.AVAILABLE:
        raise SeatNotFree(f"seat {seat.extension} is {seat.state.value}")
    call = await calls.get_call(uow.session, call_id)
    entry = QueueEntryRow(
        id=new_id(),
        call_id=call_id,
        queue=DIRECT,
        number_hash=call.number_hash,
        state=QUEUED.initial,
        enqueued_at=now,
        rank_at=now,
        needs={},
    )
    offer = OfferRow(
        id=new_id(),
        entry_id=entry.id,
        seat_id=seat.id,
        call_id=call_id,
        state=OfferState.RINGING,
        rule=DIRECT,
        needs={},
        candidates=[],
        made_at=now,
        expires_at=now + limit,
    )
    carry_out(Act.OFFER, seat=seat, entry=entry, offer=offer)
    seat.since, seat.offer_id = now, offer.id
    uow.session.add(entry)
    await uow.session.flush()
    uow.session.add(offer)
    await uow.session.flush()
    tell(uow, seat, entry.queue)
    return Offer(
        offer_id=offer.id,
        entry_id=entry.id,
        call_id=call_id,
        queue=entry.queue,
        seat_id=seat_id,
        extension=seat.extension,
        made_at=now,
        expires_at=offer.expires_at,
    )


async def answer_call_to_seat(uow: UnitOfWork, offer_id: UUID, *, now: datetime) -> None:
    """The seat answers: the call is its contact, of its own queue from now on.

    Raises:
        IllegalTransition: if the offer has ended meanwhile.
    """
    await answer_offer(uow, offer_id, now=now)
    seat, entry, _ = (await QueueEntries(uow.session).hold_offer(offer_id)).contact
    entry.queue = seat.queue


async def end_call_to_seat(uow: UnitOfWork, offer_id: UUID, *, reason: str, now: datetime) -> None:
    """The seat was not reached: it is as free as before, and the call is in no queue.

    Again, and after an answer, it changes nothing.
    """
    seat, entry, offer = (await QueueEntries(uow.session).hold_offer(offer_id)).contact
    if offer.state is OfferState.RINGING:
        carry_out(Act.TAKE_BACK, seat=seat, entry=entry, offer=offer)
        offer.ended_at, offer.reason = now, reason
        seat.since, seat.offer_id = now, None
        tell(uow, seat, entry.queue)
    # The seat itself, or the sweeper, may have ended the ringing before.
    if entry.state is QueuedState.WAITING:
        entry.state = QUEUED.next(entry.state, QueuedTrigger.TIME_OUT)
        entry.ended_at = now


async def release_seat(uow: UnitOfWork, call_id: CallId, seat_id: SeatId, *, now: datetime) -> bool:
    """A seat leaves a talk that goes on; False if this call was not its contact any more."""
    seat = await Seats(uow.session).get(seat_id, lock=True)
    held = await QueueEntries(uow.session).hold_seat(seat)
    if held is None or held.offer is None or held.offer.call_id != call_id:
        return False
    if held.offer.state is not OfferState.ANSWERED:
        return False
    carry_out(Act.FINISH, seat=seat, entry=held.entry, offer=held.offer)
    held.offer.ended_at = seat.since = now
    tell(uow, seat, held.entry.queue)
    return True
