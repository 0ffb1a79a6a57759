"""Which orders are taken, and how many at once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast
from uuid import UUID, uuid4

import pytest

from channels.voice import orders as module
from channels.voice.exchange import Exchange
from channels.voice.ledger import Ledger
from channels.voice.options import OutboundOptions
from channels.voice.orders import OrderDesk
from channels.voice.waiters import stop_tasks
from hotline.contacts.calls import orders, service
from hotline.kernel.db import Database

NOW = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)


class FakeDatabase:
    """Every transaction succeeds."""

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[SimpleNamespace]:
        yield SimpleNamespace(session=None)


class SlowCall:
    """An ordered call whose row is never written."""

    def __init__(self, _: object, order: SimpleNamespace) -> None:
        self.order_id = order.order_id
        self.is_written = self.is_given_back = False

    async def run(self) -> None:
        await asyncio.Event().wait()

    def stop(self) -> None:
        """It is cancelled."""


def a_desk(
    monkeypatch: pytest.MonkeyPatch, claims: Callable[[], UUID | None], looks: list[int]
) -> OrderDesk:
    async def outbound_since(*_: object) -> int:
        looks.append(1)
        return 8

    async def claim_order(*_: object, **__: object) -> SimpleNamespace | None:
        order_id = claims()
        return None if order_id is None else SimpleNamespace(order_id=order_id)

    monkeypatch.setattr(service, "outbound_since", outbound_since)
    monkeypatch.setattr(orders, "claim_order", claim_order)
    monkeypatch.setattr(module, "OutboundCall", SlowCall)
    database = FakeDatabase()
    exchange = SimpleNamespace(
        options=SimpleNamespace(outbound=OutboundOptions(max_calls=50, calls_an_hour=10)),
        trunks=SimpleNamespace(dialled_out=0),
        database=database,
        ledger=Ledger(cast(Database, database)),
        clock=lambda: NOW,
        process_id=uuid4(),
    )
    return OrderDesk(cast(Exchange, exchange))


async def look_six_times(desk: OrderDesk, looks: list[int]) -> None:
    running = asyncio.ensure_future(desk.run())
    async with asyncio.timeout(10):
        while len(looks) < 6:
            desk.wake()
            await asyncio.sleep(0)
    await stop_tasks(running)


async def test_orders_that_have_no_row_yet_count_in_the_budget_of_the_hour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[int] = []
    desk = a_desk(monkeypatch, uuid4, looks)
    await look_six_times(desk, looks)

    assert len(desk._running) == 2
    await stop_tasks(*desk._running)


async def test_an_order_whose_lease_ran_out_here_is_not_carried_out_beside_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R69: this process was held up for longer than the lease; the citizen is rung once."""
    looks: list[int] = []
    order_id = uuid4()
    found: list[UUID | None] = [None, order_id, order_id]
    desk = a_desk(monkeypatch, lambda: found.pop() if found else None, looks)
    await look_six_times(desk, looks)

    assert [call.order_id for call in desk._running.values()] == [order_id]
    await stop_tasks(*desk._running)
