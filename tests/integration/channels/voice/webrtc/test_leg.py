"""A page's leg against aiortc's own peer connection: sound both ways, loss, and a way back."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from aiortc import (
    AudioStreamTrack,
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from av import AudioFrame

from channels.voice.media.embedded import EmbeddedMediaEngine, EmbeddedMediaOptions
from channels.voice.webrtc import leg as page_leg
from channels.voice.webrtc import path
from channels.voice.webrtc.leg import PageAttempt, PageLeg
from channels.voice.webrtc.path import BrowserUnreachable
from tests.fakes.tones import loudest_hz, write_tone
from tests.integration.channels.voice.hall import eventually, hears

PAGE_HZ, CITIZEN_HZ = 880.0, 440.0


class Tone(AudioStreamTrack):
    """A microphone that hums, in real time."""

    _sent = 0

    async def recv(self) -> AudioFrame:
        frame = await super().recv()
        at = (self._sent + np.arange(frame.samples)) / frame.sample_rate
        self._sent += frame.samples
        samples = (12_000 * np.sin(2 * np.pi * PAGE_HZ * at)).astype(np.int16)
        hum = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        hum.pts, hum.sample_rate = frame.pts, frame.sample_rate
        hum.time_base = Fraction(1, frame.sample_rate)
        return hum


class Page:
    """A page, without a browser."""

    def __init__(self) -> None:
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.peer.addTrack(Tone())
        self.heard: list[np.ndarray] = []
        self._listening: asyncio.Task[None] | None = None
        self.peer.on("track", self._begin)

    def _begin(self, track: MediaStreamTrack) -> None:
        self._listening = asyncio.create_task(self._listen(track))

    async def _listen(self, track: MediaStreamTrack) -> None:
        while True:
            frame = await track.recv()
            sound = frame.to_ndarray().reshape(-1)  # type: ignore[union-attr]
            self.heard.append(sound[:: frame.sample_rate // 8000])  # type: ignore[union-attr]

    def hears(self) -> float:
        return loudest_hz(np.concatenate(self.heard[-20:])) if len(self.heard) >= 20 else 0.0

    async def attempt(self) -> PageAttempt:
        await self.peer.setLocalDescription(await self.peer.createOffer())
        attempt = await PageAttempt.begin(self.peer.localDescription.sdp)
        await self.peer.setRemoteDescription(RTCSessionDescription(attempt.answer, "answer"))
        return attempt

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        await self.peer.close()


@asynccontextmanager
async def opened_page() -> AsyncGenerator[Page, None]:
    page = Page()
    try:
        yield page
    finally:
        await page.close()


@pytest.fixture
async def media() -> AsyncGenerator[EmbeddedMediaEngine, None]:
    async with EmbeddedMediaEngine(EmbeddedMediaOptions("127.0.0.1")) as engine:
        yield engine


async def test_sound_passes_both_ways_and_the_page_that_closes_is_lost(
    media: EmbeddedMediaEngine, tmp_path: Path
) -> None:
    tone = write_tone(tmp_path / "tone.wav", CITIZEN_HZ, 3)
    async with opened_page() as page:
        leg = await (await page.attempt()).open_leg(media, "page")
        await leg.media.start_recording(tmp_path / "heard.wav")
        playing = asyncio.create_task(leg.media.play([tone], loop=True))

        await hears(tmp_path / "heard.wav", PAGE_HZ)

        async def page_hears() -> bool:
            return abs(page.hears() - CITIZEN_HZ) < 30

        await eventually(page_hears, "the page hears the tone")
        assert not leg.is_lost
        await page.peer.close()

        async def lost() -> bool:
            return leg.is_lost

        await eventually(lost, "the leg is lost")
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        await leg.close()


async def test_a_page_that_comes_back_goes_on_with_the_same_leg_and_recording(
    media: EmbeddedMediaEngine, tmp_path: Path
) -> None:
    heard = tmp_path / "heard.wav"
    async with opened_page() as first:
        leg = await (await first.attempt()).open_leg(media, "page")
    async with opened_page() as second:
        await leg.media.start_recording(heard)
        await leg.rejoin(await second.attempt())

        await hears(heard, PAGE_HZ)
        assert leg.back.is_set()
        assert not leg.is_lost
        await leg.close()


async def test_a_page_that_never_comes_leaves_nothing_behind(
    media: EmbeddedMediaEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(path, "CONNECT_SECONDS", 1.0)
    async with opened_page() as page:
        attempt = await page.attempt()
        await page.peer.close()

        with pytest.raises(BrowserUnreachable):
            await attempt.open_leg(media, "page")
        await attempt.path.closed()


async def test_a_silent_page_is_lost_after_two_seconds(media: EmbeddedMediaEngine) -> None:
    async with opened_page() as page:
        leg: PageLeg = await (await page.attempt()).open_leg(media, "page")
        sender = page.peer.getSenders()[0]
        sender.replaceTrack(None)
        await sender.stop()

        async def lost() -> bool:
            return leg.is_lost

        await eventually(lost, "silence counts as loss", seconds=page_leg.PAGE_SILENCE + 4)
        await leg.close()
