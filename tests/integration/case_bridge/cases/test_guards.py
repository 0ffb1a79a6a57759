"""Who and what is turned away, and that nothing changes then."""

import asyncio
from datetime import date
from itertools import product

import pytest

from case_bridge.cases import disputes, handling, service
from case_bridge.cases.case import Actor
from case_bridge.cases.duties import duties_of
from case_bridge.cases.organisation import DEFAULT
from case_bridge.cases.record import move_case
from case_bridge.cases.repository import Cases
from case_bridge.cases.states import CASE, CaseState, CaseTrigger
from case_bridge.field.service import enlist_inspector
from hotline.accounts.roles import Role
from hotline.accounts.service import create_user
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Forbidden, IllegalTransition, Invalid, NotFound
from hotline.kernel.ids import CaseId, UnitId, UserId, new_id
from tests.integration.case_bridge.city import City, person

S = CaseState


async def inspecting_case(city: City) -> CaseId:
    case_id = await city.registered_case()
    await city.file(case_id)
    await city.dispatch(case_id)
    await city.handle(case_id)
    return case_id


async def test_r63_whoever_handled_the_case_does_not_inspect_it(city: City) -> None:
    both = Actor(
        name="两用",
        user_id=UserId(new_id()),
        roles=frozenset({Role.UNIT, Role.INSPECTOR}),
        unit_id=city.units["drain"],
    )
    case_id = await city.registered_case()
    await city.file(case_id)
    await city.dispatch(case_id)
    await city.handle(case_id, actor=both)
    elsewhere = Actor(name="两用", user_id=both.user_id, roles=frozenset({Role.INSPECTOR}))

    with pytest.raises(Forbidden):
        await city.inspect(case_id, passed=True, actor=elsewhere)
    assert (await city.case(case_id)).state is S.INSPECTING


async def test_r63_a_colleague_of_the_unit_does_not_inspect_it_either(city: City) -> None:
    case_id = await inspecting_case(city)
    colleague = person("同事", Role.INSPECTOR, unit_id=city.units["drain"])

    with pytest.raises(Forbidden):
        await city.inspect(case_id, passed=True, actor=colleague)


async def test_r63_nor_does_anybody_of_a_unit_that_helped(city: City) -> None:
    """R49, R63: whoever helps does the work too; such an inspector is not even sent."""
    helper = person("环卫监督员", Role.INSPECTOR, unit_id=city.units["clean"])
    case_id = await city.registered_case()
    await city.file(case_id)
    await city.dispatch(case_id)
    async with city.database.begin() as uow:
        helper_id = await create_user(
            uow,
            login="helper",
            password="an invented password",
            display_name=helper.name,
            roles={Role.INSPECTOR},
            unit_id=city.units["clean"],
            actor="test",
            now=city.clock(),
        )
        await enlist_inspector(uow, helper_id, name=helper.name, trained_on=date(2026, 1, 5))
        assert city.inspector.user_id is not None
        await enlist_inspector(uow, city.inspector.user_id, name="休息", on_duty=False)
        await disputes.ask_helper(
            uow,
            case_id,
            unit_id=city.units["clean"],
            task="清理周边垃圾",
            actor=city.dispatcher,
            now=city.clock(),
        )
    await city.handle(case_id)

    (task,) = await city.tasks(case_id)
    assert task.inspector_id is None
    with pytest.raises(Forbidden):
        await city.inspect(case_id, passed=True, actor=helper)
    assert (await city.case(case_id)).state is S.INSPECTING


async def test_the_task_of_one_inspector_is_not_answered_by_another(city: City) -> None:
    case_id = await inspecting_case(city)

    with pytest.raises(Forbidden):
        await city.inspect(case_id, passed=True, actor=person("别人", Role.INSPECTOR))


async def test_a_result_handed_in_twice_counts_once(city: City) -> None:
    case_id = await inspecting_case(city)
    task_id = await city.open_task(case_id)

    first = await city.submit(task_id, passed=True, key="k1")
    second = await city.submit(task_id, passed=True, key="k1")

    assert (first, second) == (True, False)
    assert len(await city.history(case_id)) == 5


async def test_a_second_different_result_is_refused(city: City) -> None:
    case_id = await inspecting_case(city)
    task_id = await city.open_task(case_id)
    await city.submit(task_id, passed=True, key="k1")

    with pytest.raises(Conflict):
        await city.submit(task_id, passed=False, key="k2")
    assert (await city.case(case_id)).state is S.READY_TO_CLOSE


