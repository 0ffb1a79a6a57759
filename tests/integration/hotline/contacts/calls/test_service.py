from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from hotline.contacts.calls import service
from hotline.contacts.calls.model import VoiceProcessRow
from hotline.contacts.calls.repository import Calls
from hotline.contacts.calls.states import CallDirection, CallEnd, CallState
from hotline.contacts.calls.values import CallDraft
from hotline.kernel.clock import Clock
from hotline.kernel.db import Database
from hotline.kernel.errors import IllegalTransition
from hotline.kernel.ids import CallId, SeatId, new_id


def draft(process_id: UUID) -> CallDraft:
    return CallDraft(
        process_id=process_id,
        direction=CallDirection.INBOUND,
        line="12319",
        number="01000001234",
        number_hash="hash-of-the-number",
        to_number="12319",
        sip_call_id="a@192.0.2.1",
        contact_id=None,
    )


async def open_call(database: Database, process_id: UUID, clock: Clock) -> CallId:
    async with database.begin() as uow:
        return await service.open_call(uow, draft(process_id), now=clock())


@pytest.fixture
async def process_id(database: Database, clock: Clock) -> UUID:
    async with database.begin() as uow:
        return await service.start_process(uow, "voice", now=clock())


async def test_a_call_keeps_everything_that_happened_in_order(
    database: Database, clock: Clock, process_id: UUID
) -> None:
    call_id = await open_call(database, process_id, clock)
    seat = SeatId(new_id())

    async with database.begin() as uow:
        await service.answer_call(uow, call_id, now=clock())
        await service.play_notice(uow, call_id, version="2026-01", now=clock())
        await service.enter_queue(uow, call_id, queue="main", now=clock())
        await service.connect_call(uow, call_id, seat_id=seat, now=clock())
        ended = await service.end_call(uow, call_id, end=CallEnd.SEAT_HUNG_UP, now=clock())
        again = await service.end_call(uow, call_id, end=CallEnd.FAILED, now=clock())

    async with database.read() as session:
        call = await service.get_call(session, call_id)
        kinds = [event.kind for event in await Calls(session).events(call_id)]
    assert (ended, again) == (True, False)
    assert (call.state, call.end, call.notice_version) == (
        CallState.ENDED, CallEnd.SEAT_HUNG_UP, "2026-01",
    )  # fmt: skip
    assert call.seat_id == seat
    assert kinds == [
        "ringing", "answered", "notice_played", "enqueued", "connected", "ended",
    ]  # fmt: skip


async def test_a_call_that_was_never_answered_cannot_be_queued(
    database: Database, clock: Clock, process_id: UUID
) -> None:
    call_id = await open_call(database, process_id, clock)

    with pytest.raises(IllegalTransition):
        async with database.begin() as uow:
            await service.enter_queue(uow, call_id, queue="main", now=clock())


async def test_a_second_life_of_a_voice_process_loses_the_calls_of_the_first(
    database: Database, clock: Clock, process_id: UUID
) -> None:
    call_id = await open_call(database, process_id, clock)
    async with database.begin() as uow:
        other = await service.start_process(uow, "voice-2", now=clock())
    elsewhere = await open_call(database, other, clock)

    async with database.begin() as uow:
        await service.start_process(uow, "voice", now=clock())

    async with database.read() as session:
        lost = await service.get_call(session, call_id)
        alive = await service.get_call(session, elsewhere)
    assert (lost.state, lost.end) == (CallState.LOST, CallEnd.CRASHED)
    assert alive.state is CallState.RINGING


async def test_a_silent_process_is_given_up_and_hears_so_at_its_next_beat(
    database: Database, clock: Clock, process_id: UUID
) -> None:
    call_id = await open_call(database, process_id, clock)
    start = clock()

    async with database.begin() as uow:
        assert await service.beat(uow, process_id, now=start + timedelta(seconds=5))
        early = await service.sweep(uow, start + timedelta(seconds=17))
        doubtful = await service.sweep(uow, start + timedelta(seconds=18))
        doubted = await service.sweep(uow, start + timedelta(seconds=25))
        late = await service.sweep(uow, start + timedelta(seconds=26))
        beaten = await service.beat(uow, process_id, now=start + timedelta(seconds=27))

    assert (early, doubtful, doubted, late, beaten) == (0, 0, 0, 1, False)
    async with database.read() as session:
        assert (await service.get_call(session, call_id)).state is CallState.LOST


async def test_after_an_outage_or_a_step_of_the_clock_a_process_has_time_to_beat(
    database: Database, clock: Clock, process_id: UUID
) -> None:
    """R12: everybody seems to have been silent then; nobody who talks is given up for it."""
    call_id = await open_call(database, process_id, clock)
    later = clock() + timedelta(minutes=10)

    async with database.begin() as uow:
        at_once = await service.sweep(uow, later)
        beaten = await service.beat(uow, process_id, now=later + timedelta(seconds=3))
        afterwards = await service.sweep(uow, later + timedelta(seconds=10))
        again = await service.sweep(uow, later + timedelta(seconds=20))

    assert (at_once, beaten, afterwards, again) == (0, True, 0, 0)
    async with database.read() as session:
        assert (await service.get_call(session, call_id)).state is CallState.RINGING


async def test_stopping_in_order_ends_the_life(
    database: Database, clock: Clock, process_id: UUID
) -> None:
    async with database.begin() as uow:
        await service.stop_process(uow, process_id, now=clock())

    async with database.read() as session:
        row = await session.scalar(select(VoiceProcessRow).where(VoiceProcessRow.id == process_id))
    assert row is not None
    assert row.ended_at == clock()
