"""All SQL about transfers and parked callers."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.contacts.calls.model import CallRow
from hotline.kernel.errors import Conflict, NotFound
from hotline.kernel.ids import CallId, SeatId
from hotline.queues.control.states import DIALLED, TargetKind, TransferResult
from hotline.queues.model import SeatRow
from hotline.queues.phone_model import ParkedRow, TransferRow

_PARKING = 0x50_41_52_4B  # "PARK": any constant that no other advisory lock of ours uses

_OVER = select(CallRow.id).where(CallRow.ended_at.is_not(None))

_NOT_DIALLED = (
    TransferResult.NOT_ALLOWED,
    TransferResult.OVER_BUDGET,
    TransferResult.NO_TRUNK,
)
"""What was refused before it was dialled costs nothing."""


class Transfers:
    """Whom seats bring in."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, row: TransferRow) -> None:
        """Write one down.

        Raises:
            Conflict: if another one is open for the call.
        """
        self._session.add(row)
        try:
            async with self._session.begin_nested():
                await self._session.flush()
        except IntegrityError:
            raise Conflict("somebody is being brought into this call already") from None

    async def get(self, transfer_id: UUID) -> TransferRow:
        """Return one, locked.

        Raises:
            NotFound: if there is none of this id.
        """
        row = await self._session.get(
            TransferRow, transfer_id, with_for_update=True, populate_existing=True
        )
        if row is None:
            raise NotFound("transfer", transfer_id)
        return row

    async def latest(self, call_id: CallId, seat_id: SeatId) -> TransferRow | None:
        """Return what a seat last asked for in a call."""
        query = (
            select(TransferRow)
            .where(TransferRow.call_id == call_id, TransferRow.seat_id == seat_id)
            .order_by(TransferRow.asked_at.desc())
            .limit(1)
        )
        row: TransferRow | None = await self._session.scalar(query)
        return row

    async def under_way(self) -> list[tuple[TransferRow, str | None]]:
        """Return every open one, the oldest first, with the name of the seat that asked."""
        query = (
            select(TransferRow, SeatRow.name)
            .outerjoin(SeatRow, SeatRow.id == TransferRow.seat_id)
            .where(TransferRow.ended_at.is_(None))
            .order_by(TransferRow.asked_at, TransferRow.id)
        )
        return [(row, name) for row, name in await self._session.execute(query)]

    async def dialled_since(self, since: datetime, to: str | None) -> int:
        """Return how many numbers were dialled, emergencies left out; with `to` only that one."""
        query = select(func.count()).where(
            TransferRow.kind.in_(DIALLED - {TargetKind.EMERGENCY}),
            TransferRow.asked_at > since,
            TransferRow.result.is_(None) | TransferRow.result.not_in(_NOT_DIALLED),
        )
        if to is not None:
            query = query.where(TransferRow.target == to)
        return await self._session.scalar(query) or 0

    async def left_behind(self) -> Sequence[TransferRow]:
        """Return those still open whose call is over, locked; what others hold is left out."""
        query = (
            select(TransferRow)
            .where(TransferRow.ended_at.is_(None), TransferRow.call_id.in_(_OVER))
            .with_for_update(skip_locked=True)
        )
        return (await self._session.scalars(query)).all()


class ParkedCalls:
    """Callers who hear music until a seat picks them up."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def hold_slots(self) -> set[int]:
        """Return the slots in use; until the transaction ends nobody else takes one."""
        # One after the other: two that saw the same slot free would end in a broken index.
        await self._session.execute(select(func.pg_advisory_xact_lock(_PARKING)))
        query = select(ParkedRow.slot).where(ParkedRow.ended_at.is_(None))
        return set(await self._session.scalars(query))

    async def add(self, row: ParkedRow) -> None:
        """Write one down.

        Raises:
            Conflict: if the call is parked already.
        """
        self._session.add(row)
        try:
            async with self._session.begin_nested():
                await self._session.flush()
        except IntegrityError:
            raise Conflict("the call is parked already") from None

    async def get(self, parked_id: UUID) -> ParkedRow | None:
        """Return one, locked."""
        return await self._session.get(
            ParkedRow, parked_id, with_for_update=True, populate_existing=True
        )

    async def present(self, *, slot: int | None = None) -> list[tuple[ParkedRow, CallRow, str]]:
        """Return who is parked, by slot, with the call and the name of the seat that parked."""
        query = (
            select(ParkedRow, CallRow, SeatRow.name)
            .join(CallRow, CallRow.id == ParkedRow.call_id)
            .join(SeatRow, SeatRow.id == ParkedRow.seat_id)
            .where(ParkedRow.ended_at.is_(None))
            .order_by(ParkedRow.slot)
        )
        if slot is not None:
            query = query.where(ParkedRow.slot == slot)
        return [(row, call, name) for row, call, name in await self._session.execute(query)]

    async def left_behind(self) -> Sequence[ParkedRow]:
        """Return those still parked whose call is over, locked; what others hold is left out."""
        query = (
            select(ParkedRow)
            .where(ParkedRow.ended_at.is_(None), ParkedRow.call_id.in_(_OVER))
            .with_for_update(skip_locked=True)
        )
        return (await self._session.scalars(query)).all()
