"""All SQL about waiting callers and offers; seats have a module of their own.

Locks are taken in one order, seat, entry, offer, so that no two acts wait for each other in a
ring; the distributor alone takes entry before seat, and it skips what is locked.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, func, or_, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import String, Uuid

from hotline.contacts.calls.model import CallRow
from hotline.kernel.errors import Conflict, NotFound
from hotline.queues.control.states import DIRECT
from hotline.queues.estimate import Answered, Pace
from hotline.queues.model import OfferRow, QueueEntryRow, SeatRow
from hotline.queues.routing import Needs
from hotline.queues.seat_repository import OPEN_OFFER, Seats
from hotline.queues.states import OfferState, QueuedState

OPEN_ENTRY = (QueuedState.WAITING, QueuedState.OFFERED)

LONGEST_WAIT = timedelta(hours=2)

MAX_TRIES = 8
"""A caller is offered to that many seats while one transaction tries to hold still; never seen."""


@dataclass(slots=True)
class Held:
    """A caller's entry, and the open offer and its seat if there is one; all locked."""

    entry: QueueEntryRow
    offer: OfferRow | None
    seat: SeatRow | None
    also: tuple[tuple[SeatRow, OfferRow], ...] = ()
    """Other seats that ring for the caller."""

    @property
    def contact(self) -> tuple[SeatRow, QueueEntryRow, OfferRow]:
        """Seat, caller and offer, where there is an offer."""
        assert self.seat is not None
        assert self.offer is not None
        return self.seat, self.entry, self.offer


RINGING = text("""
SELECT coalesce(array_agg(offers.id ORDER BY offers.made_at, offers.id), '{}')
FROM offers JOIN calls ON calls.id = offers.call_id
WHERE offers.state = :ringing AND calls.process_id = :process
""").bindparams(bindparam("ringing", type_=String), bindparam("process", type_=Uuid))

H = TypeVar("H", bound=Held | None)


class _MovedMeanwhile(Exception):
    """Another transaction offered the caller, or ended the offer, before the locks were held."""


def _has_open_offer() -> ColumnElement[bool]:
    openly = OfferRow.state.in_(OPEN_OFFER)
    return select(OfferRow.id).where(OfferRow.entry_id == QueueEntryRow.id, openly).exists()


