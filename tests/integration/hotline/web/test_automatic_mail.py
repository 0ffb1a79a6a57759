"""Mail that was taken for a machine's is seen by people, and a person's becomes a ticket."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from channels.mail.parse import read_mail
from hotline.accounts.model import AuditRow
from hotline.accounts.roles import Role
from hotline.contacts.contact import Channel, InboundContact
from hotline.intake.service import IntakeOptions, receive
from hotline.kernel.ids import ContactId, TicketId
from hotline.tickets import reading
from hotline.web.automatic_mail import automatic_mail_part
from tests.fakes.web_house import PEOPLE, WebHouse, form_token

Browse = Callable[..., Awaitable[TestClient[Any, Any]]]
OPTIONS = IntakeOptions(readers={Channel.MAIL: read_mail}, people=PEOPLE)
# A company's server marks everything it sends as bulk; the words are a citizen's.
BULK = (
    "From: zhang@example.org\r\nPrecedence: bulk\r\nSubject: light\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\n幸福小区门口路灯不亮\r\n"
).encode()


@pytest.fixture
async def contact(house: WebHouse) -> ContactId:
    house.parts = (automatic_mail_part(OPTIONS),)
    await house.user("wang", Role.SEAT, seat="801")
    await house.user("unit", Role.UNIT)
    inbound = InboundContact(Channel.MAIL, "<1@x>", house.clock(), BULK, "zhang@example.org")
    received = await receive(house.database, inbound, options=OPTIONS, now=house.clock())
    assert received.ticket_id is None
    return received.contact_id


async def test_a_persons_mail_that_looks_automatic_is_found_and_becomes_one_ticket(
    house: WebHouse, browse: Browse, contact: ContactId
) -> None:
    """R1, R2, R12: nobody is lost because of a header that their server wrote."""
    client = await browse("wang")
    listed = await (await client.get("/automatic-mail")).text()
    page = f"/automatic-mail/{contact}"
    shown = await (await client.get(page)).text()
    token = await form_token(client, page)

    answers = [
        await client.post(f"{page}/ticket", data={"form_token": token}, allow_redirects=False)
        for _ in range(2)
    ]

    assert page in listed
    assert "zhang@example.org" not in listed
    assert "幸福小区门口路灯不亮" in shown
    assert [each.status for each in answers] == [303, 303]
    (where,) = {each.headers["Location"] for each in answers}
    async with house.database.read() as session:
        ticket = await reading.ticket_view(session, TicketId(UUID(where.rpartition("/")[2])))
        acts = list(await session.scalars(select(AuditRow.action)))
    assert (ticket.subject, ticket.reply_channel) == ("light", Channel.MAIL)
    assert "contact.take_up" in acts
    assert page not in await (await client.get("/automatic-mail")).text()
    assert (await client.get(page)).status == 404


async def test_only_desks_see_automatic_mail(
    house: WebHouse, browse: Browse, contact: ContactId
) -> None:
    seat, unit = await browse("wang"), await browse("unit")

    assert (await unit.get("/automatic-mail")).status == 403
    assert (await unit.get(f"/automatic-mail/{contact}")).status == 403
    assert (await seat.get(f"/automatic-mail/{uuid4()}")).status == 404
