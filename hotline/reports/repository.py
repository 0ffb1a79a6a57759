"""All SQL of the reports."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from hotline.contacts.announcements.choice import is_answer
from hotline.contacts.announcements.model import HearingRow
from hotline.contacts.calls.model import CallRow
from hotline.contacts.calls.states import CallDirection
from hotline.kernel.errors import NotFound
from hotline.queues.control.states import DIRECT
from hotline.queues.model import OfferRow, QueueEntryRow
from hotline.queues.states import OfferState
from hotline.reports.definition import Arrival
from hotline.reports.model import ServiceLevelRow
from hotline.reports.replay import RecordedCall

ALL_QUEUES = "*"


class ServiceLevels:
    """Figures that were kept."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, row: ServiceLevelRow) -> bool:
        """Keep a figure; False if this one has been kept before."""
        columns = ServiceLevelRow.__table__.columns.keys()
        values = {name: getattr(row, name) for name in columns}
        statement = insert(ServiceLevelRow).values(**values).on_conflict_do_nothing()
        written = await self._session.execute(statement.returning(ServiceLevelRow.id))
        return written.one_or_none() is not None

    async def get(self, level_id: UUID) -> ServiceLevelRow:
        """Return a figure.

        Raises:
            NotFound: if there is none of this id.
        """
        row = await self._session.get(ServiceLevelRow, level_id)
        if row is None:
            raise NotFound("service level", level_id)
        return row

    async def of_period(self, begins: datetime) -> Sequence[ServiceLevelRow]:
        """Return what was kept for the period that begins then."""
        query = (
            select(ServiceLevelRow)
            .where(ServiceLevelRow.begins_at == begins)
            .order_by(ServiceLevelRow.queue, ServiceLevelRow.name, ServiceLevelRow.version)
        )
        return (await self._session.scalars(query)).all()


class Arrivals:
    """The calls of citizens in the queues."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def between(
        self, begins: datetime, ends: datetime, queue: str, known_at: datetime
    ) -> list[Arrival]:
        """Return each call's first wait that began in [begins, ends), as known at an instant.

        Calls that we made do not count; a wait that had not ended then is not there yet.
        """
        first = func.row_number().over(
            partition_by=QueueEntryRow.call_id,
            order_by=(QueueEntryRow.enqueued_at, QueueEntryRow.ended_at),
        )
        answered = (
            select(func.min(OfferRow.answered_at))
            .where(OfferRow.entry_id == QueueEntryRow.id)
            .scalar_subquery()
        )
        waits = (
            select(
                QueueEntryRow.id,
                QueueEntryRow.call_id,
                QueueEntryRow.queue,
                QueueEntryRow.enqueued_at,
                answered.label("answered_at"),
                QueueEntryRow.ended_at,
                CallRow.number,
                HearingRow.choice,
                HearingRow.heard_at,
                HearingRow.call_id.label("heard"),
                first.label("turn"),
            )
            .join(CallRow, CallRow.id == QueueEntryRow.call_id)
            .outerjoin(HearingRow, HearingRow.call_id == CallRow.id)
            .where(
                QueueEntryRow.enqueued_at >= begins,
                QueueEntryRow.enqueued_at < ends,
                ~_is_direct(),
                CallRow.direction == CallDirection.INBOUND,
            )
            .subquery()
        )
        query = select(waits).where(waits.c.turn == 1, waits.c.ended_at <= known_at)
        if queue != ALL_QUEUES:
            query = query.where(waits.c.queue == queue)
        return [
            Arrival(
                entry_id=row.id,
                call_id=row.call_id,
                queue=row.queue,
                joined_at=row.enqueued_at,
                answered_at=row.answered_at,
                ended_at=row.ended_at,
                number=row.number,
                is_announced=row.heard is not None
                and is_answer(row.choice, row.heard_at, row.ended_at),
            )
            for row in await self._session.execute(query)
        ]

    async def recorded(self, begins: datetime, ends: datetime) -> list[RecordedCall]:
        """Return the calls of citizens that joined in [begins, ends) and are over, to replay."""
        talk = aliased(OfferRow)
        query = (
            select(QueueEntryRow, talk)
            .join(CallRow, CallRow.id == QueueEntryRow.call_id)
            .outerjoin(
                talk, (talk.entry_id == QueueEntryRow.id) & (talk.state == OfferState.FINISHED)
            )
            .where(
                QueueEntryRow.enqueued_at >= begins,
                QueueEntryRow.enqueued_at < ends,
                QueueEntryRow.ended_at.is_not(None),
                ~_is_direct(),
                CallRow.direction == CallDirection.INBOUND,
            )
        )
        return [_recorded(entry, offer) for entry, offer in await self._session.execute(query)]


def _is_direct() -> ColumnElement[bool]:
    """Say of an entry that its seat was named: it stood in no queue, and no rule chose the seat."""
    named = select(OfferRow.id).where(
        OfferRow.entry_id == QueueEntryRow.id, OfferRow.rule == DIRECT
    )
    return named.exists()


def _recorded(entry: QueueEntryRow, offer: OfferRow | None) -> RecordedCall:
    assert entry.ended_at is not None, "only waits that are over"
    is_answered = offer is not None and offer.answered_at is not None and offer.ended_at is not None
    talk = offer if is_answered else None
    return RecordedCall(
        entry_id=entry.id,
        queue=entry.queue,
        joined_at=entry.enqueued_at,
        rank_at=entry.rank_at,
        needs=entry.needs,
        answered_at=None if talk is None else talk.answered_at,
        ended_at=(talk.ended_at if talk else None) or entry.ended_at,
        seat_id=None if talk is None else talk.seat_id,
        rang=(talk.answered_at - talk.made_at).total_seconds()
        if talk is not None and talk.answered_at is not None
        else 0.0,
    )
