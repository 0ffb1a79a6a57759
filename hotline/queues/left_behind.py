"""All SQL that finds whom nobody looks after any more: the sweeper's questions."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.contacts.calls.model import CallRow
from hotline.contacts.calls.states import CallDirection, CallEnd, CallState
from hotline.kernel.ids import CallId
from hotline.queues.model import OfferRow, QueueEntryRow
from hotline.queues.repository import OPEN_ENTRY
from hotline.queues.seat_repository import OPEN_OFFER
from hotline.queues.states import OfferState


class LeftBehind:
    """Offers past their time, and calls that ended without their wait or talk."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def expired_offers(self, before: datetime) -> Sequence[UUID]:
        """Return ringing offers that should have ended before `before`."""
        query = select(OfferRow.id).where(
            OfferRow.state == OfferState.RINGING, OfferRow.expires_at <= before
        )
        return (await self._session.scalars(query.order_by(OfferRow.made_at))).all()

    async def calls_gone(self) -> Sequence[tuple[CallId, bool]]:
        """Return calls that are over but still in a queue or at a seat, and which were lost."""
        lost = (CallRow.state == CallState.LOST).label("lost")
        waiting = (
            select(CallRow.id, lost)
            .join(QueueEntryRow, QueueEntryRow.call_id == CallRow.id)
            .where(QueueEntryRow.state.in_(OPEN_ENTRY), CallRow.ended_at.is_not(None))
        )
        talking = (
            select(CallRow.id, lost)
            .join(OfferRow, OfferRow.call_id == CallRow.id)
            .where(OfferRow.state.in_(OPEN_OFFER), CallRow.ended_at.is_not(None))
        )
        # In one order for all, so that two sweepers cannot wait for each other.
        rows = await self._session.execute(waiting.union(talking).order_by("id"))
        return [(CallId(call_id), was_lost) for call_id, was_lost in rows]

    async def lost_before_any_queue(self, since: datetime) -> Sequence[CallRow]:
        """Return answered calls of citizens that our side lost before they stood anywhere."""
        stood = select(QueueEntryRow.id).where(QueueEntryRow.call_id == CallRow.id)
        query = (
            select(CallRow)
            .where(
                CallRow.started_at >= since,
                CallRow.end.in_((CallEnd.CRASHED, CallEnd.FAILED)),
                CallRow.direction == CallDirection.INBOUND,
                CallRow.answered_at.is_not(None),
                CallRow.number.is_not(None),
                ~stood.exists(),
            )
            .order_by(CallRow.started_at)
            .with_for_update(skip_locked=True)
        )
        return (await self._session.scalars(query)).all()
