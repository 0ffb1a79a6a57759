import asyncio
from typing import Any

from sqlalchemy import select

from hotline.kernel.db import Database
from hotline.kernel.ids import CitizenId
from hotline.people import service
from hotline.people.citizen import PeopleOptions
from hotline.people.model import CitizenRow, IdentifierRow
from tests.conftest import FakeClock

OPTIONS = PeopleOptions(b"the key of the blind index", home_area_code="0539")


async def identify(database: Database, clock: FakeClock, **who: Any) -> CitizenId:
    async with database.begin() as uow:
        found = await service.identify(uow, options=OPTIONS, now=clock(), **who)
    assert found is not None
    return found


async def test_one_citizen_across_channels(database: Database, clock: FakeClock) -> None:
    by_phone = await identify(database, clock, phone="+86 138 0000 1234", mail="z@example.org")

    assert await identify(database, clock, phone="13800001234") == by_phone
    assert await identify(database, clock, mail="Z@Example.org") == by_phone


async def test_nobody_is_merged_by_guess(database: Database, clock: FakeClock) -> None:
    parent = await identify(database, clock, phone="13800001234")
    child = await identify(database, clock, mail="child@example.org")

    both = await identify(database, clock, phone="13800001234", mail="child@example.org")

    assert both == parent
    assert await identify(database, clock, mail="child@example.org") == child


async def test_ten_calls_at_once_from_a_new_number_are_one_citizen(
    database: Database, clock: FakeClock
) -> None:
    found = await asyncio.gather(
        *(identify(database, clock, phone="13800001234") for _ in range(10))
    )

    async with database.read() as session:
        citizens = (await session.scalars(select(CitizenRow.id))).all()
    assert set(found) == set(citizens)
    assert len(citizens) == 1


async def test_a_withheld_number_identifies_nobody(database: Database, clock: FakeClock) -> None:
    async with database.begin() as uow:
        found = await service.identify(
            uow, options=OPTIONS, phone="anonymous", mail="no address", now=clock()
        )

    assert found is None


async def test_a_short_number_is_kept_as_one(database: Database, clock: FakeClock) -> None:
    """Domain notes 8.1: 12315 is not E.164."""
    await identify(database, clock, phone="12315")

    async with database.read() as session:
        row = (await session.scalars(select(IdentifierRow))).one()
    assert (row.value, row.raw, row.is_short) == ("12315", "12315", True)


async def test_the_index_does_not_show_the_number(database: Database, clock: FakeClock) -> None:
    await identify(database, clock, phone="13800001234")

    async with database.read() as session:
        row = (await session.scalars(select(IdentifierRow))).one()
    assert "13800001234" not in row.blind_index
    assert len(row.blind_index) == 32


async def test_a_seat_sees_everything_masked(database: Database, clock: FakeClock) -> None:
    """R88."""
    await identify(database, clock, phone="13800001234", mail="zhang@example.org", name="张三丰")

    async with database.read() as session:
        citizen = await service.find_citizen(session, options=OPTIONS, phone="13800001234")

    assert citizen is not None
    assert citizen.name_masked == "张**"
    assert [one.masked for one in citizen.identifiers] == ["138****1234", "z***@example.org"]


async def test_an_unknown_number_finds_and_adds_nobody(
    database: Database, clock: FakeClock
) -> None:
    async with database.read() as session:
        found = await service.find_citizen(session, options=OPTIONS, phone="13800009999")
        rows = (await session.scalars(select(CitizenRow))).all()

    assert found is None
    assert rows == []
