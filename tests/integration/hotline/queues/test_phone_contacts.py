"""A seat that is rung for somebody else's talk: one contact a seat, under every race."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from hotline.kernel.errors import Conflict
from hotline.kernel.ids import CallId, SeatId
from hotline.queues import phone_contacts
from hotline.queues import service as queues
from hotline.queues.model import OfferRow, QueueEntryRow
from hotline.queues.phone_contacts import SeatNotFree
from hotline.queues.returns.model import ReturnCallRow
from hotline.queues.states import OfferState, QueuedState, SeatState
from hotline.queues.values import Offer
from tests.integration.hotline.queues.floor import SmallFloor

LIMIT = timedelta(seconds=20)


async def call_seat(
    floor: SmallFloor, call_id: CallId, seat_id: SeatId, *, is_own_wish: bool = False
) -> Offer:
    async with floor.database.begin() as uow:
        return await phone_contacts.call_seat(
            uow, call_id, seat_id, limit=LIMIT, now=floor.now, is_own_wish=is_own_wish
        )


async def state_of(floor: SmallFloor, seat_id: SeatId) -> SeatState:
    async with floor.database.read() as session:
        return (await queues.seat_view(session, seat_id)).state


async def entries(floor: SmallFloor) -> list[QueuedState]:
    async with floor.database.read() as session:
        return list(await session.scalars(select(QueueEntryRow.state)))


async def test_two_calls_that_want_one_seat_at_once_get_it_once(floor: SmallFloor) -> None:
    """The other is told that the seat is not free."""
    seat_id = await floor.seat("801")
    calls = [await floor.call("01000001234"), await floor.call("01000005678")]
    outcomes = await asyncio.gather(
        *(call_seat(floor, call_id, seat_id) for call_id in calls), return_exceptions=True
    )

    assert [type(each) for each in outcomes if isinstance(each, Exception)] == [SeatNotFree]
    assert await state_of(floor, seat_id) is SeatState.OFFERED


async def test_a_seat_that_is_consulted_answers_nobody_who_waits(floor: SmallFloor) -> None:
    """Issue B 7: what callers are told of the wait comes from those who stood in the queue."""
    seat_ids = [await floor.seat("801"), await floor.seat("802"), await floor.seat("803")]
    for seat_id in seat_ids:
        offer = await call_seat(floor, await floor.call(), seat_id)
        async with floor.database.begin() as uow:
            await phone_contacts.answer_call_to_seat(uow, offer.offer_id, now=floor.now)
    waiting = await floor.caller()

    async with floor.database.read() as session:
        told = await queues.prospect(session, waiting, floor.now)
    assert told is not None
    assert (told.place, told.expected) == (1, None)


async def test_a_seat_that_is_not_reached_is_free_and_its_caller_waits_nowhere(
    floor: SmallFloor,
) -> None:
    """Again changes nothing; nobody else is offered the caller, and nothing is owed."""
    seat_id, other = await floor.seat("801"), await floor.seat("802")
    offer = await call_seat(floor, await floor.call(), seat_id)
    floor.now += timedelta(seconds=15)
    for _ in range(2):
        async with floor.database.begin() as uow:
            await phone_contacts.end_call_to_seat(
                uow, offer.offer_id, reason="no_answer", now=floor.now
            )

    assert await state_of(floor, seat_id) is SeatState.AVAILABLE
    assert await state_of(floor, other) is SeatState.AVAILABLE
    assert await entries(floor) == [QueuedState.TIMED_OUT]
    assert await floor.offer() is None


async def test_a_caller_whose_seat_steps_away_is_offered_to_nobody_else(floor: SmallFloor) -> None:
    """The talk that rang the seat still has the caller."""
    seat_id, other = await floor.seat("801"), await floor.seat("802")
    offer = await call_seat(floor, await floor.call(), seat_id)
    async with floor.database.begin() as uow:
        await queues.take_break(uow, seat_id, "rest", floor.now)
    assert await floor.offer() is None
    assert await state_of(floor, other) is SeatState.AVAILABLE
    with pytest.raises(Conflict):
        async with floor.database.begin() as uow:
            await phone_contacts.answer_call_to_seat(uow, offer.offer_id, now=floor.now)
    async with floor.database.begin() as uow:
        await phone_contacts.end_call_to_seat(uow, offer.offer_id, reason="gone", now=floor.now)
    assert await entries(floor) == [QueuedState.TIMED_OUT]


async def test_a_seat_that_leaves_a_talk_wraps_up_and_the_other_keeps_the_call(
    floor: SmallFloor,
) -> None:
    """Two contacts of one call end one by one; the end of the call ends what is left."""
    first, second = await floor.seat("801"), await floor.seat("802", idle=-60)
    call_id = await floor.call()
    for seat_id in (first, second):
        offer = await call_seat(floor, call_id, seat_id)
        async with floor.database.begin() as uow:
            await phone_contacts.answer_call_to_seat(uow, offer.offer_id, now=floor.now)
    async with floor.database.begin() as uow:
        assert await phone_contacts.release_seat(uow, call_id, first, now=floor.now)
    async with floor.database.begin() as uow:
        assert not await phone_contacts.release_seat(uow, call_id, first, now=floor.now)
    assert await state_of(floor, first) is SeatState.WRAP_UP
    assert await state_of(floor, second) is SeatState.TALKING
    async with floor.database.begin() as uow:
        await queues.end_contact(uow, call_id, now=floor.now)
    assert await state_of(floor, second) is SeatState.WRAP_UP
    async with floor.database.read() as session:
        assert set(await session.scalars(select(OfferRow.state))) == {OfferState.FINISHED}


async def test_a_crash_while_a_seat_is_consulted_frees_both_and_owes_one_call(
    floor: SmallFloor,
) -> None:
    """The call that is owed is of the queue of the seat that talked."""
    first, second = await floor.seat("801"), await floor.seat("802")
    call_id = await floor.call()
    offer = await call_seat(floor, call_id, first)
    async with floor.database.begin() as uow:
        await phone_contacts.answer_call_to_seat(uow, offer.offer_id, now=floor.now)
    await call_seat(floor, call_id, second)
    async with floor.database.begin() as uow:
        await queues.end_contact(uow, call_id, dropped=True, crashed=True, now=floor.now)

    assert await state_of(floor, first) is SeatState.WRAP_UP
    assert await state_of(floor, second) is SeatState.AVAILABLE
    async with floor.database.read() as session:
        owed = list(await session.scalars(select(ReturnCallRow.queue)))
        talked = (await queues.seat_view(session, first)).queue
    assert owed == [talked]


async def test_a_seat_that_rests_may_pick_up_by_its_own_wish_but_is_not_rung(
    floor: SmallFloor,
) -> None:
    """Parked calls may be picked up from a break."""
    seat_id = await floor.seat("801")
    async with floor.database.begin() as uow:
        await queues.take_break(uow, seat_id, "rest", floor.now)
    call_id = await floor.call()
    with pytest.raises(SeatNotFree):
        await call_seat(floor, call_id, seat_id)
    await call_seat(floor, call_id, seat_id, is_own_wish=True)
    assert await state_of(floor, seat_id) is SeatState.OFFERED
