"""Calls: what the voice process writes down before or as it does it, and asking it to ring."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hotline.contacts.calls.model import CallEventRow, CallOrderRow, CallRow, VoiceProcessRow
from hotline.contacts.calls.orders import sweep_orders
from hotline.contacts.calls.repository import CallOrders, Calls, VoiceProcesses
from hotline.contacts.calls.states import CALL, CallEnd, CallTrigger
from hotline.contacts.calls.values import CallDraft, CallView
from hotline.kernel.db import UnitOfWork
from hotline.kernel.ids import CallId, ContactId, SeatId, new_id

SILENCE_LIMIT = timedelta(seconds=12)
"""A voice process that has not beaten for so long may be dead, and its calls with it."""

DOUBT = timedelta(seconds=8)
"""One that may be dead has so long to beat: after an outage of the database, or a step of the
clock, every process seems to have been silent."""


async def start_process(uow: UnitOfWork, name: str, *, now: datetime) -> UUID:
    """Begin a life of the voice process `name`; whatever an earlier life carried is lost."""
    for earlier in await VoiceProcesses(uow.session).alive_named(name):
        await _bury(uow, earlier, now=now)
    row = VoiceProcessRow(id=new_id(), name=name, started_at=now, beat_at=now)
    uow.session.add(row)
    await uow.session.flush()
    return row.id


async def beat(uow: UnitOfWork, process_id: UUID, *, now: datetime) -> bool:
    """Say that the process lives; False if it has been given up, so its calls are lost."""
    row = await VoiceProcesses(uow.session).get(process_id)
    if row.ended_at is not None:
        return False
    row.beat_at, row.doubted_at = now, None
    return True


async def stop_process(uow: UnitOfWork, process_id: UUID, *, now: datetime) -> None:
    """End a life in order; calls still open in it are lost."""
    row = await VoiceProcesses(uow.session).get(process_id)
    if row.ended_at is None:
        await _bury(uow, row, now=now)


async def sweep(uow: UnitOfWork, now: datetime) -> int:
    """Give up silent voice processes and the orders that nobody will end; return how many."""
    silent = await VoiceProcesses(uow.session).silent_since(now - SILENCE_LIMIT)
    dead = [row for row in silent if row.doubted_at is not None and now - row.doubted_at >= DOUBT]
    for row in silent:
        row.doubted_at = row.doubted_at or now
    for row in dead:
        await _bury(uow, row, now=now)
    await uow.session.flush()
    return len(dead) + await sweep_orders(uow, now)


async def _bury(uow: UnitOfWork, process: VoiceProcessRow, *, now: datetime) -> None:
    process.ended_at = now
    for call in await Calls(uow.session).open_of_process(process.id):
        _end(uow, call, CallTrigger.LOSE, CallEnd.CRASHED, now)


async def open_call(uow: UnitOfWork, draft: CallDraft, *, now: datetime) -> CallId:
    """Write down a call that begins to ring; before anything is answered or dialled."""
    row = CallRow(
        id=new_id(),
        process_id=draft.process_id,
        direction=draft.direction,
        line=draft.line,
        number=draft.number,
        number_hash=draft.number_hash,
        to_number=draft.to_number,
        sip_call_id=draft.sip_call_id,
        contact_id=draft.contact_id,
        flow=draft.flow,
        flow_digest=draft.flow_digest,
        state=CALL.initial,
        started_at=now,
    )
    uow.session.add(row)
    await uow.session.flush()
    _write(uow, row.id, "ringing", now)
    return CallId(row.id)


async def answer_call(uow: UnitOfWork, call_id: CallId, *, now: datetime) -> None:
    """The call is up."""
    call = await Calls(uow.session).get(call_id, lock=True)
    call.state = CALL.next(call.state, CallTrigger.ANSWER)
    call.answered_at = now
    _write(uow, call_id, "answered", now)


async def play_notice(uow: UnitOfWork, call_id: CallId, *, version: str, now: datetime) -> None:
    """The person has been told that the call is recorded (录音告知), in this wording."""
    call = await Calls(uow.session).get(call_id, lock=True)
    call.notice_version = version
    _write(uow, call_id, "notice_played", now, version=version)


async def enter_queue(uow: UnitOfWork, call_id: CallId, *, queue: str, now: datetime) -> None:
    """The call waits for a seat."""
    call = await Calls(uow.session).get(call_id, lock=True)
    call.state = CALL.next(call.state, CallTrigger.ENQUEUE)
    _write(uow, call_id, "enqueued", now, queue=queue)


async def leave_queue(uow: UnitOfWork, call_id: CallId, *, reason: str, now: datetime) -> None:
    """The call stops waiting and goes on in its flow."""
    call = await Calls(uow.session).get(call_id, lock=True)
    call.state = CALL.next(call.state, CallTrigger.LEAVE_QUEUE)
    _write(uow, call_id, "left_queue", now, reason=reason)


async def connect_call(uow: UnitOfWork, call_id: CallId, *, seat_id: SeatId, now: datetime) -> None:
    """A seat and the person talk."""
    call = await Calls(uow.session).get(call_id, lock=True)
    call.state = CALL.next(call.state, CallTrigger.CONNECT)
    call.connected_at = now
    call.seat_id = seat_id
    _write(uow, call_id, "connected", now, seat_id=str(seat_id))


async def hand_over(
    uow: UnitOfWork, call_id: CallId, *, seat_id: SeatId | None, now: datetime
) -> None:
    """The talk goes on with another seat, or outside the house; None keeps the last seat."""
    call = await Calls(uow.session).get(call_id, lock=True)
    if seat_id is not None:
        call.seat_id = seat_id
    _write(uow, call_id, "handed_over", now, seat_id=None if seat_id is None else str(seat_id))


async def end_call(uow: UnitOfWork, call_id: CallId, *, end: CallEnd, now: datetime) -> bool:
    """The call is over; False if it was already."""
    call = await Calls(uow.session).get(call_id, lock=True)
    if call.ended_at is not None:
        return False
    _end(uow, call, CallTrigger.END, end, now)
    return True


def _end(uow: UnitOfWork, call: CallRow, trigger: CallTrigger, end: CallEnd, now: datetime) -> None:
    call.state = CALL.next(call.state, trigger)
    call.ended_at = now
    call.end = end
    _write(uow, call.id, "ended", now, end=end.value)


async def note_event(
    uow: UnitOfWork, call_id: CallId, kind: str, *, now: datetime, **detail: Any
) -> None:
    """Write down one more thing that happened in a call; no phone numbers, no texts."""
    _write(uow, call_id, kind, now, **detail)


def _write(uow: UnitOfWork, call_id: UUID, kind: str, now: datetime, **detail: Any) -> None:
    uow.session.add(CallEventRow(call_id=call_id, at=now, kind=kind, detail=detail))


async def link_recording(
    uow: UnitOfWork, call_id: CallId, *, recording_id: UUID, now: datetime
) -> None:
    """Keep which recording belongs to the call."""
    call = await Calls(uow.session).get(call_id, lock=True)
    call.recording_id = recording_id
    _write(uow, call_id, "recording_started", now, recording_id=str(recording_id))


async def place_order(
    uow: UnitOfWork,
    *,
    key: str,
    to: str,
    flow: str,
    variables: Mapping[str, str],
    reference: str,
    expires_at: datetime,
    now: datetime,
) -> UUID:
    """Ask the voice processes to ring `to` and run `flow`; the same key asks only once.

    `reference` comes back with the result, such as `callback:<id>:<attempt>`.
    """
    order_id = await CallOrders(uow.session).put(
        CallOrderRow(
            id=new_id(),
            key=key,
            to_number=to,
            flow=flow,
            variables=dict(variables),
            reference=reference,
            placed_at=now,
            expires_at=expires_at,
        )
    )
    uow.signal("orders", order_id=order_id)
    return order_id


async def get_call(session: AsyncSession, call_id: CallId) -> CallView:
    """Return a call as it stands.

    Raises:
        NotFound: if there is none of this id.
    """
    return view_of(await Calls(session).get(call_id))


async def happened(session: AsyncSession, call_id: CallId) -> list[tuple[datetime, str]]:
    """Return when what happened in a call, in order."""
    return [(row.at, row.kind) for row in await Calls(session).events(call_id)]


async def call_of_order(session: AsyncSession, order_id: UUID) -> CallView | None:
    """Return the call that an order became; None if nothing was dialled.

    Raises:
        NotFound: if there is no such order.
    """
    order = await CallOrders(session).get(order_id)
    return None if order.call_id is None else await get_call(session, CallId(order.call_id))


async def outbound_since(session: AsyncSession, since: datetime, *, to: str | None = None) -> int:
    """Return how many calls were dialled since then; with `to`, only to that number."""
    return await Calls(session).outbound_since(since, to)


async def open_calls(session: AsyncSession, process_id: UUID, *, before: datetime) -> list[CallId]:
    """Return the calls of a process that began before an instant and have not ended."""
    return [CallId(row) for row in await Calls(session).open_before(process_id, before)]


def view_of(row: CallRow) -> CallView:
    """Return the row's values."""
    return CallView(
        call_id=CallId(row.id),
        direction=row.direction,
        line=row.line,
        number=row.number,
        number_hash=row.number_hash,
        state=row.state,
        started_at=row.started_at,
        answered_at=row.answered_at,
        connected_at=row.connected_at,
        ended_at=row.ended_at,
        end=row.end,
        seat_id=None if row.seat_id is None else SeatId(row.seat_id),
        contact_id=None if row.contact_id is None else ContactId(row.contact_id),
        notice_version=row.notice_version,
        recording_id=row.recording_id,
    )
