"""A city on an empty database, whose events are owed to its own worker."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hotline.kernel.db import Database
from tests.integration.case_bridge.city import SUBSCRIPTIONS, City, build_city


@pytest.fixture
async def city(
    database_url: str, database_engine: AsyncEngine, clock: Any
) -> AsyncGenerator[City, None]:
    """A city whose case system is the local platform."""
    database = Database(database_engine, clock=clock, subscriptions=SUBSCRIPTIONS)
    yield await build_city(database, clock)
    await database.close()
