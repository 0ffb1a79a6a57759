"""What callers, seats and the voice process do to the queues.

Each function is one act inside the caller's transaction. Two acts on the same caller or seat
that race end with one that holds and one that raises `Conflict`; nothing is left in between.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Invalid
from hotline.kernel.ids import CallId, SeatId, UserId, new_id
from hotline.queues import phone_requests, routing
from hotline.queues.acts import Act, carry_out
from hotline.queues.distributor import (
    DEFAULT_POLICY,
    Deal,
    answer_offer,
    deal,
    end_missed,
    miss_offer,
    ringing_offers,
    stop_others,
    take_back_offer,
    tell,
)
from hotline.queues.left_behind import LeftBehind
from hotline.queues.model import OfferRow, QueueEntryRow, SeatRow
from hotline.queues.pool import hold_queues
from hotline.queues.repository import Held, QueueEntries
from hotline.queues.returns import service as returns
from hotline.queues.returns.states import ReturnReason
from hotline.queues.routing import Needs
from hotline.queues.seat_repository import Seats
from hotline.queues.signals import OFFER
from hotline.queues.states import (
    QUEUED,
    SEAT,
    OfferState,
    QueuedState,
    QueuedTrigger,
    SeatState,
    SeatTrigger,
)
from hotline.queues.values import QueuePolicy, SeatDraft
from hotline.queues.views import (
    board,
    has_seats,
    position,
    prospect,
    seat_view,
)

__all__ = [
    "Deal",
    "abandon",
    "answer_offer",
    "board",
    "call_back_instead",
    "deal",
    "end_contact",
    "end_wrap_up",
    "enqueue",
    "finish",
    "has_seats",
    "hold_queues",
    "make_available",
    "miss_offer",
    "position",
    "prospect",
    "put_seat",
    "ringing_offers",
    "seat_view",
    "set_skills",
    "sign_in",
    "sign_out",
    "sweep",
    "take_back_offer",
    "take_break",
    "time_out",
]


LAST_SEAT_WITHIN = timedelta(days=1)
"""Whom a caller talked with longer ago is nobody that the caller asks back for."""


async def enqueue(
    uow: UnitOfWork,
    *,
    call_id: CallId,
    queue: str,
    number_hash: str | None,
    now: datetime,
    since: datetime | None = None,
    place: datetime | None = None,
    priority: int = 0,
    needs: Needs | None = None,
) -> UUID:
    """Put a call at the end of a queue; return the entry.

    With `since`, at the place of one who has waited since then: a caller whose seat was lost.
    With `place`, there: a return call that kept it. Each level of `priority` counts as
    `routing.AGEING` of waiting; `needs` are skills beside those of the queue.
    """
    known = None
    if number_hash is not None:
        known = await QueueEntries(uow.session).last_seat_of(number_hash, now - LAST_SEAT_WITHIN)
    entry = QueueEntryRow(
        id=new_id(),
        call_id=call_id,
        queue=queue,
        number_hash=number_hash,
        state=QUEUED.initial,
        enqueued_at=since or now,
        rank_at=place or routing.place(since or now, priority),
        needs=dict(needs or {}),
        last_seat_id=known,
    )
    uow.session.add(entry)
    await uow.session.flush()
    uow.signal("queue", queue=queue)
    return entry.id


async def abandon(uow: UnitOfWork, call_id: CallId, *, now: datetime) -> bool:
    """The caller hangs up while waiting or while a seat rings; False if in neither."""
    held = await QueueEntries(uow.session).hold_call(call_id)
    if held is None or held.entry.state is QueuedState.ANSWERED:
        return False
    await _abandon(uow, held, now)
    return True


async def call_back_instead(
    uow: UnitOfWork, call_id: CallId, *, now: datetime, at: returns.RingAt | None = None
) -> bool:
    """The caller hangs up and is rung when the place has come (预约回拨), `at` a number given.

    False if not waiting any more, because a seat rings, or if the number cannot be rung.
    """
    held = await QueueEntries(uow.session).hold_call(call_id)
    if held is None or held.entry.state is not QueuedState.WAITING:
        return False
    if not await returns.owe(uow, held.entry, ReturnReason.REQUESTED, now=now, at=at):
        return False
    _end_entry(uow, held.entry, QueuedTrigger.CALL_BACK, now)
    return True


async def time_out(uow: UnitOfWork, call_id: CallId, *, now: datetime) -> bool:
    """The caller has waited as long as the flow allows; False if not waiting any more."""
    held = await QueueEntries(uow.session).hold_call(call_id)
    if held is None or held.entry.state is not QueuedState.WAITING:
        return False
    _end_entry(uow, held.entry, QueuedTrigger.TIME_OUT, now)
    await returns.owe(uow, held.entry, ReturnReason.MISSED, now=now)
    return True


async def _abandon(uow: UnitOfWork, held: Held, now: datetime) -> None:
    _take_away(uow, held, Act.ABANDON, QueuedTrigger.ABANDON, now)
    await returns.owe(uow, held.entry, ReturnReason.MISSED, now=now)


def _take_away(
    uow: UnitOfWork, held: Held, act: Act, trigger: QueuedTrigger, now: datetime
) -> None:
    if held.offer is None or held.seat is None:
        _end_entry(uow, held.entry, trigger, now)
        return
    carry_out(act, seat=held.seat, entry=held.entry, offer=held.offer)
    held.offer.ended_at = held.entry.ended_at = held.seat.since = now
    held.offer.reason = act.value
    # Its idle time goes on: the seat did nothing wrong.
    held.seat.offer_id = None
    stop_others(uow, held, reason=act.value, now=now)
    tell(uow, held.seat, held.entry.queue)


def _end_entry(
    uow: UnitOfWork, entry: QueueEntryRow, trigger: QueuedTrigger, now: datetime
) -> None:
    entry.state = QUEUED.next(entry.state, trigger)
    entry.ended_at = now
    uow.signal("queue", queue=entry.queue)


async def finish(uow: UnitOfWork, seat_id: SeatId, now: datetime) -> None:
    """The seat's contact is over; the seat wraps up.

    Raises:
        IllegalTransition: if the seat is not talking.
    """
    seat = await Seats(uow.session).get(seat_id, lock=True)
    held = await QueueEntries(uow.session).hold_seat(seat)
    if held is None or held.offer is None:
        SEAT.next(seat.state, SeatTrigger.FINISH)
        raise Conflict(f"seat {seat_id} has no contact")
    _finish(uow, seat, held.entry, held.offer, now)


def _finish(
    uow: UnitOfWork, seat: SeatRow, entry: QueueEntryRow, offer: OfferRow, now: datetime
) -> None:
    carry_out(Act.FINISH, seat=seat, entry=entry, offer=offer)
    offer.ended_at = seat.since = now
    tell(uow, seat, entry.queue)


async def end_contact(
    uow: UnitOfWork,
    call_id: CallId,
    *,
    dropped: bool = False,
    crashed: bool = False,
    now: datetime,
) -> SeatId | None:
    """The call is over, wherever in the queue it stood; doing it again changes nothing.

    A waiting or ringing caller has abandoned (`dropped`: was lost by our fault); a talking
    seat wraps up (`crashed`: in the middle of the talk). Whom we lost, and who gave up after a
    while, is owed a call. Returns the seat that was concerned.
    """
    seat_id = None
    while (held := await QueueEntries(uow.session).hold_call(call_id)) is not None:
        await _end_held(uow, held, dropped=dropped, crashed=crashed, now=now)
        await uow.session.flush()
        if held.seat is not None:
            seat_id = SeatId(held.seat.id)
    return seat_id


async def _end_held(
    uow: UnitOfWork, held: Held, *, dropped: bool, crashed: bool, now: datetime
) -> None:
    if held.offer is not None and held.offer.state is OfferState.ANSWERED:
        assert held.seat is not None
        _finish(uow, held.seat, held.entry, held.offer, now)
        if crashed:
            await returns.owe(uow, held.entry, ReturnReason.DROPPED, now=now)
    elif dropped:
        _take_away(uow, held, Act.DROP, QueuedTrigger.DROP, now)
        await returns.owe(uow, held.entry, ReturnReason.DROPPED, now=now)
    else:
        await _abandon(uow, held, now)


async def sign_in(uow: UnitOfWork, seat_id: SeatId, user_id: UserId, now: datetime) -> None:
    """A person sits down at a seat (签入); the same person again changes nothing.

    Raises:
        Conflict: if somebody else sits there, or the person sits at another seat.
    """
    seats = Seats(uow.session)
    seat = await seats.get(seat_id, lock=True)
    if seat.user_id == user_id:
        return
    elsewhere = await seats.of_user(user_id)
    if seat.user_id is not None or elsewhere is not None:
        raise Conflict(f"seat {seat_id} is taken, or its person sits at another one")
    seat.state = SEAT.next(seat.state, SeatTrigger.SIGN_IN)
    seat.user_id, seat.since, seat.idle_since, seat.handled = user_id, now, now, 0
    try:
        async with uow.session.begin_nested():
            await uow.session.flush()
    except IntegrityError:
        # The person took another seat in the same moment.
        raise Conflict(f"the person of seat {seat_id} sits at another one") from None
    tell(uow, seat, seat.queue)


async def sign_out(uow: UnitOfWork, seat_id: SeatId, now: datetime) -> None:
    """The person leaves (签出); a caller who was ringing there is next again.

    Raises:
        IllegalTransition: while talking, or if nobody sits there.
    """
    await _step_away(uow, seat_id, Act.LEAVE, SeatTrigger.SIGN_OUT, None, now)


async def take_break(uow: UnitOfWork, seat_id: SeatId, reason: str, now: datetime) -> None:
    """Take no contacts for a while (示忙), with the reason; a ringing caller is next again.

    Raises:
        IllegalTransition: while talking, or if nobody sits there.
    """
    await _step_away(uow, seat_id, Act.BREAK_OFF, SeatTrigger.TAKE_BREAK, reason, now)


async def _step_away(
    uow: UnitOfWork,
    seat_id: SeatId,
    act: Act,
    trigger: SeatTrigger,
    reason: str | None,
    now: datetime,
) -> None:
    seat = await Seats(uow.session).get(seat_id, lock=True)
    if seat.state is SeatState.OFFERED:
        held = await QueueEntries(uow.session).hold_seat(seat)
        assert held is not None
        _, entry, offer = held.contact
        carry_out(act, seat=seat, entry=entry, offer=offer, rings_elsewhere=bool(held.also))
        offer.ended_at, offer.reason = now, act.value
        uow.signal(OFFER, offer_id=offer.id)
    else:
        seat.state = SEAT.next(seat.state, trigger)
    seat.since, seat.offer_id, seat.break_reason = now, None, reason
    if seat.state is SeatState.SIGNED_OUT:
        seat.user_id = None
    tell(uow, seat, seat.queue)


async def make_available(uow: UnitOfWork, seat_id: SeatId, now: datetime) -> None:
    """Take contacts again (示闲), after a break or before the end of wrap-up.

    Raises:
        IllegalTransition: while ringing or talking, or if nobody sits there.
    """
    _free(uow, await Seats(uow.session).get(seat_id, lock=True), now)


async def end_wrap_up(uow: UnitOfWork, seat_id: SeatId, now: datetime) -> None:
    """The seat has finished its notes on the last contact.

    Raises:
        Conflict: if the seat is not wrapping up.
    """
    seat = await Seats(uow.session).get(seat_id, lock=True)
    if seat.state is not SeatState.WRAP_UP:
        raise Conflict(f"seat {seat_id} is not wrapping up")
    _free(uow, seat, now)


def _free(uow: UnitOfWork, seat: SeatRow, now: datetime) -> None:
    before = seat.state
    seat.state = SEAT.next(before, SeatTrigger.MAKE_AVAILABLE)
    if before is not SeatState.AVAILABLE:
        seat.since = seat.idle_since = now
    seat.offer_id = seat.break_reason = None
    tell(uow, seat, seat.queue)


async def sweep(uow: UnitOfWork, now: datetime, policy: QueuePolicy = DEFAULT_POLICY) -> int:
    """End what nobody else will end; return how many things moved.

    Calls that are over (their voice process died), offers long past their limit, and wrap-ups
    past theirs. Run `contacts.calls.service.sweep` first: it says which calls are over.
    """
    entries, left_behind = QueueEntries(uow.session), LeftBehind(uow.session)
    gone = await left_behind.calls_gone()
    stale = await left_behind.expired_offers(now - policy.offer_grace)
    await Seats(uow.session).lock_ringing([call_id for call_id, _ in gone], stale)
    for call_id, lost in gone:
        await end_contact(uow, call_id, dropped=lost, crashed=lost, now=now)
    for offer_id in stale:
        held = await entries.hold_offer(offer_id)
        if held.offer is not None and held.offer.state is OfferState.RINGING:
            end_missed(uow, held, reason="timed_out", now=now)
    seats = await Seats(uow.session).over_wrap_up(now - policy.wrap_up_limit)
    for row in seats:
        _free(uow, row, now)
    forgotten = await phone_requests.sweep(uow, now)
    return len(gone) + len(stale) + len(seats) + forgotten


async def set_skills(uow: UnitOfWork, seat_id: SeatId, skills: Needs) -> None:
    """Say what the person at a seat can do; skills not named are gone.

    Raises:
        Invalid: if a level is not 1 to 9.
    """
    for skill, level in skills.items():
        if not 1 <= level <= 9:
            raise Invalid(skill, f"{level} is not a level from 1 to 9")
    seat = await Seats(uow.session).get(seat_id, lock=True)
    seat.skills = dict(skills)
    tell(uow, seat, seat.queue)


async def put_seat(uow: UnitOfWork, draft: SeatDraft, *, now: datetime) -> SeatId:
    """Make a seat, or change the one with this extension; its state stays."""
    return SeatId(await Seats(uow.session).put(draft, now=now))
