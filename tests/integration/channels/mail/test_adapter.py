import asyncio
import os
import shutil
import smtplib
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from channels.mail.adapter import MailServer, MailServerOptions
from channels.mail.parse import read_mail
from hotline.contacts.contact import Channel, InboundContact
from hotline.contacts.model import ContactRow
from hotline.intake import service
from hotline.intake.form import read_form
from hotline.intake.service import IntakeOptions
from hotline.kernel.db import Database
from hotline.kernel.errors import Unavailable
from hotline.kernel.ids import ContactId
from hotline.people.citizen import PeopleOptions
from hotline.tickets import reading
from tests.conftest import FakeClock

OPTIONS = MailServerOptions(
    "127.0.0.1", 0, "mail.city.example", mailboxes=frozenset({"12345@city.example"})
)
INTAKE = IntakeOptions(
    readers={Channel.WEB: read_form, Channel.MAIL: read_mail},
    people=PeopleOptions(b"the key of the blind index"),
)
MAIL = (
    "From: zhang@example.org\r\nTo: 12345@city.example\r\n"
    "Subject: =?utf-8?B?6Lev54Gv5LiN5Lqu?=\r\nMessage-ID: <1@example.org>\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\n幸福小区门口路灯不亮\r\n"
).encode()


class Inbox:
    """Our database behind the server; `is_down` makes it unreachable."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.is_down = False
        self.is_slow = False

    async def __call__(self, contact: InboundContact) -> tuple[ContactId, bool]:
        if self.is_slow:
            await asyncio.Event().wait()
        if self.is_down:
            raise Unavailable("the database")
        return await service.store(self.database, contact)


@pytest.fixture
def inbox(database: Database) -> Inbox:
    return Inbox(database)


@pytest.fixture
async def port(inbox: Inbox, clock: FakeClock) -> AsyncGenerator[int, None]:
    async with MailServer(OPTIONS, inbox, clock) as server:
        yield server.port


async def talk(port: int, act: Callable[[smtplib.SMTP], Any]) -> Any:
    """Run a conversation of the standard library's client, which knows nothing of ours."""

    def conversation() -> Any:
        with smtplib.SMTP("127.0.0.1", port, "client.example.org", timeout=10) as client:
            return act(client)

    return await asyncio.to_thread(conversation)


def send(raw: bytes, to: str = "12345@city.example") -> Callable[[smtplib.SMTP], Any]:
    return lambda client: client.sendmail("zhang@example.org", [to], raw)


async def kept(database: Database) -> list[ContactRow]:
    async with database.read() as session:
        return list(await session.scalars(select(ContactRow)))


async def test_a_mail_is_in_the_database_when_the_client_hears_250(
    port: int, database: Database, clock: FakeClock
) -> None:
    """R1, R12, R15."""
    await talk(port, send(MAIL))

    (row,) = await kept(database)
    ticket_id = await service.parse_contact(
        database, ContactId(row.id), options=INTAKE, now=clock()
    )
    assert ticket_id is not None
    async with database.read() as session:
        ticket = await reading.ticket_view(session, ticket_id)
    assert (ticket.subject, ticket.body) == ("路灯不亮", "幸福小区门口路灯不亮")
    assert ticket.reply_channel is Channel.MAIL


async def test_the_same_mail_sent_again_is_one_contact(port: int, database: Database) -> None:
    await talk(port, send(MAIL))
    await talk(port, send(b"Received: by another relay\r\n" + MAIL))

    assert len(await kept(database)) == 1


async def test_the_client_keeps_the_mail_while_the_database_is_down(
    port: int, inbox: Inbox, database: Database
) -> None:
    inbox.is_down = True
    with pytest.raises(smtplib.SMTPDataError) as caught:
        await talk(port, send(MAIL))

    inbox.is_down = False
    await talk(port, send(MAIL))

    assert caught.value.smtp_code == 451
    assert len(await kept(database)) == 1


