"""The rules of routing, over the database."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from hotline.kernel.errors import Invalid
from hotline.kernel.ids import CallId
from hotline.queues import service
from hotline.queues.model import OfferRow, SeatRow
from hotline.queues.routing import Overflow, QueueRules, Step, Strategy
from hotline.queues.values import Offer, QueuePolicy
from tests.integration.hotline.queues.floor import QUEUE, SmallFloor


async def caller(
    floor: SmallFloor, *, priority: int = 0, queue: str = QUEUE, **needs: int
) -> CallId:
    call_id = await floor.call("13800000001")
    async with floor.database.begin() as uow:
        await service.enqueue(
            uow,
            call_id=call_id,
            queue=queue,
            number_hash="known",
            priority=priority,
            needs=needs,
            now=floor.now,
        )
    floor.now += timedelta(milliseconds=1)
    return call_id


async def offer(floor: SmallFloor, rules: QueueRules, queue: str = QUEUE) -> Offer | None:
    policy = QueuePolicy(queues={queue: rules})
    async with floor.database.begin() as uow:
        made = await service.deal(uow, queue, floor.now, policy, most=1)
    return made.offers[0] if made.offers else None


async def skilled(floor: SmallFloor, extension: str, idle: int = 0, **skills: int) -> None:
    seat_id = await floor.seat(extension, idle=idle)
    async with floor.database.begin() as uow:
        await service.set_skills(uow, seat_id, skills)


async def test_a_skilled_seat_is_found_behind_a_hundred_others(floor: SmallFloor) -> None:
    for first in range(0, 101, 10):  # no more at once than there are connections
        numbers = range(first, min(first + 10, 101))
        await asyncio.gather(*(floor.seat(f"7{n:03}", idle=900) for n in numbers))
    await skilled(floor, "8001", gas=3)
    call_id = await caller(floor, gas=3)

    made = await offer(floor, QueueRules())

    assert made is not None
    assert (made.call_id, made.extension) == (call_id, "8001")
    async with floor.database.read() as session:
        row = await session.get_one(OfferRow, made.offer_id)
    assert row.needs == {"gas": 3}
    assert [candidate["extension"] for candidate in row.candidates] == ["8001"]


async def test_the_caller_nobody_can_serve_is_passed_over_until_the_levels_drop(
    floor: SmallFloor,
) -> None:
    await skilled(floor, "8001", gas=2)
    first, second = await caller(floor, gas=3), await caller(floor)
    rules = QueueRules(relax=(Step(timedelta(seconds=30), 1),))

    made = await offer(floor, rules)
    assert made is not None
    assert made.call_id == second
    await skilled(floor, "8002", gas=2)
    assert await offer(floor, rules) is None
    floor.now += timedelta(seconds=30)
    later = await offer(floor, rules)
    assert later is not None
    assert later.call_id == first


async def test_priority_goes_in_front_of_who_has_not_waited_much_longer(floor: SmallFloor) -> None:
    await floor.seat("8001")
    await caller(floor)
    urgent = await caller(floor, priority=1)

    made = await offer(floor, QueueRules())

    assert made is not None
    assert made.call_id == urgent


@pytest.mark.parametrize("strategy", list(Strategy))
async def test_sql_and_the_pure_rule_put_the_seats_in_one_order(
    floor: SmallFloor, strategy: Strategy
) -> None:
    await asyncio.gather(*(floor.seat(f"80{n:02}", idle=n % 4) for n in range(12)))
    async with floor.database.begin() as uow:
        seats = await uow.session.scalars(select(SeatRow).order_by(SeatRow.extension))
        for number, row in enumerate(seats):
            row.handled = number % 3
            row.offered_at = None if number % 5 == 0 else floor.now - timedelta(seconds=number % 7)
    await caller(floor)

    made = await offer(floor, QueueRules(strategy=strategy))

    assert made is not None
    async with floor.database.read() as session:
        row = await session.get_one(OfferRow, made.offer_id)
    scores = [candidate["score"] for candidate in row.candidates]
    assert (row.rule, len(scores) + row.others) == (strategy, 12)
    assert scores == sorted(scores, reverse=True)
    assert row.candidates[0]["extension"] == made.extension


async def test_the_last_seat_takes_a_caller_back(floor: SmallFloor) -> None:
    knows = await floor.seat("8001", idle=10)
    await caller(floor)
    first = await floor.ringing()
    async with floor.database.begin() as uow:
        await service.answer_offer(uow, first.offer_id, now=floor.now)
        await service.finish(uow, knows, floor.now)
        await service.end_wrap_up(uow, knows, floor.now)
    await floor.seat("8002", idle=500)
    await caller(floor)

    made = await offer(floor, QueueRules(prefers_last_seat=True))

    assert made is not None
    assert made.seat_id == knows


async def test_another_queue_helps_after_a_while_and_counts_as_staff(floor: SmallFloor) -> None:
    await floor.seat("8001")
    rules = QueueRules(overflow=(Overflow(QUEUE, timedelta(seconds=60)),))
    call_id = await caller(floor, queue="gas")
    policy = QueuePolicy(queues={"gas": rules})

    async with floor.database.read() as session:
        assert not await service.has_seats(session, "gas")
        assert await service.has_seats(session, "gas", policy)
    assert await offer(floor, rules, "gas") is None
    floor.now += timedelta(seconds=60)
    made = await offer(floor, rules, "gas")

    assert made is not None
    assert (made.call_id, made.queue) == (call_id, "gas")


async def test_a_level_is_one_to_nine(floor: SmallFloor) -> None:
    seat_id = await floor.seat("8001")

    with pytest.raises(Invalid, match="gas"):
        async with floor.database.begin() as uow:
            await service.set_skills(uow, seat_id, {"gas": 10})
