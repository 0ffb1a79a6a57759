from dataclasses import replace

import pytest

from hotline.kernel.db import Database
from hotline.kernel.errors import Invalid
from hotline.tickets import reading
from hotline.tickets.categories import (
    list_categories,
    save_categories,
    search_categories,
)
from hotline.tickets.category import Category, ConditionLimit
from tests.conftest import FakeClock
from tests.integration.hotline.tickets.drafts import COVER, NOISE, SHED, open_ticket


async def save(database: Database, *categories: Category) -> int:
    async with database.begin() as uow:
        return await save_categories(uow, categories)


async def test_the_standards_are_loaded_once(database: Database) -> None:
    """R21."""
    assert await save(database, COVER, SHED, NOISE) == 3
    assert await save(database, COVER, SHED, NOISE) == 0

    async with database.read() as session:
        assert set(await list_categories(session)) == {COVER, SHED, NOISE}


async def test_a_changed_limit_replaces_the_old_one(database: Database) -> None:
    await save(database, COVER)
    changed = replace(COVER, limits=(ConditionLimit("HAZARD", "1uh"),))

    assert await save(database, changed) == 1

    async with database.read() as session:
        assert await list_categories(session) == [changed]


async def test_a_category_that_is_gone_stays_with_its_tickets(
    database: Database, clock: FakeClock
) -> None:
    await save(database, COVER, NOISE)
    ticket_id = await open_ticket(database, clock(), category_code=COVER.key)

    assert await save(database, NOISE) == 1

    async with database.read() as session:
        ticket = await reading.ticket_view(session, ticket_id)
        assert ticket.category == COVER
        assert await search_categories(session, "井盖") == []
    assert await save(database, COVER, NOISE) == 1


async def test_a_limit_that_cannot_be_read_changes_nothing(database: Database) -> None:
    await save(database, COVER)
    broken = replace(COVER, limits=(ConditionLimit("HAZARD", "4 hours"),))

    with pytest.raises(Invalid, match="limit"):
        await save(database, broken)

    async with database.read() as session:
        assert await list_categories(session) == [COVER]


@pytest.mark.parametrize("query", ["井盖", "shangshuijinggai", "ssjg", "manhole"])
async def test_the_desk_finds_a_category_in_four_ways(database: Database, query: str) -> None:
    await save(database, COVER, SHED, NOISE)

    async with database.read() as session:
        assert list(await search_categories(session, query)) == [COVER]
