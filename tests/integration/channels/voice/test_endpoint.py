"""The endpoint on loopback sockets."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
import structlog
import uvloop

from channels.voice.endpoint import Endpoint, EndpointOptions
from channels.voice.sip.address import Transport
from channels.voice.sip.auth import Credentials, DigestSecret
from channels.voice.sip.errors import CallGone
from channels.voice.sip.events import (
    CallAnswered,
    CallConfirmed,
    CallEnded,
    CallFailed,
    CallKey,
    CallOffered,
    CallReoffered,
    EndReason,
    RegisterReceived,
    RegistrationChanged,
    RegistrationState,
    ReofferAnswered,
    ReofferRefused,
    SipEvent,
)
from channels.voice.sip.message import Request
from channels.voice.sip.peers import PeerClass, PeerOptions, Rate
from channels.voice.streams import StreamOptions, Streams

OFFER = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"
ANSWER = b"v=0\r\no=- 2 1 IN IP4 127.0.0.1\r\n"


class Desk:
    """An endpoint and the events that it told, to be waited for."""

    def __init__(self) -> None:
        self.endpoint: Endpoint
        self.waiting: asyncio.Queue[SipEvent] = asyncio.Queue()
        self.on_event: Callable[[SipEvent], None] = lambda event: None

    def receive(self, event: SipEvent) -> None:
        self.waiting.put_nowait(event)
        self.on_event(event)

    async def next(self) -> SipEvent:
        async with asyncio.timeout(20):
            return await self.waiting.get()

    @property
    def uri(self) -> str:
        host, port = self.endpoint.address
        return f"sip:12345@[{host}]:{port}" if ":" in host else f"sip:12345@{host}:{port}"


@asynccontextmanager
async def open_desk(**options: object) -> AsyncGenerator[Desk, None]:
    desk = Desk()
    made = EndpointOptions(**{"port": 0, **options})  # type: ignore[arg-type]
    async with Endpoint.open(made, desk.receive) as endpoint:
        desk.endpoint = endpoint
        yield desk


async def offered(desk: Desk) -> CallOffered:
    event = await desk.next()
    assert isinstance(event, CallOffered)
    return event


async def connected(caller: Desk, callee: Desk, suffix: str = "") -> tuple[CallKey, CallKey]:
    """Make a call that is answered; return its key on either side."""
    ours = caller.endpoint.invite(callee.uri + suffix, OFFER)
    event = await offered(callee)
    assert event.sdp == OFFER
    callee.endpoint.answer(event.call, ANSWER)
    assert await caller.next() == CallAnswered(call=ours, sdp=ANSWER)
    assert await callee.next() == CallConfirmed(call=event.call, sdp=b"")
    return ours, event.call


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


HOSTS = ["127.0.0.1"] + (["::1"] if has_ipv6() else [])


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("transport", ["udp", "tcp", "TCP"])
async def test_calls_go_both_ways(host: str, transport: str) -> None:
    async with open_desk(host=host) as left, open_desk(host=host) as right:
        suffix = f";transport={transport}"

        ours, theirs = await connected(left, right, suffix)
        left.endpoint.hang_up(ours)
        assert await right.next() == CallEnded(call=theirs, reason=EndReason.BYE)
        assert await left.next() == CallEnded(call=ours, reason=EndReason.HUNG_UP)

        ours, theirs = await connected(left, right, suffix)
        right.endpoint.hang_up(theirs)
        assert await left.next() == CallEnded(call=ours, reason=EndReason.BYE)


async def test_a_call_is_held_and_resumed() -> None:
    async with open_desk() as left, open_desk() as right:
        ours, theirs = await connected(left, right)

        left.endpoint.reoffer(ours, OFFER)
        assert await right.next() == CallReoffered(call=theirs, sdp=OFFER)
        right.endpoint.answer_reoffer(theirs, ANSWER)
        assert await left.next() == ReofferAnswered(call=ours, sdp=ANSWER)

        left.endpoint.reoffer(ours, OFFER)
        assert await right.next() == CallReoffered(call=theirs, sdp=OFFER)
        right.endpoint.reject_reoffer(theirs)
        refused = await left.next()
        assert isinstance(refused, ReofferRefused)
        assert refused.status == 488


async def test_a_phone_registers_with_its_password_and_leaves() -> None:
    secret = DigestSecret.of("8001", "hotline", "pw")
    async with open_desk() as phone, open_desk() as registrar:
        host, port = registrar.endpoint.address

        def decide(event: SipEvent) -> None:
            assert isinstance(event, RegisterReceived)
            if registrar.endpoint.authorize(event.request_key, secret) != "valid":
                registrar.endpoint.challenge(event.request_key)
            else:
                bindings = [(str(c.uri), s) for c, s in event.contacts if s]
                registrar.endpoint.accept_register(event.request_key, bindings)

        registrar.on_event = decide
        key = phone.endpoint.register(
            f"sip:8001@{host}",
            f"sip:{host}:{port}",
            credentials=Credentials("8001", "pw"),
            expires=600,
        )
        up = await phone.next()
        phone.endpoint.unregister(key)
        down = await phone.next()

    assert isinstance(up, RegistrationChanged)
    assert isinstance(down, RegistrationChanged)
    assert (up.state, up.expires) == (RegistrationState.REGISTERED, 600)
    assert down.state is RegistrationState.REMOVED


async def test_a_register_may_be_refused() -> None:
    async with open_desk() as phone, open_desk() as registrar:
        host, port = registrar.endpoint.address
        phone.endpoint.register(f"sip:8001@{host}", f"sip:{host}:{port}")
        event = await registrar.next()
        assert isinstance(event, RegisterReceived)

        registrar.endpoint.reject_register(event.request_key, 403, reason="Not here")

        change = await phone.next()
        assert isinstance(change, RegistrationChanged)
        assert (change.state, change.reason) == (RegistrationState.FAILED, "Not here")


async def ask(desk: Desk, *datagrams: bytes) -> bytes:
    """Send datagrams from a plain socket; return the first answer."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
        plain.setblocking(False)
        plain.bind(("127.0.0.1", 0))
        for datagram in datagrams:
            await loop.sock_sendto(plain, datagram, desk.endpoint.address)
        async with asyncio.timeout(20):
            return await loop.sock_recv(plain, 65535)


