"""A letter leaves by SMTP, comes back by SMTP, and the ladder of its callback goes on."""

import asyncio
import smtplib
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from email import message_from_bytes
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP
from sqlalchemy import select

from channels.mail.adapter import MailServer, MailServerOptions
from channels.mail.client import MailRelay, RelayOptions
from channels.mail.compose import Sender
from channels.mail.parse import read_mail
from channels.outbound import OutboundByChannel
from hotline.callbacks import reading
from hotline.callbacks import service as callbacks
from hotline.callbacks.attempts import attempt
from hotline.callbacks.links import LinkOptions
from hotline.callbacks.options import CallbackOptions
from hotline.callbacks.reading import CallbackView
from hotline.callbacks.states import AttemptResult, CallbackState
from hotline.callbacks.untold import untold
from hotline.contacts import messages
from hotline.contacts.contact import Channel, InboundContact, MessageState
from hotline.contacts.events import MessageFailed, MessageSent
from hotline.contacts.model import ContactRow, MessageRow
from hotline.intake import service as intake
from hotline.intake.service import IntakeOptions
from hotline.kernel.db import Database
from hotline.kernel.ids import CallbackId, ContactId
from hotline.kernel.privacy import mask_email
from hotline.people.citizen import PeopleOptions
from tests.conftest import FakeClock
from tests.integration.hotline.tickets.drafts import owed, resolved_ticket

PEOPLE = PeopleOptions(b"the key of the blind index")
INTAKE = IntakeOptions(readers={Channel.MAIL: read_mail}, people=PEOPLE)
CITIZEN = "zhang@example.org"


class Relay:
    """The city's relay: it takes every letter."""

    def __init__(self) -> None:
        self.letters: list[bytes] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.letters.append(envelope.content)
        return "250 OK"


@pytest.fixture
async def relay() -> AsyncGenerator[tuple[Relay, int]]:
    handler = Relay()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="relay.example"), "127.0.0.1", 0
    )
    yield handler, server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


class House:
    """Callbacks over a real relay, and our own mail server."""

    def __init__(self, database: Database, clock: FakeClock, relay: tuple[Relay, int]) -> None:
        self.database, self.clock = database, clock
        self.relay, port = relay
        sender = Sender("热线", "12345@city.example")
        self.outbound = OutboundByChannel(
            {Channel.MAIL: MailRelay(RelayOptions("127.0.0.1", port, sender))}
        )
        self.options = CallbackOptions(
            links=LinkOptions(b"a secret of the installation", "https://city.example"),
            channels=frozenset({Channel.MAIL, Channel.VOICE}),
        )

    async def ask(self, **changes: Any) -> CallbackId:
        """Resolve a ticket, and send the letter that asks its citizen."""
        ticket_id = await resolved_ticket(self.database, self.clock(), **changes)
        async with self.database.begin() as uow:
            callback_id = await callbacks.schedule_callback(
                uow,
                ticket_id,
                policy=self.options.policy,
                channels=self.options.channels,
                now=self.clock(),
            )
        await self.send(callback_id, 1)
        return callback_id

    async def send(self, callback_id: CallbackId, number: int) -> None:
        now = self.clock()
        await attempt(self.database, callback_id, attempt_no=number, options=self.options, now=now)
        for row in await owed(self.database, "send_message"):
            await messages.send_message(
                self.database, self.outbound, row.payload["message_id"], now=now
            )

    async def hear(self, *, sent_first: bool = True) -> None:
        """Carry out what is owed of letters that left or came back, as the workers do."""
        sent = [
            (MessageSent.from_payload(row.payload).reference, True)
            for row in await owed(self.database, "record_message_sent")
        ]
        failed = [
            (MessageFailed.from_payload(row.payload).reference, False)
            for row in await owed(self.database, "record_message_failed")
        ]
        for reference, is_sent in sent + failed if sent_first else failed + sent:
            async with self.database.begin() as uow:
                await callbacks.record_message_end(
                    uow, reference=reference, is_sent=is_sent, now=self.clock()
                )

    async def come_back(self, **changes: str) -> None:
        """Let the last letter bounce into our own mail server, over a socket."""
        raw = bounce(self.relay.letters[-1], **changes)

        async def keep(contact: InboundContact) -> tuple[ContactId, bool]:
            return await intake.store(self.database, contact)

        options = MailServerOptions(
            "127.0.0.1", 0, "mail.city.example", mailboxes=frozenset({"12345@city.example"})
        )
        async with MailServer(options, keep, self.clock) as server:
            await asyncio.to_thread(deliver, server.port, raw)
        async with self.database.read() as session:
            newest = select(ContactRow.id).order_by(ContactRow.received_at.desc()).limit(1)
            contact_id = (await session.scalars(newest)).one()
        ticket_id = await intake.parse_contact(
            self.database, ContactId(contact_id), options=INTAKE, now=self.clock()
        )
        assert ticket_id is None, "a bounce is no matter of a citizen"

    async def callback(self, callback_id: CallbackId) -> CallbackView:
        async with self.database.read() as session:
            return await reading.callback_view(session, callback_id)

    async def message(self) -> MessageRow:
        async with self.database.read() as session:
            return (await session.scalars(select(MessageRow))).one()


