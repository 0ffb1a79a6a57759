"""The SIP endpoint: a user agent with sockets, UDP and TCP on one port, TLS and WebSocket beside.

`async with Endpoint.open(options, on_event) as endpoint:` binds and runs. `on_event` is
called with each `SipEvent`, in order, in the loop; it must not block (put it into the queue
of the call, or spawn a task) and may use the verbs. The verbs are those of
`channels.voice.sip.user_agent.UserAgent` without `now`.
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Unpack

import structlog

from channels.voice.sip.address import Hop, Transport
from channels.voice.sip.alarms import NEVER
from channels.voice.sip.auth import Credentials, DigestSecret, Verdict
from channels.voice.sip.events import (
    CallKey,
    CoreEvent,
    PeerProbed,
    ProbeKey,
    RegistrationKey,
    RequestKey,
    SipEvent,
    TransferKey,
)
from channels.voice.sip.load import Load
from channels.voice.sip.outgoing import InviteOptions
from channels.voice.sip.peers import PeerOptions
from channels.voice.sip.user_agent import Headers, UserAgent, UserAgentOptions
from channels.voice.sockets import SocketOptions, Sockets, TlsOptions
from channels.voice.streams import StreamOptions
from channels.voice.websockets import WebSocketOptions

log = structlog.get_logger()


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
    """Limits of the TCP and of the TLS connections."""
    tls: TlsOptions | None = None
    """Our certificate; without it there is no TLS, neither to us nor from us."""
    websocket: WebSocketOptions | None = None
    """Where browsers connect; None: nowhere."""
    peers: PeerOptions = field(default_factory=PeerOptions)
    """Whom we trust, and how much of the others is read; a trunk may be a host name here."""


class Endpoint:
    """A running SIP user agent with its sockets."""

    def __init__(self, options: EndpointOptions, on_event: Callable[[SipEvent], None]) -> None:
        """Make an endpoint without sockets; use `open`."""
        self._options = options
        self._on_event = on_event
        self._loop = asyncio.get_running_loop()
        made = SocketOptions(
            host=options.host,
            port=options.port,
            streams=options.streams,
            tls=options.tls,
            websocket=options.websocket,
        )
        self._sockets = Sockets(made, self._receive, self._unreachable)
        self._core: UserAgent | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = NEVER
        self._is_flushing = False
        self._owners: dict[str, str] = {}
        """Targets of SRV records, and the host of the trunk that each belongs to."""
        self._probes: dict[ProbeKey, asyncio.Future[PeerProbed]] = {}

    @classmethod
    @asynccontextmanager
    async def open(
        cls, options: EndpointOptions, on_event: Callable[[SipEvent], None]
    ) -> AsyncGenerator["Endpoint", None]:
        """Bind the sockets and run until the block is left.

        Raises:
            OSError: if the address cannot be bound.
            ValueError: for a wildcard address without `public_host`, and for a secure
                WebSocket without a certificate.
        """
        if options.host in {"", "0.0.0.0", "::"} and not options.public_host:
            raise ValueError("a wildcard address needs public_host")
        if options.websocket is not None and options.websocket.is_secure and not options.tls:
            raise ValueError("a secure WebSocket needs a certificate: set tls")
        endpoint = cls(options, on_event)
        try:
            await endpoint._bind()
            yield endpoint
        finally:
            await endpoint._close()

    @property
    def address(self) -> tuple[str, int]:
        """The host and port that Via and Contact name."""
        options = self._agent.options
        return options.host, options.port

    def port_of(self, transport: Transport) -> int:
        """Return the port at which a transport listens."""
        return self._agent.options.port_of(transport)

    @property
    def load(self) -> Load:
        """What it carries, and what it has thrown away."""
        return self._agent.load

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

    def invite(self, target: str, sdp: bytes, **options: Unpack[InviteOptions]) -> CallKey:
        """See `UserAgent.invite`."""
        call = self._agent.invite(target, sdp, self._loop.time(), **options)
        self.flush()
        return call

    def acknowledge(self, call: CallKey, sdp: bytes) -> None:
        """See `UserAgent.acknowledge`."""
        self._agent.acknowledge(call, sdp)
        self.flush()

    def hang_up(self, call: CallKey) -> None:
        """See `UserAgent.hang_up`."""
        self._agent.hang_up(call, self._loop.time())
        self.flush()

    def reoffer(self, call: CallKey, sdp: bytes) -> None:
        """See `UserAgent.reoffer`."""
        self._agent.reoffer(call, sdp, self._loop.time())
        self.flush()

    def update(self, call: CallKey, *, sdp: bytes = b"") -> None:
        """See `UserAgent.update`."""
        self._agent.update(call, self._loop.time(), sdp=sdp)
        self.flush()

    def answer_reoffer(self, call: CallKey, sdp: bytes) -> None:
        """See `UserAgent.answer_reoffer`."""
        self._agent.answer_reoffer(call, sdp, self._loop.time())
        self.flush()

    def reject_reoffer(self, call: CallKey, *, status: int = 488) -> None:
        """See `UserAgent.reject_reoffer`."""
        self._agent.reject_reoffer(call, self._loop.time(), status=status)
        self.flush()

    def refer(self, call: CallKey, target: str, *, other: CallKey | None = None) -> None:
        """See `UserAgent.refer`."""
        self._agent.refer(call, target, self._loop.time(), other=other)
        self.flush()

    def accept_transfer(self, transfer: TransferKey) -> None:
        """See `UserAgent.accept_transfer`."""
        self._agent.accept_transfer(transfer, self._loop.time())
        self.flush()

    def report_transfer(self, transfer: TransferKey, status: int) -> None:
        """See `UserAgent.report_transfer`."""
        self._agent.report_transfer(transfer, status, self._loop.time())
        self.flush()

    def reject_transfer(self, transfer: TransferKey, *, status: int = 603) -> None:
        """See `UserAgent.reject_transfer`."""
        self._agent.reject_transfer(transfer, self._loop.time(), status=status)
        self.flush()

    def is_seat(self, host: str) -> bool:
        """See `UserAgent.is_seat`."""
        return self._agent.is_seat(host, self._loop.time())

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
        destinations: Sequence[Hop] = (),
        contact_user: str = "",
    ) -> RegistrationKey:
        """See `UserAgent.register`."""
        key = self._agent.register(
            address_of_record,
            registrar,
            self._loop.time(),
            credentials=credentials,
            expires=expires,
            destinations=destinations,
            contact_user=contact_user,
        )
        self.flush()
        return key

    def redirect(self, registration: RegistrationKey, destinations: Sequence[Hop]) -> None:
        """See `UserAgent.redirect`."""
        self._agent.redirect(registration, destinations, self._loop.time())
        self.flush()

    def unregister(self, registration: RegistrationKey) -> None:
        """See `UserAgent.unregister`."""
        self._agent.unregister(registration, self._loop.time())
        self.flush()

    async def probe(self, target: str, *, destination: Hop | None = None) -> PeerProbed:
        """Ask a peer by OPTIONS whether it is there; it takes 32 s to know that it is not.

        Raises:
            UsageError: for a target that is no URI.
        """
        key = self._agent.probe(target, self._loop.time(), destination=destination)
        answered: asyncio.Future[PeerProbed] = self._loop.create_future()
        self._probes[key] = answered
        try:
            self.flush()
            return await answered
        finally:
            del self._probes[key]

    def name_targets(self, trunk: str, targets: frozenset[str]) -> None:
        """Note by which names the host of a trunk is reached (SRV); calls from them are its own."""
        before = {name for name, owner in self._owners.items() if owner == trunk}
        for name in before - targets:
            self._sockets.watch.remove(name)
            del self._owners[name]
        for name in sorted(targets - before - self._options.peers.trunks):
            self._owners[name] = trunk
            self._sockets.watch.add(name)

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
            events: list[CoreEvent] = []
            while True:
                for message in core.messages_to_send():
                    self._sockets.send(message)
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

    def _deliver(self, event: CoreEvent) -> None:
        if isinstance(event, PeerProbed):
            answered = self._probes.get(event.probe)
            if answered is not None and not answered.done():
                answered.set_result(event)
            return
        try:
            self._on_event(event)
        except Exception:
            # A process boundary: one broken handler must not stop the other calls.
            log.exception("sip_event_failed", sip_event=type(event).__name__)
            call = getattr(event, "call", None)
            if call is not None:
                self._agent.hang_up(call, self._loop.time())

    def _unreachable(self, hop: Hop) -> None:
        # Not at once: a verb that is still running must see the call it made.
        self._loop.call_soon(self._transport_failed, hop)

    def _transport_failed(self, hop: Hop) -> None:
        self._agent.transport_failed(hop, self._loop.time())
        self.flush()

    async def _bind(self) -> None:
        options = self._options
        ports = await self._sockets.bind()
        self._core = UserAgent(
            UserAgentOptions(
                host=options.public_host or options.host,
                port=ports[Transport.UDP],
                ports=ports,
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
        await self._sockets.watch_names(options.peers.trunks, self._note_trunk)

    def _note_trunk(self, name: str, addresses: frozenset[str]) -> None:
        self._agent.note_trunk(name, addresses, owner=self._owners.get(name, name))

    async def _close(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        await self._sockets.close()