def options(branch: str = "o1") -> bytes:
    via = f"SIP/2.0/UDP 127.0.0.1:1;rport;branch=z9hG4bK{branch}"
    return Request(
        "OPTIONS",
        "sip:127.0.0.1",
        {
            "via": [via],
            "from": ["<sip:a@b>;tag=1"],
            "to": ["<sip:c@d>"],
            "call-id": [branch],
            "cseq": ["1 OPTIONS"],
        },
    ).serialise()


async def test_rubbish_does_not_stop_the_socket() -> None:
    rubbish = (b"", b"\x00", b"\r\n\r\n", b"\xff" * 1000, b"INVITE", b"SIP/2.0 200 OK\r\n\r\n")
    async with open_desk() as desk:
        answer = await ask(desk, *rubbish, options())

    assert answer.startswith(b"SIP/2.0 200 OK\r\n")


async def test_a_handler_that_fails_ends_its_call_and_no_other() -> None:
    async with open_desk() as left, open_desk() as right:

        def fail(event: SipEvent) -> None:
            if isinstance(event, CallOffered):
                raise ZeroDivisionError

        right.on_event = fail
        with structlog.testing.capture_logs() as logs:
            failed = left.endpoint.invite(right.uri, OFFER)
            event = await left.next()
        assert isinstance(event, CallFailed)
        assert (event.call, event.status) == (failed, 480)
        assert [entry["event"] for entry in logs] == ["sip_event_failed"]

        right.on_event = lambda event: None
        while not right.waiting.empty():
            right.waiting.get_nowait()
        await connected(left, right)


