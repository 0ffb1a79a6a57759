"""The verbs of one leg of the embedded media; what happens in between is the `Line`'s."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog

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
from channels.voice.media.line import Line
from channels.voice.media.negotiation import Negotiator
from channels.voice.media.path import MediaPath
from channels.voice.media.player import Player, Prompt
from channels.voice.media.recorder import Recording
from channels.voice.media.room import Room
from channels.voice.media.secure_path import SecurePath
from channels.voice.rtp.dtmf import KeyUp
from channels.voice.rtp.sender import StreamIdentity
from channels.voice.rtp.session import RtpSession
from channels.voice.rtp.terms import StreamTerms
from channels.voice.sip.sdp import Direction

log = structlog.get_logger()

MAX_DIGITS = 64
"""Keys nobody has read yet; longer than any number that a menu asks for."""


class Owner(Protocol):
    """What a leg needs of its engine."""

    async def load_prompts(self, files: Sequence[Path]) -> list[Prompt]:
        """Return the prompts of these files; raises `PromptUnusable`."""

    async def create_recording(self, path: Path) -> Recording:
        """Open a recording; raises `RecordingFailed`."""

    def forget(self, leg: "EmbeddedLeg") -> None:
        """Stop driving the leg."""


@dataclass(frozen=True, slots=True)
class LegParts:
    """What a leg is made of; the engine brings it together."""

    owner: Owner
    path: MediaPath
    negotiator: Negotiator | None
    """None where signalling other than SIP agrees on the terms (a browser's leg)."""
    identity: StreamIdentity
    unix_offset: float


class EmbeddedLeg:
    """The embedded `MediaLeg`; lives in one event loop."""

    def __init__(self, call_id: str, parts: LegParts) -> None:
        self.call_id = call_id
        self.line = Line(parts.path, self._key_pressed)
        """For the ticker and for partners of the same engine, not for call logic."""
        self.owner = parts.owner
        self._parts = parts
        self._loop = asyncio.get_running_loop()
        self._opened_at = self._loop.time()
        self._digits: asyncio.Queue[Digit] = asyncio.Queue(MAX_DIGITS)
        self._play_request = 0
        self._has_other_keys = False

    @property
    def direction(self) -> Direction:
        """Return what we do, after negotiation."""
        negotiator = self._parts.negotiator
        return Direction.SENDRECV if negotiator is None else negotiator.direction

    @property
    def digits(self) -> asyncio.Queue[Digit]:
        """Return the queue of keys pressed."""
        return self._digits

    @property
    def statistics(self) -> MediaStatistics:
        """Return the counters of this moment."""
        session, now = self.line.session, self._loop.time()
        path = self._parts.path
        unproven = path.rejected if isinstance(path, SecurePath) else 0
        if session is None:
            return MediaStatistics(0, 0, 0, 0, 0, 0, 0.0, None, now - self._opened_at)
        trip = session.round_trip_seconds
        return MediaStatistics(
            packets_sent=session.packets_sent - self.line.unsent,
            packets_received=session.packets_received,
            packets_lost=session.packets_lost,
            packets_malformed=session.malformed,
            packets_rejected=session.rejected + unproven,
            frames_concealed=session.frames_concealed,
            jitter_ms=session.jitter_ms,
            round_trip_ms=None if trip is None else trip * 1000,
            idle_seconds=now - session.heard_at,
        )

    async def accept_answer(self, answer: bytes) -> None:
        """Take the answer to our offer."""
        self._require_open()
        self.apply(self._negotiator.accept_answer(answer))

    async def renegotiate(self, offer: bytes) -> bytes:
        """Take a re-INVITE's offer and return our answer."""
        self._require_open()
        terms, answer = self._negotiator.answer(offer)
        self.apply(terms)
        return answer

    async def offer_again(self, direction: Direction | None = None) -> bytes:
        """Return a new offer of ours."""
        self._require_open()
        return self._negotiator.offer(direction)

    async def play(self, files: Sequence[Path], *, loop: bool = False) -> PlayOutcome:
        """Play files until the end, or until something stops them."""
        self._require_open()
        self._play_request += 1
        request = self._play_request
        prompts = await self.owner.load_prompts(files)
        if self.line.is_closed:
            return PlayOutcome.CLOSED
        if request != self._play_request:
            return PlayOutcome.STOPPED
        player = Player(prompts, loop=loop)
        if player.is_finished:
            self.line.end_playing(PlayOutcome.STOPPED)
            return PlayOutcome.FINISHED
        ended = self.line.begin_playing(player)
        try:
            return await ended
        finally:
            self.line.abandon_playing(ended)

    async def stop_playing(self) -> None:
        """Fall silent now."""
        self._play_request += 1
        self.line.end_playing(PlayOutcome.STOPPED)

    async def send_digit(self, key: str, duration_ms: int = 100) -> None:
        """Press one key and wait until it is sent."""
        self._require_open()
        session = self.line.session
        if session is None or not session.press_key(key, duration_ms):
            raise MediaError("this key cannot be sent on this leg")
        await self.line.until_keys_are_sent()

    def keys_come_by_signalling(self) -> None:
        """Take tones for sound."""
        self._has_other_keys = True
        if self.line.session is not None:
            self.line.session.has_other_keys = True

    async def bridge(self, other: MediaLeg) -> None:
        """Connect with another leg of the same engine."""
        if not isinstance(other, EmbeddedLeg) or other is self or other.owner is not self.owner:
            raise ValueError("only two legs of one engine can be bridged")
        for leg in (self, other):
            if leg.line.is_closed:
                raise LegClosed(f"leg of call {leg.call_id} is closed")
        room: Room[Line] = Room()
        self.line.enter(room)
        other.line.enter(room)

    async def unbridge(self) -> None:
        """Part from the partner, or leave the conference."""
        self.line.part()

    async def also_hear(self, others: Sequence[MediaLeg]) -> None:
        """Hear further legs beside the partner."""
        self._require_open()
        lines = []
        for leg in others:
            if not isinstance(leg, EmbeddedLeg) or leg is self or leg.owner is not self.owner:
                raise ValueError("only other legs of the same engine can be heard")
            lines.append(leg.line)
        self.line.also_hears = tuple(lines)

    async def start_recording(self, path: Path) -> None:
        """Begin a recording."""
        self._require_open()
        if self.line.recording is not None:
            raise RecordingFailed(path, "this leg is recorded already")
        recording = await self.owner.create_recording(path)
        if self.line.is_closed or self.line.recording is not None:
            await recording.finish()
            raise RecordingFailed(path, "the leg was closed, or another recording was faster")
        self.line.recording = recording

    async def pause_recording(self) -> None:
        """Write silence from now on."""
        if self.line.recording is not None:
            self.line.recording.is_paused = True

    async def resume_recording(self) -> None:
        """Write sound again."""
        if self.line.recording is not None:
            self.line.recording.is_paused = False

    async def stop_recording(self) -> RecordingSummary | None:
        """Finish the file."""
        recording, self.line.recording = self.line.recording, None
        return None if recording is None else await recording.finish()

    async def close(self) -> None:
        """End everything of this leg."""
        self.shut()
        await self.stop_recording()

    def apply(self, terms: StreamTerms) -> None:
        """Begin or change the stream; for the engine."""
        if isinstance(self._parts.path, SecurePath):
            self._parts.path.use(terms.srtp)
        if self.line.session is not None:
            self.line.session.change_terms(terms)
            return
        parts = self._parts
        self.line.session = RtpSession(
            terms, parts.identity, now=self._loop.time(), unix_offset=parts.unix_offset
        )
        self.line.session.has_other_keys = self._has_other_keys

    def move(self, path: MediaPath, terms: StreamTerms) -> None:
        """Go on over another path; bridge, recording and prompts stay.

        Raises:
            LegClosed: the leg is closed.
        """
        self._require_open()
        self.line.move(path)
        self.apply(terms)

    def tell_keys_to(self, digits: asyncio.Queue[Digit]) -> None:
        """Put the keys into another queue from now on: of the leg that this one stands for."""
        self._digits = digits

    def shut(self) -> None:
        """Stop at once and free the ports, but leave the recording to `close`."""
        if not self.line.is_closed:
            self.line.shut()
            self.owner.forget(self)

    @property
    def _negotiator(self) -> Negotiator:
        if self._parts.negotiator is None:
            raise MediaError("the terms of this leg are not agreed over SIP")
        return self._parts.negotiator

    def _require_open(self) -> None:
        if self.line.is_closed:
            raise LegClosed(f"leg of call {self.call_id} is closed")

    def _key_pressed(self, key: KeyUp) -> None:
        if self._digits.full():
            log.warning("digit_dropped", call_id=self.call_id)
        else:
            self._digits.put_nowait(Digit(key.key, key.duration_ms))
