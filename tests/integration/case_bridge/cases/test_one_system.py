"""The two axes, supervision and command, meet in one case under one code."""

import pytest

from case_bridge.cases.reading import case_page
from case_bridge.cases.states import CaseState
from case_bridge.web.desks import TO_DECIDE, TO_DISPATCH
from hotline.kernel.errors import Forbidden
from hotline.kernel.ids import CaseId
from hotline.tickets.category import Category, CategoryKind, ConditionLimit
from tests.integration.case_bridge.city import COVER, City, person

BURST = Category(
    scheme="Yuncheng-GB30428.2",
    version="",
    code="0501",
    kind=CategoryKind.INCIDENT,
    name_zh="供水管道破裂",
    limits=(ConditionLimit("LEAK", "1uh"),),
)


async def listed(city: City, states: tuple[CaseState, ...]) -> list[CaseId]:
    async with city.database.read() as session:
        page = await case_page(session, states, now=city.clock())
    return [line.case_id for line in page.lines]


async def test_filing_hands_the_case_from_the_supervision_to_the_command_centre(
    city: City,
) -> None:
    """R27: 003 a14-15; until it is filed no dispatcher sees it, then nobody else decides on it."""
    case_id = await city.registered_case()
    assert (await listed(city, TO_DECIDE), await listed(city, TO_DISPATCH)) == ([case_id], [])

    await city.file(case_id)

    assert (await listed(city, TO_DECIDE), await listed(city, TO_DISPATCH)) == ([], [case_id])


async def test_the_code_of_the_ticket_is_the_code_of_the_case(city: City) -> None:
    """R23: 001 a5, one set of codes from the call to the closing."""
    ticket_id = await city.transferred_ticket()
    await city.run_jobs()

    case = await city.case(await city.case_of(ticket_id))

    assert (case.category_scheme, case.category_code, case.condition) == (
        COVER.scheme,
        COVER.code,
        "HAZARD",
    )


async def test_the_pipes_under_the_street_are_handled_like_everything_else(city: City) -> None:
    """R24: 000 annex, facilities and incidents with underground pipes."""
    from hotline.tickets.categories import save_categories

    async with city.database.begin() as uow:
        await save_categories(uow, [COVER, BURST])
    case_id = await city.registered_case(category=BURST.key, condition="LEAK", subject="路面冒水")

    await city.finish(case_id)

    case = await city.case(case_id)
    assert (case.state, case.kind, case.limit_text) == (
        CaseState.CLOSED,
        CategoryKind.INCIDENT,
        "1uh",
    )


async def test_the_handler_applies_for_closing_and_does_not_close(city: City) -> None:
    """R67: 004 a21, the feedback goes to the centre, which has it checked."""
    case_id = await city.registered_case()
    await city.file(case_id)
    await city.dispatch(case_id)
    await city.handle(case_id)
    assert (await city.case(case_id)).state is CaseState.INSPECTING
    await city.inspect(case_id, passed=True)

    with pytest.raises(Forbidden):
        await city.close(case_id, actor=city.unit)
    with pytest.raises(Forbidden):
        await city.close(case_id, actor=person("处置员", *city.unit.roles))
