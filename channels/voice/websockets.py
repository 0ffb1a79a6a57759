"""SIP over WebSocket for phones in browsers (RFC 7118): one frame is one message.

Browsers connect to us; we never connect to them. Who has gone is reached again only when it
connects and registers anew.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from aiohttp import WSMsgType, web

from channels.voice.sip.address import Hop, Outgoing, Transport
from channels.voice.sip.framing import KEEP_ALIVE
from channels.voice.sip.message import MAX_MESSAGE
from hotline.kernel.tasks import spawn

log = structlog.get_logger()

SUBPROTOCOL = "sip"
"""RFC 7118 4.1: the handshake names it, or there is no connection."""

MAX_UNSENT = 100
"""Messages that a browser may leave unread before it is cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSocketOptions:
    """Where browsers connect, and the limits."""

    host: str = ""
    """Address to bind; that of UDP if empty."""
    port: int = 5062
    """0 takes a free port."""
    path: str = "/sip"
    is_secure: bool = False
    """wss with the certificate of `TlsOptions`; without it, a proxy in front must do TLS."""
    origins: frozenset[str] = frozenset()
    """Pages that may connect ("https://hotline.example"); empty: any, and no page at all."""
    max_connections: int = 500
    """At once; the next one is answered 503."""
    heartbeat_seconds: float = 25.0
    """Between pings; who does not answer is cut off."""


class WebSockets:
    """All WebSocket connections of one endpoint, by the address of the other side."""

    def __init__(
        self,
        options: WebSocketOptions,
        receive: Callable[[bytes, Hop], None],
        unreachable: Callable[[Hop], None],
    ) -> None:
        self.transport = Transport.WSS if options.is_secure else Transport.WS
        self._options = options
        self._receive = receive
        self._unreachable = unreachable
        self._runner: web.AppRunner | None = None
        self._open: dict[Hop, asyncio.Queue[bytes]] = {}
        self._sockets: dict[Hop, web.WebSocketResponse] = {}

    def __len__(self) -> int:
        return len(self._open)

    async def listen(self, host: str, context: ssl.SSLContext | None) -> int:
        """Bind the listener; return its port.

        Raises:
            OSError: if the address cannot be bound.
        """
        app = web.Application()
        app.router.add_get(self._options.path, self._connected)
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=1.0
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, self._options.port, ssl_context=context)
        await site.start()
        bound: int = self._runner.addresses[0][1]
        return bound

    async def close(self) -> None:
        """Close the listener and every connection."""
        for socket in list(self._sockets.values()):
            await socket.close(code=1001, message=b"going away", drain=False)
        if self._runner is not None:
            await self._runner.cleanup()

    def send(self, message: Outgoing) -> bool:
        """Send over an open connection; False if there is none any more."""
        waiting = self._open.get(message.hop)
        if waiting is None:
            return False
        try:
            waiting.put_nowait(message.data)
        except asyncio.QueueFull:
            log.warning("sip_websocket_reads_nothing")
            self._open.pop(message.hop, None)
            return False
        return True

    async def _connected(self, request: web.Request) -> web.StreamResponse:
        peer = request.transport.get_extra_info("peername") if request.transport else None
        origin = request.headers.get("Origin")
        if self._options.origins and origin not in self._options.origins:
            return web.Response(status=403, text="This page may not connect here.")
        if peer is None or len(self._open) >= self._options.max_connections:
            return web.Response(status=503, headers={"Retry-After": "5"})
        offered = request.headers.get("Sec-WebSocket-Protocol", "")
        if SUBPROTOCOL not in {name.strip().lower() for name in offered.split(",")}:
            return web.Response(status=400, text="The WebSocket subprotocol must be sip.")
        socket = web.WebSocketResponse(
            protocols=(SUBPROTOCOL,),
            heartbeat=self._options.heartbeat_seconds,
            max_msg_size=MAX_MESSAGE,
            compress=False,
        )
        await socket.prepare(request)
        await self._serve(socket, Hop(self.transport, peer[0], peer[1]))
        return socket

    async def _serve(self, socket: web.WebSocketResponse, hop: Hop) -> None:
        waiting: asyncio.Queue[bytes] = asyncio.Queue(MAX_UNSENT)
        self._open[hop], self._sockets[hop] = waiting, socket
        writer = spawn(_write(socket, waiting), "sip-websocket")
        try:
            async for frame in socket:
                if frame.type not in {WSMsgType.TEXT, WSMsgType.BINARY} or hop not in self._open:
                    break
                self._take(frame.data, hop)
        finally:
            writer.cancel()
            self._open.pop(hop, None)
            self._sockets.pop(hop, None)
            self._unreachable(hop)

    def _take(self, frame: str | bytes, hop: Hop) -> None:
        data = frame if isinstance(frame, bytes) else frame.encode("utf-8", "surrogateescape")
        if data == KEEP_ALIVE:  # RFC 5626 3.5.1 over what RFC 7118 6 calls a reliable transport
            self.send(Outgoing(b"\r\n", hop))
            return
        try:
            self._receive(data, hop)
        except Exception:
            # A process boundary: one message must not stop the others.
            log.exception("sip_message_failed", size=len(data))


async def _write(socket: web.WebSocketResponse, waiting: asyncio.Queue[bytes]) -> None:
    while True:
        data = await waiting.get()
        try:
            # RFC 7118 4.2: either kind of frame; browsers handle text best.
            await socket.send_str(data.decode())
        except UnicodeDecodeError:
            await socket.send_bytes(data)
        except ConnectionError:
            return
