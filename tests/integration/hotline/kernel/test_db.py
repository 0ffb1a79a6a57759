"""What of PostgreSQL's refusals passes by itself, and what does not."""

import asyncio

import pytest
from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError

from hotline.kernel.db import Database
from hotline.kernel.errors import Unavailable


@pytest.mark.parametrize("state", ["40001", "40P01", "53100", "53300", "57P01", "57P03", "08006"])
async def test_a_refusal_that_passes_is_unavailable(database: Database, state: str) -> None:
    """Whoever asked may ask again: a page, a job, a call that goes on."""
    with pytest.raises(Unavailable):
        async with database.begin() as uow:
            await uow.session.execute(refuse(state))


@pytest.mark.parametrize("state", ["22003", "57014"])
async def test_a_mistake_stays_a_mistake(database: Database, state: str) -> None:
    with pytest.raises(DBAPIError):
        async with database.begin() as uow:
            await uow.session.execute(refuse(state))


def refuse(state: str) -> TextClause:
    return text(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$")


async def test_of_two_that_wait_for_each_other_one_is_told_to_come_again(
    database: Database,
) -> None:
    """A real deadlock, as PostgreSQL finds and ends it."""
    both_hold = asyncio.Barrier(2)

    async def lock(first: int, second: int) -> None:
        async with database.begin() as uow:
            await uow.session.execute(text("SET LOCAL deadlock_timeout = '50ms'"))
            await uow.session.execute(text(f"SELECT pg_advisory_xact_lock({first})"))
            await both_hold.wait()
            await uow.session.execute(text(f"SELECT pg_advisory_xact_lock({second})"))

    ends = await asyncio.gather(lock(1, 2), lock(2, 1), return_exceptions=True)

    assert [type(each) for each in ends if each is not None] == [Unavailable]
