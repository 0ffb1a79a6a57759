"""One case, many complainants: put together and apart without loss, each with an own answer."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select

from case_bridge.bridge.states import CrossingState
from case_bridge.cases.case import Attachment, EvidenceOrigin
from case_bridge.cases.course import course_of
from case_bridge.cases.model import ReportRow
from case_bridge.cases.notice import NoticeKind
from case_bridge.cases.reading import case_view, evidence_file
from case_bridge.cases.states import CaseState
from case_bridge.evaluation.definition import ObjectKind
from case_bridge.evaluation.options import Options
from case_bridge.evaluation.period import Period
from case_bridge.evaluation.repository import Evaluations
from case_bridge.merging import service
from case_bridge.merging.reading import merges_of, proposals
from hotline.accounts.roles import Role
from hotline.callbacks.model import CallbackRow
from hotline.callbacks.options import CallbackOptions
from hotline.callbacks.policy import CallbackPolicy
from hotline.callbacks.service import record_answer, schedule_callback, schedule_callbacks
from hotline.callbacks.states import CallbackState, Question
from hotline.callbacks.untold import untold
from hotline.contacts.contact import Channel
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from hotline.kernel.ids import CallbackId, CaseId, TicketId
from hotline.kernel.outbox import OutboxRow
from hotline.tickets.states import TicketState
from hotline.tickets.ticket import CloseReason
from tests.integration.case_bridge.city import City, person


async def two_reports(city: City) -> tuple[TicketId, TicketId, CaseId, CaseId]:
    """Two citizens tell of one cover; return both tickets, the first case and the second."""
    first = await city.transferred_ticket()
    second = await city.transferred_ticket(
        subject="井盖丢失",
        body="人民路十二号的窨井没有盖子",
        reply_channel=Channel.MAIL,
        reply_to="second@example.org",
    )
    await city.run_jobs()
    return first, second, await city.case_of(first), await city.case_of(second)


async def merge(city: City, merged: CaseId, kept: CaseId, **changes: Any) -> None:
    told = {"actor": city.desk, "now": city.clock()} | changes
    async with city.database.begin() as uow:
        await service.merge_cases(uow, merged, kept, **told)


async def unmerge(city: City, merged: CaseId, reason: str = "不是同一个井") -> None:
    async with city.database.begin() as uow:
        await service.unmerge_case(uow, merged, reason=reason, actor=city.desk, now=city.clock())


async def callbacks_of(city: City, ticket_id: TicketId) -> list[CallbackRow]:
    async with city.database.read() as session:
        found = await session.scalars(
            select(CallbackRow)
            .where(CallbackRow.ticket_id == ticket_id)
            .order_by(CallbackRow.round)
        )
        return list(found)


async def test_one_case_answers_both_complainants_each_on_the_own_way(city: City) -> None:
    """R12, R69: one case, many complainants, each with an own ticket, channel and answer."""
    first, second, kept, merged = await two_reports(city)
    async with city.database.read() as session:
        (found,) = await proposals(session, [kept, merged])
    assert (found.merged.case_id, found.kept.case_id) == (merged, kept)
    assert found.likeness.is_proposed

    await city.file(kept)
    await city.dispatch(kept)
    await merge(city, merged, kept, reason="同一个井盖")
    await city.run_jobs()

    assert (await city.case(merged)).state is CaseState.MERGED
    links = [await city.link(ticket_id) for ticket_id in (first, second)]
    assert [link.state for link in links] == [CrossingState.IN_HAND] * 2
    assert {link.case_key for link in links} == {str(kept)}
    await city.handle(kept)
    await city.inspect(kept, passed=True)
    await city.close(kept)
    await city.run_jobs()
    tickets = [await city.ticket(ticket_id) for ticket_id in (first, second)]
    assert [ticket.state for ticket in tickets] == [TicketState.RESOLVED] * 2
    assert [ticket.reply_channel for ticket in tickets] == [Channel.WEB, Channel.MAIL]
    assert await city.alarms() == []


async def test_the_unit_of_the_kept_case_sees_what_every_complainant_sent(city: City) -> None:
    """R15: each file once, with the fingerprint and the time that it had."""
    came_at = city.clock()
    both, own = (
        Attachment(
            name="诉求人附件.jpg", media_type="image/jpeg", content=each, received_at=came_at
        )
        for each in (b"\xff\xd8\xff both", b"\xff\xd8\xff own")
    )
    kept = await city.registered_case(attachments=(both,))
    merged = await city.registered_case(attachments=(both, own))
    city.clock.advance(timedelta(hours=1))

    await merge(city, merged, kept)

    async with city.database.read() as session:
        view = await case_view(session, kept, now=city.clock())
        files = [each for each in view.evidence if each.media_type == "image/jpeg"]
        contents = [(await evidence_file(session, kept, each.evidence_id))[1] for each in files]
    assert sorted(contents) == sorted([both.content, own.content])
    assert {each.recorded_at for each in files} == {came_at}
    assert {each.origin for each in files} == {EvidenceOrigin.REPORT}


async def test_one_who_says_no_reopens_the_case_and_nobody_else_is_told_it_is_done(
    city: City,
) -> None:
    """R69, R71: who was not told yet joins the next round; who answered keeps the answer."""
    first, second, kept, merged = await two_reports(city)
    third = await city.transferred_ticket(body="人民路12号井盖被偷走了")
    await city.run_jobs()
    for case_id in (merged, await city.case_of(third)):
        await merge(city, case_id, kept)
    await city.finish(kept)
    await city.run_jobs()
    options = CallbackOptions(
        links=None,  # type: ignore[arg-type]
        policy=CallbackPolicy.for_demo(),
        channels=frozenset({Channel.MAIL, Channel.VOICE}),
        home_area_code="0359",
    )
    async with city.database.begin() as uow:
        for ticket_id in (first, second, third):
            await schedule_callbacks(uow, ticket_id, in_round=1, options=options, now=city.clock())
    async with city.database.begin() as uow:
        # The calls themselves are the hotline's: here nobody is rung.
        await uow.session.execute(delete(OutboxRow).where(OutboxRow.job == "attempt_callback"))
    answers = {}
    for ticket_id, answer in ((third, 1), (first, 2)):
        (row,) = await callbacks_of(city, ticket_id)
        async with city.database.begin() as uow:
            answers[ticket_id] = await record_answer(
                uow,
                CallbackId(row.id),
                question=Question.SOLVED,
                answer=answer,
                via="status",
                now=city.clock(),
            )
    await city.run_jobs()

    case = await city.case(kept)
    assert (case.state, case.round) == (CaseState.FILED, 2)
    states = [(await city.ticket(each)).state for each in (first, second, third)]
    assert states == [TicketState.TRANSFERRED, TicketState.TRANSFERRED, TicketState.CLOSED]
    assert [(await city.link(each, 2)).case_round for each in (first, second)] == [2, 2]
    (waiting,) = await callbacks_of(city, second)
    assert waiting.state is CallbackState.CANCELLED
    async with city.database.begin() as uow:
        assert await service.reopen_companions(uow, first, 2, now=city.clock()) == 0


async def test_whom_nobody_reached_hears_again_when_another_one_says_no(city: City) -> None:
    """R69: archived because the letter came back; the outcome is told anew, once it is true."""
    first, second, kept, merged = await two_reports(city)
    await merge(city, merged, kept)
    await city.finish(kept)
    await city.run_jobs()
    policy = CallbackPolicy.for_demo()
    async with city.database.begin() as uow:
        asked = await schedule_callback(uow, first, policy=policy, now=city.clock())
        # No channel leads to the second one: archived at once, and left to a person.
        await schedule_callback(uow, second, policy=policy, channels=(), now=city.clock())
    archived = await city.ticket(second)

    async with city.database.begin() as uow:
        await record_answer(
            uow, asked, question=Question.SOLVED, answer=2, via="status", now=city.clock()
        )
    await city.run_jobs()

    assert archived.close_reason is CloseReason.NOT_REACHED
    ticket = await city.ticket(second)
    assert (ticket.state, ticket.round) == (TicketState.TRANSFERRED, 2)
    async with city.database.read() as session:
        assert await untold(session) == []  # what was to be told is not true any more
    await city.work_off(kept)
    await city.run_jobs()
    assert (await city.ticket(second)).state is TicketState.RESOLVED


async def test_a_case_taken_apart_has_everything_back(city: City) -> None:
    first, second, kept, merged = await two_reports(city)
    await city.file(kept)
    await merge(city, merged, kept)
    await city.run_jobs()
    assert (await city.link(second)).state is CrossingState.FILED

    await unmerge(city, merged)
    await city.run_jobs()

    assert (await city.case(merged)).state is CaseState.REGISTERED
    link = await city.link(second)
    assert (link.state, link.case_key) == (CrossingState.SUBMITTED, str(merged))
    assert (await city.link(first)).case_key == str(kept)
    async with city.database.read() as session:
        reports = {row.ticket_id: row.case_id for row in await session.scalars(select(ReportRow))}
        (told,) = await merges_of(session, kept)
        assert await proposals(session, [kept, merged]) == ()
    assert reports == {first: kept, second: merged}
    assert (told.undone_by, told.undone_reason) == (city.desk.name, "不是同一个井")
    assert [step.trigger for step in await city.history(merged)] == ["merge", "unmerge"]
    await city.finish(merged)
    await city.run_jobs()
    assert (await city.ticket(second)).state is TicketState.RESOLVED
    assert (await city.ticket(first)).state is TicketState.TRANSFERRED


async def two_dispatched(city: City) -> tuple[TicketId, TicketId, CaseId, CaseId]:
    """Two citizens tell of one cover, and both cases went out before anybody saw it."""
    first, second, kept, merged = await two_reports(city)
    for case_id in (kept, merged):
        await city.file(case_id)
        await city.dispatch(case_id)
        city.clock.advance(timedelta(minutes=20))
    await city.run_jobs()
    return first, second, kept, merged


async def test_a_duplicate_found_late_goes_into_the_case_that_is_due_sooner(city: City) -> None:
    """R69, R12: a filed case is merged too; each complainant has the own answer, nobody works on
    it twice, and it is counted once."""
    first, second, kept, merged = await two_dispatched(city)
    due_at = (await city.case(kept)).due_at
    async with city.database.read() as session:
        (found,) = await proposals(session, [merged])
    assert (found.merged.case_id, found.kept.case_id) == (merged, kept)

    await merge(city, merged, kept, reason="派遣后发现是同一井盖")
    await city.run_jobs()

    gone = await city.case(merged)
    assert (gone.state, gone.clock_stopped_at) == (CaseState.MERGED, city.clock())
    assert (await city.case(kept)).due_at == due_at
    async with city.database.read() as session:
        course = await course_of(session, merged, now=city.clock())
    assert [(each.kind, each.to) for each in course.notices] == [(NoticeKind.MERGED, "排水公司")]
    await city.handle(kept)
    await city.inspect(kept, passed=True)
    await city.close(kept)
    await city.run_jobs()
    states = [(await city.ticket(each)).state for each in (first, second)]
    assert states == [TicketState.RESOLVED] * 2
    assert await counted(city, "filed", "should_close", "closed") == (1, 1, 1)


async def counted(city: City, *names: str) -> tuple[int, ...]:
    """Return what the evaluation counts for the centre in the month of the tests."""
    month = Period.parse(f"{city.clock().astimezone(SHANGHAI):%Y-%m}")
    async with city.database.begin() as uow:
        evaluations = Evaluations(uow.session)
        await evaluations.fold(since=None)
        ((_, counts),) = await evaluations.count(ObjectKind.CENTRE, month, Options())
    return tuple(counts[name] for name in names)


async def test_a_filed_case_taken_apart_keeps_filing_and_clock(city: City) -> None:
    """R69: merging never wins nor loses time: the clock stands still as long as it was merged."""
    first, second, kept, merged = await two_dispatched(city)
    before = await city.case(merged)
    await merge(city, merged, kept)
    city.clock.advance(timedelta(hours=1))

    await unmerge(city, merged)
    await city.run_jobs()

    after = await city.case(merged)
    assert (after.state, after.limit_text, after.category_code) == (
        CaseState.FILED,
        before.limit_text,
        before.category_code,
    )
    assert before.due_at is not None
    assert after.due_at == before.due_at + timedelta(hours=1)
    assert await city.case_of(second) == merged
    assert await city.case_of(first) == kept
    await city.dispatch(merged)
    assert (await city.case(merged)).due_at == after.due_at
    await city.handle(merged)
    await city.inspect(merged, passed=True)
    await city.close(merged)
    await city.run_jobs()
    assert (await city.ticket(second)).state is TicketState.RESOLVED
    assert (await city.ticket(first)).state is TicketState.TRANSFERRED


async def test_a_late_merge_is_the_shift_leaders_and_wins_no_time(city: City) -> None:
    _, _, kept, merged = await two_dispatched(city)
    seat = person("话务员", Role.SEAT)

    with pytest.raises(Forbidden):
        await merge(city, merged, kept, actor=seat)
    with pytest.raises(Conflict, match="is due sooner"):
        await merge(city, kept, merged)
    await merge(city, merged, kept)
    with pytest.raises(Forbidden):
        async with city.database.begin() as uow:
            await service.unmerge_case(uow, merged, reason="不是", actor=seat, now=city.clock())
    await city.handle(kept)
    with pytest.raises(Conflict):
        await merge(city, kept, await city.registered_case())


async def test_what_went_on_into_a_third_case_finds_back(city: City) -> None:
    _, second, kept, merged = await two_reports(city)
    whole = await city.registered_case()
    await city.file(whole)
    await merge(city, merged, kept)
    await merge(city, kept, whole)

    await unmerge(city, merged)

    assert await city.case_of(second) == merged
    await unmerge(city, kept)
    assert (await city.link(second)).case_key == str(merged)


async def test_an_emergency_never_waits_for_a_decision_about_merging(city: City) -> None:
    """R35: proposals are open, and the case is on its way all the same."""
    _, _, kept, urgent = await two_reports(city)
    async with city.database.read() as session:
        assert await proposals(session, [urgent])

    await city.file(urgent)
    await city.dispatch(urgent, is_emergency=True, reason="井口敞开，先行处置")

    assert (await city.case(urgent)).state is CaseState.DISPATCHED
    async with city.database.read() as session:
        (found,) = await proposals(session, [urgent])
    assert (found.merged.case_id, found.kept.case_id) == (kept, urgent)


async def test_bad_acts_change_nothing(city: City) -> None:
    first, _, kept, merged = await two_reports(city)

    with pytest.raises(Invalid, match="another case"):
        await merge(city, kept, kept)
    with pytest.raises(NotFound):
        await unmerge(city, merged)
    with pytest.raises(Forbidden):
        await merge(city, merged, kept, actor=city.dispatcher)
    await city.finish(kept)
    with pytest.raises(Conflict, match="has ended"):
        await merge(city, merged, kept)
    await city.run_jobs()
    await merge(city, merged, await city.registered_case())
    with pytest.raises(Conflict):
        await merge(city, merged, kept)

    assert (await city.ticket(first)).state is TicketState.RESOLVED


async def test_after_the_answer_nothing_is_taken_apart(city: City) -> None:
    _, _, kept, merged = await two_reports(city)
    await merge(city, merged, kept)
    await city.finish(kept)
    await city.run_jobs()

    with pytest.raises(Conflict, match="were answered"):
        await unmerge(city, merged)


async def test_two_desks_that_merge_crosswise_do_not_lock_each_other(city: City) -> None:
    _, _, one, other = await two_reports(city)

    results = await asyncio.wait_for(
        asyncio.gather(merge(city, one, other), merge(city, other, one), return_exceptions=True),
        60,
    )

    assert sorted(type(each).__name__ for each in results) in (
        ["Conflict", "NoneType"],
        ["IllegalTransition", "NoneType"],
    )
    states = [(await city.case(each)).state for each in (one, other)]
    assert sorted(states) == ["merged", "registered"]


async def test_a_later_report_of_a_finished_case_is_not_proposed(city: City) -> None:
    done = await city.closed_case()
    city.clock.advance(timedelta(hours=30))
    again = await city.registered_case()
    await city.run_jobs()

    async with city.database.read() as session:
        assert await proposals(session, [again, done]) == ()


async def test_keeping_apart_twice_is_one_decision(city: City) -> None:
    _, _, kept, merged = await two_reports(city)

    for pair in ((kept, merged), (merged, kept)):
        async with city.database.begin() as uow:
            await service.keep_apart(uow, *pair, actor=city.desk, now=city.clock())

    async with city.database.read() as session:
        assert await proposals(session, [kept, merged]) == ()
    assert isinstance(kept, UUID)
