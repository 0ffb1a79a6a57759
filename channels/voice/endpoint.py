"""The only owner of SIP sockets: one UDP socket and one TCP listener on the same port.

`async with Endpoint.open(options, on_event) as endpoint:` binds and runs. `on_event` is
called with each `SipEvent`, in order, in the loop; it must not block (put it into the queue
of the call, or spawn a task) and may use the verbs. The verbs are those of
`channels.voice.sip.user_agent.UserAgent` without `now`.
"""

import asyncio
import secrets
import socket
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog

from channels.voice.names import NAME_SECONDS, NameCache, is_address
from channels.voice.sip.address import Hop, Outgoing, Transport
from channels.voice.sip.alarms import NEVER
from channels.voice.sip.auth import Credentials, DigestSecret, Verdict
from channels.voice.sip.events import CallKey, RegistrationKey, RequestKey, SipEvent
from channels.voice.sip.peers import PeerCounts, PeerOptions
from channels.voice.sip.user_agent import Headers, UserAgent, UserAgentOptions
from channels.voice.streams import StreamOptions, Streams

log = structlog.get_logger()

BIND_ATTEMPTS = 20
"""A free TCP port may be taken for UDP: try another."""

RECEIVE_BUFFER = 4_194_304
"""Bytes asked of the kernel, so that a pause of the loop loses no datagram."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointOptions:
    """Where to listen, how to be seen, and the limits."""

    host: str = "127.0.0.1"
    """Address to bind; a wildcard needs `public_host`."""
    port: int = 5060
    """0 takes a free port, the same for UDP and TCP."""
    public_host: str = ""
    """What Via and Contact say; `host` if empty."""
    user: str = "hotline"
    realm: str = "hotline"
    algorithms: tuple[str, ...] = ("MD5",)
    """See `UserAgentOptions.algorithms`."""
    name: str = "Hotline"
    max_calls: int = 2000
    streams: StreamOptions = field(default_factory=StreamOptions)
    """Limits of the TCP connections."""
    peers: PeerOptions = field(default_factory=PeerOptions)
    """Whom we trust, and how much of the others is read; a trunk may be a host name here."""


class Endpoint:
    """A running SIP user agent with its sockets."""

    def __init__(self, options: EndpointOptions, on_event: Callable[[SipEvent], None]) -> None:
        """Make an endpoint without sockets; use `open`."""
        self._options = options
        self._on_event = on_event
        self._loop = asyncio.get_running_loop()
        self._streams = Streams(options.streams, self._receive, self._unreachable)
        self._datagrams: asyncio.DatagramTransport | None = None
        self._core: UserAgent | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = NEVER
        self._is_flushing = False
        self._names = NameCache(self._loop)
        self._naming: asyncio.TimerHandle | None = None

    @classmethod
    @asynccontextmanager
    async def open(
        cls, options: EndpointOptions, on_event: Callable[[SipEvent], None]
    ) -> AsyncGenerator["Endpoint", None]:
        """Bind both sockets and run until the block is left.

        Raises:
            OSError: if the address cannot be bound.
            ValueError: for a wildcard address without `public_host`.
        """
        if options.host in {"", "0.0.0.0", "::"} and not options.public_host:
            raise ValueError("a wildcard address needs public_host")
        endpoint = cls(options, on_event)
        try:
            await endpoint._bind()
            endpoint._learn_trunks()
            yield endpoint
        finally:
            await endpoint._close()

    @property
    def address(self) -> tuple[str, int]:
        """The host and port that Via and Contact name."""
        options = self._agent.options
        return options.host, options.port

    @property
    def calls(self) -> int:
        """How many calls there are, in any state."""
        return self._agent.calls

    @property
    def thrown_away(self) -> PeerCounts:
        """See `UserAgent.thrown_away`."""
        return self._agent.thrown_away

    def ring(self, call: CallKey, *, status: int = 180, sdp: bytes = b"") -> None:
        """See `UserAgent.ring`."""
        self._agent.ring(call, self._loop.time(), status=status, sdp=sdp)
        self.flush()

    def answer(self, call: CallKey, sdp: bytes) -> None:
        """See `UserAgent.answer`."""
        self._agent.answer(call, sdp, self._loop.time())
        self.flush()

    def reject(
        self, call: CallKey, status: int, *, reason: str = "", headers: Headers = ()
    ) -> None:
        """See `UserAgent.reject`."""
        self._agent.reject(call, status, self._loop.time(), reason=reason, headers=headers)
        self.flush()

    def invite(
        self,
        target: str,
        sdp: bytes,
        *,
        caller: str = "",
        headers: Headers = (),
        credentials: Credentials | None = None,
        destination: Hop | None = None,
        ring_limit: float | None = None,
    ) -> CallKey:
        """See `UserAgent.invite`."""
        call = self._agent.invite(
            target,
            sdp,
            self._loop.time(),
            caller=caller,
            headers=headers,
            credentials=credentials,
            destination=destination,
            ring_limit=ring_limit,
        )
        self.flush()
        return call

    def hang_up(self, call: CallKey) -> None:
        """See `UserAgent.hang_up`."""
        self._agent.hang_up(call, self._loop.time())
        self.flush()

    def reoffer(self, call: CallKey, sdp: bytes) -> None:
        """See `UserAgent.reoffer`."""
        self._agent.reoffer(call, sdp, self._loop.time())
        self.flush()

    def answer_reoffer(self, call: CallKey, sdp: bytes) -> None:
        """See `UserAgent.answer_reoffer`."""
        self._agent.answer_reoffer(call, sdp, self._loop.time())
        self.flush()

    def reject_reoffer(self, call: CallKey, *, status: int = 488) -> None:
        """See `UserAgent.reject_reoffer`."""
        self._agent.reject_reoffer(call, self._loop.time(), status=status)
        self.flush()

    def authorize(self, key: RequestKey | CallKey, secret: DigestSecret | None) -> Verdict:
        """See `UserAgent.authorize`."""
        return self._agent.authorize(key, secret, self._loop.time())

    def challenge(self, key: RequestKey | CallKey, *, stale: bool = False) -> None:
        """See `UserAgent.challenge`."""
        self._agent.challenge(key, self._loop.time(), stale=stale)
        self.flush()

    def accept_register(self, request: RequestKey, bindings: Sequence[tuple[str, int]]) -> None:
        """See `UserAgent.accept_register`."""
        self._agent.accept_register(request, bindings, self._loop.time())
        self.flush()

    def reject_register(
        self, request: RequestKey, status: int, *, reason: str = "", headers: Headers = ()
    ) -> None:
        """See `UserAgent.reject_register`."""
        self._agent.reject_register(
            request, status, self._loop.time(), reason=reason, headers=headers
        )
        self.flush()

    def register(
        self,
        address_of_record: str,
        registrar: str,
        *,
        credentials: Credentials | None = None,
        expires: int = 3600,
        destination: Hop | None = None,
        contact_user: str = "",
    ) -> RegistrationKey:
        """See `UserAgent.register`."""
        key = self._agent.register(
            address_of_record,
            registrar,
            self._loop.time(),
            credentials=credentials,
            expires=expires,
            destination=destination,
            contact_user=contact_user,
        )
        self.flush()
        return key

    def unregister(self, registration: RegistrationKey) -> None:
        """See `UserAgent.unregister`."""
        self._agent.unregister(registration, self._loop.time())
        self.flush()

    def drain(self) -> None:
        """See `UserAgent.drain`."""
        self._agent.drain()

    def flush(self) -> None:
        """Send what is waiting, tell the application, and set the alarm anew.

        The application may use verbs while it is told: what they cause is handled in the
        same round, in order.
        """
        if self._is_flushing:
            return
        self._is_flushing = True
        core = self._agent
        try:
            events: list[SipEvent] = []
            while True:
                for message in core.messages_to_send():
                    self._send(message)
                events = core.events()
                if not events:
                    break
                for event in events:
                    self._deliver(event)
        finally:
            self._is_flushing = False
        due = core.next_timer()
        if due is not None and due < self._alarm_at:
            if self._alarm is not None:
                self._alarm.cancel()
            self._alarm_at = due
            self._alarm = self._loop.call_at(due, self._ring, due)

    @property
    def _agent(self) -> UserAgent:
        assert self._core is not None
        return self._core

    def _ring(self, due: float) -> None:
        self._alarm = None
        self._alarm_at = NEVER
        # The loop may ring within its clock resolution before `due`.
        try:
            self._agent.handle_timer(max(due, self._loop.time()))
        finally:
            self.flush()  # whatever happens, the next alarm is set

    def _receive(self, data: bytes, source: Hop) -> None:
        self._agent.receive(data, source, self._loop.time())
        self.flush()

    def _deliver(self, event: SipEvent) -> None:
        try:
            self._on_event(event)
        except Exception:
            # A process boundary: one broken handler must not stop the other calls.
            log.exception("sip_event_failed", sip_event=type(event).__name__)
            call = getattr(event, "call", None)
            if call is not None:
                self._agent.hang_up(call, self._loop.time())

    def _send(self, message: Outgoing) -> None:
        if message.hop.transport is Transport.TCP:
            self._streams.send(message)
            return
        address = self._names.find(message.hop.host)
        if address is not None:
            self._send_datagram(message, address)
        elif not self._names.ask(message.hop.host, lambda found: self._found(message, found)):
            self._unreachable(message.hop)

    def _found(self, message: Outgoing, address: str | None) -> None:
        if address is None:
            self._unreachable(message.hop)
        else:
            self._send_datagram(message, address)

    def _send_datagram(self, message: Outgoing, address: str) -> None:
        if self._datagrams is None or self._datagrams.is_closing():
            return
        try:
            self._datagrams.sendto(message.data, (address, message.hop.port))
        except OSError as error:
            log.warning("sip_datagram_not_sent", error=type(error).__name__)

    def _unreachable(self, hop: Hop) -> None:
        # Not at once: a verb that is still running must see the call it made.
        self._loop.call_soon(self._transport_failed, hop)

    def _transport_failed(self, hop: Hop) -> None:
        self._agent.transport_failed(hop, self._loop.time())
        self.flush()

    def _learn_trunks(self) -> None:
        """Find out what the names of trunks mean, again and again: providers move."""
        names = [host for host in self._options.peers.trunks if not is_address(host)]
        for name in names:
            self._names.ask(name, self._note_trunk)
        if names:
            self._naming = self._loop.call_later(NAME_SECONDS, self._learn_trunks)

    def _note_trunk(self, address: str | None) -> None:
        if address is not None:
            self._agent.note_trunk(address)

    async def _bind(self) -> None:
        options = self._options
        for attempt in range(BIND_ATTEMPTS):
            port = await self._streams.listen(options.host, options.port)
            try:
                self._datagrams, _ = await self._loop.create_datagram_endpoint(
                    lambda: _Datagrams(self._receive), local_addr=(options.host, port)
                )
            except OSError:
                await self._streams.close()
                if options.port or attempt == BIND_ATTEMPTS - 1:
                    raise
                continue
            self._datagrams.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER
            )
            self._core = UserAgent(
                UserAgentOptions(
                    host=options.public_host or options.host,
                    port=port,
                    user=options.user,
                    name=options.name,
                    realm=options.realm,
                    algorithms=options.algorithms,
                    max_calls=options.max_calls,
                    peers=options.peers,
                ),
                new_token=lambda: secrets.token_hex(8),
                secret=secrets.token_bytes(32),
            )
            return

    async def _close(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        if self._naming is not None:
            self._naming.cancel()
        if self._datagrams is not None:
            self._datagrams.close()
        self._names.close()
        await self._streams.close()


class _Datagrams(asyncio.DatagramProtocol):
    """Hands each datagram on; an ICMP error is not the end of the socket."""

    def __init__(self, receive: Callable[[bytes, Hop], None]) -> None:
        self._receive_one = receive

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take one datagram (asyncio calls this by its name)."""
        try:
            self._receive_one(data, Hop(Transport.UDP, addr[0], addr[1]))
        except Exception:
            # A process boundary: one datagram must not stop the others.
            log.exception("sip_datagram_failed", size=len(data))

    def error_received(self, exc: Exception) -> None:
        """Note an ICMP error; timers decide what it means (RFC 3261 18.4)."""
        log.debug("sip_datagram_refused", error=type(exc).__name__)
