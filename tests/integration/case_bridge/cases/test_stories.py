"""A case from its registration to its end, in the database."""

from datetime import timedelta
from uuid import UUID

import pytest

from case_bridge.cases import handling, service
from case_bridge.cases.case import DeclineReason, EvidenceOrigin
from case_bridge.cases.repository import Cases
from case_bridge.cases.states import CASE, CaseState, CaseTrigger
from case_bridge.field.states import TaskState
from case_bridge.field.task import TaskKind
from hotline.kernel.errors import Conflict, Invalid
from hotline.kernel.ids import CaseId
from tests.integration.case_bridge.city import WASTE, City, shanghai

S, T = CaseState, CaseTrigger


async def test_r26_r63_r65_a_case_is_filed_dispatched_handled_inspected_and_closed(
    city: City,
) -> None:
    case_id = await city.closed_case()

    case = await city.case(case_id)
    assert (case.state, case.round, case.number) == (S.CLOSED, 1, "26031100001")
    assert case.result == "已补装井盖"
    assert [row.trigger for row in await city.history(case_id)] == [
        T.FILE,
        T.DISPATCH,
        T.HANDLE,
        T.INSPECT,
        T.PASS,
        T.CLOSE,
    ]


async def test_the_history_replays_to_the_present_state(city: City) -> None:
    case_id = await city.registered_case()
    await city.file(case_id)
    await city.dispatch(case_id)
    await city.handle(case_id)
    await city.inspect(case_id, passed=False)

    history = await city.history(case_id)
    case = await city.case(case_id)

    assert CASE.replay(row.trigger for row in history) is case.state is S.DISPATCHED
    assert [row.sequence for row in history] == list(range(1, case.sequence + 1))


async def test_r8_the_source_stays_with_the_case(city: City) -> None:
    case = await city.case(await city.registered_case())

    assert case.source == "inspector"


async def test_cases_of_one_day_are_numbered_and_the_next_day_begins_anew(city: City) -> None:
    first = await city.case(await city.registered_case())
    second = await city.case(await city.registered_case())
    city.clock.advance(timedelta(days=1))
    third = await city.case(await city.registered_case())

    assert [c.number for c in (first, second, third)] == [
        "26031100001",
        "26031100002",
        "26031200001",
    ]


async def test_r17_a_refusal_keeps_its_reason_and_words(city: City) -> None:
    case_id = await city.registered_case()

    async with city.database.begin() as uow:
        await service.decline_case(
            uow,
            case_id,
            reason=DeclineReason.OUT_OF_SCOPE,
            text="小区内部事务，请联系物业",
            actor=city.desk,
            now=city.clock(),
        )

    last = (await city.history(case_id))[-1]
    assert (last.state, last.reason_code) == (S.DECLINED, "out_of_scope")
    assert last.text == "不属于城市管理受理范围：小区内部事务，请联系物业"


async def test_r17_a_refusal_without_words_is_refused(city: City) -> None:
    case_id = await city.registered_case()

    with pytest.raises(Invalid):
        async with city.database.begin() as uow:
            await service.decline_case(
                uow,
                case_id,
                reason=DeclineReason.OTHER,
                text=" ",
                actor=city.desk,
                now=city.clock(),
            )

    assert (await city.case(case_id)).state is S.REGISTERED


async def test_r18_a_report_is_verified_before_it_is_filed(city: City) -> None:
    case_id = await city.registered_case()
    async with city.database.begin() as uow:
        await service.verify_case(uow, case_id, actor=city.desk, now=city.clock())

    (task,) = await city.tasks(case_id)
    assert (task.kind, task.inspector_id) == (TaskKind.VERIFY, city.inspector.user_id)
    assert task.order_text == "巡查发现井盖缺失"

    await city.inspect(case_id, passed=True, text="井盖确已缺失")
    assert (await city.case(case_id)).state is S.VERIFIED
    await city.file(case_id)
    assert (await city.case(case_id)).state is S.FILED


async def test_r17_r18_what_an_inspector_refuted_cannot_be_filed(city: City) -> None:
    case_id = await city.registered_case()
    async with city.database.begin() as uow:
        await service.verify_case(uow, case_id, actor=city.desk, now=city.clock())
    await city.inspect(case_id, passed=False, text="井盖完好")

    with pytest.raises(Conflict):
        await city.file(case_id)
    assert (await city.case(case_id)).state is S.REFUTED


async def test_r16_r20_the_desk_files_under_the_category_it_finds_right(city: City) -> None:
    case_id = await city.registered_case()

    await city.file(case_id, category=WASTE.key, condition="")

    case = await city.case(case_id)
    assert (case.category_code, case.category_name, case.limit_text) == (
        "0110",
        "暴露生活垃圾",
        "4wh",
    )


async def test_r16_a_case_without_a_category_is_not_filed(city: City) -> None:
    case_id = await city.registered_case(category=None, condition=None)

    with pytest.raises(Invalid) as refused:
        await city.file(case_id)
    assert refused.value.field == "category"


