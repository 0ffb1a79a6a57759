import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hotline.contacts.contact import Channel
from hotline.kernel.clock import SHANGHAI
from hotline.kernel.db import Database
from hotline.kernel.errors import IllegalTransition, Invalid, NotFound
from hotline.kernel.ids import CitizenId, TicketId, new_id
from hotline.tickets import reading, service
from hotline.tickets.calendars import save_calendar
from hotline.tickets.categories import save_categories
from hotline.tickets.model import TicketRow
from hotline.tickets.states import TICKET, TicketState
from hotline.tickets.ticket import (
    CloseReason,
    Outcome,
    TicketAmendment,
    Urgency,
    user_actor,
)
from hotline.tickets.views import TicketView
from tests.conftest import FakeClock
from tests.integration.hotline.tickets.drafts import (
    CALENDAR,
    COVER,
    DRAFT,
    NOISE,
    SHED,
    open_ticket,
    resolved_ticket,
)


async def view(database: Database, ticket_id: TicketId) -> TicketView:
    async with database.read() as session:
        return await reading.ticket_view(session, ticket_id)


async def load_standards(database: Database, now: datetime) -> None:
    async with database.begin() as uow:
        await save_categories(uow, [COVER, SHED, NOISE])
        await save_calendar(uow, CALENDAR, now=now)


async def test_a_report_is_registered_with_its_channel_and_a_number(
    database: Database, clock: FakeClock
) -> None:
    """R8, R12."""
    ticket_id = await open_ticket(database, clock(), channel=Channel.WEB)

    ticket = await view(database, ticket_id)
    assert ticket.state is TicketState.OPEN
    assert ticket.channel is Channel.WEB
    assert ticket.number == "20260311000001"
    assert ticket.reply_to_masked == "138****1234"


async def test_the_number_carries_the_day_in_shanghai(database: Database) -> None:
    late = datetime(2026, 3, 11, 16, 30, tzinfo=UTC)  # 00:30 of the next day there

    ticket_id = await open_ticket(database, late)

    assert (await view(database, ticket_id)).number.startswith("20260312")


async def test_fifty_tickets_at_once_get_fifty_numbers(
    database: Database, clock: FakeClock
) -> None:
    opened = await asyncio.gather(*(open_ticket(database, clock()) for _ in range(50)))

    async with database.read() as session:
        numbers = (await session.scalars(select(TicketRow.number))).all()
    assert len(set(opened)) == len(set(numbers)) == 50


async def test_the_same_origin_opens_one_ticket(database: Database, clock: FakeClock) -> None:
    first = await open_ticket(database, clock(), origin_key="form:1")
    second = await open_ticket(database, clock(), origin_key="form:1", subject="另一个")

    assert first == second
    assert (await view(database, first)).subject == "井盖缺失"


async def test_an_anonymous_ticket_is_tied_to_nobody(database: Database, clock: FakeClock) -> None:
    ticket_id = await open_ticket(database, clock(), anonymous=True, citizen_id=CitizenId(new_id()))

    ticket = await view(database, ticket_id)
    assert ticket.citizen_id is None
    assert ticket.reply_to_masked == "匿名"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"subject": ""}, "subject"),
        ({"category_code": "9999"}, "category_code"),
        ({"category_code": "0101"}, "category_code"),  # a facility and an incident share it
        ({"category_code": COVER.key, "condition": "FLOODED"}, "condition"),
        ({"condition": "HAZARD"}, "condition"),
    ],
)
async def test_a_draft_with_a_fault_names_it_and_opens_nothing(
    database: Database, clock: FakeClock, changes: dict[str, Any], field: str
) -> None:
    await load_standards(database, clock())

    with pytest.raises(Invalid) as caught:
        await open_ticket(database, clock(), **changes)

    assert caught.value.field == field
    async with database.read() as session:
        assert (await session.scalars(select(TicketRow))).all() == []


