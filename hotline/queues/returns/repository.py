"""All SQL about return calls."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.kernel.errors import NotFound
from hotline.queues.model import QueueEntryRow
from hotline.queues.returns.model import ReturnCallRow
from hotline.queues.returns.states import ReturnState
from hotline.queues.states import QueuedState

OPEN = (ReturnState.WAITING, ReturnState.DIALLING)

RINGING_LIMIT = timedelta(seconds=60)
"""A dialled citizen has answered and stands in the queue, or not, within this."""


class ReturnCalls:
    """Calls that we owe."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, row: ReturnCallRow) -> bool:
        """Write the return call; False if the number is owed one already."""
        values = {
            "id": row.id,
            "entry_id": row.entry_id,
            "call_id": row.call_id,
            "queue": row.queue,
            "number": row.number,
            "number_hash": row.number_hash,
            "reason": row.reason,
            "state": ReturnState.WAITING,
            "rank_at": row.rank_at,
            "made_at": row.made_at,
            "due_at": row.made_at,
            "attempts": 0,
        }
        statement = insert(ReturnCallRow).values(**values).on_conflict_do_nothing()
        written = await self._session.execute(statement.returning(ReturnCallRow.id))
        return written.one_or_none() is not None

    async def get(self, return_id: UUID, *, lock: bool = False) -> ReturnCallRow:
        """Return the return call.

        Raises:
            NotFound: if there is none of this id.
        """
        row = await self._session.get(
            ReturnCallRow, return_id, with_for_update=lock or None, populate_existing=lock
        )
        if row is None:
            raise NotFound("return call", return_id)
        return row

    async def queues_with_due(self, now: datetime) -> Sequence[str]:
        """Return the queues in which somebody is to be rung."""
        query = select(ReturnCallRow.queue).where(
            ReturnCallRow.state == ReturnState.WAITING, ReturnCallRow.due_at <= now
        )
        return (await self._session.scalars(query.distinct())).all()

    async def due(self, queue: str, now: datetime, limit: int) -> Sequence[ReturnCallRow]:
        """Return who is to be rung in a queue, by place, locked; skip those being moved."""
        query = (
            select(ReturnCallRow)
            .where(
                ReturnCallRow.queue == queue,
                ReturnCallRow.state == ReturnState.WAITING,
                ReturnCallRow.due_at <= now,
            )
            .order_by(ReturnCallRow.rank_at, ReturnCallRow.id)
            .limit(limit)
        )
        return (await self._session.scalars(query.with_for_update(skip_locked=True))).all()

    async def dialling(self, queue: str, now: datetime) -> int:
        """Return how many are being rung and do not stand in the queue yet."""
        query = select(func.count()).where(
            ReturnCallRow.queue == queue,
            ReturnCallRow.state == ReturnState.DIALLING,
            ReturnCallRow.dialled_at > now - RINGING_LIMIT,
        )
        return await self._session.scalar(query) or 0

    async def callers_before(self, queue: str, place: datetime) -> int:
        """Return how many wait in front of a place."""
        query = select(func.count()).where(
            QueueEntryRow.queue == queue,
            QueueEntryRow.state == QueuedState.WAITING,
            QueueEntryRow.rank_at < place,
        )
        return await self._session.scalar(query) or 0

    async def waiting_of(self, number_hash: str) -> Sequence[ReturnCallRow]:
        """Return the calls owed to somebody that are not being dialled, locked."""
        query = select(ReturnCallRow).where(
            ReturnCallRow.number_hash == number_hash, ReturnCallRow.state == ReturnState.WAITING
        )
        return (await self._session.scalars(query.with_for_update(skip_locked=True))).all()

    async def latest(self, limit: int) -> Sequence[ReturnCallRow]:
        """Return the newest return calls, the open ones first, by place."""
        query = (
            select(ReturnCallRow)
            .order_by(
                ReturnCallRow.state.in_(OPEN).desc(),
                ReturnCallRow.made_at.desc(),
                ReturnCallRow.id,
            )
            .limit(limit)
        )
        return (await self._session.scalars(query)).all()
