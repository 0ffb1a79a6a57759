"""Slots of parked callers, as many desks take them at once."""

import asyncio
from datetime import timedelta

import pytest

from hotline.kernel.errors import Conflict
from hotline.kernel.ids import CallId
from hotline.queues import phone_transfers
from hotline.queues.control.states import ParkResult
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
