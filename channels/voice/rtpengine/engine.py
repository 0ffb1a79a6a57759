"""The media engine that tells rtpengine hosts what to do; no packet of a call comes here.

async with RtpengineMediaEngine(options) as media:
    leg, answer = await media.answer(call_id, offer)

Each leg is a call of rtpengine with two parties, the telephone and an inner end (`bodies`,
`circuit`). Negotiation with the telephone is the embedded engine's: rtpengine is told what was
agreed, and never sees what a stranger wrote. Who hears whom is the `wiring`'s.

Telephones that speak nothing of G.711, or whose sound is encrypted with keys in SDP, are carried by
the embedded engine in this process, beside pages: they hear and are heard by all others.
"""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Self

import structlog

from channels.voice.media.embedded import EmbeddedMediaEngine, EmbeddedMediaOptions
from channels.voice.media.engine import (
    Conference,
    MediaLeg,
    PortsExhausted,
)
from channels.voice.media.leg import EmbeddedLeg
from channels.voice.media.negotiation import LocalEnd, Negotiator
from channels.voice.media.path import MediaPath
from channels.voice.media.pulse import Pulse
from channels.voice.media.sdes import Srtp
from channels.voice.rtp.codec import LAWS, Codec
from channels.voice.rtp.source import Address
from channels.voice.rtp.terms import StreamTerms
from channels.voice.rtpengine import bodies
from channels.voice.rtpengine.circuit import Circuit, MediaHostLost, Wishes
from channels.voice.rtpengine.conference import RtpengineConference
from channels.voice.rtpengine.hosts import HostAddress, MediaHost, NoMediaHost, by_load
from channels.voice.rtpengine.leg import RtpengineLeg, Surroundings
from channels.voice.rtpengine.local import LocalLeg
from channels.voice.rtpengine.ng import Answer, HostRefused, HostSilent, text
from channels.voice.rtpengine.prompts import SoundShelf
from channels.voice.rtpengine.recording import finish_abandoned
from channels.voice.rtpengine.wiring import Wiring
from hotline.kernel.clock import Clock, system_clock
from hotline.kernel.tasks import spawn

log = structlog.get_logger()

LOOK_SECONDS = 5.0
"""How often the counters of a leg are asked for."""

TIDY_SECONDS = 30.0
"""How often recordings of killed processes are looked for."""

_KEYS = "0123456789*#ABCD"
"""By their event numbers (RFC 4733 3.2)."""


@dataclass(frozen=True, slots=True)
class RtpengineOptions:
    """Which hosts carry the sound."""

    hosts: tuple[HostAddress, ...]
    """Where each rtpengine listens; the one with the fewest legs is asked first."""
    mixer: EmbeddedMediaOptions
    """Where this process receives what it must mix, and the sound of pages."""
    spool: Path | None = None
    """rtpengine's `recording-dir` as this process sees it; None: nothing can be recorded."""
    sides: tuple[str, str] | None = None
    """The names of rtpengine's interfaces towards telephones and towards us, if it has two."""


