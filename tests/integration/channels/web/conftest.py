"""The public pages over the test's database, asked from an address outside."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from sqlalchemy.ext.asyncio import AsyncEngine

from hotline.kernel.db import Database
from tests.conftest import FakeClock
from tests.fakes.memory_signals import MemorySignals
from tests.fakes.public_house import public
from tests.fakes.web_house import WebHouse

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def house(
    database_url: str, database_engine: AsyncEngine, clock: FakeClock
) -> AsyncGenerator[WebHouse, None]:
    """The house with its public pages."""
    from config.subscriptions import SUBSCRIPTIONS

    database = Database(database_engine, clock=clock, subscriptions=SUBSCRIPTIONS)
    yield WebHouse(database, clock, MemorySignals(), parts=(public(),), trusted_proxies=1)
    await database.close()


@pytest.fixture
async def visit(house: WebHouse, aiohttp_client: Any) -> Callable[[str], Awaitable[Client]]:
    """Open a browser at an address outside."""

    async def open_client(address: str = "192.0.2.1") -> Client:
        client: Client = await aiohttp_client(house.app(), headers={"X-Forwarded-For": address})
        return client

    return open_client
