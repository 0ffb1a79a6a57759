"""A city's standard in force: on its day, in one act, back by one act, and never under a case."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from case_bridge.cases.model import CaseStageRow
from case_bridge.cases.reading import cases_under
from case_bridge.cases.states import CaseState
from case_bridge.standards import reading, service
from case_bridge.standards.finding import Trouble
from case_bridge.standards.model import StandardRow
from case_bridge.standards.service import StandardFile
from case_bridge.standards.standard import Standard, standard_of
from case_bridge.standards.states import StandardState
from case_bridge.standards.writing import write_csv, write_xlsx
from hotline.accounts.model import AuditRow
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.errors import Conflict, IllegalTransition, Invalid
from hotline.tickets.categories import resolve_category
from hotline.tickets.states import TicketState
from tests.integration.case_bridge.city import COVER, WASTE, City

SHIPPED = standard_of(
    "示范标准",
    [
        replace(COVER, version="demo.1", major_name="公用设施"),
        replace(WASTE, version="demo.1", major_name="市容环境"),
    ],
)


def newer(version: str = "2026.1", limit: str = "1uh") -> Standard:
    """The city's own: a cover that is missing is dangerous for one hour, and no waste any more."""
    cover = SHIPPED.items[0]
    hazard, broken = cover.conditions
    hazard = replace(
        hazard, limit=limit, words="井盖缺失", closing="井盖复位", stages={"accept": "1uh"}
    )
    return replace(SHIPPED, version=version, items=(replace(cover, conditions=(hazard, broken)),))


async def load(city: City) -> None:
    async with city.database.begin() as uow:
        await service.load_shipped(uow, SHIPPED, now=city.clock())


async def imported(city: City, standard: Standard) -> UUID:
    async with city.database.begin() as uow:
        done = await service.import_standard(
            uow, StandardFile("standard.xlsx", write_xlsx(standard)), actor="袁", now=city.clock()
        )
    assert done.findings == ()
    assert done.standard_id is not None
    return done.standard_id


def today(city: City) -> date:
    now: date = city.clock().astimezone(SHANGHAI).date()
    return now


async def activate(city: City, standard_id: UUID, on: date | None = None) -> StandardState:
    async with city.database.begin() as uow:
        return await service.activate_standard(
            uow, standard_id, effective_on=on or today(city), actor="袁", now=city.clock()
        )


async def in_force(city: City) -> str:
    async with city.database.read() as session:
        found = await reading.standard_in_force(session)
    assert found is not None
    return found.version


KEY = "Yuncheng-GB30428.2@demo.1:facility:0102"


async def test_open_cases_keep_the_version_they_were_filed_under(city: City) -> None:
    """R22: the new standard counts for what is filed from its day on."""
    await load(city)
    filed = await city.registered_case(category=KEY)
    await city.file(filed)
    undecided = await city.registered_case(category=KEY)
    standard_id = await imported(city, newer())
    async with city.database.read() as session:
        found = await reading.preview(session, standard_id)
        keeping = await cases_under(
            session, "Yuncheng-GB30428.2", "demo.1", found.difference.touched, now=city.clock()
        )
    assert [line.case_id for line in keeping] == [filed, undecided]

    assert await activate(city, standard_id) is StandardState.IN_FORCE
    await city.work_off(filed)
    await city.file(undecided)

    old, new = await city.case(filed), await city.case(undecided)
    assert (old.category_version, old.limit_text, old.state) == ("demo.1", "2uh", CaseState.CLOSED)
    assert (new.category_version, new.limit_text) == ("2026.1", "1uh")


async def test_a_ticket_under_the_old_version_still_becomes_a_case(city: City) -> None:
    await load(city)
    ticket_id = await city.transferred_ticket(category_code=KEY)
    await activate(city, await imported(city, newer()))

    await city.run_jobs()

    case = await city.case(await city.case_of(ticket_id))
    assert (case.state, case.category_version) == (CaseState.REGISTERED, "demo.1")
    assert (await city.ticket(ticket_id)).state is TicketState.TRANSFERRED


async def test_what_the_standard_knows_no_longer_is_filed_under_something_else(city: City) -> None:
    await load(city)
    waste = await city.registered_case(
        category="Yuncheng-GB30428.2@demo.1:incident:0110", condition=None
    )
    await activate(city, await imported(city, newer()))

    with pytest.raises(Invalid, match="choose another"):
        await city.file(waste)


