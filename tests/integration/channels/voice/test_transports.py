"""TLS and WebSocket, with OpenSSL and aiohttp as the other side."""

import asyncio
import shutil
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from channels.voice.endpoint import Endpoint, EndpointOptions
from channels.voice.sip.address import Transport
from channels.voice.sip.events import (
    CallAnswered,
    CallConfirmed,
    CallEnded,
    CallFailed,
    CallOffered,
    EndReason,
    RegisterReceived,
    SipEvent,
)
from channels.voice.sip.message import Request, Response, parse_message
from channels.voice.sockets import TlsOptions
from channels.voice.websockets import WebSocketOptions
from tests.fakes.certificates import Certificates, make_certificates

OFFER = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"
ANSWER = b"v=0\r\no=- 2 1 IN IP4 127.0.0.1\r\n"


class Desk:
    """An endpoint and what it told."""

    def __init__(self) -> None:
        self.endpoint: Endpoint
        self.waiting: asyncio.Queue[SipEvent] = asyncio.Queue()

    async def next(self) -> SipEvent:
        async with asyncio.timeout(20):
            return await self.waiting.get()


@asynccontextmanager
async def open_desk(**options: object) -> AsyncGenerator[Desk, None]:
    desk = Desk()
    made = EndpointOptions(port=0, **options)  # type: ignore[arg-type]
    async with Endpoint.open(made, desk.waiting.put_nowait) as endpoint:
        desk.endpoint = endpoint
        yield desk


@pytest.fixture(name="certificates")
def make(tmp_path: Path) -> Certificates:
    return make_certificates(tmp_path)


def tls(certificates: Certificates, **more: object) -> TlsOptions:
    return TlsOptions(
        certificate=certificates.certificate,
        key=certificates.key,
        authorities=certificates.authority,
        port=0,
        **more,  # type: ignore[arg-type]
    )


ADDRESSES: list[Callable[[int], str]] = [
    lambda port: f"sip:12345@127.0.0.1:{port};transport=tls",
    lambda port: f"sips:12345@127.0.0.1:{port}",
]


@pytest.mark.parametrize("address", ADDRESSES)
async def test_calls_go_over_tls_and_end_from_either_side(
    certificates: Certificates, address: Callable[[int], str]
) -> None:
    async with (
        open_desk(tls=tls(certificates)) as left,
        open_desk(tls=tls(certificates, wants_certificates=True)) as right,
    ):
        for ends_left in (True, False):
            ours = left.endpoint.invite(address(right.endpoint.port_of(Transport.TLS)), OFFER)
            event = await right.next()
            assert isinstance(event, CallOffered)
            assert event.source.transport is Transport.TLS
            contact = event.request.header("contact")
            assert str(left.endpoint.port_of(Transport.TLS)) in contact
            assert contact.startswith("<sips:") is address(1).startswith("sips:")
            right.endpoint.answer(event.call, ANSWER)
            assert await left.next() == CallAnswered(call=ours, sdp=ANSWER)
            assert await right.next() == CallConfirmed(call=event.call, sdp=b"")
            if ends_left:
                left.endpoint.hang_up(ours)
                assert await right.next() == CallEnded(call=event.call, reason=EndReason.BYE)
                await left.next()
            else:
                right.endpoint.hang_up(event.call)
                assert await left.next() == CallEnded(call=ours, reason=EndReason.BYE)
                await right.next()