class RtpengineMediaEngine:
    """The `MediaEngine` of larger installations."""

    def __init__(self, options: RtpengineOptions, *, clock: Clock = system_clock) -> None:
        """Check the options; nothing is opened before `async with`.

        Raises:
            ValueError: there is no host, or the mixer's address cannot work.
        """
        if not options.hosts:
            raise ValueError("rtpengine needs at least one host")
        self._options = options
        self._clock = clock
        self._mixer = EmbeddedMediaEngine(options.mixer, clock=clock)
        self._wiring = Wiring(self._mixer)
        self._around = Surroundings(self._wiring, SoundShelf(), options.spool, clock)
        self._hosts: tuple[MediaHost, ...] = ()
        self._legs: dict[str, RtpengineLeg] = {}
        self._locals: set[LocalLeg] = set()
        self._prefix = secrets.token_hex(4)
        self._serials = count(1)
        self._work: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Connect with the hosts that live; those that do not are tried again for ever."""
        await self._mixer.__aenter__()
        self._hosts = tuple(MediaHost(where, self._heard) for where in self._options.hosts)
        await asyncio.gather(*(host.start() for host in self._hosts))
        self._work = [spawn(self._look(), "counters of rtpengine")]
        if self._options.spool is not None:
            self._work.append(spawn(self._tidy(self._options.spool), "recordings of rtpengine"))
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close every leg, finish every recording, disconnect."""
        await asyncio.gather(*(leg.close() for leg in (*self._legs.values(), *self._locals)))
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        await asyncio.gather(*(host.stop() for host in self._hosts))
        await self._mixer.__aexit__(*exc)

    async def answer(
        self, call_id: str, offer: bytes, *, srtp: Srtp = Srtp.OFF
    ) -> tuple[MediaLeg, bytes]:
        """Open a leg for an offer and return it with our answer."""
        terms, _ = Negotiator(self._any_end(srtp)).answer(offer)
        if terms.codec not in LAWS or terms.srtp is not None:
            sound, answer = await self._mixer.answer(call_id, offer, srtp=srtp)
            return self._keep_local(sound), answer
        wishes = Wishes(
            telephone=bodies.telephone(terms),
            is_agreed=terms.remote is not None,
            hears=terms.receives,
            speaks=terms.sends,
        )
        circuit = await self._open(wishes)
        negotiator = Negotiator(self._local_end(circuit.outer))
        _, answer = negotiator.answer(offer)
        leg = self._make(call_id, circuit, negotiator)
        await leg.listen_for_tones()
        return leg, answer

    async def offer(self, call_id: str, *, srtp: Srtp = Srtp.OFF) -> tuple[MediaLeg, bytes]:
        """Open a leg and return it with our offer."""
        if srtp is not Srtp.OFF or self._options.mixer.codecs[0] not in LAWS:
            sound, offer = await self._mixer.offer(call_id, srtp=srtp)
            return self._keep_local(sound), offer
        circuit = await self._open(Wishes())
        negotiator = Negotiator(self._local_end(circuit.outer))
        return self._make(call_id, circuit, negotiator), negotiator.offer()

    async def confer(self, legs: Sequence[MediaLeg] = ()) -> Conference:
        """Begin a conference with these legs."""
        conference = RtpengineConference(self._wiring)
        for leg in legs:
            await conference.join(leg)
        return conference

    @property
    def page_codecs(self) -> Sequence[Codec]:
        """Return which codecs pages may use: their sound is the mixer's."""
        return self._mixer.page_codecs

    def open_on(self, call_id: str, path: MediaPath, terms: StreamTerms) -> LocalLeg:
        """Open a leg on a path of its own, whose terms are agreed already (a page's)."""
        return self._keep_local(self._mixer.open_on(call_id, path, terms))

    def _keep_local(self, sound: EmbeddedLeg) -> LocalLeg:
        leg = LocalLeg(sound, self._wiring, self._locals.discard)
        self._locals.add(leg)
        return leg

    @property
    def pulse(self) -> Pulse:
        """Return the mixer's: what rtpengine carries is no work here."""
        return self._mixer.pulse

    @property
    def living_hosts(self) -> int:
        """How many hosts can take a call."""
        return sum(host.is_alive for host in self._hosts)

    def is_mixed(self, leg: RtpengineLeg) -> bool:
        """Say whether this process mixes what the leg hears, instead of rtpengine's relaying it."""
        return self._wiring.is_mixed(leg)

    # inside

    def _any_end(self, srtp: Srtp) -> LocalEnd:
        """Return an end with all that this process could speak, to learn what would be agreed."""
        host = "::1" if ":" in self._options.hosts[0].ng[0] else "127.0.0.1"
        codecs = self._options.mixer.codecs
        return LocalEnd(host, 9, secrets.randbits(62), codecs=codecs, srtp=srtp)

    def _local_end(self, address: Address) -> LocalEnd:
        # rtpengine could transcode others, but its captures are read as G.711.
        laws = tuple(codec for codec in self._options.mixer.codecs if codec in LAWS)
        return LocalEnd(*address, secrets.randbits(62), codecs=laws)

    async def _open(self, wishes: Wishes) -> Circuit:
        """Open a circuit on the first host that takes it.

        Raises:
            NoMediaHost: none lives.
            PortsExhausted: none has room.
        """
        full: PortsExhausted | None = None
        for host in by_load(self._hosts):
            name = f"{self._prefix}{next(self._serials)}"
            circuit = Circuit(host, name, self._options.sides, wishes)
            try:
                await circuit.open()
                await circuit.settle()
            except PortsExhausted as error:
                full = error
            except (HostSilent, HostRefused, MediaHostLost) as error:
                log.warning("media_host_passed_over", host=host.address[0], reason=str(error))
            else:
                return circuit
        raise full or NoMediaHost

    def _make(self, call_id: str, circuit: Circuit, negotiator: Negotiator) -> RtpengineLeg:
        leg = RtpengineLeg(call_id, circuit, negotiator, self._around, self._forget)
        self._legs[circuit.name] = leg
        return leg

    def _forget(self, leg: RtpengineLeg) -> None:
        self._legs.pop(leg.circuit.name, None)

    def _heard(self, event: str, said: Answer) -> None:
        """Take an event of a host: a key that a telephone has pressed, of whatever process."""
        leg = self._legs.get(text(said.get("callid")))
        number = said.get("event")
        if leg is None or event != "onDTMF" or text(said.get("source_tag")) != bodies.TELEPHONE:
            return
        if not isinstance(number, int) or not 0 <= number < len(_KEYS):
            return
        duration = said.get("duration")
        leg.take_key(_KEYS[number], duration if isinstance(duration, int) else 0)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for leg in tuple(self._legs.values()):
                await leg.refresh()

    async def _tidy(self, spool: Path) -> None:
        while True:
            await finish_abandoned(spool, lambda: self._clock().timestamp(), self._around.shelf)
            await asyncio.sleep(TIDY_SECONDS)