async def test_a_check_result_for_a_closed_case_is_refused(city: City) -> None:
    case_id = await inspecting_case(city)
    task_id = await city.open_task(case_id)
    await city.submit(task_id, passed=True, key="k1")
    await city.close(case_id)

    with pytest.raises(Conflict):
        await city.submit(task_id, passed=False, key="late")
    assert (await city.case(case_id)).state is S.CLOSED


async def test_r65_only_the_shift_leader_closes(city: City) -> None:
    case_id = await inspecting_case(city)
    await city.inspect(case_id, passed=True)

    with pytest.raises(Forbidden):
        await city.close(case_id, actor=city.dispatcher)


async def test_r66_a_case_that_nobody_inspected_is_not_closed(city: City) -> None:
    case_id = await inspecting_case(city)

    with pytest.raises(Conflict):
        await city.close(case_id)


async def test_a_unit_acts_on_its_own_cases_only(city: City) -> None:
    case_id = await city.registered_case()
    await city.file(case_id)
    await city.dispatch(case_id)

    with pytest.raises(Forbidden):
        await city.handle(case_id, actor=city.handler("clean"))


async def test_r50_a_return_without_a_reason_is_refused(city: City) -> None:
    case_id = await city.registered_case()
    await city.file(case_id)
    await city.dispatch(case_id)

    with pytest.raises(Invalid):
        await city.return_by_unit(case_id, "  ")


async def test_r44_feedback_without_words_is_refused(city: City) -> None:
    case_id = await city.registered_case()
    await city.file(case_id)
    await city.dispatch(case_id)

    with pytest.raises(Invalid):
        await city.handle(case_id, "")


async def test_a_case_is_not_dispatched_to_a_unit_that_does_not_exist(city: City) -> None:
    case_id = await city.registered_case()
    await city.file(case_id)

    with pytest.raises(NotFound):
        async with city.database.begin() as uow:
            await handling.dispatch_case(
                uow, case_id, unit_id=UnitId(new_id()), actor=city.dispatcher, now=city.clock()
            )


async def test_of_two_dispatchers_at_once_exactly_one_wins(city: City) -> None:
    case_id = await city.registered_case()
    await city.file(case_id)

    results = await asyncio.gather(
        city.dispatch(case_id, "drain"),
        city.dispatch(case_id, "clean", actor=person("派遣员丁", Role.DISPATCHER)),
        return_exceptions=True,
    )

    assert sorted(type(r).__name__ for r in results) == ["IllegalTransition", "NoneType"]
    assert isinstance(next(r for r in results if r), Conflict)
    assert len(await city.history(case_id)) == 2


async def test_many_registrations_at_once_get_different_numbers(city: City) -> None:
    ids = await asyncio.gather(*(city.registered_case() for _ in range(8)))

    numbers = {(await city.case(case_id)).number for case_id in ids}
    assert numbers == {f"2603110000{n}" for n in range(1, 9)}


async def test_an_unknown_category_is_refused_by_name(city: City) -> None:
    with pytest.raises(Invalid) as refused:
        await city.registered_case(category="GB:facility:9999")
    assert refused.value.field == "category_code"


async def test_every_act_that_is_not_in_the_tables_is_refused_and_leaves_nothing(
    city: City,
) -> None:
    """R111: every state with every act by every post; the truth and its history stay."""
    case_id = await city.registered_case()
    async with city.database.begin() as uow:
        await Cases(uow.session).put_organisation(DEFAULT, now=city.clock())
    duties, people = duties_of(DEFAULT), {role: person(role.value, role) for role in Role}
    refused = 0
    async with city.database.read() as session:
        uow = UnitOfWork(session, city.clock, {})
        case = await Cases(session).get(case_id)
        for state, act, role in product(CaseState, CaseTrigger, Role):
            if CASE.allows(state, act) and role in duties[act]:
                continue
            case.state = state
            with session.no_autoflush, pytest.raises((Forbidden, IllegalTransition)):
                await move_case(uow, case, act, actor=people[role], now=city.clock())
            assert (case.state, case.sequence, list(session.new)) == (state, 0, [])
            refused += 1
    assert refused > 8000
    assert await city.history(case_id) == []


async def test_a_seat_may_file_but_not_void(city: City) -> None:
    case_id = await city.registered_case()
    seat = person("坐席戊", Role.SEAT)
    async with city.database.begin() as uow:
        await service.file_case(uow, case_id, actor=seat, now=city.clock())

    with pytest.raises(Forbidden):
        async with city.database.begin() as uow:
            await service.void_case(uow, case_id, reason="不要了", actor=seat, now=city.clock())
