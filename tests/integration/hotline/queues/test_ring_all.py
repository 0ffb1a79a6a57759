"""A queue that rings all its seats: the first answer takes the caller."""

import asyncio

import pytest

from hotline.kernel.errors import Conflict
from hotline.queues import service
from hotline.queues.model import OfferRow, QueueEntryRow, SeatRow
from hotline.queues.routing import QueueRules, Strategy
from hotline.queues.states import OfferState, QueuedState, SeatState
from hotline.queues.values import Offer, QueuePolicy
from tests.integration.hotline.queues.floor import QUEUE, SmallFloor

POLICY = QueuePolicy(queues={QUEUE: QueueRules(strategy=Strategy.RING_ALL)})


async def ring(floor: SmallFloor) -> tuple[Offer, ...]:
    async with floor.database.begin() as uow:
        return (await service.deal(uow, QUEUE, floor.now, POLICY)).offers


async def states(floor: SmallFloor, offer: Offer) -> tuple[SeatState, QueuedState, OfferState]:
    async with floor.database.read() as session:
        seat = await session.get_one(SeatRow, offer.seat_id)
        entry = await session.get_one(QueueEntryRow, offer.entry_id)
        row = await session.get_one(OfferRow, offer.offer_id)
        return seat.state, entry.state, row.state


async def answer(floor: SmallFloor, offer: Offer) -> bool:
    try:
        async with floor.database.begin() as uow:
            await service.answer_offer(uow, offer.offer_id, now=floor.now)
    except Conflict:
        return False
    return True


async def test_all_seats_ring_and_of_those_that_answer_at_once_one_has_the_caller(
    floor: SmallFloor,
) -> None:
    """Issue B 7, 8: ring all; exactly one seat per contact, over concurrent connections."""
    for number in range(4):
        await floor.seat(f"800{number}", idle=100 + number)
    await floor.caller()
    offers = await ring(floor)
    assert len(offers) == 4

    answered = await asyncio.gather(*(answer(floor, offer) for offer in offers))

    assert sorted(answered) == [False, False, False, True]
    for offer, is_first in zip(offers, answered, strict=True):
        seat, entry, state = await states(floor, offer)
        assert entry is QueuedState.ANSWERED
        assert (seat, state) == (
            (SeatState.TALKING, OfferState.ANSWERED)
            if is_first
            else (SeatState.AVAILABLE, OfferState.WITHDRAWN)
        )
    async with floor.database.read() as session:
        rows = [await session.get_one(OfferRow, offer.offer_id) for offer in offers]
        seats = [await session.get_one(SeatRow, offer.seat_id) for offer in offers]
    reasons = [row.reason for row in rows if row.state is OfferState.WITHDRAWN]
    assert reasons == ["answered_elsewhere"] * 3
    # Nobody is penalised: the idle time of those who were too late goes on.
    assert all(seat.idle_since < floor.now for seat in seats)


async def test_the_caller_waits_again_only_when_the_last_seat_has_let_it_ring(
    floor: SmallFloor,
) -> None:
    await floor.seat("8001")
    await floor.seat("8002")
    await floor.caller()
    first, second = await ring(floor)

    for offer, expected in ((first, QueuedState.OFFERED), (second, QueuedState.WAITING)):
        async with floor.database.begin() as uow:
            await service.miss_offer(uow, offer.offer_id, reason="no_answer", now=floor.now)
        assert (await states(floor, offer))[1] is expected


@pytest.mark.parametrize("also", ["sign_out", "abandon"])
async def test_a_race_of_an_answer_leaves_nobody_ringing(floor: SmallFloor, also: str) -> None:
    seats = [await floor.seat(f"800{number}") for number in range(3)]
    call_id = await floor.caller()
    offers = await ring(floor)

    async def other() -> None:
        try:
            async with floor.database.begin() as uow:
                if also == "abandon":
                    await service.abandon(uow, call_id, now=floor.now)
                else:
                    await service.sign_out(uow, seats[0], floor.now)
        except Conflict:
            pass

    await asyncio.gather(answer(floor, offers[0]), other(), answer(floor, offers[1]))

    seen = [await states(floor, offer) for offer in offers]
    assert all(state is not OfferState.RINGING for _, _, state in seen)
    talking = [seat for seat, _, _ in seen if seat is SeatState.TALKING]
    assert len(talking) == (1 if seen[0][1] is QueuedState.ANSWERED else 0)
    assert all(seat is not SeatState.OFFERED for seat, _, _ in seen)
