"""What is written down of transfers, three-way calls and parked callers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.contacts.calls import service as calls
from hotline.contacts.calls.model import CallRow
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict
from hotline.kernel.ids import CallId, SeatId, new_id
from hotline.queues.control.states import (
    DONE,
    TRANSFER,
    ParkResult,
    TargetKind,
    TransferMode,
    TransferResult,
    TransferState,
    TransferTrigger,
)
from hotline.queues.phone_directory import Target
from hotline.queues.phone_model import ParkedRow, TransferRow
from hotline.queues.phone_repository import ParkedCalls, Transfers

FIRST_SLOT, LAST_SLOT = 701, 799
"""Where callers are parked; a phone dials a star and the slot."""


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
    """Write down that somebody is being brought in, before anything rings.

    Raises:
        Conflict: if somebody is being brought into this call already.
    """
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
    await Transfers(uow.session).add(row)
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
    row = await Transfers(uow.session).get(transfer_id)
    row.state = TRANSFER.next(row.state, trigger)
    row.answered_at = row.answered_at or now
    await calls.note_event(uow, CallId(row.call_id), f"transfer_{row.state.value}", now=now)
    _tell(uow, row)


async def end_transfer(
    uow: UnitOfWork, transfer_id: UUID, result: TransferResult, *, now: datetime
) -> None:
    """It is over, with this result; the first one counts."""
    row = await Transfers(uow.session).get(transfer_id)
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


def _tell(uow: UnitOfWork, row: TransferRow) -> None:
    uow.signal("seat", seat_id=row.seat_id)


async def latest_transfer(
    session: AsyncSession, call_id: CallId, seat_id: SeatId
) -> TransferView | None:
    """Return what a seat last asked for in a call."""
    row = await Transfers(session).latest(call_id, seat_id)
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
    return [(_view(row), name) for row, name in await Transfers(session).under_way()]


async def dialled_since(session: AsyncSession, since: datetime, *, to: str | None = None) -> int:
    """Return how many numbers seats had dialled since an instant, emergencies left out.

    With `to`, only those to one entry of the directory, or one number.
    """
    return await Transfers(session).dialled_since(since, to)


# parked callers


async def park(
    uow: UnitOfWork, call_id: CallId, seat_id: SeatId, *, limit: timedelta, now: datetime
) -> ParkedView:
    """Give a caller a slot, and write it down.

    Raises:
        Conflict: if every slot is taken, or the call is parked already.
    """
    parked_calls = ParkedCalls(uow.session)
    taken = await parked_calls.hold_slots()
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
    await parked_calls.add(row)
    await calls.note_event(uow, call_id, "parked", now=now, slot=slot)
    uow.signal("seat", seat_id=seat_id)
    ((_, call, name),) = await parked_calls.present(slot=slot)
    return _parked_view(row, call, name)


async def end_park(uow: UnitOfWork, parked_id: UUID, result: ParkResult, *, now: datetime) -> None:
    """The caller is parked no more; the first result counts."""
    row = await ParkedCalls(uow.session).get(parked_id)
    if row is not None and row.ended_at is None:
        await _end_park(uow, row, result, now)


async def _end_park(uow: UnitOfWork, row: ParkedRow, result: ParkResult, now: datetime) -> None:
    row.ended_at, row.result = now, result
    await calls.note_event(uow, CallId(row.call_id), "unparked", now=now, result=result.value)
    uow.signal("seat", seat_id=row.seat_id)


async def parked(session: AsyncSession) -> list[ParkedView]:
    """Return every parked caller, by slot."""
    return [_parked_view(*found) for found in await ParkedCalls(session).present()]


async def parked_in(session: AsyncSession, slot: int) -> ParkedView | None:
    """Return who is parked in a slot."""
    found = await ParkedCalls(session).present(slot=slot)
    return _parked_view(*found[0]) if found else None


def _parked_view(row: ParkedRow, call: CallRow, seat: str) -> ParkedView:
    return ParkedView(
        parked_id=row.id,
        call_id=CallId(row.call_id),
        slot=row.slot,
        number=call.number,
        line=call.line,
        seat=seat,
        parked_at=row.parked_at,
        until=row.until,
    )


async def sweep(uow: UnitOfWork, now: datetime) -> int:
    """End what a voice process did not live to end; return how many."""
    transfers = await Transfers(uow.session).left_behind()
    parked_calls = await ParkedCalls(uow.session).left_behind()
    for transfer in transfers:
        await _end(uow, transfer, TransferResult.LOST, now)
    for row in parked_calls:
        await _end_park(uow, row, ParkResult.LOST, now)
    return len(transfers) + len(parked_calls)
