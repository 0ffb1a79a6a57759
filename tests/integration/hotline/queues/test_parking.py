"""Slots of parked callers and open transfers, as many desks take them at once."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from hotline.kernel.errors import Conflict
from hotline.kernel.ids import CallId
from hotline.queues import phone_transfers
from hotline.queues.control.states import ParkResult, TargetKind, TransferMode, TransferResult
from hotline.queues.phone_directory import Target
from hotline.queues.phone_transfers import FIRST_SLOT, LAST_SLOT, ParkedView
from tests.integration.hotline.queues.floor import SmallFloor

LIMIT = timedelta(minutes=2)


async def test_seats_that_park_at_once_get_a_slot_each(floor: SmallFloor) -> None:
    seat_id = await floor.seat("801")
    calls = [await floor.call() for _ in range(5)]

    async def park(call_id: CallId) -> ParkedView:
        async with floor.database.begin() as uow:
            return await phone_transfers.park(uow, call_id, seat_id, limit=LIMIT, now=floor.now)

    parked = await asyncio.gather(*(park(call_id) for call_id in calls))

    assert {each.slot for each in parked} == set(range(FIRST_SLOT, FIRST_SLOT + len(calls)))


async def test_a_slot_is_free_again_and_none_is_invented(
    floor: SmallFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone_transfers, "LAST_SLOT", FIRST_SLOT)
    seat_id = await floor.seat("801")
    first, second = await floor.call(), await floor.call()
    async with floor.database.begin() as uow:
        held = await phone_transfers.park(uow, first, seat_id, limit=LIMIT, now=floor.now)
    assert LAST_SLOT > held.slot == FIRST_SLOT
    with pytest.raises(Conflict, match="every parking slot"):
        async with floor.database.begin() as uow:
            await phone_transfers.park(uow, second, seat_id, limit=LIMIT, now=floor.now)

    async with floor.database.begin() as uow:
        await phone_transfers.end_park(uow, held.parked_id, ParkResult.PICKED_UP, now=floor.now)
    async with floor.database.begin() as uow:
        again = await phone_transfers.park(uow, second, seat_id, limit=LIMIT, now=floor.now)

    assert again.slot == FIRST_SLOT


async def test_a_call_is_parked_once_however_many_ask(floor: SmallFloor) -> None:
    seat_id, call_id = await floor.seat("801"), await floor.call()

    async def park() -> ParkedView:
        async with floor.database.begin() as uow:
            return await phone_transfers.park(uow, call_id, seat_id, limit=LIMIT, now=floor.now)

    asked = await asyncio.gather(*(park() for _ in range(4)), return_exceptions=True)

    assert sum(isinstance(each, ParkedView) for each in asked) == 1
    assert sum(isinstance(each, Conflict) for each in asked) == 3


async def test_into_one_call_one_is_brought_at_a_time_however_many_ask(floor: SmallFloor) -> None:
    seat_id, call_id = await floor.seat("801"), await floor.call()
    number = "13900000001"
    target = Target(kind=TargetKind.NUMBER, key=number, name=number, number=number)

    async def begin() -> UUID:
        async with floor.database.begin() as uow:
            return await phone_transfers.begin_transfer(
                uow,
                call_id,
                seat_id=seat_id,
                mode=TransferMode.CONSULT,
                target=target,
                card={},
                now=floor.now,
            )

    asked = await asyncio.gather(*(begin() for _ in range(4)), return_exceptions=True)
    begun = [each for each in asked if isinstance(each, UUID)]

    assert len(begun) == 1
    assert sum(isinstance(each, Conflict) for each in asked) == 3
    async with floor.database.begin() as uow:
        result = TransferResult.TAKEN_BACK
        await phone_transfers.end_transfer(uow, begun[0], result, now=floor.now)
    assert await begin() != begun[0]