async def test_a_server_whose_certificate_we_do_not_know_is_not_called(
    certificates: Certificates, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    others = make_certificates(tmp_path / "other")
    async with (
        open_desk(tls=tls(certificates)) as left,
        open_desk(tls=tls(others)) as right,
    ):
        port = right.endpoint.port_of(Transport.TLS)
        call = left.endpoint.invite(f"sips:12345@127.0.0.1:{port}", OFFER)

        assert await left.next() == CallFailed(call=call, status=503, reason="Service Unavailable")


async def test_without_a_certificate_nobody_is_called_over_tls() -> None:
    async with open_desk() as desk:
        call = desk.endpoint.invite("sips:12345@127.0.0.1:9", OFFER)

        assert await desk.next() == CallFailed(call=call, status=503, reason="Service Unavailable")


def options_request(via: str) -> bytes:
    return (
        "OPTIONS sip:12345@127.0.0.1 SIP/2.0\r\n"
        f"Via: SIP/2.0/{via};branch=z9hG4bKo1;rport\r\n"
        "From: <sip:a@b.invalid>;tag=1\r\nTo: <sip:12345@127.0.0.1>\r\nCall-ID: o1\r\n"
        "CSeq: 1 OPTIONS\r\nContact: <sip:a@b.invalid;transport=ws>\r\nContent-Length: 0\r\n\r\n"
    ).encode()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize(
    ("version", "is_answered"), [("-tls1_3", True), ("-tls1_2", True), ("-tls1_1", False)]
)
async def test_openssl_is_answered_from_tls_1_2_on(
    certificates: Certificates, version: str, is_answered: bool
) -> None:
    async with open_desk(tls=tls(certificates)) as desk:
        port = desk.endpoint.port_of(Transport.TLS)
        client = await asyncio.create_subprocess_exec(
            *("openssl", "s_client", "-quiet", "-verify_return_error", version),
            *("-cipher", "DEFAULT@SECLEVEL=0", "-connect", f"127.0.0.1:{port}"),
            *("-CAfile", str(certificates.authority)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert client.stdin is not None
        assert client.stdout is not None
        try:
            client.stdin.write(options_request("TLS 127.0.0.1:1"))
            line = await asyncio.wait_for(client.stdout.readline(), 10)
        finally:
            if client.returncode is None:
                client.kill()
            await client.communicate()

    assert (line == b"SIP/2.0 200 OK\r\n") is is_answered


@asynccontextmanager
async def browser(
    desk: Desk, path: str = "/sip", **more: object
) -> AsyncGenerator[aiohttp.ClientWebSocketResponse, None]:
    url = f"ws://127.0.0.1:{desk.endpoint.port_of(Transport.WS)}{path}"
    async with aiohttp.ClientSession() as session:
        connecting = session.ws_connect(url, protocols=("sip",), **more)  # type: ignore[call-overload]
        async with connecting as socket:
            yield socket


WS = WebSocketOptions(port=0)


async def heard(socket: aiohttp.ClientWebSocketResponse) -> Request | Response:
    return parse_message((await socket.receive_str(timeout=20)).encode())


async def test_a_browser_registers_and_is_called_over_its_websocket() -> None:
    async with open_desk(websocket=WS) as desk, browser(desk) as socket:
        assert socket.protocol == "sip"
        register = options_request("WS b.invalid").replace(b"OPTIONS", b"REGISTER")
        await socket.send_str(register.decode())
        event = await desk.next()
        assert isinstance(event, RegisterReceived)
        assert event.source.transport is Transport.WS
        desk.endpoint.accept_register(event.request_key, [("sip:a@b.invalid;transport=ws", 60)])
        answer = await heard(socket)
        assert isinstance(answer, Response)
        assert answer.status == 200

        call = desk.endpoint.invite("sip:a@b.invalid;transport=ws", OFFER, destination=event.source)
        invite = await heard(socket)
        assert isinstance(invite, Request)
        assert invite.via.transport == "WS"
        assert invite.header("contact").endswith(";transport=ws>")
        headers = {n: invite.headers[n] for n in ("via", "from", "to", "call-id", "cseq")}
        headers["to"] = [f"{invite.header('to')};tag=b"]
        headers["contact"] = ["<sip:a@b.invalid;transport=ws>"]
        headers["content-type"] = ["application/sdp"]
        await socket.send_bytes(Response(200, "OK", headers, ANSWER).serialise())
        assert await desk.next() == CallAnswered(call=call, sdp=ANSWER)
        ack = await heard(socket)
        assert isinstance(ack, Request)
        assert ack.method == "ACK"

        desk.endpoint.hang_up(call)
        bye = await heard(socket)
        assert isinstance(bye, Request)
        assert (bye.method, bye.uri) == ("BYE", "sip:a@b.invalid;transport=ws")


async def test_a_browser_that_has_gone_cannot_be_called() -> None:
    async with open_desk(websocket=WS) as desk:
        async with browser(desk) as socket:
            register = options_request("WS b.invalid").replace(b"OPTIONS", b"REGISTER")
            await socket.send_str(register.decode())
            event = await desk.next()
            assert isinstance(event, RegisterReceived)
            calling = desk.endpoint.invite("sip:a@b.invalid", OFFER, destination=event.source)
            await heard(socket)
        gone = await desk.next()
        assert gone == CallFailed(call=calling, status=503, reason="Service Unavailable")

        call = desk.endpoint.invite("sip:a@b.invalid", OFFER, destination=event.source)

        assert await desk.next() == CallFailed(call=call, status=503, reason="Service Unavailable")


async def test_a_ping_of_a_browser_is_answered() -> None:
    async with open_desk(websocket=WS) as desk, browser(desk) as socket:
        await socket.send_str("\r\n\r\n")

        assert await socket.receive_str(timeout=20) == "\r\n"


async def test_a_page_of_another_origin_may_not_connect() -> None:
    guarded = WebSocketOptions(port=0, origins=frozenset({"https://hotline.example"}))
    async with open_desk(websocket=guarded) as desk:
        async with browser(desk, origin="https://hotline.example") as socket:
            assert not socket.closed
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with browser(desk, origin="https://evil.example"):
                pass
        assert caught.value.status == 403


async def test_another_subprotocol_is_no_phone() -> None:
    async with open_desk(websocket=WS) as desk, aiohttp.ClientSession() as session:
        url = f"ws://127.0.0.1:{desk.endpoint.port_of(Transport.WS)}/sip"
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await session.ws_connect(url, protocols=("chat",))

    assert caught.value.status == 400


async def test_one_connection_too_many_is_told_to_come_again() -> None:
    async with open_desk(websocket=WebSocketOptions(port=0, max_connections=1)) as desk:
        async with browser(desk):
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                async with browser(desk):
                    pass
        assert caught.value.status == 503


async def test_a_secure_websocket_shows_our_certificate(certificates: Certificates) -> None:
    secure = WebSocketOptions(port=0, is_secure=True)
    made = tls(certificates)
    async with open_desk(websocket=secure, tls=made) as desk, aiohttp.ClientSession() as session:
        url = f"wss://127.0.0.1:{desk.endpoint.port_of(Transport.WSS)}/sip"
        context = ssl.create_default_context(cafile=certificates.authority)
        async with session.ws_connect(url, protocols=("sip",), ssl=context) as socket:
            await socket.send_bytes(options_request("WSS b.invalid"))
            answer = await heard(socket)

    assert isinstance(answer, Response)
    assert answer.status == 200


async def test_a_secure_websocket_needs_a_certificate() -> None:
    with pytest.raises(ValueError, match="certificate"):
        async with open_desk(websocket=WebSocketOptions(is_secure=True)):
            pass
