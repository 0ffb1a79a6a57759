"""A public complaint from the call to the answer: taken, coordinated, followed, supervised."""

from datetime import timedelta

import pytest

from case_bridge.cases import disputes, notices
from case_bridge.cases.course import course_of
from case_bridge.cases.notice import DecisionKind, NoticeKind
from case_bridge.cases.states import CaseState
from hotline.accounts.roles import Role
from hotline.contacts.contact import Channel
from hotline.tickets.states import TicketState
from hotline.tickets.ticket import RequestKind
from tests.integration.case_bridge.city import City, person, shanghai


async def test_a_complaint_is_taken_coordinated_followed_and_supervised(city: City) -> None:
    """R10: 000 a6(5); the complaint's own ticket says at every step where it stands."""
    ticket_id = await city.transferred_ticket()
    await city.run_jobs()
    case_id = await city.case_of(ticket_id)
    await city.file(case_id)
    await city.dispatch(case_id)
    async with city.database.begin() as uow:
        await disputes.open_dispute(
            uow, case_id, reason="权属不清", actor=city.unit, now=city.clock()
        )
        await disputes.decide_dispute(
            uow,
            case_id,
            decision=DecisionKind.OWNERLESS,
            unit_id=city.units["clean"],
            words="属地先行办理",
            actor=city.dispatcher,
            now=city.clock(),
        )
    head = person("领导", Role.LEADER)
    async with city.database.begin() as uow:
        await notices.supervise_case(
            uow, case_id, text="请说明进展", reply_by=None, actor=head, now=city.clock()
        )
    await city.run_jobs()

    assert (await city.ticket(ticket_id)).state is TicketState.TRANSFERRED
    async with city.database.read() as session:
        course = await course_of(session, case_id, now=city.clock())
    assert NoticeKind.SUPERVISE in {each.kind for each in course.notices}
    assert [each.decision for each in course.disputes] == [DecisionKind.OWNERLESS]
    await city.handle(case_id, actor=city.handler("clean"))
    await city.inspect(case_id, passed=True)
    await city.close(case_id)
    await city.run_jobs()
    ticket = await city.ticket(ticket_id)
    assert (ticket.state, ticket.result) == (TicketState.RESOLVED, "已补装井盖")


@pytest.mark.parametrize("kind", [RequestKind.REPORT, RequestKind.COMPLAINT])
async def test_what_is_told_by_phone_at_night_on_a_holiday_is_a_case_at_once(
    city: City, kind: RequestKind
) -> None:
    """R3: 004 a10, 24 hours: registered at half past three, its clock from the working calendar."""
    night = shanghai(15, 3, 30)  # a Sunday
    city.clock.advance(night - city.clock())

    ticket_id = await city.transferred_ticket(channel=Channel.VOICE, request_kind=kind)
    await city.run_jobs()

    case = await city.case(await city.case_of(ticket_id))
    assert (case.state, case.source) == (CaseState.REGISTERED, "hotline")
    assert case.registered_at - night < timedelta(minutes=1)
