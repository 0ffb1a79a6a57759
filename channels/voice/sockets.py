"""Every socket of the SIP endpoint: UDP and TCP on one port, TLS and WebSocket on their own."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from channels.voice.names import NameCache, NameWatch
from channels.voice.sip.address import Hop, Outgoing, Transport
from channels.voice.streams import StreamOptions, Streams
from channels.voice.websockets import WebSocketOptions, WebSockets

log = structlog.get_logger()

BIND_ATTEMPTS = 20
"""A free TCP port may be taken for UDP: try another."""

RECEIVE_BUFFER = 4_194_304
"""Bytes asked of the kernel, so that a pause of the loop loses no datagram."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsOptions:
    """Our certificate, and whose certificates we believe; TLS 1.2 or later both ways."""

    certificate: Path
    """PEM: our certificate and the chain above it."""
    key: Path
    """PEM."""
    host: str = ""
    """Address to bind; that of UDP if empty."""
    port: int = 5061
    """0 takes a free port."""
    authorities: Path | None = None
    """PEM: who signs the certificates of those that we call; None: the system's list."""
    wants_certificates: bool = False
    """Whether who connects to us must show a certificate of `authorities`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketOptions:
    """Where to listen, and the limits."""

    host: str
    port: int
    streams: StreamOptions = field(default_factory=StreamOptions)
    tls: TlsOptions | None = None
    websocket: WebSocketOptions | None = None


class Sockets:
    """Binds, sends and receives."""

    def __init__(
        self,
        options: SocketOptions,
        receive: Callable[[bytes, Hop], None],
        unreachable: Callable[[Hop], None],
    ) -> None:
        """Make them without binding; `unreachable` hears of each hop that cannot be sent to."""
        self._options = options
        self._receive = receive
        self._unreachable = unreachable
        self._loop = asyncio.get_running_loop()
        self._names = NameCache(self._loop)
        self._watch: NameWatch | None = None
        self._datagrams: asyncio.DatagramTransport | None = None
        self._is_ipv6 = False
        self._streams: dict[Transport, Streams] = {
            Transport.TCP: Streams(options.streams, receive, unreachable)
        }
        self._server_tls: ssl.SSLContext | None = None
        if options.tls is not None:
            self._server_tls = server_context(options.tls)
            self._streams[Transport.TLS] = Streams(
                options.streams,
                receive,
                unreachable,
                transport=Transport.TLS,
                server_tls=self._server_tls,
                client_tls=client_context(options.tls),
            )
        self._websockets: WebSockets | None = None
        if options.websocket is not None:
            self._websockets = WebSockets(options.websocket, receive, unreachable)

    async def bind(self) -> Mapping[Transport, int]:
        """Bind everything; return the port of each transport.

        Raises:
            OSError: if an address cannot be bound.
        """
        host, tls = self._options.host, self._options.tls
        port = await self._bind_both()
        ports = {Transport.UDP: port, Transport.TCP: port}
        if tls is not None:
            streams = self._streams[Transport.TLS]
            ports[Transport.TLS] = await streams.listen(tls.host or host, tls.port)
        if self._websockets is not None:
            assert self._options.websocket is not None
            host = self._options.websocket.host or host
            is_secure = self._websockets.transport is Transport.WSS
            context = self._server_tls if is_secure else None
            bound = await self._websockets.listen(host, context)
            ports[self._websockets.transport] = bound
        return ports

    async def close(self) -> None:
        """Close everything."""
        if self._watch is not None:
            self._watch.stop()
        if self._datagrams is not None:
            self._datagrams.close()
        self._names.close()
        for streams in self._streams.values():
            await streams.close()
        if self._websockets is not None:
            await self._websockets.close()

    async def watch_names(
        self, names: Iterable[str], told: Callable[[str, frozenset[str]], None]
    ) -> None:
        """Say which addresses host names have, now and whenever they change."""
        self._watch = NameWatch(self._names, names, told, self._loop)
        await self._watch.start()

    @property
    def watch(self) -> NameWatch:
        """Who keeps an eye on names, after `watch_names`."""
        assert self._watch is not None, "watch_names() comes first"
        return self._watch

    def send(self, message: Outgoing) -> None:
        """Send a message by the transport of its hop."""
        transport = message.hop.transport
        if transport is Transport.UDP:
            self._send_by_name(message)
        elif transport in {Transport.WS, Transport.WSS}:
            if self._websockets is None or not self._websockets.send(message):
                self._unreachable(message.hop)
        elif transport in self._streams:
            self._streams[transport].send(message)
        else:
            self._unreachable(message.hop)

    def _send_by_name(self, message: Outgoing) -> None:
        addresses = self._names.find(message.hop.host)
        if addresses:
            self._found(message, addresses)
        elif not self._names.ask(message.hop.host, lambda found: self._found(message, found)):
            self._unreachable(message.hop)

    def _found(self, message: Outgoing, addresses: tuple[str, ...]) -> None:
        # A name may have addresses of both families, and our socket is of one of them.
        fitting = (each for each in addresses if (":" in each) is self._is_ipv6)
        address = next(fitting, None)
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

    async def _bind_both(self) -> int:
        """Bind UDP and TCP to one port; return it."""
        host, wanted = self._options.host, self._options.port
        streams = self._streams[Transport.TCP]
        for attempt in range(BIND_ATTEMPTS):
            port = await streams.listen(host, wanted)
            try:
                self._datagrams, _ = await self._loop.create_datagram_endpoint(
                    lambda: _Datagrams(self._receive), local_addr=(host, port)
                )
            except OSError:
                await streams.close()
                if wanted or attempt == BIND_ATTEMPTS - 1:
                    raise
                continue
            self._is_ipv6 = ":" in self._datagrams.get_extra_info("sockname")[0]
            self._datagrams.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER
            )
            return port
        raise AssertionError("the last attempt returns or raises")


def server_context(options: TlsOptions) -> ssl.SSLContext:
    """Return what we show to who connects.

    Raises:
        OSError: if certificate or key cannot be read, or do not belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(options.certificate, options.key)
    if options.wants_certificates:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(options.authorities)
    return context


def client_context(options: TlsOptions) -> ssl.SSLContext:
    """Return what we demand of whom we call: a name or address that its certificate holds.

    Raises:
        OSError: if a file cannot be read.
    """
    context = ssl.create_default_context(cafile=options.authorities)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(options.certificate, options.key)
    return context


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
