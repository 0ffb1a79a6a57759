"""Read models: what desks and boards show."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.kernel.ids import CallId, ContactId, SeatId, UserId
from hotline.queues.estimate import WINDOW, Answered, expected_wait
from hotline.queues.repository import QueueEntries
from hotline.queues.seat_repository import Seats
from hotline.queues.values import (
    Board,
    Prospect,
    QueueLine,
    QueuePolicy,
    SeatContact,
    SeatLine,
    SeatView,
)

PLAIN_POLICY = QueuePolicy()

MOST_COUNTED = 200
"""So many callers in front are counted; more of them are "many"."""


async def seat_view(session: AsyncSession, seat_id: SeatId) -> SeatView:
    """Return what a seat's desk shows.

    Raises:
        NotFound: if there is no such seat.
    """
    seats = Seats(session)
    seat = await seats.get(seat_id)
    phone = await seats.phone(seat_id)
    page = await seats.browser_phone(seat_id)
    waiting = {queue: count for queue, count, _ in await QueueEntries(session).waiting()}
    return SeatView(
        seat_id=seat_id,
        name=seat.name,
        extension=seat.extension,
        queue=seat.queue,
        state=seat.state,
        since=seat.since,
        break_reason=seat.break_reason,
        user_id=None if seat.user_id is None else UserId(seat.user_id),
        phone_until=None if phone is None else phone.expires_at,
        browser_until=None if page is None else page.expires_at,
        contact=None if seat.offer_id is None else await _contact(session, seat.offer_id),
        waiting=waiting.get(seat.queue, 0),
    )


async def _contact(session: AsyncSession, offer_id: UUID) -> SeatContact | None:
    found = await QueueEntries(session).contact_of(offer_id)
    if found is None:
        return None
    offer, entry, call = found
    return SeatContact(
        offer_id=offer.id,
        state=offer.state,
        call_id=CallId(call.id),
        contact_id=None if call.contact_id is None else ContactId(call.contact_id),
        number=call.number,
        number_hash=call.number_hash,
        line=call.line,
        enqueued_at=entry.enqueued_at,
        offered_at=offer.made_at,
        answered_at=offer.answered_at,
        ended_at=offer.ended_at,
    )


async def has_seats(session: AsyncSession, queue: str, policy: QueuePolicy = PLAIN_POLICY) -> bool:
    """Say whether anybody is signed in who could take a caller of the queue, now or later."""
    return await Seats(session).anybody(policy.rules_of(queue).all_queues(queue))


async def position(session: AsyncSession, call_id: CallId) -> int | None:
    """Return the caller's place, 1 being next; None if not in a queue."""
    found = await QueueEntries(session).place_of(call_id, MOST_COUNTED)
    return None if found is None else found[1]


async def prospect(session: AsyncSession, call_id: CallId, now: datetime) -> Prospect | None:
    """Return the caller's place and what to expect of the wait; None if not in a queue."""
    entries = QueueEntries(session)
    found = await entries.place_of(call_id, MOST_COUNTED)
    if found is None:
        return None
    queue, place, needs = found
    answered = (await entries.answered_since(now - WINDOW)).like(queue, needs)
    is_capped = place > MOST_COUNTED
    return Prospect(place=place, expected=expected_wait(place, answered, is_capped=is_capped))


async def board(session: AsyncSession, now: datetime | None = None) -> Board:
    """Return every queue in which somebody waits, and every seat by extension.

    With `now`, also what a caller who joins then would be told of the wait.
    """
    phones: dict[UUID, datetime] = await Seats(session).phones()
    pages: dict[UUID, datetime] = await Seats(session).browser_phones()
    talks: dict[UUID, UUID] = await QueueEntries(session).talks()
    entries = QueueEntries(session)
    answered = Answered() if now is None else await entries.answered_since(now - WINDOW)
    return Board(
        queues=tuple(
            QueueLine(
                queue=queue,
                waiting=count,
                longest_since=since,
                expected=expected_wait(count + 1, answered.like(queue, {})),
            )
            for queue, count, since in await QueueEntries(session).waiting()
        ),
        seats=tuple(
            SeatLine(
                seat_id=SeatId(seat.id),
                name=seat.name,
                extension=seat.extension,
                queue=seat.queue,
                state=seat.state,
                since=seat.since,
                break_reason=seat.break_reason,
                phone_until=phones.get(seat.id),
                browser_until=pages.get(seat.id),
                call_id=CallId(talks[seat.id]) if seat.id in talks else None,
            )
            for seat in await Seats(session).all()
        ),
    )
