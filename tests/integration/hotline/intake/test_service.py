import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from channels.mail.parse import read_mail
from hotline.contacts.contact import Channel, ContactState, InboundContact
from hotline.contacts.service import contact_view
from hotline.intake import service
from hotline.intake.form import WebForm, read_form
from hotline.intake.service import IntakeOptions
from hotline.kernel.db import Database, UnitOfWork
from hotline.kernel.errors import Unavailable
from hotline.kernel.ids import TicketId
from hotline.people.citizen import PeopleOptions
from hotline.tickets import reading
from hotline.tickets.categories import save_categories
from hotline.tickets.model import TicketRow
from hotline.tickets.ticket import RequestKind, Urgency
from hotline.tickets.views import TicketView
from tests.conftest import FakeClock
from tests.integration.hotline.tickets.drafts import COVER, owed

OPTIONS = IntakeOptions(
    readers={Channel.WEB: read_form, Channel.MAIL: read_mail},
    people=PeopleOptions(b"the key of the blind index"),
)
FORM = WebForm(
    nonce="n1",
    body="人民路的井盖不见了，很危险",
    phone="13800001234",
    reply_channel=Channel.VOICE,
    address="人民路1号",
)


def mail(clock: FakeClock, raw: bytes, number: int = 1) -> InboundContact:
    return InboundContact(Channel.MAIL, f"<{number}@x>", clock(), raw, "zhang@example.org")


async def receive(database: Database, clock: FakeClock, contact: InboundContact) -> TicketId | None:
    found = await service.receive(database, contact, options=OPTIONS, now=clock())
    return found.ticket_id


async def form(database: Database, clock: FakeClock, **changes: Any) -> TicketView:
    contact = replace(FORM, **changes).to_contact(now=clock())
    ticket_id = await receive(database, clock, contact)
    assert ticket_id is not None
    async with database.read() as session:
        return await reading.ticket_view(session, ticket_id)


async def ticket_ids(database: Database) -> list[Any]:
    async with database.read() as session:
        return list(await session.scalars(select(TicketRow.id)))


async def test_a_form_becomes_a_ticket(database: Database, clock: FakeClock) -> None:
    """R1, R2, R8: the online address leads into the same system, with its channel."""
    ticket = await form(database, clock)

    assert ticket.channel is Channel.WEB
    assert ticket.contact_id is not None
    assert ticket.citizen_id is not None
    assert (ticket.request_kind, ticket.urgency) == (RequestKind.ASSISTANCE, Urgency.URGENT)
    assert ticket.reply_channel is Channel.VOICE
    assert ticket.address == "人民路1号"


async def test_a_form_sent_five_times_at_once_is_one_ticket(
    database: Database, clock: FakeClock
) -> None:
    contact = FORM.to_contact(now=clock())

    found = await asyncio.gather(*(receive(database, clock, contact) for _ in range(5)))

    assert len(set(found)) == 1
    assert await ticket_ids(database) == [found[0]]


async def test_a_crash_after_storing_is_repaired_by_the_sweeper(
    database: Database, clock: FakeClock
) -> None:
    contact_id, _ = await service.store(database, FORM.to_contact(now=clock()))
    before = await service.parse_pending(database, now=clock())
    repaired = await service.parse_pending(database, now=clock.advance(timedelta(minutes=1)))

    jobs = await owed(database, "parse_contact")
    for job in jobs:
        assert job.payload["contact_id"] == str(contact_id)
        await service.parse_contact(database, contact_id, options=OPTIONS, now=clock())

    assert (before, repaired) == (0, 1)
    assert len(await ticket_ids(database)) == 1
    assert await service.parse_pending(database, now=clock.advance(timedelta(minutes=1))) == 0


async def test_parsing_twice_opens_one_ticket(database: Database, clock: FakeClock) -> None:
    contact_id, _ = await service.store(database, FORM.to_contact(now=clock()))

    found = await asyncio.gather(
        *(
            service.parse_contact(database, contact_id, options=OPTIONS, now=clock())
            for _ in range(5)
        )
    )

    assert len(set(found)) == 1
    assert len(await ticket_ids(database)) == 1


async def test_what_cannot_be_read_becomes_work_for_a_person(
    database: Database, clock: FakeClock
) -> None:
    """R12: nothing is lost."""
    contact = mail(clock, b"\x00\x01 this is no mail")

    ticket_id = await receive(database, clock, contact)

    assert ticket_id is not None
    async with database.read() as session:
        ticket = await reading.ticket_view(session, ticket_id)
        assert ticket.contact_id is not None
        kept = await contact_view(session, ticket.contact_id)
        work = await reading.work_list(session)
    assert kept.state is ContactState.UNPARSABLE
    assert "人工" in ticket.subject
    assert ticket.reply_channel is Channel.MAIL
    assert [line.ticket_id for line in work.lines] == [ticket_id]


