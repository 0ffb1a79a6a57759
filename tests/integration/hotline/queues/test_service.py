import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from hotline.contacts.calls import service as calls
from hotline.contacts.calls.states import CallEnd
from hotline.kernel.errors import Conflict, IllegalTransition
from hotline.kernel.ids import CallId, SeatId, UserId, new_id
from hotline.queues import service
from hotline.queues.model import OfferRow, QueueEntryRow
from hotline.queues.states import OfferState, QueuedState, SeatState
from hotline.queues.values import QueuePolicy, SeatView
from tests.integration.hotline.queues.floor import QUEUE, SmallFloor


async def view(floor: SmallFloor, seat_id: SeatId) -> SeatView:
    async with floor.database.read() as session:
        return await service.seat_view(session, seat_id)


async def entry_state(floor: SmallFloor, call_id: CallId) -> QueuedState:
    async with floor.database.read() as session:
        row = await session.scalar(select(QueueEntryRow).where(QueueEntryRow.call_id == call_id))
        assert row is not None
        return row.state


async def test_the_first_caller_goes_to_the_seat_that_has_been_idle_longest(
    floor: SmallFloor,
) -> None:
    await floor.seat("8001", idle=10)
    longest = await floor.seat("8002", idle=99)
    first, _second = await floor.caller(), await floor.caller()

    offer = await floor.ringing()

    assert (offer.call_id, offer.seat_id) == (first, longest)
    async with floor.database.read() as session:
        row = await session.get_one(OfferRow, offer.offer_id)
    assert row.rule == "longest_idle"
    assert [candidate["extension"] for candidate in row.candidates] == ["8002", "8001"]


async def test_a_seat_without_a_registered_phone_is_not_offered_anything(
    floor: SmallFloor,
) -> None:
    await floor.seat("8001", phone=False)
    await floor.caller()

    assert await floor.offer() is None


async def test_a_whole_contact_leaves_the_seat_wrapping_up_with_its_caller_in_view(
    floor: SmallFloor,
) -> None:
    seat = await floor.seat("8001")
    call_id = await floor.caller()
    offer = await floor.ringing()

    async with floor.database.begin() as uow:
        await service.answer_offer(uow, offer.offer_id, now=floor.now)
    talking = await view(floor, seat)
    async with floor.database.begin() as uow:
        await service.finish(uow, seat, floor.now)
    wrapping = await view(floor, seat)
    async with floor.database.begin() as uow:
        await service.end_wrap_up(uow, seat, floor.now)
    free = await view(floor, seat)

    assert talking.state is SeatState.TALKING
    assert wrapping.state is SeatState.WRAP_UP
    assert wrapping.contact is not None
    assert (wrapping.contact.call_id, wrapping.contact.number) == (call_id, "01000001234")
    assert wrapping.contact.state is OfferState.FINISHED
    assert (free.state, free.contact) == (SeatState.AVAILABLE, None)


async def test_a_missed_caller_keeps_the_place_and_rings_at_the_next_seat(
    floor: SmallFloor,
) -> None:
    first_seat = await floor.seat("8001", idle=99)
    second_seat = await floor.seat("8002", idle=10)
    first, _second = await floor.caller(), await floor.caller()
    offer = await floor.ringing()

    async with floor.database.begin() as uow:
        await service.miss_offer(uow, offer.offer_id, reason="no_answer", now=floor.now)
    again = await floor.ringing()

    assert (again.call_id, again.seat_id) == (first, second_seat)
    missed = await view(floor, first_seat)
    assert (missed.state, missed.break_reason) == (SeatState.ON_BREAK, "missed_offer")


async def test_a_caller_who_gives_up_while_it_rings_frees_the_seat_with_its_idle_time(
    floor: SmallFloor,
) -> None:
    await floor.seat("8001", idle=99)
    await floor.seat("8002", idle=10)
    call_id = await floor.caller()
    offer = await floor.ringing()

    async with floor.database.begin() as uow:
        assert await service.abandon(uow, call_id, now=floor.now)
    later = await floor.caller()
    again = await floor.ringing()

    assert await entry_state(floor, call_id) is QueuedState.ABANDONED
    assert (again.call_id, again.seat_id) == (later, offer.seat_id)


async def test_signing_out_while_it_rings_gives_the_caller_to_another_seat(
    floor: SmallFloor,
) -> None:
    leaving = await floor.seat("8001", idle=99)
    staying = await floor.seat("8002", idle=10)
    call_id = await floor.caller()
    first = await floor.ringing()

    async with floor.database.begin() as uow:
        await service.sign_out(uow, leaving, floor.now)
    second = await floor.ringing()

    assert (first.seat_id, second.seat_id) == (leaving, staying)
    assert second.call_id == call_id
    left = await view(floor, leaving)
    assert (left.state, left.user_id, left.contact) == (SeatState.SIGNED_OUT, None, None)
    with pytest.raises(IllegalTransition):
        async with floor.database.begin() as uow:
            await service.answer_offer(uow, first.offer_id, now=floor.now)


async def test_positions_count_only_those_in_front(floor: SmallFloor) -> None:
    callers = [await floor.caller() for _ in range(3)]
    async with floor.database.begin() as uow:
        await service.abandon(uow, callers[0], now=floor.now)

    async with floor.database.read() as session:
        places = [await service.position(session, call_id) for call_id in callers]

    assert places == [None, 1, 2]


async def test_a_caller_who_has_waited_too_long_leaves_the_queue_once(floor: SmallFloor) -> None:
    call_id = await floor.caller()

    async with floor.database.begin() as uow:
        first = await service.time_out(uow, call_id, now=floor.now)
        second = await service.time_out(uow, call_id, now=floor.now)

    assert (first, second) == (True, False)
    assert await entry_state(floor, call_id) is QueuedState.TIMED_OUT


