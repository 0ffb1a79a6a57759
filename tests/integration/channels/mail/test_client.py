import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from channels.mail.client import MailRelay, RelayOptions
from channels.mail.compose import Sender
from hotline.contacts.contact import Channel, DeliveryUnknown, OutboundMessage, Undeliverable
from hotline.kernel.errors import Unavailable
from tests.conftest import FakeClock

MESSAGE = OutboundMessage(
    channel=Channel.MAIL,
    to="zhang@example.org",
    subject="已受理",
    body="您的诉求已受理",
    reference="ticket:1",
    key="receipt:1",
)


class Relay:
    """A relay that answers what it is told to at each step; "hang up" breaks the connection."""

    def __init__(self) -> None:
        self.mail = "250 OK"
        self.rcpt = "250 OK"
        self.data = "250 OK"
        self.taken: list[bytes] = []
        self.port = 0

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.mail

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.data == "hang up":
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
            return "250 nobody hears this"
        if self.data == "hang":
            await asyncio.Event().wait()
        assert isinstance(envelope.content, bytes)
        self.taken.append(envelope.content)
        return self.data


@pytest.fixture
async def relay() -> AsyncGenerator[Relay, None]:
    handler = Relay()
    sessions: list[SMTP] = []

    def session() -> SMTP:
        sessions.append(SMTP(handler, hostname="relay.example"))
        return sessions[-1]

    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0)
    handler.port = server.sockets[0].getsockname()[1]
    yield handler
    server.close()
    for one in sessions:
        if isinstance(one.transport, asyncio.WriteTransport):
            one.transport.abort()
    await server.wait_closed()


def client(port: int) -> MailRelay:
    sender = Sender("市民热线", "12345@city.example")
    return MailRelay(RelayOptions("127.0.0.1", port, sender, timeout=timedelta(milliseconds=500)))


async def test_a_message_arrives_as_it_was_written(relay: Relay, clock: FakeClock) -> None:
    await client(relay.port).send(MESSAGE, now=clock())

    mail = message_from_bytes(relay.taken[0], policy=default)
    assert mail["Subject"] == "已受理"
    assert mail["To"] == "zhang@example.org"
    assert "您的诉求已受理" in mail.get_content()


@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
async def test_later_means_later(relay: Relay, clock: FakeClock, step: str) -> None:
    setattr(relay, step, "451 4.3.0 busy")

    with pytest.raises(Unavailable):
        await client(relay.port).send(MESSAGE, now=clock())


@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
async def test_a_refusal_is_for_good(relay: Relay, clock: FakeClock, step: str) -> None:
    setattr(relay, step, "550 5.1.1 no such user")

    with pytest.raises(Undeliverable) as caught:
        await client(relay.port).send(MESSAGE, now=clock())

    assert caught.value.code == "550"


@pytest.mark.parametrize("fault", ["hang up", "hang"])
async def test_a_break_in_the_middle_leaves_the_fate_unknown(
    relay: Relay, clock: FakeClock, fault: str
) -> None:
    relay.data = fault

    with pytest.raises(DeliveryUnknown):
        await client(relay.port).send(MESSAGE, now=clock())


async def test_a_login_that_is_refused_keeps_the_message(relay: Relay, clock: FakeClock) -> None:
    sender = Sender("市民热线", "12345@city.example")
    options = RelayOptions("127.0.0.1", relay.port, sender, username="u", password="wrong")

    with pytest.raises(Unavailable):
        await MailRelay(options).send(MESSAGE, now=clock())

    assert relay.taken == []


async def test_a_relay_that_is_not_there_is_unavailable(clock: FakeClock) -> None:
    with pytest.raises(Unavailable):
        await client(1).send(MESSAGE, now=clock())


async def test_an_address_that_is_none_is_refused_without_asking(clock: FakeClock) -> None:
    message = OutboundMessage(Channel.MAIL, "nobody", "x", "y", "r", "k")

    with pytest.raises(Undeliverable):
        await client(1).send(message, now=clock())