async def test_a_bare_code_is_enough_where_only_one_category_has_it(
    database: Database, clock: FakeClock
) -> None:
    await load_standards(database, clock())

    ticket_id = await open_ticket(database, clock(), category_code="0128")

    assert (await view(database, ticket_id)).category == NOISE


async def test_transfer_starts_the_clock_of_the_condition(
    database: Database, clock: FakeClock
) -> None:
    """R26, R42: the limit belongs to category and condition."""
    await load_standards(database, clock())
    ticket_id = await open_ticket(database, clock(), category_code=COVER.key, condition="BROKEN")

    async with database.begin() as uow:
        await service.transfer_ticket(uow, ticket_id, actor="user:test", now=clock())

    ticket = await view(database, ticket_id)
    assert ticket.state is TicketState.TRANSFERRED
    assert ticket.due_at == datetime(2026, 3, 11, 16, 0, tzinfo=SHANGHAI)
    assert ticket.deadline is not None
    assert ticket.deadline["limit"] == "4wh"
    assert ticket.deadline["calendar"] == {"name": "city", "version": "2026.1"}
    assert ticket.deadline["provisional"] is False


async def test_without_a_calendar_the_deadline_is_provisional(
    database: Database, clock: FakeClock
) -> None:
    ticket_id = await open_ticket(database, clock())

    async with database.begin() as uow:
        await service.transfer_ticket(uow, ticket_id, actor="user:test", now=clock())

    ticket = await view(database, ticket_id)
    assert ticket.deadline is not None
    assert ticket.deadline["provisional"] is True


async def test_a_new_class_moves_the_deadline_of_a_ticket_in_work(
    database: Database, clock: FakeClock
) -> None:
    await load_standards(database, clock())
    ticket_id = await open_ticket(database, clock(), category_code=COVER.key, condition="BROKEN")
    async with database.begin() as uow:
        await service.transfer_ticket(uow, ticket_id, actor="user:test", now=clock())

    amendment = TicketAmendment(category_code=NOISE.key, urgency=Urgency.URGENT)
    async with database.begin() as uow:
        await service.amend_ticket(
            uow, ticket_id, amendment, actor="user:test", now=clock.advance(timedelta(hours=1))
        )

    ticket = await view(database, ticket_id)
    assert ticket.category == NOISE
    assert ticket.condition is None
    assert ticket.due_at == datetime(2026, 3, 11, 12, 0, tzinfo=SHANGHAI)


async def test_an_amendment_that_changes_nothing_leaves_no_trace(
    database: Database, clock: FakeClock
) -> None:
    ticket_id = await open_ticket(database, clock())

    async with database.begin() as uow:
        same = TicketAmendment(subject=DRAFT.subject)
        await service.amend_ticket(uow, ticket_id, same, actor="user:test", now=clock())

    async with database.read() as session:
        assert len(await reading.history(session, ticket_id)) == 1


async def test_a_refusal_without_reasons_is_refused(database: Database, clock: FakeClock) -> None:
    """R17."""
    ticket_id = await open_ticket(database, clock())
    async with database.begin() as uow:
        await service.transfer_ticket(uow, ticket_id, actor="user:test", now=clock())

    with pytest.raises(Invalid, match="result"):
        async with database.begin() as uow:
            await service.resolve_ticket(
                uow, ticket_id, outcome=Outcome.DECLINED, result=" ", now=clock()
            )

    assert (await view(database, ticket_id)).state is TicketState.TRANSFERRED


async def test_a_return_without_reasons_is_refused(database: Database, clock: FakeClock) -> None:
    """R50."""
    ticket_id = await open_ticket(database, clock())
    async with database.begin() as uow:
        await service.transfer_ticket(uow, ticket_id, actor="user:test", now=clock())

    with pytest.raises(Invalid, match="reason"):
        async with database.begin() as uow:
            await service.return_ticket(uow, ticket_id, reason="", now=clock())


async def test_resolving_twice_is_a_conflict(database: Database, clock: FakeClock) -> None:
    ticket_id = await resolved_ticket(database, clock())

    with pytest.raises(IllegalTransition):
        async with database.begin() as uow:
            await service.resolve_ticket(
                uow, ticket_id, outcome=Outcome.SOLVED, result="再次", now=clock()
            )


