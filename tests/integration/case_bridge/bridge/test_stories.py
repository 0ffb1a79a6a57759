"""A ticket crosses into the case system, and its outcome comes back (R69)."""

from datetime import timedelta

from case_bridge.bridge.reconcile import reconcile
from case_bridge.bridge.states import CrossingState
from case_bridge.bridge.trouble import Trouble
from case_bridge.cases import service
from case_bridge.cases.case import DeclineReason
from case_bridge.cases.repository import Cases
from case_bridge.cases.states import CaseState
from hotline.callbacks.policy import CallbackPolicy
from hotline.callbacks.service import record_answer, record_words, schedule_callback
from hotline.callbacks.states import Question
from hotline.kernel.ids import CaseId
from hotline.tickets import service as tickets
from hotline.tickets.states import TicketState
from hotline.tickets.ticket import Outcome
from tests.integration.case_bridge.city import COVER, City


async def test_r69_a_closed_case_resolves_its_ticket_with_the_result_in_words(city: City) -> None:
    ticket_id = await city.transferred_ticket()
    await city.run_jobs()
    case_id = await city.case_of(ticket_id)

    case = await city.case(case_id)
    assert (case.state, case.place, case.condition) == (
        CaseState.REGISTERED,
        "城东街道人民路12号",
        "HAZARD",
    )
    await city.finish(case_id)
    await city.run_jobs()

    ticket = await city.ticket(ticket_id)
    assert (ticket.state, ticket.outcome, ticket.result) == (
        TicketState.RESOLVED,
        Outcome.SOLVED,
        "已补装井盖",
    )
    link = await city.link(ticket_id)
    assert (link.state, link.case_number) == (CrossingState.DONE, case.number)


async def test_a_transferred_ticket_is_never_resolved_before_the_case_is_closed(
    city: City,
) -> None:
    ticket_id = await city.transferred_ticket()
    await city.run_jobs()
    case_id = await city.case_of(ticket_id)
    await city.file(case_id)
    await city.dispatch(case_id)
    await city.handle(case_id)
    await city.inspect(case_id, passed=True)
    await city.run_jobs()

    assert (await city.ticket(ticket_id)).state is TicketState.TRANSFERRED
    assert (await city.link(ticket_id)).state is CrossingState.CHECKING


async def test_r17_a_declined_case_is_told_with_its_reason(city: City) -> None:
    ticket_id = await city.transferred_ticket()
    await city.run_jobs()
    async with city.database.begin() as uow:
        await service.decline_case(
            uow,
            await city.case_of(ticket_id),
            reason=DeclineReason.DUPLICATE,
            text="该井盖今早已修复",
            actor=city.desk,
            now=city.clock(),
        )
    await city.run_jobs()

    ticket = await city.ticket(ticket_id)
    assert (ticket.state, ticket.outcome) == (TicketState.RESOLVED, Outcome.DECLINED)
    assert ticket.result == "与已办案卷重复：该井盖今早已修复"


async def test_r66_rework_comes_back_as_work_in_hand(city: City) -> None:
    ticket_id = await city.transferred_ticket()
    await city.run_jobs()
    case_id = await city.case_of(ticket_id)
    await city.file(case_id)
    await city.dispatch(case_id)
    await city.handle(case_id)
    await city.inspect(case_id, passed=False)
    await city.run_jobs()

    assert (await city.link(ticket_id)).state is CrossingState.IN_HAND
    await city.handle(case_id, "已重新固定")
    await city.inspect(case_id, passed=True)
    await city.close(case_id)
    await city.run_jobs()
    assert (await city.ticket(ticket_id)).result == "已重新固定"


async def test_r50_a_return_by_a_unit_stays_inside_the_case_system(city: City) -> None:
    ticket_id = await city.transferred_ticket()
    await city.run_jobs()
    case_id = await city.case_of(ticket_id)
    await city.file(case_id)
    await city.dispatch(case_id)
    await city.return_by_unit(case_id)
    await city.dispatch(case_id, "clean")
    await city.run_jobs()

    assert (await city.ticket(ticket_id)).state is TicketState.TRANSFERRED
    assert (await city.link(ticket_id)).state is CrossingState.IN_HAND


async def test_a_dissatisfied_complainant_sends_the_same_case_back_to_work(city: City) -> None:
    ticket_id = await city.transferred_ticket()
    await city.run_jobs()
    case_id = await city.case_of(ticket_id)
    await city.finish(case_id)
    await city.run_jobs()
    city.clock.advance(timedelta(days=1))
    async with city.database.begin() as uow:
        await tickets.reopen_ticket(uow, ticket_id, reason="井盖又松了", now=city.clock())
    await city.run_jobs()

    case = await city.case(case_id)
    assert await city.case_of(ticket_id, 2) == case_id
    assert (case.state, case.round, case.due_at) == (CaseState.FILED, 2, None)
    assert (await city.history(case_id))[-1].text == "井盖又松了"

    await city.work_off(case_id)
    await city.run_jobs()
    ticket = await city.ticket(ticket_id)
    assert (ticket.state, ticket.round) == (TicketState.RESOLVED, 2)
    assert (await city.link(ticket_id, 1)).state is CrossingState.DONE
    assert await city.alarms() == []