def deliver(port: int, raw: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port, "mx.example.org", timeout=10) as client:
        client.sendmail("", ["12345@city.example"], raw)


def bounce(
    letter: bytes, *, action: str = "failed", status: str = "5.1.1", to: str = "", of: str = ""
) -> bytes:
    sent = message_from_bytes(letter)
    return (
        "From: MAILER-DAEMON@mx.example.org\r\nTo: 12345@city.example\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n"
        f"Message-ID: <{action}.{status}.{to}.{of}@mx.example.org>\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nI'm sorry.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n"
        f"Final-Recipient: rfc822; {to or sent['To']}\r\nAction: {action}\r\n"
        f"Status: {status}\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"Message-ID: {of or sent['Message-ID']}\r\n\r\n--b--\r\n"
    ).encode()


@pytest.fixture
def house(database: Database, clock: FakeClock, relay: tuple[Relay, int]) -> House:
    return House(database, clock, relay)


MAIL = {"reply_channel": Channel.MAIL, "reply_to": CITIZEN}


@pytest.mark.parametrize("sent_first", [True, False])
async def test_a_letter_that_comes_back_is_an_honest_not_reached_and_a_persons_task(
    house: House, database: Database, sent_first: bool
) -> None:
    """R69: whichever of "it left" and "it came back" is heard first."""
    callback_id = await house.ask(**MAIL)

    await house.come_back()
    await house.hear(sent_first=sent_first)

    callback, message = await house.callback(callback_id), await house.message()
    assert callback.state is CallbackState.NOT_REACHED
    assert callback.attempts[0].result is AttemptResult.FAILED
    assert (message.state, message.error) == (MessageState.RETURNED, "5.1.1")
    async with database.read() as session:
        (task,) = await untold(session)
    assert (task.callback_id, task.address_masked) == (callback_id, mask_email(CITIZEN))


@pytest.mark.parametrize(
    "changes",
    [
        {"action": "delayed", "status": "4.4.1"},
        {"of": f"<{'0' * 40}@city.example>"},
        {"to": "li@example.org"},
    ],
    ids=["delayed", "no letter of ours", "never sent to that address"],
)
async def test_a_delay_or_a_forged_bounce_changes_nothing(
    house: House, changes: dict[str, str]
) -> None:
    callback_id = await house.ask(**MAIL)
    await house.hear()

    await house.come_back(**changes)
    await house.hear()

    assert (await house.callback(callback_id)).state is CallbackState.AWAITING
    assert (await house.message()).state is MessageState.SENT


async def test_a_second_bounce_changes_nothing_more(house: House, clock: FakeClock) -> None:
    callback_id = await house.ask(**MAIL)

    await house.come_back()
    await house.hear()
    first: datetime | None = (await house.callback(callback_id)).ended_at
    clock.advance(timedelta(hours=1))
    await house.come_back(status="5.2.1")
    await house.hear()

    assert (await house.callback(callback_id)).ended_at == first
    assert (await house.message()).error == "5.1.1"


async def test_an_answer_that_was_given_stands_when_the_letter_comes_back(house: House) -> None:
    """A forwarded copy may bounce although the citizen has read the letter."""
    callback_id = await house.ask(**MAIL)
    await house.hear()
    async with house.database.begin() as uow:
        await callbacks.record_answer(
            uow,
            callback_id,
            question=callbacks.Question.SOLVED,
            answer=1,
            via="link",
            now=house.clock(),
        )

    await house.come_back()
    await house.hear()

    assert (await house.callback(callback_id)).state is CallbackState.ANSWERED