async def test_verbs_may_be_used_while_an_event_is_told() -> None:
    async with open_desk() as left, open_desk() as right:

        def answer(event: SipEvent) -> None:
            if isinstance(event, CallOffered):
                right.endpoint.ring(event.call)
                right.endpoint.answer(event.call, ANSWER)
            elif isinstance(event, CallConfirmed):
                right.endpoint.hang_up(event.call)

        right.on_event = answer
        call = left.endpoint.invite(right.uri, OFFER)

        story = [type(await left.next()).__name__ for _ in range(3)]

    assert story == ["CallProgressed", "CallAnswered", "CallEnded"]
    assert isinstance(call, str)


async def test_an_offered_call_may_be_refused_challenged_and_given_up() -> None:
    async with open_desk() as left, open_desk() as right:
        left.endpoint.invite(right.uri, OFFER)
        right.endpoint.reject((await offered(right)).call, 486)
        first = await left.next()

        left.endpoint.invite(right.uri, OFFER)
        right.endpoint.challenge((await offered(right)).call)
        second = await left.next()

        call = left.endpoint.invite(right.uri, OFFER)
        event = await offered(right)
        right.endpoint.ring(event.call)
        await left.next()
        left.endpoint.hang_up(call)
        third = await left.next()
        with pytest.raises(CallGone):
            right.endpoint.answer(event.call, ANSWER)

    failures = (first, second, third)
    assert [e.status for e in failures if isinstance(e, CallFailed)] == [486, 401, 487]


async def test_a_closed_port_fails_a_call_over_tcp_at_once() -> None:
    async with open_desk() as desk:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))  # it is nobody else's, but nobody listens
            port = closed.getsockname()[1]
            call = desk.endpoint.invite(f"sip:a@127.0.0.1:{port};transport=tcp", OFFER)

            event = await desk.next()

    assert isinstance(event, CallFailed)
    assert (event.call, event.status) == (call, 503)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_host_name_is_looked_up(transport: str) -> None:
    async with open_desk() as left, open_desk() as right:
        port = right.endpoint.address[1]
        for _ in range(2):
            left.endpoint.invite(f"sip:a@localhost:{port};transport={transport}", OFFER)
            right.endpoint.reject((await offered(right)).call, 486)
            event = await left.next()
            assert isinstance(event, CallFailed)
            assert event.status == 486


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_host_name_that_is_none_fails_the_call(transport: str) -> None:
    async with open_desk() as desk:
        desk.endpoint.invite(f"sip:a@no-such-host.invalid;transport={transport}", OFFER)

        event = await desk.next()

    assert isinstance(event, CallFailed)
    assert event.status == 503


async def test_a_draining_endpoint_refuses_new_calls() -> None:
    async with open_desk() as left, open_desk() as right:
        right.endpoint.drain()
        left.endpoint.invite(right.uri, OFFER)

        event = await left.next()

    assert isinstance(event, CallFailed)
    assert (event.status, event.retry_after) == (503, 5)


async def test_a_port_that_is_taken_is_an_error() -> None:
    async with open_desk() as desk:
        with pytest.raises(OSError, match="in use"):
            async with open_desk(port=desk.endpoint.address[1]):
                pass


