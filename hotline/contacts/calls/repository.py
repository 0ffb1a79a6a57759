"""All SQL about calls."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Exists, exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from hotline.contacts.calls.model import (
    CallEventRow,
    CallOrderRow,
    CallRow,
    VoiceProcessRow,
)
from hotline.contacts.calls.states import CallDirection, OrderState
from hotline.kernel.errors import NotFound


class VoiceProcesses:
    """Lives of voice processes."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, process_id: UUID) -> VoiceProcessRow:
        """Return the row, locked.

        Raises:
            NotFound: if no process of this id ever started.
        """
        row = await self._session.get(
            VoiceProcessRow, process_id, with_for_update=True, populate_existing=True
        )
        if row is None:
            raise NotFound("voice process", process_id)
        return row

    async def alive_named(self, name: str) -> Sequence[VoiceProcessRow]:
        """Return the lives of this name that have not ended, locked."""
        query = select(VoiceProcessRow).where(
            VoiceProcessRow.name == name, VoiceProcessRow.ended_at.is_(None)
        )
        return (await self._session.scalars(query.with_for_update())).all()

    async def silent_since(self, limit: datetime) -> Sequence[VoiceProcessRow]:
        """Return the lives that have not ended and not been heard of since `limit`, locked."""
        query = select(VoiceProcessRow).where(
            VoiceProcessRow.ended_at.is_(None), VoiceProcessRow.beat_at < limit
        )
        return (await self._session.scalars(query.with_for_update(skip_locked=True))).all()


class Calls:
    """Calls and their events."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, call_id: UUID, *, lock: bool = False) -> CallRow:
        """Return the call.

        Raises:
            NotFound: if there is none of this id.
        """
        row = await self._session.get(
            CallRow, call_id, with_for_update=lock or None, populate_existing=lock
        )
        if row is None:
            raise NotFound("call", call_id)
        return row

    async def open_of_process(self, process_id: UUID) -> Sequence[CallRow]:
        """Return the calls of a process that have not ended, locked, oldest first."""
        query = (
            select(CallRow)
            .where(CallRow.process_id == process_id, CallRow.ended_at.is_(None))
            .order_by(CallRow.started_at, CallRow.id)
        )
        return (await self._session.scalars(query.with_for_update())).all()

    async def open_before(self, process_id: UUID, before: datetime) -> Sequence[UUID]:
        """Return the ids of a process's calls that began before an instant and have not ended."""
        query = select(CallRow.id).where(
            CallRow.process_id == process_id,
            CallRow.ended_at.is_(None),
            CallRow.started_at < before,
        )
        return (await self._session.scalars(query)).all()

    async def outbound_since(self, since: datetime, to: str | None) -> int:
        """Return how many outbound calls, or only those to a number, began since an instant."""
        query = select(func.count()).where(
            CallRow.direction == CallDirection.OUTBOUND, CallRow.started_at > since
        )
        if to is not None:
            query = query.where(CallRow.to_number == to)
        return await self._session.scalar(query) or 0

    async def events(self, call_id: UUID) -> Sequence[CallEventRow]:
        """Return what happened in a call, in order."""
        query = (
            select(CallEventRow).where(CallEventRow.call_id == call_id).order_by(CallEventRow.id)
        )
        return (await self._session.scalars(query)).all()


class CallOrders:
    """Orders to ring somebody."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def put(self, row: CallOrderRow) -> UUID:
        """Write the order, or find the one of the same key; return its id."""
        values = {
            "id": row.id,
            "key": row.key,
            "to_number": row.to_number,
            "flow": row.flow,
            "variables": row.variables,
            "reference": row.reference,
            "state": OrderState.QUEUED,
            "placed_at": row.placed_at,
            "expires_at": row.expires_at,
            "answers": {},
        }
        statement = insert(CallOrderRow).values(**values)
        await self._session.execute(statement.on_conflict_do_nothing(index_elements=["key"]))
        found = await self._session.scalar(
            select(CallOrderRow.id).where(CallOrderRow.key == row.key)
        )
        assert found is not None
        return found

    async def get(self, order_id: UUID, *, lock: bool = False) -> CallOrderRow:
        """Return the order.

        Raises:
            NotFound: if there is none of this id.
        """
        row = await self._session.get(
            CallOrderRow, order_id, with_for_update=lock or None, populate_existing=lock
        )
        if row is None:
            raise NotFound("call order", order_id)
        return row

    async def next_free(self, now: datetime) -> CallOrderRow | None:
        """Return the oldest order that nobody holds, locked; skip those being claimed.

        A number that is being rung about something else waits: two of one household would hear
        each other's call as a busy line. None, too, if another process was quicker with it.
        """
        query = (
            select(CallOrderRow)
            .where(
                CallOrderRow.expires_at > now,
                ~_is_rung(now),
                or_(
                    CallOrderRow.state == OrderState.QUEUED,
                    (CallOrderRow.state == OrderState.CLAIMED) & (CallOrderRow.lease_until <= now),
                ),
            )
            .order_by(CallOrderRow.placed_at, CallOrderRow.id)
            .limit(1)
        )
        row = await self._session.scalar(query.with_for_update(skip_locked=True))
        if row is None:
            return None
        # Whoever claims for the same number at the same time has committed once this is ours.
        await self._session.execute(
            select(func.pg_advisory_xact_lock(func.hashtext(row.to_number)))
        )
        again = select(CallOrderRow.id).where(CallOrderRow.id == row.id, ~_is_rung(now))
        return row if await self._session.scalar(again) is not None else None

    async def of_key(self, key: str) -> CallOrderRow | None:
        """Return the order with a key, locked, or None."""
        query = select(CallOrderRow).where(CallOrderRow.key == key).with_for_update()
        return await self._session.scalar(query.execution_options(populate_existing=True))

    async def overdue(self, now: datetime) -> Sequence[CallOrderRow]:
        """Return orders that expired before anything was dialled, locked."""
        query = select(CallOrderRow).where(
            CallOrderRow.expires_at <= now,
            or_(
                CallOrderRow.state == OrderState.QUEUED,
                (CallOrderRow.state == OrderState.CLAIMED) & (CallOrderRow.lease_until <= now),
            ),
        )
        return (await self._session.scalars(query.with_for_update(skip_locked=True))).all()

    async def orphaned(self, now: datetime) -> Sequence[CallOrderRow]:
        """Return orders being dialled by a process that has ended, or far too long; locked."""
        dead = exists().where(
            VoiceProcessRow.id == CallOrderRow.process_id, VoiceProcessRow.ended_at.is_not(None)
        )
        query = select(CallOrderRow).where(
            CallOrderRow.state == OrderState.DIALLING,
            or_(CallOrderRow.lease_until <= now, dead),
        )
        return (await self._session.scalars(query.with_for_update(skip_locked=True))).all()


def _is_rung(now: datetime) -> Exists:
    """Say whether the number of an order is being rung by another one."""
    other = aliased(CallOrderRow)
    return exists().where(
        other.to_number == CallOrderRow.to_number,
        other.id != CallOrderRow.id,
        other.state.in_([OrderState.CLAIMED, OrderState.DIALLING]),
        other.lease_until > now,
    )
