"""Two command levels in the figures, and who assesses what (R87, R79)."""

from collections.abc import Awaitable, Callable

import pytest

from case_bridge.evaluation import service
from case_bridge.evaluation.definition import ObjectKind
from case_bridge.evaluation.options import Options, RankedWithin
from case_bridge.evaluation.papers import PaperKind, gather
from case_bridge.evaluation.period import Period
from case_bridge.evaluation.service import Plan
from hotline.accounts.roles import Role
from tests.integration.case_bridge.cases.two_levels import PRESETS, organise
from tests.integration.case_bridge.city import City
from tests.integration.case_bridge.evaluation.month import MARCH, publish_all, work_a_month
from tests.integration.case_bridge.evaluation.test_pages import Client, asked, browse, page

__all__ = ["browse"]

Browse = Callable[..., Awaitable[Client]]


async def work_on_two_levels(city: City, preset: str) -> None:
    """The city's own units work a month; the district's street office closes one more case."""
    levels = await organise(city, preset)
    await work_a_month(city)
    case_id = await levels.filed()
    await levels.hand_down(case_id)
    await levels.dispatch(case_id, actor=levels.below)
    await levels.handle(case_id)
    await levels.pass_up(case_id)
    if preset == "jincheng":
        await city.inspect(case_id, passed=True)
    else:
        await levels.check(case_id, actor=levels.leader)
    await city.close(case_id)


async def test_r87_the_city_and_each_district_have_their_own_figures(city: City) -> None:
    """R87: both levels know how they stand: what the city commands itself, and each district."""
    await work_on_two_levels(city, "qinzhou")
    async with city.database.begin() as uow:
        await service.fold_facts(uow)
        found = await service.evaluate(uow.session, Plan.usual(ObjectKind.DISTRICT, MARCH))

    figures = {each.name: each.counters["should_close"] for each in found.results}
    assert figures == {"一级平台直接指挥": 4, "城东区指挥中心": 1}
    assert {each.name: each.counters["closed"] for each in found.results} == {
        "一级平台直接指挥": 3,
        "城东区指挥中心": 1,
    }


async def test_r87_units_are_ranked_inside_of_their_level(city: City) -> None:
    """R87: a district's units compete with each other, and not with the city's."""
    await work_on_two_levels(city, "qinzhou")
    async with city.database.begin() as uow:
        await service.fold_facts(uow)
        apart = await service.evaluate(uow.session, Plan.usual(ObjectKind.UNIT, MARCH))
        plan = Plan(
            ObjectKind.UNIT, MARCH, apart.definition, Options(ranked_within=RankedWithin.ALL)
        )
        together = await service.evaluate(uow.session, plan)

    assert [(each.level, each.name, each.place) for each in apart.results] == [
        (None, "环卫处", 1),
        (None, "排水公司", 2),
        ("城东区指挥中心", "城东街道", 1),
    ]
    ranked = {each.name: each.counters["units"] for each in together.results}
    assert ranked == dict.fromkeys(("环卫处", "排水公司", "城东街道"), 3)
    assert [each.counters["units"] for each in apart.results] == [2, 2, 1]


@pytest.mark.parametrize("preset", sorted(PRESETS))
async def test_r79_r87_the_organisation_decides_who_is_assessed(
    city: City, browse: Browse, preset: str
) -> None:
    """R79, R87, R112: each level's kinds are shown and computed, and no others."""
    organisation = PRESETS[preset]
    await organise(city, preset)
    await city.registered_case()
    assessor = await browse(Role.SUPERVISOR)

    html = await page(assessor, "/evaluation?period=2026-03")

    assessed = [kind for each in organisation.assessment for kind in each.kinds]
    for kind in ObjectKind:
        path = f"/evaluation?period=2026-03&kind={kind}"
        shown = path.replace("&", "&amp;") in html
        assert shown == (kind in assessed), kind
        answer = await assessor.get(path, headers={"Accept": "application/json"})
        assert answer.status == (200 if kind in assessed else 422), kind
    for number, each in enumerate(organisation.assessment, 1):
        assert f"{each.by} → {each.of}" in html
        if len(organisation.assessment) > 1:
            assert f"第{number}级考核" in html


async def test_r87_a_paper_ranks_only_what_is_assessed(city: City) -> None:
    """R87, R82: the city's totals stand in every paper; rankings follow the levels."""
    await work_on_two_levels(city, "jincheng")
    async with city.database.begin() as uow:
        await service.fold_facts(uow)
        jincheng = await gather(uow.session, PaperKind.YEARLY, Period.parse("2026"))

    assert ObjectKind.DISTRICT in jincheng.rankings
    assert ObjectKind.COMMUNITY in jincheng.rankings
    assert jincheng.city["should_close"] == 5
    await organise(city, "suning")
    async with city.database.read() as session:
        suning = await gather(session, PaperKind.YEARLY, Period.parse("2026"))
    assert ObjectKind.DISTRICT not in suning.rankings


async def test_what_was_published_stays_when_the_organisation_changes(
    city: City, browse: Browse
) -> None:
    await work_on_two_levels(city, "qinzhou")
    city.clock.now = Period.parse("2026-04").begins
    await publish_all(city)
    await organise(city, "suning")
    assessor = await browse(Role.SUPERVISOR)

    found = await asked(assessor, "/evaluation?period=2026-03&kind=district")

    assert {each["name"] for each in found["results"]} == {"一级平台直接指挥", "城东区指挥中心"}
