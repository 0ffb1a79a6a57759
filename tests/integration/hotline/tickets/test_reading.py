from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hotline.kernel.db import Database
from hotline.kernel.errors import Forbidden, Invalid, NotFound, Unavailable
from hotline.kernel.ids import CitizenId, ContactId, TicketId, new_id
from hotline.tickets import reading, service
from hotline.tickets.model import TicketRow
from hotline.tickets.query_code import QueryCodeOptions
from hotline.tickets.reading import masked_address
from hotline.tickets.ticket import CloseReason, Outcome, TicketAmendment
from hotline.tickets.views import PublicTicket
from tests.conftest import FakeClock
from tests.integration.hotline.tickets.drafts import open_ticket, resolved_ticket

OPTIONS = QueryCodeOptions(b"a secret of the installation")


async def look(database: Database, clock: FakeClock, number: str, code: str) -> PublicTicket | None:
    async with database.begin() as uow:
        return await reading.public_ticket(
            uow, number=number, code=code, options=OPTIONS, now=clock()
        )


async def number_and_code(database: Database, ticket_id: TicketId) -> tuple[str, str]:
    async with database.read() as session:
        ticket = await reading.ticket_view(session, ticket_id)
        return ticket.number, await reading.query_code_of(session, ticket_id, OPTIONS)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def test_number_and_code_open_the_status_page(database: Database, clock: FakeClock) -> None:
    """R69: told through serial number and extraction code."""
    ticket_id = await resolved_ticket(database, clock())
    number, code = await number_and_code(database, ticket_id)

    found = await look(database, clock, f" {number} ", code)

    assert found is not None
    assert found.words == "承办单位反馈已办理完毕，等待您的评价"
    assert found.result == "井盖已补装"
    assert [step.words for step in found.steps] == [
        "诉求已受理",
        "已转办，处理中",
        "承办单位反馈已办理完毕",
    ]


async def test_a_wrong_code_and_an_unknown_number_look_the_same(
    database: Database, clock: FakeClock
) -> None:
    number, code = await number_and_code(database, await open_ticket(database, clock()))

    assert await look(database, clock, number, wrong(code)) is None
    assert await look(database, clock, "20260311999999", code) is None


async def test_five_wrong_codes_lock_the_page_for_a_while(
    database: Database, clock: FakeClock
) -> None:
    number, code = await number_and_code(database, await open_ticket(database, clock()))
    for _ in range(5):
        await look(database, clock, number, wrong(code))

    with pytest.raises(Unavailable) as caught:
        await look(database, clock, number, code)
    clock.advance(timedelta(minutes=15))
    later = await look(database, clock, number, code)

    assert caught.value.retry_after == timedelta(minutes=15)
    assert later is not None
    async with database.read() as session:
        assert (await session.scalars(select(TicketRow.code_failures))).one() == 0


async def test_a_leaked_code_is_replaced(database: Database, clock: FakeClock) -> None:
    ticket_id = await open_ticket(database, clock())
    number, leaked = await number_and_code(database, ticket_id)

    async with database.begin() as uow:
        fresh = await reading.renew_query_code(uow, ticket_id, OPTIONS)

    assert await look(database, clock, number, leaked) is None
    assert await look(database, clock, number, fresh) is not None


async def test_a_signed_link_opens_the_same_page(database: Database, clock: FakeClock) -> None:
    ticket_id = await open_ticket(database, clock())

    async with database.read() as session:
        found = await reading.public_ticket_by_id(session, ticket_id)

    assert found.words == "已受理，等待办理"


async def test_whoever_was_not_reached_reads_it(database: Database, clock: FakeClock) -> None:
    ticket_id = await resolved_ticket(database, clock(), outcome=Outcome.DECLINED)
    async with database.begin() as uow:
        await service.close_ticket(uow, ticket_id, reason=CloseReason.NOT_REACHED, now=clock())
    number, code = await number_and_code(database, ticket_id)

    found = await look(database, clock, number, code)

    assert found is not None
    assert found.words.startswith("经核定不予立案；没有收到您的评价")