async def test_the_clock_starts_at_dispatch_and_its_receipt_names_the_calendar(
    city: City,
) -> None:
    case_id = await city.registered_case(condition="BROKEN")
    city.clock.now = shanghai(13, 16)  # Friday
    await city.file(case_id)
    assert (await city.case(case_id)).due_at is None
    city.clock.now = shanghai(13, 17)

    await city.dispatch(case_id)

    case = await city.case(case_id)
    assert case.due_at == shanghai(16, 11)  # one hour on Friday, three on Monday
    assert case.receipt is not None
    assert case.receipt["limit"] == "4wh"
    assert case.receipt["calendar"]["name"] == "测试日历"


async def test_rework_continues_the_clock_and_a_confirmed_result_stops_it(city: City) -> None:
    case_id = await city.registered_case()
    await city.file(case_id)
    await city.dispatch(case_id)
    due_at = (await city.case(case_id)).due_at
    city.clock.advance(timedelta(minutes=30))
    await city.handle(case_id)
    city.clock.advance(timedelta(minutes=30))
    await city.inspect(case_id, passed=False)

    reworked = await city.case(case_id)
    assert (reworked.state, reworked.due_at, reworked.clock_stopped_at) == (
        S.DISPATCHED,
        due_at,
        None,
    )

    city.clock.advance(timedelta(minutes=30))
    handled_at = city.clock()
    await city.handle(case_id, "已重新固定")
    city.clock.advance(timedelta(minutes=30))
    await city.inspect(case_id, passed=True)

    passed = await city.case(case_id)
    assert (passed.due_at, passed.clock_stopped_at) == (due_at, handled_at)


async def test_r50_r58_another_unit_gets_the_whole_limit_after_a_return(city: City) -> None:
    case_id = await city.registered_case()
    await city.file(case_id)
    await city.dispatch(case_id)
    city.clock.advance(timedelta(hours=1))
    await city.return_by_unit(case_id)

    returned = (await city.history(case_id))[-1]
    assert (returned.state, returned.text) == (S.RETURNED, "该井盖属通信公司")

    await city.dispatch(case_id, "clean")
    case = await city.case(case_id)
    assert case.unit_id == city.units["clean"]
    assert case.due_at == city.clock() + timedelta(hours=2)


async def test_a_unit_that_gets_its_own_returned_case_again_finds_the_clock_running(
    city: City,
) -> None:
    case_id = await city.registered_case()
    await city.file(case_id)
    await city.dispatch(case_id)
    due_at = (await city.case(case_id)).due_at
    city.clock.advance(timedelta(hours=1))
    await city.return_by_unit(case_id)
    await city.dispatch(case_id)

    assert (await city.case(case_id)).due_at == due_at


async def test_r65_r66_the_shift_leader_sends_back_what_is_not_what_was_ordered(
    city: City,
) -> None:
    case_id = await city.registered_case()
    await city.file(case_id)
    await city.dispatch(case_id)
    await city.handle(case_id)
    await city.inspect(case_id, passed=True)

    with pytest.raises(Invalid):
        await city.close(case_id, matches_order=False)
    async with city.database.begin() as uow:
        from case_bridge.cases.checking import rework_case

        await rework_case(uow, case_id, text="未设置警示", actor=city.desk, now=city.clock())

    case = await city.case(case_id)
    assert (case.state, case.unit_id, case.clock_stopped_at) == (
        S.DISPATCHED,
        city.units["drain"],
        None,
    )


async def test_r15_r44_feedback_and_check_are_kept_as_evidence_that_cannot_change(
    city: City,
) -> None:
    case_id = await city.closed_case()

    async with city.database.read() as session:
        evidence = await Cases(session).evidence(case_id)
        kept = await Cases(session).evidence_content(case_id, evidence[1].id)
    assert [row.origin for row in evidence] == [
        EvidenceOrigin.REPORT,
        EvidenceOrigin.UNIT,
        EvidenceOrigin.INSPECTOR,
    ]
    assert kept.content.decode() == "已补装井盖"

    with pytest.raises(RuntimeError, match="only grows"):
        await rewrite(city, case_id, evidence[1].id)


async def rewrite(city: City, case_id: CaseId, evidence_id: UUID) -> None:
    async with city.database.begin() as uow:
        row = await Cases(uow.session).evidence_content(case_id, evidence_id)
        row.content = "什么也没做".encode()


async def test_the_history_cannot_be_rewritten(city: City) -> None:
    case_id = await city.closed_case()

    with pytest.raises(RuntimeError, match="only grows"):
        async with city.database.begin() as uow:
            (await Cases(uow.session).history(case_id))[0].text = "别的"


async def test_a_voided_case_is_over(city: City) -> None:
    case_id = await city.registered_case()
    async with city.database.begin() as uow:
        await service.void_case(uow, case_id, reason="重复登记", actor=city.desk, now=city.clock())

    with pytest.raises(Conflict):
        await city.file(case_id)


async def test_signing_for_a_case_starts_its_handling(city: City) -> None:
    case_id = await city.registered_case()
    await city.file(case_id)
    await city.dispatch(case_id)
    async with city.database.begin() as uow:
        await handling.accept_case(uow, case_id, actor=city.unit, now=city.clock())

    assert (await city.case(case_id)).state is S.HANDLING
    await city.handle(case_id)
    assert (await city.tasks(case_id))[-1].state is TaskState.OPEN
