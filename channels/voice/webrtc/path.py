"""The encrypted path to one page: ICE and DTLS by aiortc, the RTP inside it is our own.

aiortc's own senders, receivers, codecs and queues are not used: packets go from the page to our
RTP session as they come, so a browser's leg costs little more than a telephone's, its keys are
RFC 4733, and no queue of decoded audio can grow.
"""

import asyncio
import secrets
from collections.abc import Callable

import structlog
from aiortc import (
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    RTCIceGatherer,
    RTCIceParameters,
    RTCIceTransport,
)
from aiortc.sdp import candidate_from_sdp, candidate_to_sdp

from channels.voice.media.path import Receive
from channels.voice.rtp.source import Address
from channels.voice.webrtc.description import BROWSER, BrowserOffer, LocalEnd
from hotline.kernel.errors import Unavailable
from hotline.kernel.tasks import spawn

log = structlog.get_logger()

CONNECT_SECONDS = 8.0
"""ICE and DTLS on a city's own network take a tenth of a second; after this the page asks anew."""

MAX_WAITING = 16
"""Packets that wait to be encrypted; 0.3 s of sound. The oldest is dropped, as on a network."""


class BrowserUnreachable(Unavailable):
    """No encrypted path to the page came about."""

    def __init__(self, step: str) -> None:
        super().__init__(f"the path to the page ({step})")


class _Transport(RTCDtlsTransport):
    """DTLS that hands over plain RTP and RTCP instead of parsing them."""

    def __init__(
        self,
        transport: RTCIceTransport,
        on_media: Callable[[bytes], None],
        on_control: Callable[[bytes], None],
    ) -> None:
        super().__init__(transport, [RTCCertificate.generateCertificate()])
        self._on_media = on_media
        self._on_control = on_control

    async def _handle_rtp_data(self, data: bytes, arrival_time_ms: int) -> None:  # noqa: ARG002
        self._on_media(data)

    async def _handle_rtcp_data(self, data: bytes) -> None:
        self._on_control(data)

    async def send_plain(self, data: bytes) -> None:
        """Encrypt and send a packet.

        Raises:
            ConnectionError: the path is not there, or no more.
        """
        await self._send_rtp(data)


class BrowserPath:
    """A `MediaPath` to one page; made for one offer, and never used again."""

    def __init__(self, offer: BrowserOffer) -> None:
        self._offer = offer
        self._gatherer = RTCIceGatherer(iceServers=[])
        self._ice = RTCIceTransport(self._gatherer)
        self._dtls = _Transport(self._ice, self._receive_media, self._receive_control)
        self._on_media: Receive | None = None
        self._on_control: Receive | None = None
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(MAX_WAITING)
        self._sending: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self.lost = asyncio.Event()
        """Set when the page has closed the path, or no check of ICE gets through any more."""
        self._ice.on("statechange", self._look)
        self._dtls.on("statechange", self._look)

    async def describe(self) -> LocalEnd:
        """Find out where we can be reached, and return our side for the answer."""
        await self._gatherer.gather()
        parameters = self._gatherer.getLocalParameters()
        prints = self._dtls.getLocalParameters().fingerprints
        return LocalEnd(
            user_fragment=parameters.usernameFragment or "",
            password=parameters.password or "",
            fingerprints=[(each.algorithm, each.value) for each in prints],
            candidates=[candidate_to_sdp(each) for each in self._gatherer.getLocalCandidates()],
            session_id=secrets.randbits(62),
        )

    async def connect(self) -> None:
        """Search the way to the page and agree on keys.

        Raises:
            BrowserUnreachable: it took too long, or the page is not who it said it is.
        """
        offer = self._offer
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                for value in offer.candidates:
                    await self._ice.addRemoteCandidate(candidate_from_sdp(value))
                await self._ice.addRemoteCandidate(None)
                await self._ice.start(RTCIceParameters(offer.user_fragment, offer.password))
                if self._ice.state != "completed":
                    raise BrowserUnreachable("ICE")
                # `a=setup:active` in our answer.
                self._dtls._set_role("client")  # noqa: SLF001 - RTCPeerConnection does so too
                prints = [RTCDtlsFingerprint(name, value) for name, value in offer.fingerprints]
                await self._dtls.start(RTCDtlsParameters(prints))
        except (TimeoutError, ConnectionError, ValueError) as error:
            raise BrowserUnreachable(type(error).__name__) from None
        if self._dtls.state != "connected":
            raise BrowserUnreachable("DTLS")
        self._sending = spawn(self._send(), "packets to a page")

    # MediaPath

    def start(self, on_media: Receive, on_control: Receive) -> None:
        """Hand over what arrives from now on."""
        self._on_media, self._on_control = on_media, on_control

    def send_media(self, datagram: bytes, to: Address) -> bool:  # noqa: ARG002 - only one way
        """Send an RTP packet."""
        if self._sending is None or self.lost.is_set():
            return False
        if self._waiting.full():
            self._waiting.get_nowait()
        self._waiting.put_nowait(datagram)
        return True

    def send_control(self, datagram: bytes, to: Address) -> bool:
        """Send an RTCP packet; on the same way (RFC 5761)."""
        return self.send_media(datagram, to)

    def stop(self) -> None:
        """Close the path in the background; again changes nothing."""
        self._on_media = self._on_control = None
        if self._closing is None:
            self._closing = spawn(self._close(), "close a page's path")

    async def closed(self) -> None:
        """Wait until everything is closed after `stop`."""
        if self._closing is not None:
            await asyncio.shield(self._closing)

    # inside

    def _receive_media(self, data: bytes) -> None:
        if self._on_media is not None:
            self._on_media(data, BROWSER)

    def _receive_control(self, data: bytes) -> None:
        if self._on_control is not None:
            self._on_control(data, BROWSER)

    def _look(self) -> None:
        if self._ice.state in {"failed", "closed"} or self._dtls.state in {"failed", "closed"}:
            self.lost.set()

    async def _send(self) -> None:
        while True:
            datagram = await self._waiting.get()
            try:
                await self._dtls.send_plain(datagram)
            except (ConnectionError, OSError):
                self.lost.set()
                return

    async def _close(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)
        # A page that is gone hears no goodbye; its sockets are closed all the same.
        for step in (self._say_goodbye, self._dtls.stop, self._ice.stop):
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    await step()
            except (TimeoutError, ConnectionError) as error:
                log.info("page_path_closes_alone", reason=type(error).__name__)

    async def _say_goodbye(self) -> None:
        # The goodbye of RTCP is among what waits.
        while self._sending is not None and not self._waiting.empty():
            await self._dtls.send_plain(self._waiting.get_nowait())
