"""A web process over the test's database."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from sqlalchemy.ext.asyncio import AsyncEngine

from hotline.kernel.db import Database
from tests.conftest import FakeClock
from tests.fakes.memory_signals import MemorySignals
from tests.fakes.web_house import MemoryDoorbell, WebHouse, sign_in

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def house(
    database_url: str, database_engine: AsyncEngine, clock: FakeClock
) -> AsyncGenerator[WebHouse, None]:
    """The house, whose database tells its screens of changes."""
    signals = MemorySignals()
    database = Database(database_engine, clock=clock, doorbell=MemoryDoorbell(signals))
    yield WebHouse(database, clock, signals)
    await database.close()


@pytest.fixture
async def browse(house: WebHouse, aiohttp_client: Any) -> Callable[..., Awaitable[Client]]:
    """Open a browser of its own, signed in if a login is given."""

    async def open_client(login: str | None = None) -> Client:
        client: Client = await aiohttp_client(house.app())
        if login is not None:
            assert (await sign_in(client, login)).status == 200
        return client

    return open_client