async def test_the_end_of_a_call_ends_its_contact_wherever_it_stands(floor: SmallFloor) -> None:
    seat = await floor.seat("8001")
    talking = await floor.caller()
    offer = await floor.ringing()
    waiting, elsewhere = await floor.caller(), await floor.call()

    async with floor.database.begin() as uow:
        await service.answer_offer(uow, offer.offer_id, now=floor.now)
        ended = [
            await service.end_contact(uow, call_id, now=floor.now)
            for call_id in (talking, waiting, elsewhere, talking)
        ]

    assert ended == [seat, None, None, None]
    assert (await view(floor, seat)).state is SeatState.WRAP_UP
    assert await entry_state(floor, waiting) is QueuedState.ABANDONED


async def test_one_person_sits_at_one_seat(floor: SmallFloor) -> None:
    seat, other = await floor.seat("8001"), await floor.seat("8002")
    sitting = (await view(floor, seat)).user_id
    assert sitting is not None

    async with floor.database.begin() as uow:
        await service.sign_in(uow, seat, sitting, floor.now)
        await service.sign_out(uow, other, floor.now)
    with pytest.raises(Conflict):
        async with floor.database.begin() as uow:
            await service.sign_in(uow, other, sitting, floor.now)
    with pytest.raises(Conflict):
        async with floor.database.begin() as uow:
            await service.sign_in(uow, seat, UserId(new_id()), floor.now)


async def test_a_person_who_sits_down_twice_in_one_moment_sits_once(floor: SmallFloor) -> None:
    seats = [await floor.seat(name) for name in ("8001", "8002")]
    async with floor.database.begin() as uow:
        for seat in seats:
            await service.sign_out(uow, seat, floor.now)
    person = UserId(new_id())

    async def sit(seat: SeatId) -> bool:
        try:
            async with floor.database.begin() as uow:
                await service.sign_in(uow, seat, person, floor.now)
        except Conflict:
            return False
        return True

    assert sorted(await asyncio.gather(*(sit(seat) for seat in seats))) == [False, True]


async def test_a_talking_seat_may_neither_leave_nor_rest(floor: SmallFloor) -> None:
    seat = await floor.seat("8001")
    await floor.caller()
    offer = await floor.ringing()
    async with floor.database.begin() as uow:
        await service.answer_offer(uow, offer.offer_id, now=floor.now)

    with pytest.raises(IllegalTransition):
        async with floor.database.begin() as uow:
            await service.sign_out(uow, seat, floor.now)
    with pytest.raises(IllegalTransition):
        async with floor.database.begin() as uow:
            await service.take_break(uow, seat, "lunch", floor.now)


async def test_wrap_up_ends_by_itself_at_its_limit(floor: SmallFloor) -> None:
    seat = await floor.seat("8001")
    call_id = await floor.caller()
    offer = await floor.ringing()
    async with floor.database.begin() as uow:
        await service.answer_offer(uow, offer.offer_id, now=floor.now)
        await service.end_contact(uow, call_id, now=floor.now)
        await calls.end_call(uow, call_id, end=CallEnd.CALLER_HUNG_UP, now=floor.now)
    policy = QueuePolicy(wrap_up_limit=timedelta(seconds=30))

    async with floor.database.begin() as uow:
        early = await service.sweep(uow, floor.now + timedelta(seconds=29), policy)
        late = await service.sweep(uow, floor.now + timedelta(seconds=30), policy)

    assert (early, late) == (0, 1)
    assert (await view(floor, seat)).state is SeatState.AVAILABLE


async def test_the_sweep_ends_an_offer_that_its_voice_process_forgot(floor: SmallFloor) -> None:
    seat = await floor.seat("8001")
    call_id = await floor.caller()
    offer = await floor.ringing()

    async with floor.database.begin() as uow:
        await service.sweep(uow, offer.expires_at + timedelta(seconds=5))

    assert (await view(floor, seat)).state is SeatState.ON_BREAK
    assert await entry_state(floor, call_id) is QueuedState.WAITING


async def test_after_a_crash_the_talking_seat_wraps_up_and_the_waiting_are_dropped(
    floor: SmallFloor,
) -> None:
    seat, ringing_seat = await floor.seat("8001", idle=9), await floor.seat("8002")
    await floor.caller()
    offer = await floor.ringing()
    async with floor.database.begin() as uow:
        await service.answer_offer(uow, offer.offer_id, now=floor.now)
    ringing = await floor.caller()
    await floor.ringing()
    waiting = await floor.caller()

    async with floor.database.begin() as uow:
        await calls.start_process(uow, "voice", now=floor.now)
        moved = await service.sweep(uow, floor.now)

    assert moved == 3
    assert (await view(floor, seat)).state is SeatState.WRAP_UP
    assert (await view(floor, ringing_seat)).state is SeatState.AVAILABLE
    assert await entry_state(floor, ringing) is QueuedState.DROPPED
    assert await entry_state(floor, waiting) is QueuedState.DROPPED


async def test_the_board_shows_who_waits_and_who_sits(floor: SmallFloor) -> None:
    await floor.seat("8002")
    await floor.seat("8001", phone=False)
    began = floor.now
    await floor.caller()
    await floor.caller()

    async with floor.database.read() as session:
        board = await service.board(session)

    assert [(line.queue, line.waiting, line.longest_since) for line in board.queues] == [
        (QUEUE, 2, began)
    ]
    assert [(line.extension, line.phone_until is not None) for line in board.seats] == [
        ("8001", False),
        ("8002", True),
    ]
