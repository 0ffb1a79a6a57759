"""What is written down of transfers, three-way calls and parked callers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.contacts.calls import service as calls
from hotline.contacts.calls.model import CallRow
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, NotFound
from hotline.kernel.ids import CallId, SeatId, new_id
from hotline.queues.control.states import (
    DIALLED,
    DONE,
    TRANSFER,
    ParkResult,
    TargetKind,
    TransferMode,
    TransferResult,
    TransferState,
    TransferTrigger,
)
from hotline.queues.model import SeatRow
from hotline.queues.phone_directory import Target
from hotline.queues.phone_model import ParkedRow, TransferRow

FIRST_SLOT, LAST_SLOT = 701, 799
"""Where callers are parked; a phone dials a star and the slot."""

_PARKING = 0x50_41_52_4B  # "PARK": any constant that no other advisory lock of ours uses


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferView:
    """A transfer as a desk shows it."""

    transfer_id: UUID
    call_id: CallId
    mode: TransferMode
    kind: TargetKind
    target: str
    name: str
    state: TransferState
    result: TransferResult | None
    asked_at: datetime
    ended_at: datetime | None
    card: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedView:
    """A parked caller as every desk shows it."""

    parked_id: UUID
    call_id: CallId
    slot: int
    number: str | None
    line: str
    seat: str
    """The name of the seat that parked."""
    parked_at: datetime
    until: datetime


async def begin_transfer(
    uow: UnitOfWork,
    call_id: CallId,
    *,
    seat_id: SeatId | None,
    mode: TransferMode,
    target: Target,
    card: Mapping[str, Any],
    now: datetime,
) -> UUID:
    """Write down that somebody is being brought in, before anything rings."""
    row = TransferRow(
        id=new_id(),
        call_id=call_id,
        seat_id=seat_id,
        mode=mode,
        kind=target.kind,
        target=target.key,
        name=target.name,
        state=TRANSFER.initial,
        asked_at=now,
        card=dict(card),
    )
    uow.session.add(row)
    await uow.session.flush()
    # No number in the call's history: it may be a person's.
    await calls.note_event(
        uow,
        call_id,
        "transfer_asked",
        now=now,
        transfer_id=str(row.id),
        mode=mode.value,
        target=target.kind.value,
    )
    _tell(uow, row)
    return row.id


async def move_transfer(
    uow: UnitOfWork, transfer_id: UUID, trigger: TransferTrigger, *, now: datetime
) -> None:
    """The far end has answered, or has joined.

    Raises:
        IllegalTransition: if it has ended meanwhile.
    """
    row = await _get(uow.session, transfer_id)
    row.state = TRANSFER.next(row.state, trigger)
    row.answered_at = row.answered_at or now
    await calls.note_event(uow, CallId(row.call_id), f"transfer_{row.state.value}", now=now)
    _tell(uow, row)


async def end_transfer(
    uow: UnitOfWork, transfer_id: UUID, result: TransferResult, *, now: datetime
) -> None:
    """It is over, with this result; the first one counts."""
    row = await _get(uow.session, transfer_id)
    if row.ended_at is None:
        await _end(uow, row, result, now)


async def _end(uow: UnitOfWork, row: TransferRow, result: TransferResult, now: datetime) -> None:
    trigger = TransferTrigger.CONNECT if result in DONE else TransferTrigger.END
    row.state = TRANSFER.next(row.state, trigger)
    row.result, row.ended_at = result, now
    await calls.note_event(
        uow,
        CallId(row.call_id),
        "transfer_ended",
        now=now,
        transfer_id=str(row.id),
        result=result.value,
    )
    _tell(uow, row)


async def _get(session: AsyncSession, transfer_id: UUID) -> TransferRow:
    row = await session.get(TransferRow, transfer_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("transfer", transfer_id)
    return row


def _tell(uow: UnitOfWork, row: TransferRow) -> None:
    uow.signal("seat", seat_id=row.seat_id)


async def latest_transfer(
    session: AsyncSession, call_id: CallId, seat_id: SeatId
) -> TransferView | None:
    """Return what a seat last asked for in a call."""
    query = (
        select(TransferRow)
        .where(TransferRow.call_id == call_id, TransferRow.seat_id == seat_id)
        .order_by(TransferRow.asked_at.desc())
        .limit(1)
    )
    row = await session.scalar(query)
    return None if row is None else _view(row)


def _view(row: TransferRow) -> TransferView:
    return TransferView(
        transfer_id=row.id,
        call_id=CallId(row.call_id),
        mode=row.mode,
        kind=row.kind,
        target=row.target,
        name=row.name,
        state=row.state,
        result=row.result,
        asked_at=row.asked_at,
        ended_at=row.ended_at,
        card=row.card,
    )


async def open_transfers(session: AsyncSession) -> list[tuple[TransferView, str | None]]:
    """Return every transfer that is under way, the oldest first, with the name of who asked."""
    query = (
        select(TransferRow, SeatRow.name)
        .outerjoin(SeatRow, SeatRow.id == TransferRow.seat_id)
        .where(TransferRow.ended_at.is_(None))
        .order_by(TransferRow.asked_at, TransferRow.id)
    )
    return [(_view(row), name) for row, name in await session.execute(query)]


async def dialled_since(session: AsyncSession, since: datetime, *, to: str | None = None) -> int:
    """Return how many numbers seats had dialled since an instant, emergencies left out.

    With `to`, only those to one entry of the directory, or one number.
    """
    counted = DIALLED - {TargetKind.EMERGENCY}
    query = select(func.count()).where(
        TransferRow.kind.in_(counted),
        TransferRow.asked_at > since,
        # What was refused before it was dialled costs nothing.
        (TransferRow.result.is_(None))
        | TransferRow.result.not_in(
            [TransferResult.NOT_ALLOWED, TransferResult.OVER_BUDGET, TransferResult.NO_TRUNK]
        ),
    )
    if to is not None:
        query = query.where(TransferRow.target == to)
    return await session.scalar(query) or 0


# parked callers


async def park(
    uow: UnitOfWork, call_id: CallId, seat_id: SeatId, *, limit: timedelta, now: datetime
) -> ParkedView:
    """Give a caller a slot, and write it down.

    Raises:
        Conflict: if every slot is taken.
    """
    # One after the other: two that saw the same slot free would end in a broken index.
    await uow.session.execute(select(func.pg_advisory_xact_lock(_PARKING)))
    taken = set(
        await uow.session.scalars(select(ParkedRow.slot).where(ParkedRow.ended_at.is_(None)))
    )
    slot = next((each for each in range(FIRST_SLOT, LAST_SLOT + 1) if each not in taken), None)
    if slot is None:
        raise Conflict("every parking slot is taken")
    row = ParkedRow(
        id=new_id(),
        call_id=call_id,
        slot=slot,
        seat_id=seat_id,
        parked_at=now,
        until=now + limit,
    )
    uow.session.add(row)
    await uow.session.flush()
    await calls.note_event(uow, call_id, "parked", now=now, slot=slot)
    uow.signal("seat", seat_id=seat_id)
    (view,) = await _parked(uow.session, ParkedRow.id == row.id)
    return view


async def end_park(uow: UnitOfWork, parked_id: UUID, result: ParkResult, *, now: datetime) -> None:
    """The caller is parked no more; the first result counts."""
    row = await uow.session.get(ParkedRow, parked_id, with_for_update=True, populate_existing=True)
    if row is not None and row.ended_at is None:
        await _end_park(uow, row, result, now)


async def _end_park(uow: UnitOfWork, row: ParkedRow, result: ParkResult, now: datetime) -> None:
    row.ended_at, row.result = now, result
    await calls.note_event(uow, CallId(row.call_id), "unparked", now=now, result=result.value)
    uow.signal("seat", seat_id=row.seat_id)


async def parked(session: AsyncSession) -> list[ParkedView]:
    """Return every parked caller, by slot."""
    return await _parked(session, ParkedRow.ended_at.is_(None))


async def parked_in(session: AsyncSession, slot: int) -> ParkedView | None:
    """Return who is parked in a slot."""
    found = await _parked(session, (ParkedRow.slot == slot) & ParkedRow.ended_at.is_(None))
    return found[0] if found else None


async def _parked(session: AsyncSession, which: Any) -> list[ParkedView]:
    query = (
        select(ParkedRow, CallRow.number, CallRow.line, SeatRow.name)
        .join(CallRow, CallRow.id == ParkedRow.call_id)
        .join(SeatRow, SeatRow.id == ParkedRow.seat_id)
        .where(which)
        .order_by(ParkedRow.slot)
    )
    return [
        ParkedView(
            parked_id=row.id,
            call_id=CallId(row.call_id),
            slot=row.slot,
            number=number,
            line=line,
            seat=name,
            parked_at=row.parked_at,
            until=row.until,
        )
        for row, number, line, name in await session.execute(query)
    ]


async def sweep(uow: UnitOfWork, now: datetime) -> int:
    """End what a voice process did not live to end; return how many."""
    gone = select(CallRow.id).where(CallRow.ended_at.is_not(None))
    transfers = await uow.session.scalars(
        select(TransferRow)
        .where(TransferRow.ended_at.is_(None), TransferRow.call_id.in_(gone))
        .with_for_update(skip_locked=True)
    )
    parked_rows = await uow.session.scalars(
        select(ParkedRow)
        .where(ParkedRow.ended_at.is_(None), ParkedRow.call_id.in_(gone))
        .with_for_update(skip_locked=True)
    )
    count = 0
    for row in transfers.all():
        await _end(uow, row, TransferResult.LOST, now)
        count += 1
    for parked_row in parked_rows.all():
        await _end_park(uow, parked_row, ParkResult.LOST, now)
        count += 1
    return count
