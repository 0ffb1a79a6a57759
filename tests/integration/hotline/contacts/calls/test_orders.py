import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from hotline.contacts.calls import orders, service
from hotline.contacts.calls.events import CallOrderFinished
from hotline.contacts.calls.model import CallOrderRow
from hotline.contacts.calls.states import CallResult, OrderState
from hotline.contacts.calls.values import Order
from hotline.kernel.clock import Clock
from hotline.kernel.db import Database
from hotline.kernel.errors import Conflict
from hotline.kernel.ids import CallId, new_id
from hotline.kernel.outbox import OutboxRow
from tests.conftest import FakeClock


@pytest.fixture
async def database(database: Database) -> Database:
    """The same database, whose outbox shows each finished order."""
    database._subscriptions = {CallOrderFinished: ("tell",)}
    return database


@pytest.fixture
async def process_id(database: Database, clock: Clock) -> UUID:
    async with database.begin() as uow:
        return await service.start_process(uow, "voice", now=clock())


async def place(
    database: Database, clock: Clock, *, key: str = "callback:1", to: str = "01000001234"
) -> UUID:
    async with database.begin() as uow:
        return await service.place_order(
            uow,
            key=key,
            to=to,
            flow="survey",
            variables={"ticket_number": "20260311000001"},
            reference="callback:1:1",
            expires_at=clock() + timedelta(minutes=5),
            now=clock(),
        )


async def claim(database: Database, process_id: UUID, clock: Clock) -> Order | None:
    async with database.begin() as uow:
        return await orders.claim_order(uow, process_id=process_id, now=clock())


async def dial(database: Database, order: Order, process_id: UUID, clock: Clock) -> None:
    async with database.begin() as uow:
        await orders.mark_dialling(
            uow, order.order_id, process_id=process_id, call_id=CallId(new_id()), now=clock()
        )


async def row_of(database: Database, order_id: UUID) -> CallOrderRow:
    async with database.read() as session:
        return await session.get_one(CallOrderRow, order_id)


async def told(database: Database) -> list[CallOrderFinished]:
    async with database.read() as session:
        rows = await session.scalars(select(OutboxRow).order_by(OutboxRow.id))
        return [CallOrderFinished.from_payload(row.payload) for row in rows]


async def test_the_same_key_asks_once(database: Database, clock: Clock, process_id: UUID) -> None:
    assert await place(database, clock) == await place(database, clock)

    assert await claim(database, process_id, clock) is not None
    assert await claim(database, process_id, clock) is None


async def test_two_processes_never_claim_the_same_order(
    database: Database, clock: Clock, process_id: UUID
) -> None:
    for number in range(4):
        await place(database, clock, key=f"callback:{number}", to=f"0100000123{number}")

    claimed = await asyncio.gather(*(claim(database, process_id, clock) for _ in range(8)))

    ids = [order.order_id for order in claimed if order is not None]
    assert len(ids) == len(set(ids)) == 4


async def test_two_of_one_household_are_rung_one_after_the_other(
    database: Database, clock: Clock, process_id: UUID
) -> None:
    """R69: the second one would hear a busy line, and lose an attempt."""
    for key in ("callback:mother", "callback:father"):
        await place(database, clock, key=key)

    claimed = await asyncio.gather(*(claim(database, process_id, clock) for _ in range(4)))

    (first,) = [order for order in claimed if order is not None]
    await dial(database, first, process_id, clock)
    assert await claim(database, process_id, clock) is None
    async with database.begin() as uow:
        await orders.finish_order(
            uow, first.order_id, process_id=process_id, result=CallResult.ANSWERED, now=clock()
        )
    second = await claim(database, process_id, clock)
    assert second is not None
    assert second.order_id != first.order_id