async def test_a_stage_takes_the_limit_of_its_condition(city: City) -> None:
    """R25: limits per stage stand in the standard, beside the city's own."""
    await load(city)
    await activate(city, await imported(city, newer()))

    case_id = await city.registered_case(category="Yuncheng-GB30428.2@2026.1:facility:0102")

    async with city.database.read() as session:
        stage = await session.scalar(select(CaseStageRow).where(CaseStageRow.case_id == case_id))
    assert stage is not None
    assert stage.due_at - stage.begun_at == timedelta(hours=1)


async def test_activation_and_roll_back_are_one_act_each_and_audited(city: City) -> None:
    """R22."""
    await load(city)
    await activate(city, await imported(city, newer()))
    assert await in_force(city) == "2026.1"

    city.clock.advance(timedelta(hours=1))
    async with city.database.begin() as uow:
        await service.roll_back(uow, actor="袁", reason="时限有误", now=city.clock())

    assert await in_force(city) == "demo.1"
    case_id = await city.registered_case(category=KEY)
    await city.file(case_id)
    assert (await city.case(case_id)).limit_text == "2uh"
    async with city.database.begin() as uow:
        with pytest.raises(Conflict, match="no earlier standard"):
            await service.roll_back(uow, actor="袁", reason="", now=city.clock())
    async with city.database.read() as session:
        audited = [row.action for row in await session.scalars(select(AuditRow))]
        acts = [(act.version, act.trigger.value) for act in await reading.acts(session)]
    assert audited == ["standard.import", "standard.activate", "standard.activate"]
    assert set(acts[:2]) == {("2026.1", "replace"), ("demo.1", "activate")}


async def test_a_version_comes_into_force_on_its_day(city: City) -> None:
    await load(city)
    standard_id = await imported(city, newer())
    tomorrow = today(city) + timedelta(days=1)

    assert await activate(city, standard_id, tomorrow) is StandardState.SCHEDULED
    assert await service.activate_due(city.database, now=city.clock()) == 0
    city.clock.advance(timedelta(days=1))
    assert await service.activate_due(city.database, now=city.clock()) == 1
    assert await service.activate_due(city.database, now=city.clock()) == 0

    assert await in_force(city) == "2026.1"


async def test_a_later_schedule_takes_the_place_of_an_earlier_one(city: City) -> None:
    await load(city)
    first, second = await imported(city, newer()), await imported(city, newer("2026.2"))
    tomorrow = today(city) + timedelta(days=1)
    for each in (first, second):
        await activate(city, each, tomorrow)

    async with city.database.begin() as uow:
        with pytest.raises(IllegalTransition):
            await service.withdraw_standard(uow, first, actor="袁", now=city.clock())
    async with city.database.begin() as uow:
        await service.withdraw_standard(uow, second, actor="袁", now=city.clock())

    city.clock.advance(timedelta(days=2))
    assert await service.activate_due(city.database, now=city.clock()) == 0


async def test_a_start_of_the_program_leaves_the_citys_standard_alone(city: City) -> None:
    await load(city)
    await activate(city, await imported(city, newer()))

    await load(city)

    assert await in_force(city) == "2026.1"
    async with city.database.read() as session:
        with pytest.raises(Invalid):
            await resolve_category(session, KEY)


async def test_two_at_once_put_one_version_in_force(city: City) -> None:
    await load(city)
    first, second = await imported(city, newer()), await imported(city, newer("2026.2"))

    await asyncio.wait_for(asyncio.gather(activate(city, first), activate(city, second)), 60)

    async with city.database.read() as session:
        rows = await session.scalars(
            select(StandardRow).where(StandardRow.state == StandardState.IN_FORCE)
        )
        assert len(rows.all()) == 1


async def test_a_version_is_never_overwritten(city: City) -> None:
    await load(city)
    standard_id = await imported(city, newer())

    assert await imported(city, newer()) == standard_id
    async with city.database.begin() as uow:
        done = await service.import_standard(
            uow,
            StandardFile("standard.csv", write_csv(newer(limit="3uh"))),
            actor="袁",
            now=city.clock(),
        )

    assert [each.trouble for each in done.findings] == [Trouble.KNOWN_VERSION]
    assert done.standard_id is None


async def test_another_scheme_is_named_on_purpose(city: City) -> None:
    await load(city)
    other = write_csv(replace(newer(), scheme="Lianchi-GB30428.2"))

    async with city.database.begin() as uow:
        refused = await service.check_standard(uow, StandardFile("a.csv", other))
        meant = await service.check_standard(
            uow, StandardFile("a.csv", other, scheme="Lianchi-GB30428.2")
        )

    assert [each.trouble for each in refused.findings] == [Trouble.WRONG_SCHEME]
    assert meant.standard is not None
