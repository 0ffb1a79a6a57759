"""A leg whose sound is in this process: a page's, beside those that rtpengine carries."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from channels.voice.media.embedded import EmbeddedMediaEngine
from channels.voice.media.engine import (
    Digit,
    MediaLeg,
    MediaStatistics,
    PlayOutcome,
    RecordingSummary,
)
from channels.voice.media.leg import EmbeddedLeg
from channels.voice.media.path import MediaPath
from channels.voice.rtp.source import Address
from channels.voice.rtp.terms import StreamTerms
from channels.voice.rtpengine.bodies import NOWHERE
from channels.voice.rtpengine.wiring import Party, Wiring
from channels.voice.sip.sdp import Direction


class LocalLeg(Party):
    """A leg of the embedded engine that can be bridged with rtpengine's."""

    def __init__(
        self, sound: EmbeddedLeg, wiring: Wiring, forget: Callable[["LocalLeg"], None]
    ) -> None:
        super().__init__(sound.call_id, wiring)
        self._sound = sound
        self._forget = forget

    @property
    def is_local(self) -> bool:
        """Say that it is."""
        return True

    @property
    def event_type(self) -> None:
        """Return nothing: its partners are mixed."""

    @property
    def needs_ear(self) -> bool:
        """Say that it does not: its sound is here."""
        return False

    @property
    def entrance(self) -> Address:
        """Return nowhere: its partners are mixed."""
        return NOWHERE

    async def make_twin(self, mixer: EmbeddedMediaEngine) -> tuple[MediaLeg, Address]:  # noqa: ARG002
        """Return the leg itself."""
        return self._sound, NOWHERE

    async def steer(self, to: Address | None, *, passes_keys: bool = False) -> None:
        """Do nothing: the mixer has its sound."""

    def move(self, path: MediaPath, terms: StreamTerms) -> None:
        """Go on over another path; see `EmbeddedLeg.move`."""
        self._sound.move(path, terms)

    @property
    def direction(self) -> Direction:
        """Return what we do."""
        return self._sound.direction

    @property
    def digits(self) -> asyncio.Queue[Digit]:
        """Return the queue of keys pressed."""
        return self._sound.digits

    @property
    def statistics(self) -> MediaStatistics:
        """Return the counters of this moment."""
        return self._sound.statistics

    async def accept_answer(self, answer: bytes) -> None:
        """Take the answer to our offer."""
        await self._sound.accept_answer(answer)

    async def renegotiate(self, offer: bytes) -> bytes:
        """Take an offer and return our answer."""
        return await self._sound.renegotiate(offer)

    async def offer_again(self, direction: Direction | None = None) -> bytes:
        """Return a new offer of ours."""
        return await self._sound.offer_again(direction)

    async def play(self, files: Sequence[Path], *, loop: bool = False) -> PlayOutcome:
        """Play files until the end, or until something stops them."""
        return await self._sound.play(files, loop=loop)

    def keys_come_by_signalling(self) -> None:
        """Take tones for sound."""
        self._sound.keys_come_by_signalling()

    async def stop_playing(self) -> None:
        """Fall silent now."""
        await self._sound.stop_playing()

    async def send_digit(self, key: str, duration_ms: int = 100) -> None:
        """Press one key and wait until it is sent."""
        await self._sound.send_digit(key, duration_ms)

    async def start_recording(self, path: Path) -> None:
        """Begin a recording."""
        await self._sound.start_recording(path)

    async def pause_recording(self) -> None:
        """Write silence from now on."""
        await self._sound.pause_recording()

    async def resume_recording(self) -> None:
        """Write sound again."""
        await self._sound.resume_recording()

    async def stop_recording(self) -> RecordingSummary | None:
        """Finish the file."""
        return await self._sound.stop_recording()

    async def close(self) -> None:
        """End everything of this leg."""
        if not self.is_closed:
            self.is_closed = True
            try:
                await self.wiring.remove(self)
            finally:
                await self._sound.close()
                self._forget(self)