class QueueEntries:
    """Callers in queues, and what they are offered to."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def last_seat_of(self, number_hash: str, since: datetime) -> UUID | None:
        """Return the seat that a number talked with last, if that was after `since`."""
        query = (
            select(OfferRow.seat_id)
            .join(QueueEntryRow, QueueEntryRow.id == OfferRow.entry_id)
            .where(QueueEntryRow.number_hash == number_hash, OfferRow.answered_at > since)
            .order_by(OfferRow.answered_at.desc())
            .limit(1)
        )
        return await self._session.scalar(query)

    async def place_of(self, call_id: UUID, most: int) -> tuple[str, int, Needs] | None:
        """Return queue, place and own needs; the place is 1 for the head, `most` + 1 at most.

        None if it waits nowhere.

        Whoever stands behind many does not make us count them all.
        """
        mine = (
            await self._session.execute(
                select(
                    QueueEntryRow.queue,
                    QueueEntryRow.rank_at,
                    QueueEntryRow.id,
                    QueueEntryRow.needs,
                ).where(QueueEntryRow.call_id == call_id, QueueEntryRow.state.in_(OPEN_ENTRY))
            )
        ).one_or_none()
        if mine is None:
            return None
        ahead = select(QueueEntryRow.id).where(
            QueueEntryRow.queue == mine.queue,
            QueueEntryRow.state == QueuedState.WAITING,
            tuple_(QueueEntryRow.rank_at, QueueEntryRow.id) < (mine.rank_at, mine.id),
        )
        counted = select(func.count()).select_from(ahead.limit(most).subquery())
        return mine.queue, (await self._session.scalar(counted) or 0) + 1, mine.needs

    async def answered_since(self, since: datetime) -> Answered:
        """Return how many callers have been answered since then.

        A seat that was named, to be consulted or to take a parked call, has answered nobody who
        waited.
        """
        named = select(OfferRow.id).where(
            OfferRow.entry_id == QueueEntryRow.id, OfferRow.rule == DIRECT
        )
        query = (
            select(QueueEntryRow.queue, QueueEntryRow.needs, func.count())
            .where(
                QueueEntryRow.state == QueuedState.ANSWERED,
                QueueEntryRow.ended_at > since,
                # Nobody waits that long; there is an index on it.
                QueueEntryRow.enqueued_at > since - LONGEST_WAIT,
                ~named.exists(),
            )
            .group_by(QueueEntryRow.queue, QueueEntryRow.needs)
        )
        return Answered(tuple(Pace(*row) for row in await self._session.execute(query)))

    async def waiting(self) -> Sequence[tuple[str, int, datetime]]:
        """Return queue, callers waiting, and since when the first one waits."""
        query = (
            select(QueueEntryRow.queue, func.count(), func.min(QueueEntryRow.enqueued_at))
            .where(QueueEntryRow.state.in_(OPEN_ENTRY))
            .group_by(QueueEntryRow.queue)
            .order_by(QueueEntryRow.queue)
        )
        return [(row[0], row[1], row[2]) for row in await self._session.execute(query)]

    async def talks(self) -> dict[UUID, UUID]:
        """Return the call of each seat that talks."""
        query = select(OfferRow.seat_id, OfferRow.call_id).where(
            OfferRow.state == OfferState.ANSWERED
        )
        return {row.seat_id: row.call_id for row in await self._session.execute(query)}

    async def offer(self, offer_id: UUID) -> OfferRow:
        """Return the offer as it is seen, without a lock.

        Raises:
            NotFound: if there is none of this id.
        """
        row = await self._session.get(OfferRow, offer_id, populate_existing=True)
        if row is None:
            raise NotFound("offer", offer_id)
        return row

    async def hold_seat(self, seat: SeatRow) -> Held | None:
        """Lock what a seat, locked by the caller, is ringing for or talking on.

        Others that ring for the same caller are only named: `also` is not to be moved.
        """
        query = select(OfferRow).where(OfferRow.seat_id == seat.id, OfferRow.state.in_(OPEN_OFFER))
        seen = await self._session.scalar(query)
        if seen is None:
            return None
        entry = await self._lock_entry(seen.entry_id)
        offer = await self._lock_offer(seen.id)
        also = await self._open_offers(OfferRow.entry_id == entry.id) if seen.is_shared else []
        others = [(await Seats(self._session).get(o.seat_id), o) for o in also if o is not offer]
        return Held(entry, offer, seat, tuple(others))

    async def hold_offer(self, offer_id: UUID) -> Held:
        """Lock an offer with its seat and its caller, and others that ring for the caller.

        Raises:
            NotFound: if there is none of this id.
            Conflict: if the caller is moved from seat to seat faster than this can look.
        """
        held = await self._hold_single(OfferRow.id == offer_id)
        if held is not None:
            return held
        entry_id = (await self.offer(offer_id)).entry_id
        return await self._in_tries(lambda: self._try_hold(offer_id, entry_id), offer_id)

    async def hold_call(self, call_id: UUID) -> Held | None:
        """Lock a call's open entry, offers and seats; None if it is in no queue and no contact.

        Of a call that is in several contacts, one of them: the wait before the talk.

        Raises:
            Conflict: if the caller is moved from seat to seat faster than this can look.
        """
        mine = OfferRow.call_id == call_id
        held = await self._hold_single(mine & OfferRow.state.in_(OPEN_OFFER))
        if held is not None:
            return held
        waits = QueueEntryRow.call_id == call_id, QueueEntryRow.state.in_(OPEN_ENTRY)
        openly = (
            select(QueueEntryRow.id)
            .where(*waits)
            .union_all(select(OfferRow.id).where(mine, OfferRow.state.in_(OPEN_OFFER)))
        )
        # What waits and what rings are both open, so that a move between them hides neither.
        if await self._session.scalar(openly.limit(1)) is None:
            return None
        return await self._in_tries(lambda: self._try_hold_call(call_id), call_id)

    async def _hold_single(self, which: ColumnElement[bool]) -> Held | None:
        """Lock seat, caller and offer, in this order, where one seat rings; in one statement."""
        query = (
            select(SeatRow, QueueEntryRow, OfferRow)
            .join_from(OfferRow, SeatRow, SeatRow.id == OfferRow.seat_id)
            .join(QueueEntryRow, QueueEntryRow.id == OfferRow.entry_id)
            .where(which, OfferRow.is_shared.is_(False))
            .with_for_update(of=[SeatRow, QueueEntryRow, OfferRow])
            .execution_options(populate_existing=True)
        )
        # A call may ring at one seat while it talks at another: what rings comes first.
        first = query.order_by(OfferRow.state.desc(), OfferRow.made_at.desc()).limit(1)
        row = (await self._session.execute(first)).one_or_none()
        return None if row is None else Held(row[1], row[2], row[0])

    async def _in_tries(self, hold: Callable[[], Awaitable[H]], what: UUID) -> H:
        for _ in range(MAX_TRIES):
            attempt = await self._session.begin_nested()
            try:
                held = await hold()
            except _MovedMeanwhile:
                # A savepoint gives its locks back, so that the next try starts with the seats.
                await attempt.rollback()
            else:
                await attempt.commit()
                return held
        raise Conflict(f"{what} does not hold still")

    async def _try_hold(self, offer_id: UUID, entry_id: UUID) -> Held:
        ringing = OfferRow.entry_id == entry_id
        seats = await self._lock_seats(ringing, offer_id)
        entry = await self._lock_entry(entry_id)
        offer = await self._lock_offer(offer_id)
        also = await self._also(ringing, seats, offer)
        return Held(entry, offer, seats[offer.seat_id], also)

    async def _try_hold_call(self, call_id: UUID) -> Held | None:
        ringing = OfferRow.call_id == call_id
        seats = await self._lock_seats(ringing, None)
        entry = await self._lock_latest_entry(call_id)
        if entry is None:
            return None
        openly = await self._also(OfferRow.entry_id == entry.id, seats, None)
        if not openly:
            return Held(entry, None, None) if entry.state in OPEN_ENTRY else None
        seat, offer = openly[0]
        return Held(entry, offer, seat, openly[1:])

    async def _lock_seats(
        self, which: ColumnElement[bool], offer_id: UUID | None
    ) -> dict[UUID, SeatRow]:
        """Lock the seats of open offers, and of one offer whatever its state, in one order."""
        offers = select(OfferRow.seat_id).where(
            or_(which & OfferRow.state.in_(OPEN_OFFER), OfferRow.id == offer_id)
        )
        query = (
            select(SeatRow)
            .where(SeatRow.id.in_(offers))
            .order_by(SeatRow.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return {seat.id: seat for seat in await self._session.scalars(query)}

    async def _also(
        self, which: ColumnElement[bool], seats: Mapping[UUID, SeatRow], offer: OfferRow | None
    ) -> tuple[tuple[SeatRow, OfferRow], ...]:
        """Lock the open offers beside one, whose seats must be held.

        Raises:
            _MovedMeanwhile: if one rings at a seat that is not.
        """
        openly = await self._open_offers(which, lock=True)
        if any(each.seat_id not in seats for each in openly):
            raise _MovedMeanwhile
        return tuple((seats[each.seat_id], each) for each in openly if each is not offer)

    async def _open_offers(
        self, which: ColumnElement[bool], *, lock: bool = False
    ) -> Sequence[OfferRow]:
        query = (
            select(OfferRow)
            .where(which, OfferRow.state.in_(OPEN_OFFER))
            .order_by(OfferRow.id)
            .execution_options(populate_existing=True)
        )
        return (await self._session.scalars(query.with_for_update() if lock else query)).all()

    async def _lock_latest_entry(self, call_id: UUID) -> QueueEntryRow | None:
        query = (
            select(QueueEntryRow)
            .where(QueueEntryRow.call_id == call_id)
            # A caller who is put back at the old place has two entries of one instant.
            .order_by(
                QueueEntryRow.state.in_(OPEN_ENTRY).desc(),
                _has_open_offer().desc(),
                QueueEntryRow.enqueued_at.desc(),
                QueueEntryRow.ended_at.desc(),
            )
            .limit(1)
            .with_for_update()
        )
        return await self._session.scalar(query.execution_options(populate_existing=True))

    async def _lock_entry(self, entry_id: UUID) -> QueueEntryRow:
        return await self._session.get_one(
            QueueEntryRow, entry_id, with_for_update=True, populate_existing=True
        )

    async def _lock_offer(self, offer_id: UUID) -> OfferRow:
        return await self._session.get_one(
            OfferRow, offer_id, with_for_update=True, populate_existing=True
        )

    async def ringing_in(self, process_id: UUID) -> Sequence[UUID]:
        """Return the ringing offers of the calls that a voice process carries, in one row."""
        found = await self._session.execute(
            RINGING, {"process": process_id, "ringing": OfferState.RINGING.value}
        )
        return list(found.scalar_one())

    async def offers(self, ids: Sequence[UUID]) -> Sequence[Any]:
        """Return offers as `Offer` names them.

        Not the rows: their reasons are long, and nobody reads them while it rings.
        """
        query = (
            select(
                OfferRow.id,
                OfferRow.entry_id,
                OfferRow.call_id,
                QueueEntryRow.queue,
                OfferRow.seat_id,
                SeatRow.extension,
                OfferRow.made_at,
                OfferRow.expires_at,
            )
            .join(QueueEntryRow, QueueEntryRow.id == OfferRow.entry_id)
            .join(SeatRow, SeatRow.id == OfferRow.seat_id)
            .where(OfferRow.id.in_(ids))
        )
        return (await self._session.execute(query)).all()

    async def offers_of_call(self, call_id: UUID) -> Sequence[UUID]:
        """Return the offers of a call, in the order they were made."""
        query = select(OfferRow.id).where(OfferRow.call_id == call_id)
        return (await self._session.scalars(query.order_by(OfferRow.made_at, OfferRow.id))).all()

    async def contact_of(self, offer_id: UUID) -> tuple[OfferRow, QueueEntryRow, CallRow] | None:
        """Return an offer with its caller and call."""
        query = (
            select(OfferRow, QueueEntryRow, CallRow)
            .join(QueueEntryRow, QueueEntryRow.id == OfferRow.entry_id)
            .join(CallRow, CallRow.id == OfferRow.call_id)
            .where(OfferRow.id == offer_id)
        )
        row = (await self._session.execute(query)).one_or_none()
        return None if row is None else (row[0], row[1], row[2])
