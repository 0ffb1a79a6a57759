"""The distributor of a voice process over a real database: who is shown what, and when."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from channels.voice import distribution as module
from channels.voice import waiters
from channels.voice.distribution import LOOK_SECONDS, Distribution
from channels.voice.waiters import stop_tasks
from config.subscriptions import SUBSCRIPTIONS
from hotline.contacts.calls import service as calls
from hotline.kernel.clock import Clock
from hotline.kernel.db import Database, Message
from hotline.kernel.errors import Unavailable
from hotline.kernel.ids import CallId
from hotline.queues import service as queues
from hotline.queues.signals import FREE, OFFER
from hotline.queues.values import Offer, QueuePolicy
from tests.fakes.relay import relayed
from tests.integration.hotline.queues.floor import SmallFloor

LIMIT = 20.0
"""Seconds, on however busy a machine."""


class Told:
    """A doorbell that remembers the topics."""

    def __init__(self) -> None:
        self.topics: list[str] = []

    async def ring(self, outbox_ids: Sequence[int]) -> None:
        """Nobody is rung."""

    async def publish(self, signals: Sequence[Message]) -> None:
        """Remember the topics."""
        self.topics += [topic for topic, _ in signals]


class Call:
    """A waiting call, as the distribution sees it."""

    def __init__(self) -> None:
        self.offers: list[Offer] = []
        self._change = asyncio.Event()

    async def rings(self) -> None:
        """Wait until an offer is shown."""
        async with asyncio.timeout(LIMIT):
            while not self.offers:
                self._change.clear()
                await self._change.wait()

    def show(self, offers: Sequence[Offer]) -> None:
        """Keep what is shown."""
        self.offers = list(offers)
        self._change.set()


@pytest.fixture
async def floor(database: Database, clock: Clock) -> SmallFloor:
    """An empty floor, and the process that carries its calls."""
    async with database.begin() as uow:
        process_id = await calls.start_process(uow, "voice", now=clock())
    return SmallFloor(database, clock(), process_id)


def distribution(floor: SmallFloor, database: Database | None = None) -> Distribution:
    return Distribution(database or floor.database, lambda: floor.now, QueuePolicy())


async def waits(floor: SmallFloor, by: Distribution) -> tuple[CallId, Call]:
    call_id, call = await floor.caller(), Call()
    by.join(call_id, call)
    return call_id, call


async def test_more_than_one_transaction_does_is_shown_after_each(floor: SmallFloor) -> None:
    """Issue B 1: the first fifty ring while the rest is still to be done."""
    distributor = distribution(floor)
    shown = [(await waits(floor, distributor))[1] for _ in range(55)]
    for number in range(55):
        await floor.seat(str(8001 + number))

    assert await distributor.look(floor.process_id) == 0.0
    assert sum(bool(each.offers) for each in shown) == 50
    assert await distributor.look(floor.process_id) == LOOK_SECONDS
    assert all(each.offers for each in shown)
    assert len({each.offers[0].seat_id for each in shown}) == 55


async def test_an_offer_that_was_withdrawn_is_shown_no_more(floor: SmallFloor) -> None:
    """Issue B 1: what rings is read as ids, and each offer once; what is gone is not shown."""
    distributor = distribution(floor)
    seat_id = await floor.seat("8001")
    _, call = await waits(floor, distributor)
    await distributor.look(floor.process_id)
    first = call.offers
    await distributor.look(floor.process_id)
    assert call.offers == first != []

    async with floor.database.begin() as uow:
        await queues.take_break(uow, seat_id, "rest", floor.now)
    await distributor.look(floor.process_id)
    assert call.offers == []


async def test_a_process_is_told_of_what_another_offers_its_calls(floor: SmallFloor) -> None:
    """Issue B 1: whoever carries the call is woken; whoever made the offer has seen it already."""
    bell = Told()
    told = Database(floor.database.engine, clock=floor.database.clock, doorbell=bell)
    mine, other = distribution(floor), distribution(floor, told)
    await floor.seat("8001")
    _, call = await waits(floor, mine)

    await other.look(floor.process_id)
    assert OFFER in bell.topics
    assert FREE not in bell.topics
    await mine.look(floor.process_id)
    assert len(call.offers) == 1

    bell.topics.clear()
    carrying = distribution(floor, told)
    await floor.seat("8002")
    await waits(floor, carrying)
    await carrying.look(floor.process_id)
    assert OFFER not in bell.topics


async def test_only_a_seat_that_could_take_a_caller_wakes_the_distributors(
    floor: SmallFloor,
) -> None:
    """Issue B 1: an answer changes screens; a freed seat changes what can be offered."""
    bell = Told()
    told = Database(
        floor.database.engine,
        clock=floor.database.clock,
        subscriptions=SUBSCRIPTIONS,
        doorbell=bell,
    )
    seat_id = await floor.seat("8001")
    await floor.caller()
    offer = await floor.ringing()
    async with told.begin() as uow:
        await queues.answer_offer(uow, offer.offer_id, now=floor.now)
        await queues.finish(uow, seat_id, floor.now)
    assert "seat" in bell.topics
    assert FREE not in bell.topics
    async with told.begin() as uow:
        await queues.end_wrap_up(uow, seat_id, floor.now)
    assert FREE in bell.topics


async def test_looks_wait_for_no_other_transaction(floor: SmallFloor, database_url: str) -> None:
    """Issue B 1: every connection of the pool is in use, and a free seat rings nevertheless."""
    small = Database.connect(database_url, clock=floor.database.clock, pool_size=1)
    distributor = distribution(floor, small)
    work = asyncio.create_task(distributor.run(lambda: floor.process_id))
    gate = asyncio.Event()

    async def hold() -> None:
        async with small.begin() as uow:
            await uow.session.execute(text("SELECT 1"))
            await gate.wait()

    holding: list[asyncio.Task[None]] = []
    try:
        _, first = await waits(floor, distributor)
        await floor.seat("8001")
        distributor.wake()
        await first.rings()
        # All that the pool has: the sixth is the distributor's own.
        holding = [asyncio.create_task(hold()) for _ in range(5)]
        async with asyncio.timeout(LIMIT):
            while "out connections: 6" not in small.engine.pool.status():
                await asyncio.sleep(0.02)
        _, second = await waits(floor, distributor)
        await floor.seat("8002")
        distributor.wake()
        await second.rings()
    finally:
        gate.set()
        await asyncio.gather(*holding)
        await stop_tasks(work)
        await small.close()


async def test_a_lost_connection_is_opened_again(floor: SmallFloor) -> None:
    """Issue B 1: the database ends the distributor's session; callers are offered all the same."""
    async with floor.database.alone() as own:
        async with own.begin():
            await end_other_sessions(floor)
        with pytest.raises(Unavailable):
            async with own.begin() as uow:
                await uow.session.execute(text("SELECT 1"))

    distributor = distribution(floor)
    work = asyncio.create_task(distributor.run(lambda: floor.process_id))
    try:
        _, first = await waits(floor, distributor)
        await floor.seat("8001")
        distributor.wake()
        await first.rings()
        await end_other_sessions(floor)
        _, second = await waits(floor, distributor)
        await floor.seat("8002")
        distributor.wake()
        await second.rings()
    finally:
        await stop_tasks(work)


