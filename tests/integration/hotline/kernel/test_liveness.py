"""Connections that died in the pool, with PostgreSQL as the other end."""

import asyncio
from collections.abc import AsyncGenerator

import asyncpg
import pytest
from sqlalchemy import text

from hotline.kernel import liveness
from hotline.kernel.db import Database
from hotline.kernel.errors import Unavailable
from tests.conftest import FakeClock


@pytest.fixture
async def small(database_url: str, clock: FakeClock) -> AsyncGenerator[Database, None]:
    """A database with one connection in its pool."""
    database = Database.connect(database_url, clock=clock, pool_size=1)
    yield database
    await database.close()


# asyncpg asks the blinded `is_closed` once more, when such a connection is collected.
blinded = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


async def kill_the_rested(small: Database, database: Database) -> int:
    """End the pool's connection at the server; return its pid once this side has heard of it."""
    lost = asyncio.Event()
    async with small.read() as session:
        pid = (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        raw = await (await session.connection()).get_raw_connection()
        assert raw.driver_connection is not None
        raw.driver_connection.add_termination_listener(lambda _: lost.set())
    async with database.read() as session:
        await session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
    async with asyncio.timeout(20):
        await lost.wait()
    return int(pid)


async def pid_of(small: Database) -> int:
    async with small.read() as session:
        return int((await session.execute(text("SELECT pg_backend_pid()"))).scalar_one())


async def owe_and_fail(small: Database, clock: FakeClock) -> None:
    async with small.begin() as uow:
        uow.enqueue("nothing", key="k", payload={}, due_at=clock())
        await uow.write_effects()
        raise LookupError


async def test_a_connection_that_the_server_ended_is_replaced_unasked(small, database):
    killed = await kill_the_rested(small, database)

    assert await pid_of(small) != killed


@blinded
async def test_a_connection_that_vanished_is_found_out_after_a_rest(small, database, monkeypatch):
    monkeypatch.setattr(liveness, "REST_SECONDS", 0.0)
    killed = await kill_the_rested(small, database)
    monkeypatch.setattr(asyncpg.Connection, "is_closed", lambda _: False)

    assert await pid_of(small) != killed


@blinded
async def test_a_connection_that_vanished_a_moment_ago_is_unavailable_once(
    small, database, monkeypatch
):
    killed = await kill_the_rested(small, database)
    with monkeypatch.context() as unseen:
        unseen.setattr(asyncpg.Connection, "is_closed", lambda _: False)
        with pytest.raises((Unavailable, asyncpg.InterfaceError)):
            await pid_of(small)

    assert await pid_of(small) != killed


async def test_a_living_connection_is_used_again(small, monkeypatch):
    monkeypatch.setattr(liveness, "REST_SECONDS", 0.0)

    assert await pid_of(small) == await pid_of(small)


async def test_a_glance_opens_no_transaction_and_a_read_does(small):
    moments = []
    for door in (small.glance, small.read):
        async with door() as session:
            begun = await session.scalar(text("SELECT now()"))
            moments.append(begun == await session.scalar(text("SELECT now()")))

    assert moments == [False, True]


async def test_the_transaction_after_a_glance_is_whole(small, clock):
    async with small.glance() as session:
        await session.execute(text("SELECT 1"))
    with pytest.raises(LookupError):
        await owe_and_fail(small, clock)

    async with small.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM outbox")) == 0