async def test_a_database_that_hangs_is_a_later_too(database: Database, clock: FakeClock) -> None:
    inbox = Inbox(database)
    inbox.is_slow = True
    options = replace(OPTIONS, store_timeout=timedelta(milliseconds=50))

    async with MailServer(options, inbox, clock) as server:
        with pytest.raises(smtplib.SMTPDataError) as caught:
            await talk(server.port, send(MAIL))

    assert caught.value.smtp_code == 451


async def test_a_mail_of_thirty_megabytes_is_refused_clearly(port: int, database: Database) -> None:
    """Issue A, bad input: a 30 MB mail."""
    big = MAIL + b"x" * 76 * 400_000

    def announced(client: smtplib.SMTP) -> None:
        client.sendmail("zhang@example.org", ["12345@city.example"], big)

    with pytest.raises(smtplib.SMTPSenderRefused) as caught:
        await talk(port, announced)

    assert caught.value.smtp_code == 552
    assert b"size" in caught.value.smtp_error
    assert await kept(database) == []


async def test_a_client_that_hides_the_size_is_stopped_too(
    database: Database, inbox: Inbox, clock: FakeClock
) -> None:
    options = replace(OPTIONS, max_size=10_000)
    big = MAIL + b"xxxxxxxx\r\n" * 3_000

    def hidden(client: smtplib.SMTP) -> tuple[int, bytes]:
        client.ehlo()
        client.mail("zhang@example.org")
        client.rcpt("12345@city.example")
        return client.data(big)

    async with MailServer(options, inbox, clock) as server:
        code, _ = await talk(server.port, hidden)
        after = await talk(server.port, lambda client: client.noop())

    assert code == 552
    assert after[0] == 250
    assert await kept(database) == []


async def test_mail_for_somebody_else_is_refused(port: int, database: Database) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        await talk(port, send(MAIL, to="else@city.example"))

    assert caught.value.recipients["else@city.example"][0] == 550
    assert await kept(database) == []


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff\xfe\x00 no header at all",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nbroken",
        b"Subject: one line\r\n\r\n" + b"x" * 200_000,
    ],
)
async def test_broken_mime_is_kept_raw(port: int, database: Database, raw: bytes) -> None:
    await talk(port, send(raw))

    (row,) = await kept(database)
    assert row.size >= len(raw)


async def test_too_many_connections_are_asked_to_come_later(inbox: Inbox, clock: FakeClock) -> None:
    async with MailServer(replace(OPTIONS, max_connections=1), inbox, clock) as server:
        first_reader, first = await asyncio.open_connection("127.0.0.1", server.port)
        await first_reader.readline()
        second_reader, second = await asyncio.open_connection("127.0.0.1", server.port)
        refusal = await second_reader.read()
        first.write(b"QUIT\r\n")
        await first_reader.read()
        for writer in (first, second):
            writer.close()
            await writer.wait_closed()

    assert refusal.startswith(b"421 4.3.2")


async def test_a_silent_client_is_hung_up(inbox: Inbox, clock: FakeClock) -> None:
    options = replace(OPTIONS, idle_timeout=timedelta(milliseconds=100))
    async with MailServer(options, inbox, clock) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        rest = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        await writer.wait_closed()

    assert rest.startswith(b"220")


async def test_swaks_hears_250(port: int, database: Database) -> None:
    """An independent client, when it is installed."""
    program = shutil.which("swaks")
    if program is None:
        tell = pytest.fail if os.environ.get("CI") else pytest.skip
        tell("the Debian package swaks is missing")
    assert program is not None
    process = await asyncio.create_subprocess_exec(
        program,
        *("--server", "127.0.0.1", "--port", str(port), "--helo", "client.example.org"),
        *("--from", "li@example.org", "--to", "12345@city.example", "--timeout", "10"),
        *("--header", "Subject: swaks", "--body", "a street lamp is dark"),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()

    assert process.returncode == 0, output.decode()
    assert b"250 2.0.0 Accepted as" in output
    assert len(await kept(database)) == 1