async def test_the_unit_reads_why_the_complainant_is_not_content(city: City) -> None:
    """R69, R88: the own words go along, without the numbers in them."""
    ticket_id = await city.transferred_ticket()
    await city.run_jobs()
    case_id = await city.case_of(ticket_id)
    await city.finish(case_id)
    await city.run_jobs()
    async with city.database.begin() as uow:
        callback_id = await schedule_callback(
            uow, ticket_id, policy=CallbackPolicy(), now=city.clock()
        )
        await record_words(uow, callback_id, "井盖又松了，请打13800001234")
        await record_answer(
            uow, callback_id, question=Question.SOLVED, answer=2, via="link", now=city.clock()
        )

    await city.run_jobs()

    text = (await city.history(case_id))[-1].text
    assert text == "回访：诉求人表示问题未解决：井盖又松了，请打138****1234"


async def test_a_refusal_that_is_disputed_is_looked_at_again(city: City) -> None:
    ticket_id = await city.transferred_ticket()
    await city.run_jobs()
    case_id = await city.case_of(ticket_id)
    async with city.database.begin() as uow:
        await service.decline_case(
            uow,
            case_id,
            reason=DeclineReason.NOT_TRUE,
            text="未发现",
            actor=city.desk,
            now=city.clock(),
        )
    await city.run_jobs()
    async with city.database.begin() as uow:
        await tickets.reopen_ticket(uow, ticket_id, reason="就在门口", now=city.clock())
    await city.run_jobs()

    case = await city.case(case_id)
    assert (case.state, case.round) == (CaseState.REGISTERED, 2)
    await city.finish(case_id)
    await city.run_jobs()
    assert (await city.ticket(ticket_id)).outcome is Outcome.SOLVED


async def test_a_voided_case_gives_the_ticket_back_to_the_seats(city: City) -> None:
    ticket_id = await city.transferred_ticket()
    await city.run_jobs()
    await city.void(await city.case_of(ticket_id))
    await city.run_jobs()

    assert (await city.ticket(ticket_id)).state is TicketState.OPEN


async def test_a_ticket_handed_over_again_after_a_void_becomes_another_case(city: City) -> None:
    ticket_id = await city.transferred_ticket()
    await city.run_jobs()
    voided = await city.case_of(ticket_id)
    await city.void(voided)
    await city.run_jobs()
    async with city.database.begin() as uow:
        await tickets.transfer_ticket(uow, ticket_id, actor="system", now=city.clock())
    await city.run_jobs()

    case_id = await city.case_of(ticket_id)
    assert case_id != voided
    await city.finish(case_id)
    await city.run_jobs()
    assert (await city.ticket(ticket_id)).state is TicketState.RESOLVED
    assert await city.alarms() == []


async def test_a_handover_after_a_void_whose_job_was_lost_is_found_and_sent(city: City) -> None:
    ticket_id = await city.transferred_ticket()
    await city.run_jobs()
    await city.void(await city.case_of(ticket_id))
    await city.run_jobs()
    async with city.database.begin() as uow:
        await tickets.transfer_ticket(uow, ticket_id, actor="system", now=city.clock())
    city.clock.advance(timedelta(minutes=6))

    findings = await reconcile(city.database, city.platform, now=city.clock())

    assert [(f.trouble, f.repaired) for f in findings] == [(Trouble.NOT_SENT, True)]
    assert (await city.link(ticket_id)).state is CrossingState.SUBMITTED


async def test_many_complainants_of_one_case_are_all_answered(city: City) -> None:
    first = await city.transferred_ticket()
    second = await city.transferred_ticket(subject="井盖没了", reply_to=None)
    await city.run_jobs()
    case_id = await city.case_of(first)
    await city.join(second, case_id)

    await city.finish(case_id)
    await city.run_jobs()

    assert (await city.ticket(first)).state is TicketState.RESOLVED
    assert (await city.ticket(second)).state is TicketState.RESOLVED


async def test_the_first_to_complain_again_reopens_the_shared_case_the_second_joins(
    city: City,
) -> None:
    first = await city.transferred_ticket()
    second = await city.transferred_ticket()
    await city.run_jobs()
    case_id = await city.case_of(first)
    await city.join(second, case_id)
    await city.finish(case_id)
    await city.run_jobs()
    for ticket_id in (first, second):
        async with city.database.begin() as uow:
            await tickets.reopen_ticket(uow, ticket_id, reason="又坏了", now=city.clock())
    await city.run_jobs()

    assert (await city.case(case_id)).round == 2
    await city.work_off(case_id)
    await city.run_jobs()
    assert [(await city.ticket(t)).state for t in (first, second)] == [TicketState.RESOLVED] * 2


async def test_r88_phone_numbers_in_the_words_do_not_reach_the_unit(city: City) -> None:
    ticket_id = await city.transferred_ticket(body="井盖缺失，我的电话13800001234")
    await city.run_jobs()

    case = await city.case(await city.case_of(ticket_id))
    assert case.body == "井盖缺失，我的电话138****1234"
    async with city.database.read() as session:
        (report,) = await Cases(session).reports(CaseId(case.id))
    assert "13800001234" not in report.text


async def test_a_ticket_without_a_category_becomes_a_case_that_the_desk_must_classify(
    city: City,
) -> None:
    ticket_id = await city.transferred_ticket(category_code=None, condition=None)
    await city.run_jobs()
    case_id = await city.case_of(ticket_id)

    assert (await city.case(case_id)).kind is None
    await city.file(case_id, category=COVER.key, condition="HAZARD")
    assert (await city.case(case_id)).state is CaseState.FILED