async def test_a_call_that_died_or_was_never_made_keeps_no_other_of_its_number_waiting(
    database: Database, clock: FakeClock, process_id: UUID
) -> None:
    """R69: what became of the one before is no reason not to ring for the next."""
    await place(database, clock, key="callback:expires")
    clock.advance(timedelta(minutes=5))
    await place(database, clock, key="callback:dies")
    async with database.begin() as uow:
        assert await service.sweep(uow, clock()) == 1
    dying = await claim(database, process_id, clock)
    assert dying is not None
    await dial(database, dying, process_id, clock)
    second = await place(database, clock, key="callback:next")
    assert await claim(database, process_id, clock) is None

    async with database.begin() as uow:
        await service.stop_process(uow, process_id, now=clock())
        await service.sweep(uow, clock())
    async with database.begin() as uow:
        successor = await service.start_process(uow, "voice", now=clock())
    claimed = await claim(database, successor, clock)

    assert (await row_of(database, dying.order_id)).state is OrderState.UNKNOWN
    assert claimed is not None
    assert claimed.order_id == second


async def test_a_finished_order_tells_its_result_and_every_answer(
    database: Database, clock: Clock, process_id: UUID
) -> None:
    order_id = await place(database, clock)
    order = await claim(database, process_id, clock)
    assert order is not None
    await dial(database, order, process_id, clock)

    async with database.begin() as uow:
        for question, keys in (("solved", "1"), ("satisfaction", "5")):
            await orders.keep_answer(
                uow, order_id, process_id=process_id, question=question, keys=keys
            )
        await orders.finish_order(
            uow, order_id, process_id=process_id, result=CallResult.ANSWERED, now=clock()
        )

    assert (await row_of(database, order_id)).state is OrderState.DONE
    [event] = await told(database)
    assert (event.reference, event.result) == ("callback:1:1", CallResult.ANSWERED)
    assert event.answers == {"solved": "1", "satisfaction": "5"}


async def test_a_claim_that_was_never_dialled_is_offered_again_after_its_lease(
    database: Database, clock: Clock, process_id: UUID
) -> None:
    await place(database, clock)
    first = await claim(database, process_id, clock)
    clock.advance(timedelta(seconds=30))
    async with database.begin() as uow:
        other = await service.start_process(uow, "voice-2", now=clock())

    second = await claim(database, other, clock)

    assert first is not None
    assert second == first
    with pytest.raises(Conflict):
        await dial(database, first, process_id, clock)


async def test_a_released_order_is_free_at_once(
    database: Database, clock: Clock, process_id: UUID
) -> None:
    order_id = await place(database, clock)
    await claim(database, process_id, clock)

    async with database.begin() as uow:
        await orders.release_order(uow, order_id, process_id=process_id)

    assert await claim(database, process_id, clock) is not None


async def test_an_order_whose_process_died_while_dialling_is_unknown_and_never_repeated(
    database: Database, clock: Clock, process_id: UUID
) -> None:
    order_id = await place(database, clock)
    order = await claim(database, process_id, clock)
    assert order is not None
    await dial(database, order, process_id, clock)

    async with database.begin() as uow:
        reborn = await service.start_process(uow, "voice", now=clock())
        await service.sweep(uow, clock())
        await service.sweep(uow, clock())

    assert (await row_of(database, order_id)).state is OrderState.UNKNOWN
    assert [event.result for event in await told(database)] == [CallResult.UNKNOWN]
    assert await claim(database, reborn, clock) is None
    with pytest.raises(Conflict):
        async with database.begin() as uow:
            await orders.finish_order(
                uow, order_id, process_id=process_id, result=CallResult.ANSWERED, now=clock()
            )


async def test_an_order_that_nobody_dialled_in_time_expires_as_failed(
    database: Database, clock: Clock, process_id: UUID
) -> None:
    order_id = await place(database, clock)
    clock.advance(timedelta(minutes=5))

    taken = await claim(database, process_id, clock)
    async with database.begin() as uow:
        await service.sweep(uow, clock())

    assert taken is None
    assert (await row_of(database, order_id)).state is OrderState.EXPIRED
    assert [event.result for event in await told(database)] == [CallResult.FAILED]
