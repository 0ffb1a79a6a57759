import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web

from channels.sms.gateway import GatewayOptions, SmsGateway, signature
from hotline.contacts.contact import Channel, DeliveryUnknown, OutboundMessage, Undeliverable
from hotline.kernel.errors import Unavailable
from tests.conftest import FakeClock

SECRET = b"shared with the gateway"
MESSAGE = OutboundMessage(
    channel=Channel.SMS,
    to="138 0000 1234",
    subject="",
    body="您的诉求已受理",
    reference="ticket:1",
    key="receipt:1",
)


class Gateway:
    """A gateway that answers as told and keeps what it got."""

    def __init__(self) -> None:
        self.status = 200
        self.headers: dict[str, str] = {}
        self.hangs = False
        self.requests: list[tuple[dict[str, str], bytes]] = []

    async def receive(self, request: web.Request) -> web.Response:
        self.requests.append((dict(request.headers), await request.read()))
        if self.hangs:
            await asyncio.sleep(2)
        return web.Response(status=self.status, headers=self.headers)


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
async def url(gateway: Gateway) -> AsyncGenerator[str, None]:
    app = web.Application()
    app.router.add_post("/sms", gateway.receive)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield f"http://127.0.0.1:{port}/sms"
    await runner.cleanup()


async def send(url: str, clock: FakeClock, message: OutboundMessage = MESSAGE) -> None:
    options = GatewayOptions(url, SECRET, timeout=timedelta(milliseconds=500))
    async with aiohttp.ClientSession() as session:
        await SmsGateway(options, session).send(message, now=clock())


async def test_a_text_message_is_posted_once_and_signed(
    url: str, gateway: Gateway, clock: FakeClock
) -> None:
    await send(url, clock)

    ((headers, body),) = gateway.requests
    expected = '{"to": "+8613800001234", "text": "您的诉求已受理", "key": "receipt:1"}'
    assert body.decode() == expected
    assert headers["Idempotency-Key"] == "receipt:1"
    assert headers["X-Hotline-Signature"] == signature(SECRET, body, clock())
    assert headers["X-Hotline-Signature"] != signature(b"another", body, clock())


@pytest.mark.parametrize(
    ("status", "header", "seconds"), [(503, "", 60), (429, "120", 120), (500, "999999", 3600)]
)
async def test_later_means_later(
    url: str, gateway: Gateway, clock: FakeClock, status: int, header: str, seconds: int
) -> None:
    gateway.status, gateway.headers = status, {"Retry-After": header}

    with pytest.raises(Unavailable) as caught:
        await send(url, clock)

    assert caught.value.retry_after == timedelta(seconds=seconds)


@pytest.mark.parametrize("status", [400, 403, 302])
async def test_a_refusal_is_for_good(
    url: str, gateway: Gateway, clock: FakeClock, status: int
) -> None:
    gateway.status = status

    with pytest.raises(Undeliverable):
        await send(url, clock)


async def test_a_gateway_that_does_not_answer_leaves_the_fate_unknown(
    url: str, gateway: Gateway, clock: FakeClock
) -> None:
    gateway.hangs = True

    with pytest.raises(DeliveryUnknown):
        await send(url, clock)


async def test_a_gateway_that_is_not_there_is_unavailable(clock: FakeClock) -> None:
    with pytest.raises(Unavailable):
        await send("http://127.0.0.1:1/sms", clock)


@pytest.mark.parametrize("to", ["010-62345678", "12345", "nobody"])
async def test_only_mobile_numbers_get_text_messages(clock: FakeClock, to: str) -> None:
    with pytest.raises(Undeliverable):
        await send("http://127.0.0.1:1/sms", clock, replace(MESSAGE, to=to))
