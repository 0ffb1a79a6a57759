"""The embedded media engine: every leg in this process and loop, one ticker, one writer thread.

async with EmbeddedMediaEngine(EmbeddedMediaOptions("127.0.0.1", 40_000, 40_199)) as media:
    leg, answer = await media.answer(call_id, offer)
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeAlias

import structlog

from channels.voice.media.arrivals import Arrivals
from channels.voice.media.collector import Collector
from channels.voice.media.conference import EmbeddedConference
from channels.voice.media.engine import MediaLeg
from channels.voice.media.leg import EmbeddedLeg, LegParts
from channels.voice.media.line import Line
from channels.voice.media.negotiation import LocalEnd, Negotiator
from channels.voice.media.path import MediaPath, UdpPath
from channels.voice.media.player import Prompt, PromptShelf
from channels.voice.media.ports import PortPool
from channels.voice.media.pulse import Pulse
from channels.voice.media.recorder import Recording, RecordingWriter
from channels.voice.media.sdes import Srtp
from channels.voice.media.secure_path import SecurePath
from channels.voice.media.ticker import Ticker
from channels.voice.rtp.codec import LAWS, Codec
from channels.voice.rtp.sender import StreamIdentity
from channels.voice.rtp.terms import StreamTerms
from hotline.kernel.clock import Clock, system_clock

log = structlog.get_logger()

CODECS = (Codec.PCMA, Codec.PCMU, Codec.G722, Codec.OPUS)
"""G.711 wherever it is offered, and nobody is turned away who speaks another."""

_Beginning: TypeAlias = Callable[[Negotiator], tuple[StreamTerms | None, bytes]]


@dataclass(frozen=True, slots=True)
class EmbeddedMediaOptions:
    """Where media is received; the defaults of a port range of 0-0 leave it to the system."""

    host: str
    """The address to bind; with ``0.0.0.0``, `advertised_host` says what SDP names."""
    first_port: int = 0
    last_port: int = 0
    advertised_host: str | None = None
    codecs: tuple[Codec, ...] = CODECS
    """What telephones may use, the dearest first; what follows the laws is never asked for."""
    page_codecs: tuple[Codec, ...] = LAWS
    """What pages may use, the dearest first."""

    @property
    def sdp_host(self) -> str:
        """Return the address that the other side is told to send to.

        Raises:
            ValueError: it would be the null address, which means hold.
        """
        host = self.advertised_host or self.host
        if host in {"0.0.0.0", "::"}:
            raise ValueError("advertised_host is needed when media binds every address")
        return host


class EmbeddedMediaEngine:
    """The `MediaEngine` of small installations and of the scripted phone."""

    def __init__(self, options: EmbeddedMediaOptions, *, clock: Clock = system_clock) -> None:
        """Check the options; nothing is opened before `async with`.

        Raises:
            ValueError: the ports or the address cannot work.
        """
        self._host = options.sdp_host
        self._ports = PortPool(options.host, options.first_port, options.last_port)
        self._codecs = options.codecs
        self.page_codecs: tuple[Codec, ...] = options.page_codecs
        """What pages may use, the dearest first."""
        self._clock = clock
        self._shelf = PromptShelf()
        self._legs: dict[EmbeddedLeg, None] = {}
        self._ticker: Ticker | None = None
        self._writer: RecordingWriter | None = None
        self._collector: Collector | None = None
        self._arrivals = Arrivals()
        self._pulse = Pulse()
        self._unix_offset = 0.0

    async def __aenter__(self) -> Self:
        """Start the ticker and the writer."""
        self._unix_offset = self._clock().timestamp() - asyncio.get_running_loop().time()
        self._writer = RecordingWriter()
        self._ticker = Ticker(self._take_turn, self._skip, self._arrivals.take_all, self._pulse)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """Close every leg, finish every recording, stop."""
        await asyncio.gather(*(leg.close() for leg in tuple(self._legs)))
        ticker, writer, collector = self._ticker, self._writer, self._collector
        self._ticker = self._writer = self._collector = None
        if collector is not None:
            collector.stop()
        if ticker is not None:
            ticker.stop()
        if writer is not None:
            await asyncio.to_thread(writer.stop)

    async def answer(
        self, call_id: str, offer: bytes, *, srtp: Srtp = Srtp.OFF
    ) -> tuple[EmbeddedLeg, bytes]:
        """Open a leg for an offer and return it with our answer."""
        return self._open(call_id, srtp, lambda negotiator: negotiator.answer(offer))

    async def offer(self, call_id: str, *, srtp: Srtp = Srtp.OFF) -> tuple[EmbeddedLeg, bytes]:
        """Open a leg and return it with our offer."""
        return self._open(call_id, srtp, lambda negotiator: (None, negotiator.offer()))

    async def confer(self, legs: Sequence[MediaLeg] = ()) -> EmbeddedConference:
        """Begin a conference with these legs."""
        conference = EmbeddedConference(self)
        for leg in legs:
            await conference.join(leg)
        return conference

    def collect_between_ticks(self) -> None:
        """Take the garbage collections of this process over, until the engine ends.

        For a process that is there for its calls: call it once everything is loaded.
        """
        if self._collector is None:
            self._collector = Collector()

    @property
    def pulse(self) -> Pulse:
        """Return how much work the ticks are, and how late turns come."""
        return self._pulse

    @property
    def ticks_skipped(self) -> int:
        """Return how many ticks of 20 ms were given up because the loop was too late."""
        return 0 if self._ticker is None else self._ticker.skipped

    def open_on(self, call_id: str, path: MediaPath, terms: StreamTerms) -> EmbeddedLeg:
        """Open a leg on a path of its own, whose terms are agreed already (a browser's)."""
        leg = self._make(call_id, path, None)
        leg.apply(terms)
        return leg

    # -- for legs

    async def load_prompts(self, files: Sequence[Path]) -> list[Prompt]:
        """Return the prompts of these files, read in a thread."""
        return await asyncio.to_thread(self._shelf.load_all, tuple(files))

    async def create_recording(self, path: Path) -> Recording:
        """Open a recording."""
        assert self._writer is not None, "legs exist only while the engine runs"
        return await Recording.create(path, self._writer)

    def forget(self, leg: EmbeddedLeg) -> None:
        """Stop driving the leg."""
        self._legs.pop(leg, None)

    # -- inside

    def _open(self, call_id: str, srtp: Srtp, begin: _Beginning) -> tuple[EmbeddedLeg, bytes]:
        pair = self._ports.open()
        try:
            local = LocalEnd(self._host, pair.port, secrets.randbits(62), self._codecs, srtp)
            negotiator = Negotiator(local)
            terms, body = begin(negotiator)
        except BaseException:
            self._ports.release(pair)
            raise
        path: MediaPath = UdpPath(pair, self._ports.release, self._arrivals)
        if srtp is not Srtp.OFF:
            path = SecurePath(path)
        leg = self._make(call_id, path, negotiator)
        if terms is not None:
            leg.apply(terms)
        return leg, body

    def _make(self, call_id: str, path: MediaPath, negotiator: Negotiator | None) -> EmbeddedLeg:
        assert self._ticker is not None, "the engine runs inside `async with`"
        identity = StreamIdentity(
            ssrc=secrets.randbits(32),
            # RFC 3711 3.3.1: in the lower half, so that a lost beginning does not hide a turn.
            sequence=secrets.randbits(15),
            timestamp=secrets.randbits(32),
            # RFC 7022 4.2: random and for this session only, so that it identifies nobody.
            cname=secrets.token_urlsafe(12),
        )
        leg = EmbeddedLeg(call_id, LegParts(self, path, negotiator, identity, self._unix_offset))
        self._legs[leg] = None
        return leg

    def _take_turn(self, turn: int, now: float) -> None:
        legs = tuple(self._legs)
        self._each(legs, Line.listen, turn, now)
        self._each(legs, Line.speak, turn, now)
        if self._collector is not None:
            self._collector.after_turn()

    def _skip(self, ticks: int) -> None:
        log.warning("media_ticks_skipped", ticks=ticks, legs=len(self._legs))
        self._each(tuple(self._legs), Line.skip, ticks)

    def _each(self, legs: tuple[EmbeddedLeg, ...], act: Callable[..., None], *words: float) -> None:
        for leg in legs:
            try:
                act(leg.line, *words)
            except Exception:  # the ticker is a boundary: one leg's bug stays its own
                log.exception("media_leg_failed", call_id=leg.call_id)
                leg.shut()
