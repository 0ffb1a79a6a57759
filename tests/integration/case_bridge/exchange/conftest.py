"""A city and a district on two empty databases."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from case_bridge.exchange.peer import ExchangeOptions
from config.loading import migrate
from hotline.kernel.db import Database
from tests.fakes.emptying import Emptier
from tests.integration.case_bridge.city import SUBSCRIPTIONS, build_city
from tests.integration.case_bridge.exchange.houses import House, Region, copy_tables, introduce


@pytest.fixture(scope="session")
def district_postgres(_schema: str) -> str:
    """The URL of the second database, migrated once a run."""
    url = make_url(_schema).set(database="district").render_as_string(hide_password=False)

    async def create() -> None:
        engine = create_async_engine(_schema, isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            await connection.execute(text("CREATE DATABASE district"))
        await engine.dispose()
        await migrate(url)

    asyncio.run(create())
    return url


@pytest.fixture(scope="session")
def _district_emptier(district_postgres: str) -> Generator[Emptier, None, None]:
    emptier = Emptier(district_postgres)
    yield emptier
    emptier.close()


@pytest.fixture
def district_url(district_postgres: str, _district_emptier: Emptier) -> str:
    """The URL of the second database, emptied for this test."""
    _district_emptier.empty()
    return district_postgres


@pytest.fixture
async def region(database_url: str, district_url: str, clock: Any) -> AsyncGenerator[Region, None]:
    """Two houses whose servers answer; the city dispatches to `drain` what is the district's."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        houses = []
        for name, url in (("city", database_url), ("district", district_url)):
            database = Database.connect(url, clock=clock, subscriptions=SUBSCRIPTIONS)
            stack.push_async_callback(database.close)
            options = ExchangeOptions(name=name, peers={})
            house = House(await build_city(database, clock), options, session)
            await house.open()
            stack.push_async_callback(house.close)
            houses.append(house)
        city, district = houses
        await introduce(city, district)
        yield Region(
            city,
            district,
            backup=lambda house: copy_tables(house, keep=True),
            restore=lambda house: copy_tables(house, keep=False),
        )