async def test_two_people_cannot_take_the_same_move(database: Database, clock: FakeClock) -> None:
    ticket_id = await open_ticket(database, clock())

    async def transfer() -> None:
        async with database.begin() as uow:
            await service.transfer_ticket(uow, ticket_id, actor="user:test", now=clock())

    results = await asyncio.gather(transfer(), transfer(), return_exceptions=True)

    assert sorted(type(result).__name__ for result in results) == ["IllegalTransition", "NoneType"]


async def test_reopening_starts_another_round_with_its_own_clock(
    database: Database, clock: FakeClock
) -> None:
    await load_standards(database, clock())
    ticket_id = await resolved_ticket(
        database, clock(), category_code=COVER.key, condition="HAZARD"
    )

    async with database.begin() as uow:
        now = clock.advance(timedelta(hours=5))
        round_ = await service.reopen_ticket(uow, ticket_id, reason="没有解决", now=now)

    ticket = await view(database, ticket_id)
    assert round_ == ticket.round == 2
    assert ticket.state is TicketState.TRANSFERRED
    assert ticket.outcome is None
    assert ticket.due_at == now + timedelta(hours=2)


async def test_the_history_replays_to_the_present_state(
    database: Database, clock: FakeClock
) -> None:
    ticket_id = await resolved_ticket(database, clock())
    async with database.begin() as uow:
        await service.close_ticket(uow, ticket_id, reason=CloseReason.CONFIRMED, now=clock())
    async with database.begin() as uow:
        await service.reopen_ticket(uow, ticket_id, reason="又坏了", now=clock())
    async with database.begin() as uow:
        await service.remind_ticket(uow, ticket_id, reason="请尽快", actor="user:test", now=clock())

    async with database.read() as session:
        history = await reading.history(session, ticket_id)
    ticket = await view(database, ticket_id)
    assert TICKET.replay(entry.trigger for entry in history if entry.trigger) == ticket.state
    assert [entry.position for entry in history] == list(range(1, 7))
    assert history[-1].round == ticket.round == 2
    assert [entry.state for entry in history][-1] == ticket.state


async def test_a_direct_answer_closes_without_a_case(database: Database, clock: FakeClock) -> None:
    """R11."""
    ticket_id = await open_ticket(database, clock())

    async with database.begin() as uow:
        await service.answer_ticket(
            uow, ticket_id, answer="周一至周五办理", actor="user:test", now=clock()
        )

    ticket = await view(database, ticket_id)
    assert ticket.state is TicketState.CLOSED
    assert (ticket.outcome, ticket.close_reason) == (Outcome.ANSWERED, CloseReason.ANSWERED)


async def test_an_unknown_ticket_is_not_found(database: Database, clock: FakeClock) -> None:
    with pytest.raises(NotFound):
        async with database.begin() as uow:
            await service.transfer_ticket(uow, TicketId(new_id()), actor="user:test", now=clock())


@pytest.mark.parametrize(
    "change",
    [
        TicketAmendment(reply_to="li@example.org"),  # still to be answered by telephone
        TicketAmendment(reply_channel=Channel.MAIL),  # at a telephone number
    ],
)
async def test_an_answer_address_is_not_corrected_into_one_that_leads_nowhere(
    database: Database, clock: FakeClock, change: TicketAmendment
) -> None:
    """R69."""
    ticket_id = await open_ticket(database, clock())

    with pytest.raises(Invalid, match="reply_to"):
        async with database.begin() as uow:
            await service.amend_ticket(uow, ticket_id, change, actor="user:test", now=clock())