async def test_the_work_list_shows_the_oldest_open_tickets_first_and_pages(
    database: Database, clock: FakeClock
) -> None:
    opened = []
    for minutes in (0, 0, 1, 1, 1):  # some in the same instant
        clock.advance(timedelta(minutes=minutes))
        opened.append(await open_ticket(database, clock()))
    await resolved_ticket(database, clock())

    seen: list[TicketId] = []
    cursor = None
    sizes = []
    for _ in range(3):
        async with database.read() as session:
            page = await reading.work_list(session, after=cursor, limit=2)
        seen += [line.ticket_id for line in page.lines]
        sizes.append(len(page.lines))
        cursor = page.next_cursor

    assert set(seen) == set(opened)
    assert (len(seen), sizes, cursor) == (5, [2, 2, 1], None)
    assert seen[-1] == opened[-1]


@pytest.mark.parametrize("cursor", ["", "x|y", "2026-03-11|", "2026-03-11T02:00:00|" + "0" * 32])
async def test_a_made_up_cursor_is_refused(database: Database, cursor: str) -> None:
    async with database.read() as session:
        with pytest.raises(Invalid, match="after"):
            await reading.work_list(session, after=cursor)


async def test_a_seat_sees_the_open_tickets_of_who_calls(
    database: Database, clock: FakeClock
) -> None:
    citizen = CitizenId(new_id())
    open_one = await open_ticket(database, clock(), citizen_id=citizen)
    await open_ticket(database, clock(), citizen_id=CitizenId(new_id()))
    over = await resolved_ticket(database, clock(), citizen_id=citizen)
    async with database.begin() as uow:
        await service.close_ticket(uow, over, reason=CloseReason.CONFIRMED, now=clock())

    async with database.read() as session:
        lines = await reading.open_tickets_of_citizen(session, citizen)

    assert [line.ticket_id for line in lines] == [open_one]


async def test_a_ticket_is_found_by_number_and_by_contact(
    database: Database, clock: FakeClock
) -> None:
    contact_id = ContactId(new_id())
    ticket_id = await open_ticket(database, clock(), contact_id=contact_id)

    async with database.read() as session:
        by_contact = await reading.ticket_of_contact(session, contact_id)
        nothing = await reading.ticket_of_contact(session, ContactId(new_id()))
        assert by_contact is not None
        by_number = await reading.ticket_by_number(session, by_contact.number)
        with pytest.raises(NotFound):
            await reading.ticket_by_number(session, "20260311999999")

    assert by_contact.ticket_id == by_number.ticket_id == ticket_id
    assert nothing is None


@pytest.mark.parametrize(
    ("address", "anonymous", "shown"),
    [
        ("13800001234", False, "138****1234"),
        ("zhang@example.org", False, "z***@example.org"),
        ("13800001234", True, "匿名"),
        (None, False, ""),
    ],
)
def test_an_answer_address_is_shown_masked(
    address: str | None, anonymous: bool, shown: str
) -> None:
    """R88."""
    assert masked_address(address, anonymous=anonymous) == shown


@pytest.mark.parametrize(
    ("changes", "in_confidence", "found"),
    [
        ({}, False, "13800001234"),
        ({"confidential": True}, False, None),
        ({"confidential": True}, True, "13800001234"),
        ({"anonymous": True}, True, None),
    ],
)
async def test_the_whole_address_is_for_who_may_know_it(
    database: Database,
    clock: FakeClock,
    changes: dict[str, Any],
    in_confidence: bool,
    found: str | None,
) -> None:
    """R88."""
    ticket_id = await open_ticket(database, clock(), **changes)

    async with database.read() as session:
        if found is None:
            with pytest.raises(Forbidden):
                await reading.whole_address(session, ticket_id, in_confidence=in_confidence)
        else:
            whole = await reading.whole_address(session, ticket_id, in_confidence=in_confidence)
            assert whole == found


async def test_who_asks_for_confidence_later_has_it_at_once(
    database: Database, clock: FakeClock
) -> None:
    """R88: a caller asks for it at the end of the talk, when the ticket is there already."""
    ticket_id = await open_ticket(database, clock())

    async with database.begin() as uow:
        change = TicketAmendment(confidential=True)
        await service.amend_ticket(uow, ticket_id, change, actor="user:test", now=clock())

    async with database.read() as session:
        with pytest.raises(Forbidden):
            await reading.whole_address(session, ticket_id, in_confidence=False)