async def test_a_connection_on_which_nothing_comes_any_more_is_given_up(
    floor: SmallFloor, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database host that died says nothing at all; another one has its address."""
    monkeypatch.setattr(waiters, "PATIENCE_SECONDS", 1.0)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    async with relayed(database_url) as (relay, through):
        own = Database.connect(
            through.render_as_string(hide_password=False), clock=floor.database.clock
        )
        distributor = distribution(floor, own)
        work = asyncio.create_task(distributor.run(lambda: floor.process_id))
        try:
            _, first = await waits(floor, distributor)
            await floor.seat("8001")
            await first.rings()
            relay.stall()
            _, second = await waits(floor, distributor)
            await floor.seat("8002")
            await second.rings()
        finally:
            await stop_tasks(work)
            await own.close()


async def test_a_look_that_fails_is_not_the_last_one(
    floor: SmallFloor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever went wrong in it: without the distributor callers would hear music for ever."""
    failures = [ZeroDivisionError()]
    hold_queues = queues.hold_queues

    async def fails_once(session: AsyncSession) -> list[tuple[str, bool]]:
        if failures:
            raise failures.pop()
        return await hold_queues(session)

    monkeypatch.setattr(queues, "hold_queues", fails_once)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    distributor = distribution(floor)
    work = asyncio.create_task(distributor.run(lambda: floor.process_id))
    try:
        _, call = await waits(floor, distributor)
        await floor.seat("8001")
        await call.rings()
    finally:
        await stop_tasks(work)

    assert failures == []


async def end_other_sessions(floor: SmallFloor) -> None:
    async with floor.database.begin() as uow:
        await uow.session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
