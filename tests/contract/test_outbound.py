"""Every way out keeps the promises of `hotline.contacts.contact.Outbound`."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiosmtpd.smtp import SMTP

from channels.mail.client import MailRelay, RelayOptions
from channels.mail.compose import Sender as From
from channels.outbound import OutboundByChannel, Sender
from channels.sms.gateway import GatewayOptions, SmsGateway
from hotline.contacts.contact import (
    Channel,
    DeliveryUnknown,
    Outbound,
    OutboundMessage,
    Undeliverable,
)
from hotline.kernel.errors import Unavailable
from tests.conftest import FakeClock
from tests.fakes.memory_sender import MemorySender

MESSAGE = OutboundMessage(
    channel=Channel.MAIL,
    to="",
    subject="回执",
    body="已受理",
    reference="ticket:1",
    key="receipt:1",
)


@dataclass
class OtherSide(ABC):
    """Whoever takes our messages, and what it is told to do with the next one."""

    channel: Channel
    address: str
    taken: int = 0
    fault: str = ""
    sender: Sender = field(default_factory=MemorySender)

    @abstractmethod
    def fail(self, fault: str) -> None:
        """Do `later`, `refuse` or `break` at the next message."""


class Memory(OtherSide):
    def fail(self, fault: str) -> None:
        assert isinstance(self.sender, MemorySender)
        errors = {
            "later": Unavailable("memory"),
            "refuse": Undeliverable(self.channel, "no"),
            "break": DeliveryUnknown(self.channel),
        }
        self.sender.failures.append(errors[fault])


class SmtpRelay(OtherSide):
    def fail(self, fault: str) -> None:
        self.fault = fault

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.fault == "break":
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        self.taken += int(not self.fault)
        return {"later": "451 busy", "refuse": "550 no"}.get(self.fault, "250 OK")


class HttpGateway(OtherSide):
    def fail(self, fault: str) -> None:
        self.fault = fault

    async def receive(self, request: web.Request) -> web.Response:
        if self.fault == "break":
            assert request.transport is not None
            request.transport.abort()
        self.taken += int(not self.fault)
        return web.Response(status={"later": 503, "refuse": 400}.get(self.fault, 200))


@pytest.fixture
async def memory() -> OtherSide:
    return Memory(Channel.MAIL, "zhang@example.org")


@pytest.fixture
async def mail_relay() -> AsyncGenerator[OtherSide, None]:
    relay = SmtpRelay(Channel.MAIL, "zhang@example.org")
    sessions: list[SMTP] = []

    def session() -> SMTP:
        sessions.append(SMTP(relay, hostname="relay.example"))
        return sessions[-1]

    server = await asyncio.get_running_loop().create_server(session, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    options = RelayOptions(
        "127.0.0.1", port, From("x", "12345@city.example"), timeout=timedelta(seconds=2)
    )
    relay.sender = MailRelay(options)
    yield relay
    server.close()
    for one in sessions:
        if isinstance(one.transport, asyncio.WriteTransport):
            one.transport.abort()
    await server.wait_closed()


@pytest.fixture
async def sms_gateway() -> AsyncGenerator[OtherSide, None]:
    gateway = HttpGateway(Channel.SMS, "13800001234")
    app = web.Application()
    app.router.add_post("/", gateway.receive)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    async with aiohttp.ClientSession() as session:
        gateway.sender = SmsGateway(GatewayOptions(url, b"secret"), session)
        yield gateway
    await runner.cleanup()


@pytest.fixture(params=["memory", "mail_relay", "sms_gateway"])
def other_side(request: pytest.FixtureRequest) -> OtherSide:
    found: OtherSide = request.getfixturevalue(request.param)
    return found


def way_out(other_side: OtherSide) -> tuple[Outbound, OutboundMessage]:
    message = replace(MESSAGE, channel=other_side.channel, to=other_side.address)
    return OutboundByChannel({other_side.channel: other_side.sender}), message


async def test_it_returns_when_the_other_side_has_the_message(
    other_side: OtherSide, clock: FakeClock
) -> None:
    outbound, message = way_out(other_side)

    await outbound.send(message, now=clock())

    taken = other_side.sender.sent if isinstance(other_side.sender, MemorySender) else []
    assert other_side.taken + len(taken) == 1
    assert outbound.channels == {other_side.channel}


@pytest.mark.parametrize(
    ("fault", "error"),
    [("later", Unavailable), ("refuse", Undeliverable), ("break", DeliveryUnknown)],
)
async def test_every_failure_says_whether_the_message_may_have_left(
    other_side: OtherSide, clock: FakeClock, fault: str, error: type[Exception]
) -> None:
    outbound, message = way_out(other_side)
    other_side.fail(fault)

    with pytest.raises(error):
        await outbound.send(message, now=clock())


async def test_a_channel_that_is_not_configured_refuses_for_good(
    other_side: OtherSide, clock: FakeClock
) -> None:
    outbound, message = way_out(other_side)

    with pytest.raises(Undeliverable):
        await outbound.send(replace(message, channel=Channel.WECHAT), now=clock())
