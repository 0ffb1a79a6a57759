"""One call of rtpengine that carries a leg: what it is to do, and what it has been told already.

A circuit is steered by wishes: whoever wants something sets it and calls `settle`, which tells
rtpengine the difference. So each verb of a leg is a few lines, and two that cross end well.
"""

import asyncio
from dataclasses import dataclass, field, replace

from channels.voice.media.engine import MediaError, PortsExhausted
from channels.voice.rtp.source import Address
from channels.voice.rtpengine import bodies
from channels.voice.rtpengine.bencode import Value
from channels.voice.rtpengine.bodies import (
    INNER,
    INNER_CODEC,
    TELEPHONE,
    UNKNOWN,
    AnswerUnusable,
    Party,
)
from channels.voice.rtpengine.hosts import MediaHost
from channels.voice.rtpengine.ng import Answer, HostRefused, HostSilent
from channels.voice.rtpengine.prompts import Sound, silence

FOR_EVER = 1_000_000
"""Times to repeat: of ten seconds, a third of a year."""

SILENCE = silence(10)

_SAME_PORTS = "port latching"
"""Else the telephone's port would change with the address of its partner."""

_NO_PORTS = "ran out of ports"
_UNKNOWN_CALL = "unknown call"


class MediaHostLost(MediaError):
    """The media host of this leg is gone, or has forgotten it; end the call."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a circuit is to do."""

    telephone: Party = UNKNOWN
    goes_to: Address | None = None
    """Where the telephone's sound goes, and from where it hears; None: nowhere."""
    is_agreed: bool = False
    """Whether the telephone has answered; until then nothing is sent to it."""
    hears: bool = True
    speaks: bool = True
    sound: Sound | None = None
    """What the telephone hears instead of its partner."""
    loop: bool = False
    passes_keys: bool = False
    """A key is pressed towards the telephone: it must pass, whatever plays."""

    @property
    def blocked(self) -> frozenset[str]:
        """Return whose packets are dropped."""
        is_deaf = not self.hears or self.goes_to is None
        plays = self.sound is not None and not self.passes_keys
        is_mute = not (self.speaks and self.is_agreed) or plays
        return frozenset({TELEPHONE} if is_deaf else ()) | ({INNER} if is_mute else frozenset())

    @property
    def audible(self) -> tuple[Sound, bool] | None:
        """Return what rtpengine plays and whether it repeats it; the path is kept open."""
        if not (self.is_agreed and self.speaks) or self.passes_keys:
            return None
        if self.sound is not None:
            return self.sound, self.loop
        return (SILENCE, True) if self.goes_to is None else None


@dataclass(slots=True)
class Circuit:
    """The rtpengine call `name` on `host`."""

    host: MediaHost
    name: str
    sides: tuple[str, str] | None = None
    """Names of rtpengine's interfaces towards telephones and towards us."""
    wishes: Wishes = Wishes()
    outer: Address = bodies.NOWHERE
    """Where the telephone sends to."""
    inner: Address = bodies.NOWHERE
    """Where its partner sends to."""
    is_lost: bool = False
    _told: Wishes | None = None
    _blocked: frozenset[str] = frozenset()
    _playing: tuple[Sound, bool] | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def open(self) -> None:
        """Take the ports.

        Raises:
            PortsExhausted: the host has none left.
            HostSilent: it does not answer.
            HostRefused: it does not want to.
        """
        try:
            await self._tell_parties(self.wishes)
        except HostRefused as error:
            if _NO_PORTS in error.reason.lower():
                raise PortsExhausted(0, 0) from error
            raise
        except AnswerUnusable as error:
            raise HostRefused("offer", str(error)) from error
        self.host.legs += 1
        self._told = self.wishes

    async def change(self, **wishes: object) -> None:
        """Wish for something else, and settle.

        Raises:
            MediaHostLost: the host is gone, or does not know the call any more.
        """
        self.wishes = replace(self.wishes, **wishes)  # type: ignore[arg-type]
        await self.settle()

    async def settle(self) -> None:
        """Tell rtpengine what it does not do yet; see `change`."""
        async with self._lock:
            try:
                await self._settle()
            except HostSilent as error:
                raise MediaHostLost(str(error)) from error
            except (HostRefused, AnswerUnusable) as error:
                reason = getattr(error, "reason", str(error))
                self.is_lost = self.is_lost or _UNKNOWN_CALL in reason.lower()
                raise MediaHostLost(reason) from error

    async def ask(self, command: str, **arguments: Value) -> Answer:
        """Ask the host about this call.

        Raises:
            MediaHostLost: the host is gone, or does not know the call any more.
            HostRefused: it says no for another reason.
        """
        try:
            return await self.host.ask(command, call_id=self.name, **arguments)
        except HostSilent as error:
            raise MediaHostLost(str(error)) from error
        except HostRefused as error:
            if _UNKNOWN_CALL not in error.reason.lower():
                raise
            self.is_lost = True
            raise MediaHostLost(error.reason) from error

    async def close(self) -> None:
        """Free the ports; a host that is gone has done so."""
        async with self._lock:
            self.host.legs -= 1
            try:
                await self.host.ask("delete", call_id=self.name, delete_delay=0)
            except (HostSilent, HostRefused):
                self.is_lost = True

    # inside

    async def _settle(self) -> None:
        wishes = self.wishes
        told = self._told
        if told is None or (told.telephone, told.goes_to) != (wishes.telephone, wishes.goes_to):
            await self._tell_parties(wishes)
            self._told = wishes
        for tag in sorted(wishes.blocked - self._blocked):
            await self._command("block media", from_tag=tag)
            self._blocked |= {tag}
        if wishes.audible != self._playing:
            await self._tell_player(wishes.audible)
        for tag in sorted(self._blocked - wishes.blocked):
            await self._command("unblock media", from_tag=tag)
            self._blocked -= {tag}

    async def _tell_parties(self, wishes: Wishes) -> None:
        """Let the telephone offer and the inner end answer; ports stay what they are."""
        arguments: dict[str, Value] = {"ICE": "remove", "from_tag": TELEPHONE, "to_tag": INNER}
        offer: dict[str, Value] = {"flags": ["strict source", _SAME_PORTS]}
        codec = wishes.telephone.codec
        if codec is not INNER_CODEC:
            offer["codec"] = {"mask": [codec.value], "transcode": [INNER_CODEC.value]}
        if self.sides is not None:
            offer["direction"] = list(self.sides)
        body = wishes.telephone.describe()
        offered = await self._command("offer", sdp=body, **(arguments | offer))
        self.inner = bodies.address_in(offered)
        body = bodies.inner(wishes.goes_to, wishes.telephone.event_type).describe()
        # Its address is ours to say: packets of an earlier partner must not teach another one.
        answer: dict[str, Value] = {"flags": ["asymmetric", _SAME_PORTS]}
        answered = await self._command("answer", sdp=body, **(arguments | answer))
        outer = bodies.address_in(answered)
        if self._told is not None and outer != self.outer:
            # The telephone knows the port of the first time; a host that gives another began anew.
            raise HostRefused("answer", _UNKNOWN_CALL)
        self.outer = outer

    async def _tell_player(self, audible: tuple[Sound, bool] | None) -> None:
        if audible is None:
            await self._command("stop media", from_tag=TELEPHONE)
        else:
            sound, loop = audible
            times = FOR_EVER if loop else 1
            await self._command(
                "play media", from_tag=TELEPHONE, blob=sound.wav, repeat_times=times
            )
        self._playing = audible

    async def _command(self, command: str, **arguments: Value) -> Answer:
        return await self.host.ask(command, call_id=self.name, **arguments)