@pytest.mark.parametrize(
    ("channel", "address"), [(Channel.SMS, "13800001234"), (Channel.WEB, None)]
)
async def test_a_citizen_who_would_rather_be_told_in_another_way_is_told_so(
    database: Database, clock: FakeClock, channel: Channel, address: str | None
) -> None:
    """R69: the number that is known serves text messages, too; who wants to be left alone
    leaves no number, and is nobody's task."""
    ticket_id = await open_ticket(database, clock())

    async with database.begin() as uow:
        change = TicketAmendment(reply_channel=channel)
        await service.amend_ticket(uow, ticket_id, change, actor="user:test", now=clock())

    async with database.read() as session:
        told_at = await reading.whole_address(session, ticket_id, in_confidence=False)
    assert told_at == address
    assert (await view(database, ticket_id)).reply_channel is channel


async def test_a_correction_of_the_answer_address_reaches_the_callback(
    database: Database, clock: FakeClock
) -> None:
    ticket_id = await open_ticket(database, clock())

    async with database.begin() as uow:
        change = TicketAmendment(reply_channel=Channel.MAIL, reply_to="a@example.org")
        await service.amend_ticket(uow, ticket_id, change, actor="user:test", now=clock())

    async with database.read() as session:
        told_at = await reading.whole_address(session, ticket_id, in_confidence=False)
    assert told_at == "a@example.org"
    assert (await view(database, ticket_id)).reply_channel is Channel.MAIL


async def test_a_draft_may_hold_chinese_of_any_plane(database: Database, clock: FakeClock) -> None:
    ticket_id = await open_ticket(database, clock(), subject="𠮷祥路 🚧")

    assert (await view(database, ticket_id)).subject == "𠮷祥路 🚧"


async def test_a_returned_ticket_waits_for_a_person_without_a_deadline(
    database: Database, clock: FakeClock
) -> None:
    """R50."""
    ticket_id = await open_ticket(database, clock())
    async with database.begin() as uow:
        await service.transfer_ticket(uow, ticket_id, actor="user:test", now=clock())

    async with database.begin() as uow:
        await service.return_ticket(uow, ticket_id, reason="不属本单位职责", now=clock())

    ticket = await view(database, ticket_id)
    async with database.read() as session:
        history = await reading.history(session, ticket_id)
        work = await reading.work_list(session)
    assert (ticket.state, ticket.due_at) == (TicketState.OPEN, None)
    assert history[-1].detail == {"reason": "不属本单位职责"}
    assert [line.ticket_id for line in work.lines] == [ticket_id]


async def test_a_ticket_opened_by_mistake_is_voided_with_a_reason(
    database: Database, clock: FakeClock
) -> None:
    ticket_id = await open_ticket(database, clock())
    actor = user_actor(new_id())

    async with database.begin() as uow:
        await service.cancel_ticket(uow, ticket_id, reason="误建", actor=actor, now=clock())

    async with database.read() as session:
        history = await reading.history(session, ticket_id)
    assert (await view(database, ticket_id)).state is TicketState.CANCELLED
    assert history[-1].actor == actor


async def test_a_condition_named_later_moves_the_deadline(
    database: Database, clock: FakeClock
) -> None:
    await load_standards(database, clock())
    ticket_id = await open_ticket(database, clock(), category_code=COVER.key)
    async with database.begin() as uow:
        await service.transfer_ticket(uow, ticket_id, actor="user:test", now=clock())
    strictest = (await view(database, ticket_id)).due_at

    async with database.begin() as uow:
        named = TicketAmendment(condition="BROKEN")
        await service.amend_ticket(uow, ticket_id, named, actor="user:test", now=clock())

    ticket = await view(database, ticket_id)
    assert strictest == clock() + timedelta(hours=2)
    assert ticket.due_at == clock() + timedelta(hours=6)
    assert ticket.condition == "BROKEN"


async def test_a_condition_of_another_category_is_refused(
    database: Database, clock: FakeClock
) -> None:
    await load_standards(database, clock())
    ticket_id = await open_ticket(database, clock(), category_code=NOISE.key)

    wrong = TicketAmendment(condition="HAZARD")

    with pytest.raises(Invalid, match="condition"):
        async with database.begin() as uow:
            await service.amend_ticket(uow, ticket_id, wrong, actor="user:test", now=clock())