async def test_a_free_port_is_free_for_both_transports(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        listen = Streams.listen
        ports = [taken.getsockname()[1], 0]

        async def listen_there(self: Streams, host: str, _port: int) -> int:
            return await listen(self, host, ports.pop(0))

        monkeypatch.setattr(Streams, "listen", listen_there)
        async with open_desk() as desk:
            assert desk.endpoint.address[1] != taken.getsockname()[1]


async def test_a_message_that_no_datagram_holds_is_not_sent_where_there_is_no_stream() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        async with open_desk() as left, open_desk() as right:
            with structlog.testing.capture_logs() as logs:
                place = f"sip:12345@127.0.0.1:{deaf.getsockname()[1]}"
                left.endpoint.invite(place, OFFER, headers=[("X", "y" * 70_000)])
                async with asyncio.timeout(20):
                    # Which of the two depends on whether the socket was busy.
                    refused = {"sip_datagram_not_sent", "sip_datagram_refused"}
                    while not refused & {entry["event"] for entry in logs}:
                        await asyncio.sleep(0.01)
                await connected(left, right)


async def test_a_big_message_goes_over_tcp_and_by_udp_where_there_is_none() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as narrow:
        narrow.bind(("127.0.0.1", 0))
        narrow.setblocking(False)
        big = OFFER + b"a=candidate:x\r\n" * 100
        async with open_desk() as left, open_desk() as right:
            left.endpoint.invite(right.uri, big)
            event = await offered(right)
            assert (event.sdp, event.source.transport) == (big, Transport.TCP)

            left.endpoint.invite(f"sip:12345@127.0.0.1:{narrow.getsockname()[1]}", big)
            loop = asyncio.get_running_loop()
            data = await asyncio.wait_for(loop.sock_recv(narrow, 65_535), 5)
            assert data.startswith(b"INVITE ")
            assert b"Via: SIP/2.0/UDP " in data
            assert data.endswith(big)


async def test_a_closed_endpoint_sends_nothing() -> None:
    async with open_desk() as left, open_desk() as right:
        calls = [await connected(left, right, f";transport={t}") for t in ("udp", "tcp")]
    for ours, _ in calls:
        left.endpoint.hang_up(ours)

    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_wildcard_needs_to_know_how_it_is_reached() -> None:
    with pytest.raises(ValueError, match="public_host"):
        async with open_desk(host="0.0.0.0"):
            pass

    async with open_desk(host="0.0.0.0", public_host="127.0.0.1") as desk:
        assert desk.endpoint.address[0] == "127.0.0.1"
        assert (await ask(desk, options())).startswith(b"SIP/2.0 200")


async def test_an_unanswered_call_is_repeated_by_the_alarm() -> None:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.setblocking(False)
        silent.bind(("127.0.0.1", 0))
        async with open_desk() as desk, asyncio.timeout(20):
            desk.endpoint.invite(f"sip:a@127.0.0.1:{silent.getsockname()[1]}", OFFER)
            first = await loop.sock_recv(silent, 65535)
            second = await loop.sock_recv(silent, 65535)

    assert first == second


def test_the_endpoint_runs_under_uvloop() -> None:
    async def story() -> str:
        async with open_desk() as left, open_desk() as right:
            ours, theirs = await connected(left, right, ";transport=tcp")
            left.endpoint.hang_up(ours)
            assert await right.next() == CallEnded(call=theirs, reason=EndReason.BYE)
            assert await left.next() == CallEnded(call=ours, reason=EndReason.HUNG_UP)
            await connected(left, right)
            return str(left.endpoint.load.calls)

    assert uvloop.run(story()) == "1"


# TCP connections


@asynccontextmanager
async def open_stream(
    desk: Desk,
) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter], None]:
    reader, writer = await asyncio.open_connection(*desk.endpoint.address)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def read_head(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(20):
        return await reader.readuntil(b"\r\n\r\n")


async def test_messages_in_a_stream_are_answered_in_it() -> None:
    async with open_desk() as desk, open_stream(desk) as (reader, writer):
        writer.write(options("s1") + b"\r\n" + options("s2"))

        heads = [await read_head(reader) for _ in range(2)]

    assert [head.split(b"\r\n")[0] for head in heads] == [b"SIP/2.0 200 OK"] * 2


async def test_a_ping_is_answered() -> None:
    async with open_desk() as desk, open_stream(desk) as (reader, writer):
        writer.write(b"\r\n\r\n")

        async with asyncio.timeout(20):
            assert await reader.readexactly(2) == b"\r\n"


async def test_a_stream_that_makes_no_sense_is_answered_and_closed() -> None:
    async with open_desk() as desk, open_stream(desk) as (reader, writer):
        writer.write(options().replace(b"Content-Length: 0", b"Content-Length: -1"))

        async with asyncio.timeout(20):
            answer = await reader.read()

    assert answer.startswith(b"SIP/2.0 400 Bad Content-Length\r\n")


async def test_the_idlest_connection_makes_room() -> None:
    streams = StreamOptions(max_connections=2)
    async with (
        open_desk(streams=streams) as desk,
        open_stream(desk) as (idlest, _),
        open_stream(desk) as (second, writer),
        asyncio.timeout(20),
    ):
        writer.write(b"\r\n\r\n")
        await second.readexactly(2)

        async with open_stream(desk):
            assert await idlest.read() == b""


async def test_an_idle_connection_is_closed() -> None:
    streams = StreamOptions(idle_seconds=0.1)
    async with open_desk(streams=streams) as desk, open_stream(desk) as (reader, _):
        async with asyncio.timeout(20):
            assert await reader.read() == b""


async def test_a_peer_that_reads_nothing_is_cut_off() -> None:
    everything = PeerOptions(
        rates=dict.fromkeys(PeerClass, Rate(1e6, 1e6)), strangers=Rate(1e6, 1e6)
    )
    async with open_desk(peers=everything) as desk, open_stream(desk) as (_, writer):
        writer.transport.pause_reading()  # type: ignore[attr-defined]

        async def write_without_end() -> None:
            for number in range(100_000):
                writer.write(options(f"n{number}"))
                await writer.drain()

        with pytest.raises(ConnectionError):
            await write_without_end()


async def test_a_connection_is_used_again() -> None:
    async with open_desk() as left, open_desk() as right:
        sources: set[object] = set()
        for _ in range(3):
            left.endpoint.invite(right.uri + ";transport=tcp", OFFER)
            event = await offered(right)
            sources.add(event.source)
            right.endpoint.reject(event.call, 486)
            await left.next()

    assert len(sources) == 1


async def test_a_call_outlives_its_connection() -> None:
    streams = StreamOptions(max_connections=1)
    async with open_desk() as left, open_desk(streams=streams) as right:
        ours, theirs = await connected(left, right, ";transport=tcp")
        async with open_stream(right) as (reader, writer), asyncio.timeout(20):
            writer.write(b"\r\n\r\n")  # its answer tells that the call's connection was closed
            await reader.readexactly(2)

            right.endpoint.hang_up(theirs)

            assert await left.next() == CallEnded(call=ours, reason=EndReason.BYE)


@pytest.mark.parametrize(
    ("addresses", "is_answered"),
    [(["2001:db8::1", "127.0.0.1"], True), (["2001:db8::1"], False)],
)
async def test_a_name_is_reached_at_an_address_of_the_family_that_our_socket_speaks(
    addresses: list[str], is_answered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 3263 4.2: a carrier's name has AAAA and A; without one that fits, the call fails now."""

    async def resolve(_host: str, _port: object) -> list[tuple[object, ...]]:
        return [(0, 0, 0, "", (address, 0)) for address in addresses]

    async with open_desk() as ours, open_desk() as carrier:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
        port = carrier.endpoint.address[1]

        async with asyncio.timeout(20):
            answer = await ours.endpoint.probe(f"sip:carrier.test:{port}")

    assert (answer.is_answered, answer.status) == (is_answered, 200 if is_answered else 503)


async def test_a_request_does_not_leave_by_a_connection_that_is_being_closed() -> None:
    """RFC 3261 18.1.1: nothing repeats a request over TCP, so one that is lost is lost for 32 s."""
    async with open_desk() as ours, open_desk() as theirs:
        target = f"sip:{theirs.endpoint.address[0]}:{theirs.endpoint.address[1]};transport=tcp"
        async with asyncio.timeout(20):
            assert (await ours.endpoint.probe(target)).is_answered
        streams = ours.endpoint._sockets._streams[Transport.TCP]
        (stream,) = set(streams._open.values())
        stream.abort()  # the loop tells of it only in its next round

        async with asyncio.timeout(20):
            answer = await ours.endpoint.probe(target)

    assert answer.is_answered
