"""The verbs of one leg that rtpengine carries."""

import asyncio
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from channels.voice.media.embedded import EmbeddedMediaEngine
from channels.voice.media.engine import (
    Digit,
    LegClosed,
    MediaError,
    MediaLeg,
    MediaStatistics,
    PlayOutcome,
    RecordingFailed,
    RecordingSummary,
)
from channels.voice.media.leg import EmbeddedLeg
from channels.voice.media.negotiation import Negotiator
from channels.voice.rtp.source import Address
from channels.voice.rtp.terms import StreamTerms
from channels.voice.rtpengine import bodies
from channels.voice.rtpengine.circuit import Circuit, MediaHostLost
from channels.voice.rtpengine.counters import Counters
from channels.voice.rtpengine.journal import Moment
from channels.voice.rtpengine.ng import HostRefused
from channels.voice.rtpengine.prompts import Sound, SoundShelf
from channels.voice.rtpengine.recording import SpoolRecording
from channels.voice.rtpengine.wiring import Party, Wiring
from channels.voice.sip.sdp import Direction
from hotline.kernel.clock import Clock

log = structlog.get_logger()

MAX_DIGITS = 64
"""Keys nobody has read yet; longer than any number that a menu asks for."""

KEYS = frozenset("0123456789*#ABCD")