async def test_an_automatic_mail_is_kept_without_a_ticket(
    database: Database, clock: FakeClock
) -> None:
    raw = b"From: a@example.org\r\nAuto-Submitted: auto-replied\r\nSubject: away\r\n\r\nback Monday"

    found = await service.receive(database, mail(clock, raw), options=OPTIONS, now=clock())

    async with database.read() as session:
        kept = await contact_view(session, found.contact_id)
    assert found.ticket_id is None
    assert kept.state is ContactState.AUTOMATIC
    assert await ticket_ids(database) == []


async def test_the_same_words_from_the_same_sender_are_linked_not_dropped(
    database: Database, clock: FakeClock
) -> None:
    first = await form(database, clock, nonce="a")
    second = await form(database, clock, nonce="b")
    third = await form(database, clock, nonce="c", phone="13900005678")

    assert second.related_ticket_id == first.ticket_id
    assert third.related_ticket_id is None
    assert len(await ticket_ids(database)) == 3


async def test_an_anonymous_form_is_tied_to_nobody(database: Database, clock: FakeClock) -> None:
    """R88."""
    ticket = await form(database, clock, anonymous=True)

    assert ticket.citizen_id is None
    assert ticket.reply_to_masked == "匿名"


@pytest.mark.parametrize(
    ("changes", "noted"),
    [
        ({"category_code": "9999"}, "（所选类别无法识别：9999）"),
        ({"longitude": 500.0, "latitude": 35.0}, "（所给坐标无效：500.0, 35.0）"),
        ({"longitude": 118.0}, "（所给坐标无效：118.0, None）"),
        ({"reply_channel": Channel.MAIL, "mail": "nonsense"}, "（所留回复方式无效：mail）"),
        ({"reply_channel": Channel.VOICE, "phone": "无"}, "（所留回复方式无效：voice）"),
    ],
)
async def test_what_does_not_fit_a_field_is_noted_in_the_text(
    database: Database, clock: FakeClock, changes: dict[str, Any], noted: str
) -> None:
    ticket = await form(database, clock, **changes)

    assert ticket.body.endswith(noted)
    assert ticket.category is None


async def test_who_wants_text_messages_at_a_landline_is_rung_up(
    database: Database, clock: FakeClock
) -> None:
    """R69: no text message arrives there, and nobody would ever hear of the outcome."""
    ticket = await form(
        database, clock, reply_channel=Channel.SMS, phone="03596221234", body="路灯不亮"
    )

    assert ticket.reply_channel is Channel.VOICE
    assert ticket.reply_to_masked.endswith("1234")


async def test_an_endless_text_is_shortened_and_the_original_kept(
    database: Database, clock: FakeClock
) -> None:
    ticket = await form(database, clock, body="长" * 50_000)

    assert len(ticket.body) == 20_000
    assert ticket.body.endswith("（正文过长，全文见原件）")


async def test_without_a_database_nothing_is_acknowledged(clock: FakeClock) -> None:
    url = "postgresql+asyncpg://nobody@127.0.0.1:1/none"
    database = Database.connect(url, clock=clock)

    with pytest.raises(Unavailable):
        await service.store(database, FORM.to_contact(now=clock()))

    await database.close()


async def test_category_and_place_of_the_form_reach_the_ticket(
    database: Database, clock: FakeClock
) -> None:
    async with database.begin() as uow:
        await save_categories(uow, [COVER])

    ticket = await form(
        database,
        clock,
        category_code=COVER.key,
        condition="HAZARD",
        longitude=118.84,
        latitude=35.17,
    )

    assert (ticket.category, ticket.condition) == (COVER, "HAZARD")
    assert (ticket.longitude, ticket.latitude) == (118.84, 35.17)
    assert "（" not in ticket.body


async def test_a_condition_that_does_not_exist_keeps_the_category(
    database: Database, clock: FakeClock
) -> None:
    async with database.begin() as uow:
        await save_categories(uow, [COVER])

    ticket = await form(database, clock, category_code=COVER.key, condition="FLOODED")

    assert (ticket.category, ticket.condition) == (COVER, None)


class LostAfterStoring(Database):
    """A database that goes away after the first transaction."""

    def __init__(self, database: Database) -> None:
        super().__init__(database.engine, clock=database.clock)
        self.transactions = 0

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[UnitOfWork, None]:
        self.transactions += 1
        if self.transactions > 1:
            raise Unavailable("the database")
        async with super().begin() as uow:
            yield uow


async def test_a_contact_is_acknowledged_although_its_ticket_must_wait(
    database: Database, clock: FakeClock
) -> None:
    contact = FORM.to_contact(now=clock())

    first = await service.receive(LostAfterStoring(database), contact, options=OPTIONS, now=clock())
    second = await service.receive(database, contact, options=OPTIONS, now=clock())

    assert (first.is_new, first.ticket_id) == (True, None)
    assert (second.is_new, second.contact_id) == (False, first.contact_id)
    assert second.ticket_id is not None
