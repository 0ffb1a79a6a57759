"""The outbox against a real PostgreSQL."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from hotline.kernel import outbox
from hotline.kernel.db import Database
from tests.conftest import FakeClock


async def owe(
    database: Database, clock: FakeClock, key: str, after: timedelta = timedelta()
) -> None:
    async with database.begin() as uow:
        uow.enqueue("job", key=key, payload={"key": key}, due_at=clock() + after)


async def owe_and_fail(database: Database, clock: FakeClock) -> None:
    async with database.begin() as uow:
        uow.enqueue("job", key="k", payload={}, due_at=clock())
        raise LookupError


async def claim_first(database: Database, clock: FakeClock) -> outbox.Claim | None:
    async with database.begin() as uow:
        ids = await outbox.due(uow.session, now=clock())
        return await outbox.claim(uow.session, ids[0], now=clock()) if ids else None


async def test_an_effect_is_owed_once_whatever_its_cause_does_twice(database, clock):
    await owe(database, clock, "receipt:1")
    await owe(database, clock, "receipt:1")

    async with database.read() as session:
        assert len(await outbox.due(session, now=clock())) == 1


async def test_what_one_transaction_owes_is_written_in_one_statement(database, clock):
    statements = []

    def note(_connection, _cursor, statement, *_rest):
        if statement.startswith("INSERT INTO outbox"):
            statements.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    async with database.begin() as uow:
        for key in ("a", "b", "b", "later"):
            after = timedelta(hours=key == "later")
            uow.enqueue("job", key=key, payload={}, due_at=clock() + after)
    event.remove(database.engine.sync_engine, "before_cursor_execute", note)

    assert len(statements) == 1
    async with database.read() as session:
        (owed,) = await outbox.backlog(session, now=clock())
    assert (owed.due, owed.later) == (2, 1)


async def test_an_effect_of_a_failed_transaction_is_not_owed(database, clock):
    with pytest.raises(LookupError):
        await owe_and_fail(database, clock)

    async with database.read() as session:
        assert await outbox.due(session, now=clock()) == []


async def test_a_row_is_claimed_by_one_of_many_workers(database, clock):
    await owe(database, clock, "k")

    claims = await asyncio.gather(*(claim_first(database, clock) for _ in range(8)))

    assert len([held for held in claims if held]) == 1


async def test_a_row_is_not_offered_before_it_is_due(database, clock):
    await owe(database, clock, "k", after=timedelta(minutes=5))

    assert await claim_first(database, clock) is None
    clock.advance(timedelta(minutes=5))
    assert await claim_first(database, clock) is not None


async def test_a_dead_workers_row_comes_back_when_its_lease_runs_out(database, clock):
    await owe(database, clock, "k")
    first = await claim_first(database, clock)

    assert await claim_first(database, clock) is None
    clock.advance(outbox.LEASE)
    second = await claim_first(database, clock)

    assert (first.attempt, second.attempt) == (1, 2)


async def test_a_worker_that_lost_its_lease_cannot_complete(database, clock):
    await owe(database, clock, "k")
    slow = await claim_first(database, clock)
    clock.advance(outbox.LEASE)
    fast = await claim_first(database, clock)

    async with database.begin() as uow:
        assert await outbox.complete(uow.session, slow, now=clock()) is False
        assert await outbox.complete(uow.session, fast, now=clock()) is True


async def test_the_gaps_between_attempts_double_and_then_a_person_must_look(database, clock):
    await owe(database, clock, "k")
    start, gaps = clock(), []
    for _ in range(outbox.MAX_ATTEMPTS):
        held = await claim_first(database, clock)
        async with database.begin() as uow:
            await outbox.put_back(uow.session, held, error="boom", gap=None, now=clock())
            row = await uow.session.get(outbox.OutboxRow, held.outbox_id)
            gaps.append((row.due_at - clock()).total_seconds())
            clock.now = max(clock(), row.due_at)

    assert gaps[:5] == [5, 10, 20, 40, 80]
    assert row.state == outbox.OutboxState.DEAD
    assert timedelta(hours=20) < clock() - start < timedelta(hours=30)


async def test_a_dead_letter_is_tried_again_when_a_person_says_so(database, clock):
    await owe(database, clock, "k")
    held = await claim_first(database, clock)
    async with database.begin() as uow:
        await outbox.bury(uow.session, held, error="no such ticket")
    assert await claim_first(database, clock) is None

    async with database.begin() as uow:
        assert await outbox.revive(uow.session, held.outbox_id, now=clock())

    assert (await claim_first(database, clock)).attempt == 1


async def test_what_was_done_long_ago_is_forgotten_and_what_is_owed_or_dead_never(database, clock):
    """Effects hold addresses of citizens: they stay no longer than is needed (PIPL 19)."""
    for key in ("done", "dead"):
        await owe(database, clock, key)
        held = await claim_first(database, clock)
        assert held is not None
        async with database.begin() as uow:
            if key == "done":
                await outbox.complete(uow.session, held, now=clock())
            else:
                await outbox.bury(uow.session, held, error="a bug")
    await owe(database, clock, "owed")
    clock.advance(outbox.DONE_KEPT)

    async def forget() -> int:
        async with database.begin() as uow:
            return await outbox.forget(uow.session, now=clock(), limit=10)

    assert await forget() == 0
    clock.advance(timedelta(seconds=1))
    assert await forget() == 1
    async with database.read() as session:
        left = await session.scalars(select(outbox.OutboxRow.key).order_by(outbox.OutboxRow.id))
        assert left.all() == ["dead", "owed"]


async def test_no_more_is_forgotten_at_once_than_was_asked_the_oldest_first(database, clock):
    for key in ("a", "b", "c"):
        await owe(database, clock, key)
        held = await claim_first(database, clock)
        assert held is not None
        async with database.begin() as uow:
            await outbox.complete(uow.session, held, now=clock())
        clock.advance(timedelta(hours=1))
    clock.advance(outbox.DONE_KEPT)

    async with database.begin() as uow:
        assert await outbox.forget(uow.session, now=clock(), limit=2) == 2

    async with database.read() as session:
        assert (await session.scalars(select(outbox.OutboxRow.key))).all() == ["c"]
