"""TCP and TLS connections of the SIP endpoint: accepted, dialled, reused, bounded (RFC 3261 18)."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import structlog

from channels.voice.sip.address import Hop, Outgoing, Transport
from channels.voice.sip.framing import KEEP_ALIVE, StreamParser
from hotline.kernel.tasks import spawn

log = structlog.get_logger()

MAX_WAITING = 50
"""Messages that wait for one connection to open."""

MAX_UNSENT = 1_048_576
"""Bytes that a peer may leave unread before its connection is cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOptions:
    """Limits of the TCP and of the TLS connections."""

    max_connections: int = 500
    """At once; the idlest one makes room."""
    idle_seconds: float = 3700.0
    """After that long without a byte a connection is closed: longer than any registration lasts,
    for nobody can connect to a phone behind an address translator."""
    connect_seconds: float = 5.0
    """How long opening a connection may take."""


class Streams:
    """All connections of one transport of an endpoint, by the address of the other side."""

    def __init__(
        self,
        options: StreamOptions,
        receive: Callable[[bytes, Hop], None],
        unreachable: Callable[[Hop], None],
        *,
        transport: Transport = Transport.TCP,
        server_tls: ssl.SSLContext | None = None,
        client_tls: ssl.SSLContext | None = None,
    ) -> None:
        """Make connections of one transport; TLS needs both contexts."""
        self._transport = transport
        self._server_tls = server_tls
        self._client_tls = client_tls
        self._options = options
        self._receive = receive
        self._unreachable = unreachable
        self._loop = asyncio.get_running_loop()
        self._server: asyncio.Server | None = None
        self._open: dict[tuple[str, int], Stream] = {}
        self._dialling: dict[tuple[str, int], list[Outgoing]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweep: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def listen(self, host: str, port: int) -> int:
        """Bind the listener; return its port.

        Raises:
            OSError: if the address cannot be bound.
        """
        self._is_closed = False
        patience = None if self._server_tls is None else self._options.connect_seconds
        self._server = await self._loop.create_server(
            self._make_stream,
            host,
            port,
            ssl=self._server_tls,
            ssl_handshake_timeout=patience,
            ssl_shutdown_timeout=None if patience is None else 1.0,
        )
        self._schedule_sweep()
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """Close the listener and every connection."""
        self._is_closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1.0)
        for stream in list(self._open.values()):
            stream.abort()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    def send(self, message: Outgoing) -> None:
        """Send over an open connection, or open one to the fallback or the hop itself."""
        ways = [message.hop] if message.fallback is None else [message.hop, message.fallback]
        for hop in ways:
            stream = self._open.get((hop.host, hop.port))
            if stream is not None and stream.is_open:
                stream.write(message.data)
                return
        if not self._is_closed:
            self._dial(message, ways[-1])

    def opened(self, stream: "Stream") -> None:
        """Enter a connection; the idlest makes room if there are too many."""
        if len(self._open) >= self._options.max_connections:
            idlest = min(self._open.values(), key=lambda other: other.last_used)
            idlest.abort()
            self._forget(idlest)
        self._open[stream.peer] = stream

    def closed(self, stream: "Stream") -> None:
        """Forget a connection."""
        self._forget(stream)

    def received(self, data: bytes, stream: "Stream") -> None:
        """Hand a whole message on."""
        self._receive(data, Hop(self._transport, *stream.peer))

    def _make_stream(self) -> "Stream":
        return Stream(self)

    def _forget(self, stream: "Stream") -> None:
        for peer in [peer for peer, known in self._open.items() if known is stream]:
            del self._open[peer]

    def _dial(self, message: Outgoing, hop: Hop) -> None:
        place = (hop.host, hop.port)
        waiting = self._dialling.get(place)
        if waiting is None:
            self._dialling[place] = [message]
            task = spawn(self._connect(hop), "sip-connect")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif len(waiting) < MAX_WAITING:
            waiting.append(message)

    async def _connect(self, hop: Hop) -> None:
        place = (hop.host, hop.port)
        try:
            async with asyncio.timeout(self._options.connect_seconds):
                _, stream = await self._loop.create_connection(
                    self._make_stream, *place, ssl=self._client_tls
                )
        except (OSError, UnicodeError) as error:
            log.info("sip_connection_failed", error=type(error).__name__)
            for message in self._dialling.pop(place):
                self._unreachable(message.hop)
            return
        self._open[place] = stream  # under the name it was dialled by, too
        for message in self._dialling.pop(place):
            stream.write(message.data)

    def _schedule_sweep(self) -> None:
        self._sweep = self._loop.call_later(self._options.idle_seconds / 4, self._close_idle)

    def _close_idle(self) -> None:
        oldest = self._loop.time() - self._options.idle_seconds
        for stream in list(self._open.values()):
            if stream.last_used < oldest:
                stream.abort()
        self._schedule_sweep()


class Stream(asyncio.Protocol):
    """One TCP or TLS connection."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._parser = StreamParser()
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self.peer = ("", 0)
        self.last_used = self._loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Enter the connection (asyncio calls this by its name)."""
        # uvloop's transports have the methods, and another base class.
        self._transport = cast("asyncio.Transport", transport)
        address = self._transport.get_extra_info("peername")
        if address is None:  # gone before it was here
            self._transport.abort()
            return
        self.peer = (address[0], address[1])
        self._streams.opened(self)

    def data_received(self, data: bytes) -> None:
        """Cut what came into messages (asyncio calls this by its name)."""
        self.last_used = self._loop.time()
        try:
            for message in self._parser.feed(data):
                if message == KEEP_ALIVE:
                    self.write(b"\r\n")
                else:
                    self._streams.received(message, self)
        except Exception:
            # A process boundary: one message must not stop the others.
            log.exception("sip_message_failed", size=len(data))
        if self._parser.is_broken and self._transport is not None:
            self._transport.close()

    def connection_lost(self, _exc: Exception | None) -> None:
        """Forget the connection (asyncio calls this by its name)."""
        self._streams.closed(self)

    @property
    def is_open(self) -> bool:
        """Whether what is written still leaves."""
        return self._transport is not None and not self._transport.is_closing()

    def write(self, data: bytes) -> None:
        """Send; a peer that does not read is cut off."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        self.last_used = self._loop.time()
        transport.write(data)
        if transport.get_write_buffer_size() > MAX_UNSENT:
            transport.abort()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()
