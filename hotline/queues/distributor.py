"""The distributor: who is offered to whom, and what becomes of the offer."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.kernel.db import UnitOfWork
from hotline.kernel.ids import CallId, SeatId, new_id
from hotline.queues.acts import Act, carry_out
from hotline.queues.model import OfferRow, QueueEntryRow, SeatRow
from hotline.queues.repository import MAX_CANDIDATES, QueueEntries, Seats
from hotline.queues.returns import service as returns
from hotline.queues.routing import Choice, choose_for
from hotline.queues.states import OfferState
from hotline.queues.values import Offer, QueuePolicy

DEFAULT_POLICY = QueuePolicy()

FREE_LOOK = 100
"""So many free seats are looked at first, best first; all of them if none can serve a caller."""

PAGE = 20
"""So many callers are read at a time."""

MISSED = "missed_offer"
"""The break reason of a seat that let it ring."""


async def next_offer(
    uow: UnitOfWork, queue: str, now: datetime, policy: QueuePolicy = DEFAULT_POLICY
) -> Offer | None:
    """Offer the first caller for whom there is a seat to the best of those seats.

    Waits for nobody: what another transaction is moving is left out. None if there is no
    caller, or no available seat with a registered phone that can serve one.
    """
    rules = policy.rules_of(queue)
    queues = rules.all_queues(queue)
    seats, entries = Seats(uow.session), QueueEntries(uow.session)
    free = await seats.candidates(queues, now, rules.strategy, FREE_LOOK)
    if not free:
        return None
    is_all = len(free) < FREE_LOOK
    after = None
    while callers := await entries.waiting_in(queue, after, PAGE):
        for waiting in callers:
            choice = choose_for(queue, waiting, free, rules, now)
            if not choice.seats and not is_all:
                is_all = True
                free = await seats.candidates(queues, now, rules.strategy, None)
                choice = choose_for(queue, waiting, free, rules, now)
            offer = await _make(uow, choice, queues, policy, now)
            if offer is not None:
                return offer
        after = callers[-1].rank_at, callers[-1].entry_id
    return None


async def _make(
    uow: UnitOfWork, choice: Choice, queues: Sequence[str], policy: QueuePolicy, now: datetime
) -> Offer | None:
    """Make an offer to the best seat that nobody moves; None if there is none, or no caller."""
    if not choice.seats:
        return None
    entry = await QueueEntries(uow.session).take_waiting(choice.waiting.entry_id)
    if entry is None:
        return None
    for scored in choice.seats:
        seat = await Seats(uow.session).take(scored.candidate, queues, now)
        if seat is not None:
            offer = _offer(entry, seat, choice, policy, now)
            uow.session.add(offer)
            await uow.session.flush()
            tell(uow, seat, entry.queue)
            return _as_offer(offer, entry.queue, seat.extension)
    return None


def _offer(
    entry: QueueEntryRow, seat: SeatRow, choice: Choice, policy: QueuePolicy, now: datetime
) -> OfferRow:
    offer = OfferRow(
        id=new_id(),
        entry_id=entry.id,
        seat_id=seat.id,
        call_id=entry.call_id,
        state=OfferState.RINGING,
        rule=choice.rule,
        needs=dict(choice.needs),
        candidates=[scored.as_row() for scored in choice.seats[:MAX_CANDIDATES]],
        made_at=now,
        expires_at=now + policy.offer_limit,
    )
    carry_out(Act.OFFER, seat=seat, entry=entry, offer=offer)
    seat.since, seat.offer_id, seat.offered_at = now, offer.id, now
    return offer


def _as_offer(row: OfferRow, queue: str, extension: str) -> Offer:
    return Offer(
        offer_id=row.id,
        entry_id=row.entry_id,
        call_id=CallId(row.call_id),
        queue=queue,
        seat_id=SeatId(row.seat_id),
        extension=extension,
        made_at=row.made_at,
        expires_at=row.expires_at,
    )


async def ringing_offers(session: AsyncSession, process_id: UUID) -> list[Offer]:
    """Return the ringing offers of the calls that one voice process carries."""
    rows = await QueueEntries(session).ringing_in(process_id)
    return [_as_offer(row, queue, extension) for row, queue, extension in rows]


async def queues_with_callers(session: AsyncSession) -> list[str]:
    """Return the queues in which somebody waits."""
    return list(await QueueEntries(session).queues_with_callers())


async def answer_offer(uow: UnitOfWork, offer_id: UUID, *, now: datetime) -> None:
    """The seat answers: the caller is its contact.

    Raises:
        IllegalTransition: if the offer has ended meanwhile.
    """
    seat, entry, offer = await QueueEntries(uow.session).hold_offer(offer_id)
    carry_out(Act.ANSWER, seat=seat, entry=entry, offer=offer)
    offer.answered_at = entry.ended_at = seat.since = now
    seat.handled += 1
    await returns.cancel_for(uow, entry.number_hash, now=now)
    tell(uow, seat, entry.queue)


async def miss_offer(uow: UnitOfWork, offer_id: UUID, *, reason: str, now: datetime) -> None:
    """The seat did not answer, was busy, or is unreachable: the caller is next again.

    Raises:
        IllegalTransition: if the offer has ended meanwhile.
    """
    seat, entry, offer = await QueueEntries(uow.session).hold_offer(offer_id)
    end_missed(uow, seat, entry, offer, reason=reason, now=now)


async def take_back_offer(uow: UnitOfWork, offer_id: UUID, *, reason: str, now: datetime) -> None:
    """We could not ring the seat: both are as before, the seat with its idle time.

    Raises:
        IllegalTransition: if the offer has ended meanwhile.
    """
    seat, entry, offer = await QueueEntries(uow.session).hold_offer(offer_id)
    carry_out(Act.TAKE_BACK, seat=seat, entry=entry, offer=offer)
    offer.ended_at, offer.reason = now, reason
    seat.since, seat.offer_id = now, None
    tell(uow, seat, entry.queue)


def end_missed(
    uow: UnitOfWork,
    seat: SeatRow,
    entry: QueueEntryRow,
    offer: OfferRow,
    *,
    reason: str,
    now: datetime,
) -> None:
    """End an offer, locked with its seat and caller, that nobody took."""
    carry_out(Act.MISS, seat=seat, entry=entry, offer=offer)
    offer.ended_at, offer.reason = now, reason
    seat.since, seat.offer_id, seat.break_reason = now, None, MISSED
    tell(uow, seat, entry.queue)


def tell(uow: UnitOfWork, seat: SeatRow, queue: str) -> None:
    """Let the seat's desk and the boards know that something changed."""
    uow.signal("seat", seat_id=seat.id)
    uow.signal("queue", queue=queue)
