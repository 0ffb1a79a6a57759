"""How many orders are taken at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast
from uuid import uuid4

import pytest

from channels.voice import orders as module
from channels.voice.exchange import Exchange
from channels.voice.options import OutboundOptions
from channels.voice.orders import OrderDesk
from channels.voice.waiters import stop_tasks
from hotline.contacts.calls import orders, service

NOW = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)


class FakeDatabase:
    """Every transaction succeeds."""

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[SimpleNamespace]:
        yield SimpleNamespace(session=None)


class SlowCall:
    """An ordered call whose row is never written."""

    def __init__(self, *_: object) -> None:
        self.is_written = self.is_given_back = False

    async def run(self) -> None:
        await asyncio.Event().wait()

    def stop(self) -> None:
        """It is cancelled."""


async def test_orders_that_have_no_row_yet_count_in_the_budget_of_the_hour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    claimed = 0
    looks = 0

    async def outbound_since(*_: object) -> int:
        nonlocal looks
        looks += 1
        return 8

    async def claim_order(*_: object, **__: object) -> SimpleNamespace:
        nonlocal claimed
        claimed += 1
        return SimpleNamespace(order_id=uuid4())

    monkeypatch.setattr(service, "outbound_since", outbound_since)
    monkeypatch.setattr(orders, "claim_order", claim_order)
    monkeypatch.setattr(module, "OutboundCall", SlowCall)
    limits = OutboundOptions(max_calls=50, calls_an_hour=10)
    exchange = SimpleNamespace(
        options=SimpleNamespace(outbound=limits),
        trunks=SimpleNamespace(dialled_out=0),
        database=FakeDatabase(),
        clock=lambda: NOW,
        process_id=uuid4(),
    )
    desk = OrderDesk(cast(Exchange, exchange))
    running = asyncio.ensure_future(desk.run())
    async with asyncio.timeout(10):
        while looks < 6:
            desk.wake()
            await asyncio.sleep(0)

    assert claimed == 2
    await stop_tasks(running, *desk._running)