@dataclass(slots=True)
class Playing:
    """A sound that plays and who waits for its end."""

    files: tuple[str, ...]
    sound: Sound
    loop: bool
    ended: asyncio.Future[PlayOutcome]
    began_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What legs of one engine share."""

    wiring: Wiring
    shelf: SoundShelf
    spool: Path | None
    clock: Clock


class RtpengineLeg(Party):
    """The `MediaLeg` of a telephone whose packets never come to this process."""

    def __init__(
        self,
        call_id: str,
        circuit: Circuit,
        negotiator: Negotiator,
        around: Surroundings,
        forget: Callable[["RtpengineLeg"], None],
    ) -> None:
        super().__init__(call_id, around.wiring)
        self.circuit = circuit
        self._negotiator = negotiator
        self._around = around
        self._forget = forget
        self._loop = asyncio.get_running_loop()
        self._digits: asyncio.Queue[Digit] = asyncio.Queue(MAX_DIGITS)
        self._counters = Counters(self._loop.time())
        self._playing: Playing | None = None
        self._play_request = 0
        self._has_other_keys = False
        self._ear: EmbeddedLeg | None = None
        """The twin, where it hears keys that the telephone sounds."""
        self._recording: SpoolRecording | None = None

    # what it is

    @property
    def direction(self) -> Direction:
        """Return what we do, after negotiation."""
        return self._negotiator.direction

    @property
    def digits(self) -> asyncio.Queue[Digit]:
        """Return the queue of keys pressed."""
        return self._digits

    @property
    def statistics(self) -> MediaStatistics:
        """Return what rtpengine told last; it is asked after verbs and every few seconds.

        It knows neither loss nor jitter. When the host is lost, `idle_seconds` is infinite.
        """
        if self.is_lost:
            return self._counters.statistics(math.inf)
        return self._counters.statistics(self._loop.time() - self._counters.heard_at)

    @property
    def is_lost(self) -> bool:
        """Whether the host is gone, or has forgotten the leg."""
        return self.circuit.is_lost or self.circuit.host.is_lost

    @property
    def event_type(self) -> int | None:
        """Return the number under which the telephone sends and takes keys."""
        return self.circuit.wishes.telephone.event_type

    # signalling

    async def accept_answer(self, answer: bytes) -> None:
        """Take the answer to our offer."""
        self._require_open()
        await self.apply(self._negotiator.accept_answer(answer))

    async def renegotiate(self, offer: bytes) -> bytes:
        """Take a re-INVITE's offer and return our answer."""
        self._require_open()
        terms, answer = self._negotiator.answer(offer)
        await self.apply(terms)
        return answer

    async def offer_again(self, direction: Direction | None = None) -> bytes:
        """Return a new offer of ours."""
        self._require_open()
        return self._negotiator.offer(direction)

    async def apply(self, terms: StreamTerms) -> None:
        """Begin or change the stream; for the engine."""
        await self._change(
            telephone=bodies.telephone(terms),
            is_agreed=terms.remote is not None,
            hears=terms.receives,
            speaks=terms.sends,
        )
        await self.listen_for_tones()
        await self.refresh()

    async def listen_for_tones(self) -> None:
        """Hear keys as tones from a telephone that has no other way; rtpengine 10.5 does not."""
        if self.needs_ear or self._ear is not None:
            await self.wiring.settle(self)

    # sound

    async def play(self, files: Sequence[Path], *, loop: bool = False) -> PlayOutcome:
        """Play files until the end, or until something stops them."""
        self._require_open()
        self._play_request += 1
        request = self._play_request
        sound = await self._around.shelf.load(files)
        if self.is_closed:
            return PlayOutcome.CLOSED
        if request != self._play_request:
            return PlayOutcome.STOPPED
        self._end_playing(PlayOutcome.STOPPED)
        if not len(sound.samples):
            await self._settle_sound()
            return PlayOutcome.FINISHED
        names = tuple(str(path.absolute()) for path in files)
        playing = Playing(names, sound, loop, self._loop.create_future())
        self._playing = playing
        try:
            await self._settle_sound()
            return await self._until_played(playing)
        finally:
            await self._leave(playing)

    def keys_come_by_signalling(self) -> None:
        """Take tones for sound."""
        self._has_other_keys = True
        if self._ear is not None:
            self._ear.keys_come_by_signalling()

    async def stop_playing(self) -> None:
        """Fall silent now."""
        self._play_request += 1
        if self._end_playing(PlayOutcome.STOPPED):
            await self._settle_sound()

    async def send_digit(self, key: str, duration_ms: int = 100) -> None:
        """Press one key and wait until it is sent.

        rtpengine presses keys only into sound that passes, so this process lets some pass.
        """
        self._require_open()
        if key not in KEYS or self.event_type is None:
            raise MediaError("this key cannot be sent on this leg")
        await self.wiring.press(self, key, duration_ms)

    # recording

    async def start_recording(self, path: Path) -> None:
        """Begin a recording."""
        self._require_open()
        spool = self._around.spool
        if self._recording is not None:
            raise RecordingFailed(path, "this leg is recorded already")
        if spool is None:
            raise RecordingFailed(path, "the recording folder of rtpengine is not known")
        recording = SpoolRecording(self.circuit.name, spool, path, self._around.shelf)
        self._recording = recording
        try:
            await recording.begin(self.circuit.outer, self.circuit.inner, self._now())
            await self.circuit.ask("start recording")
        except (RecordingFailed, HostRefused, MediaHostLost) as error:
            self._recording = None
            if isinstance(error, RecordingFailed):
                raise
            await recording.finish(self._now(), str(error))
            raise RecordingFailed(path, str(error)) from error
        self._note()

    async def pause_recording(self) -> None:
        """Write silence from now on; rtpengine captures nothing meanwhile."""
        await self._pause(paused=True, command="stop recording")

    async def resume_recording(self) -> None:
        """Write sound again."""
        await self._pause(paused=False, command="start recording")

    async def stop_recording(self) -> RecordingSummary | None:
        """Finish the file."""
        recording, self._recording = self._recording, None
        if recording is None:
            return None
        problem = None
        if not recording.is_paused:
            try:
                await self.circuit.ask("stop recording")
            except (MediaHostLost, HostRefused) as error:
                problem = str(error)
        return await recording.finish(self._now(), problem)

    async def close(self) -> None:
        """End everything of this leg."""
        if self.is_closed:
            return
        self.is_closed = True
        self._end_playing(PlayOutcome.CLOSED)
        try:
            await self.refresh()
            await self.stop_recording()
            await self.wiring.remove(self)
        finally:
            await self.circuit.close()
            self._forget(self)

    # for the engine and the wiring

    @property
    def is_local(self) -> bool:
        """Say that it is not."""
        return False

    @property
    def needs_ear(self) -> bool:
        """Say whether keys can only come as tones."""
        is_agreed = self.circuit.wishes.is_agreed
        return is_agreed and self.event_type is None and not self._has_other_keys

    @property
    def entrance(self) -> Address:
        """Return where a partner sends to."""
        return self.circuit.inner

    async def make_twin(self, mixer: EmbeddedMediaEngine) -> tuple[MediaLeg, Address]:
        """Return a leg of the mixer that exchanges sound with our inner end."""
        twin, offer = await mixer.offer(self.call_id)
        end = bodies.Party(self.circuit.inner, event_type=self.event_type)
        await twin.accept_answer(end.describe().encode())
        self._ear = None
        if self.needs_ear:
            self._ear = twin
            twin.tell_keys_to(self._digits)
        return twin, bodies.address_in({"sdp": offer})

    async def steer(self, to: Address | None, *, passes_keys: bool = False) -> None:
        """Send the telephone's sound there, and let it hear what comes from there."""
        if self.is_closed:
            return
        # A leg whose host is lost is given up by its call; its partners must go on.
        with suppress(MediaHostLost):
            await self._change(goes_to=to, passes_keys=passes_keys)

    def take_key(self, key: str, duration_ms: int) -> None:
        """Take a key that rtpengine has heard from the telephone."""
        if self._digits.full():
            log.warning("digit_dropped", call_id=self.call_id)
        else:
            self._digits.put_nowait(Digit(key, duration_ms))

    async def refresh(self) -> None:
        """Ask for the counters."""
        try:
            answer = await self.circuit.ask("query")
        except (MediaHostLost, HostRefused):
            return
        is_heard = bodies.INNER not in self.circuit.wishes.blocked
        self._counters.take(answer, is_heard=is_heard, now=self._loop.time())

    # inside

    async def _change(self, **wishes: object) -> None:
        await self.circuit.change(**wishes)
        self._note()

    async def _settle_sound(self) -> None:
        playing = self._playing
        if self.is_closed:
            return
        await self._change(
            sound=playing.sound if playing else None, loop=bool(playing and playing.loop)
        )
        if playing is not None:
            playing.began_at = self._loop.time()

    async def _until_played(self, playing: Playing) -> PlayOutcome:
        limit = None if playing.loop else playing.sound.seconds
        done, _ = await asyncio.wait([playing.ended], timeout=limit)
        return playing.ended.result() if done else PlayOutcome.FINISHED

    async def _leave(self, playing: Playing) -> None:
        """Fall silent if what plays is what somebody waited for."""
        if self.circuit.wishes.speaks and playing.began_at:
            limit = math.inf if playing.loop else playing.sound.seconds
            self._counters.add_played(min(self._loop.time() - playing.began_at, limit))
        if self._playing is playing:
            self._playing = None
            with suppress(MediaHostLost):
                await self._settle_sound()

    def _end_playing(self, outcome: PlayOutcome) -> bool:
        playing, self._playing = self._playing, None
        if playing is not None and not playing.ended.done():
            playing.ended.set_result(outcome)
        return playing is not None

    async def _pause(self, *, paused: bool, command: str) -> None:
        recording = self._recording
        if recording is None or recording.is_paused is paused:
            return
        if paused:
            self._note(paused=True)
        try:
            await self.circuit.ask(command)
        except HostRefused as error:
            raise MediaError(str(error)) from error
        if not paused:
            self._note(paused=False)

    def _note(self, *, paused: bool | None = None) -> None:
        """Write into the journal how it is."""
        recording, wishes, playing = self._recording, self.circuit.wishes, self._playing
        if recording is None:
            return
        recording.note(
            Moment(
                self._now(),
                hears=wishes.hears,
                speaks=wishes.speaks,
                paused=recording.is_paused if paused is None else paused,
                plays=playing.files if playing else (),
                number=self._play_request,
                loop=bool(playing and playing.loop),
            )
        )

    def _now(self) -> float:
        return self._around.clock().timestamp()

    def _require_open(self) -> None:
        if self.is_closed:
            raise LegClosed(f"leg of call {self.call_id} is closed")
