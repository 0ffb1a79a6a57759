from collections import Counter
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from hotline.contacts.contact import Channel, InboundContact
from hotline.contacts.model import MessageRow
from hotline.contacts.service import store_contact
from hotline.intake.receipts import MESSAGES_AN_HOUR, ReceiptOptions, send_receipt
from hotline.kernel.db import Database
from hotline.kernel.ids import TicketId
from hotline.tickets import reading
from hotline.tickets.query_code import QueryCodeOptions
from tests.conftest import FakeClock
from tests.integration.hotline.tickets.drafts import open_ticket

OPTIONS = ReceiptOptions(
    codes=QueryCodeOptions(b"a secret of the installation"),
    public_url="https://city.example",
    channels=frozenset({Channel.MAIL, Channel.SMS}),
)


async def receipts(
    database: Database, clock: FakeClock, ticket_id: TicketId, times: int = 1
) -> list[MessageRow]:
    for _ in range(times):
        async with database.begin() as uow:
            await send_receipt(uow, ticket_id, options=OPTIONS, now=clock())
    async with database.read() as session:
        return list(await session.scalars(select(MessageRow)))


async def opened(database: Database, clock: FakeClock, **changes: Any) -> TicketId:
    return await open_ticket(database, clock(), **changes)


async def test_whoever_writes_gets_number_and_query_code_once(
    database: Database, clock: FakeClock
) -> None:
    ticket_id = await opened(
        database, clock, reply_channel=Channel.MAIL, reply_to="zhang@example.org"
    )

    (receipt,) = await receipts(database, clock, ticket_id, times=2)

    async with database.read() as session:
        ticket = await reading.ticket_view(session, ticket_id)
        code = await reading.query_code_of(session, ticket_id, OPTIONS.codes)
    assert receipt.address == "zhang@example.org"
    assert ticket.number in receipt.body
    assert "https://city.example/status" in receipt.body
    assert receipt.secret == code
    assert code not in receipt.body


async def test_the_receipt_of_a_mail_stands_under_it(database: Database, clock: FakeClock) -> None:
    async with database.begin() as uow:
        contact = InboundContact(Channel.MAIL, "<a@example.org> 0123", clock(), b"x")
        contact_id, _ = await store_contact(uow, contact)
    ticket_id = await opened(
        database,
        clock,
        channel=Channel.MAIL,
        contact_id=contact_id,
        reply_channel=Channel.MAIL,
        reply_to="zhang@example.org",
    )

    (receipt,) = await receipts(database, clock, ticket_id)

    assert receipt.headers == {"In-Reply-To": "<a@example.org>", "References": "<a@example.org>"}


async def test_a_mobile_caller_gets_a_text_message(database: Database, clock: FakeClock) -> None:
    ticket_id = await opened(database, clock)

    (receipt,) = await receipts(database, clock, ticket_id)

    assert receipt.channel is Channel.SMS


async def test_a_landline_and_the_anonymous_web_get_no_message(
    database: Database, clock: FakeClock
) -> None:
    landline = await opened(database, clock, reply_to="010-62345678")
    nobody = await opened(database, clock, reply_channel=Channel.WEB, reply_to=None)

    await receipts(database, clock, landline)

    assert await receipts(database, clock, nobody) == []


async def test_a_machine_that_answers_receipts_is_not_answered_for_ever(
    database: Database, clock: FakeClock
) -> None:
    """RFC 3834 2."""
    robot = {"reply_channel": Channel.MAIL, "reply_to": "robot@example.org"}
    for _ in range(MESSAGES_AN_HOUR + 3):
        await receipts(database, clock, await opened(database, clock, **robot))
    last = await opened(database, clock, **robot)
    await receipts(database, clock, last)
    person = await opened(database, clock, reply_channel=Channel.MAIL, reply_to="zhang@example.org")
    await receipts(database, clock, person)

    clock.advance(timedelta(hours=1, seconds=1))
    found = await receipts(database, clock, last)

    assert Counter(row.address for row in found) == {
        "robot@example.org": MESSAGES_AN_HOUR + 1,
        "zhang@example.org": 1,
    }
