"""The audit chain over a real database: every change shows, a lawful erasure does not break it."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select, text, update

from hotline.accounts import audit
from hotline.accounts.audit import GENESIS, Head, Problem
from hotline.accounts.model import AuditRow
from hotline.kernel.db import Database
from hotline.kernel.errors import NotFound
from tests.conftest import FakeClock


async def write(database: Database, clock: FakeClock, *actions: str) -> list[Head]:
    heads = []
    for action in actions:
        async with database.begin() as uow:
            heads.append(
                await audit.append(
                    uow,
                    actor="wang",
                    action=action,
                    target="ticket:1",
                    detail={"reason": f"因为{action}"},
                    now=clock.advance(timedelta(seconds=1)),
                )
            )
    return heads


async def problems(database: Database, expected: Head | None = None) -> list[Problem]:
    async with database.read() as session:
        return await audit.verify(session, expected)


async def change(database: Database, statement: object) -> None:
    async with database.begin() as uow:
        await uow.session.execute(statement)  # type: ignore[call-overload]


async def test_an_empty_log_is_whole_and_its_head_is_the_genesis(database: Database) -> None:
    async with database.read() as session:
        assert await audit.head(session) == Head(0, GENESIS)
        assert await audit.verify(session) == []


async def test_a_log_that_nobody_touched_is_whole(database: Database, clock: FakeClock) -> None:
    heads = await write(database, clock, "view", "unmask", "export")

    assert [head.seq for head in heads] == [1, 2, 3]
    assert await problems(database) == []
    assert await problems(database, expected=heads[1]) == []


@pytest.mark.parametrize(
    ("change_of", "complaint"),
    [
        pytest.param({"actor": "li"}, "was changed", id="another actor"),
        pytest.param({"action": "nothing"}, "was changed", id="another action"),
        pytest.param({"target": "ticket:2"}, "was changed", id="another target"),
        pytest.param({"at": func.now()}, "was changed", id="another time"),
        pytest.param({"detail": {"reason": "x"}}, "detail was changed", id="another detail"),
        pytest.param({"salt": None}, "without a record", id="unrecorded erasure"),
        pytest.param({"hash": "f" * 64}, "was changed", id="another hash"),
    ],
)
async def test_any_change_of_a_row_is_found(
    database: Database, clock: FakeClock, change_of: dict[str, object], complaint: str
) -> None:
    await write(database, clock, "view", "unmask", "export")

    await change(database, update(AuditRow).where(AuditRow.seq == 2).values(**change_of))

    found = await problems(database)
    assert found[0].seq == 2
    assert complaint in found[0].what


async def test_a_row_taken_out_is_found(database: Database, clock: FakeClock) -> None:
    await write(database, clock, "view", "unmask", "export")

    await change(database, delete(AuditRow).where(AuditRow.seq == 2))

    assert [p.seq for p in await problems(database)] == [3, 3]


async def test_a_tail_cut_off_is_found_by_a_head_kept_elsewhere(
    database: Database, clock: FakeClock
) -> None:
    heads = await write(database, clock, "view", "unmask", "export")

    await change(database, delete(AuditRow).where(AuditRow.seq == 3))

    assert await problems(database) == []
    assert [p.seq for p in await problems(database, expected=heads[2])] == [3]


async def test_a_chain_written_anew_from_the_middle_misses_the_head_kept_elsewhere(
    database: Database, clock: FakeClock
) -> None:
    heads = await write(database, clock, "view", "unmask", "export")
    await change(database, delete(AuditRow).where(AuditRow.seq >= 2))
    await write(database, clock, "view", "view")

    assert await problems(database) == []
    assert await problems(database, expected=heads[2]) != []


async def test_the_chain_stays_whole_after_a_lawful_erasure(
    database: Database, clock: FakeClock
) -> None:
    await write(database, clock, "view", "unmask")

    async with database.begin() as uow:
        await audit.erase_detail(
            uow, 1, actor="audit-admin", reason="PIPL art. 47", now=clock.advance(timedelta(1))
        )

    async with database.read() as session:
        row = await session.get(AuditRow, 1)
        assert row is not None
        assert (row.detail, row.salt) == (None, None)
        raw = (await session.execute(text("SELECT audit_log::text FROM audit_log"))).scalars()
        assert not any("因为view" in line for line in raw)
    assert await problems(database) == []


async def test_erasing_what_is_not_there_is_refused(database: Database, clock: FakeClock) -> None:
    with pytest.raises(NotFound):
        async with database.begin() as uow:
            await audit.erase_detail(uow, 7, actor="a", reason="b", now=clock())


async def test_an_append_that_is_rolled_back_leaves_no_gap(
    database: Database, clock: FakeClock
) -> None:
    async with database.begin() as uow:
        await audit.append(uow, actor="a", action="b", target="c", detail={}, now=clock())
        await uow.session.rollback()

    (head,) = await write(database, clock, "view")

    assert head.seq == 1
    assert await problems(database) == []


async def test_appends_at_the_same_time_make_one_unbroken_chain(
    database: Database, clock: FakeClock
) -> None:
    async def one(number: int) -> None:
        async with database.begin() as uow:
            await audit.append(
                uow, actor=f"user-{number}", action="view", target="x", detail={}, now=clock()
            )

    await asyncio.gather(*(one(number) for number in range(30)))

    async with database.read() as session:
        assert (await audit.head(session)).seq == 30
        assert len(set(await session.scalars(select(AuditRow.actor)))) == 30
        assert await audit.verify(session) == []
