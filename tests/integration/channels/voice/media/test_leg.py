"""Verbs of a leg that meet each other half-way."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import pytest

from channels.voice.media.embedded import EmbeddedMediaEngine, EmbeddedMediaOptions
from channels.voice.media.engine import (
    LegClosed,
    MediaError,
    PlayOutcome,
    PromptUnusable,
    RecordingFailed,
)
from channels.voice.media.player import Prompt
from channels.voice.media.recorder import Recording
from channels.voice.rtp.codec import Codec
from channels.voice.rtp.g711 import decode
from tests.fakes.raw_phone import RawPhone
from tests.fakes.tones import channels_of, level_of, silence, tone, write_prompt, write_tone


@pytest.fixture
async def media() -> AsyncGenerator[EmbeddedMediaEngine, None]:
    async with EmbeddedMediaEngine(EmbeddedMediaOptions("127.0.0.1")) as engine:
        yield engine


@pytest.fixture
async def phone() -> AsyncGenerator[RawPhone, None]:
    async with RawPhone() as phone:
        yield phone


class SlowDisk:
    """Holds the reading of prompts and the opening of recordings until released."""

    def __init__(self, media: EmbeddedMediaEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = asyncio.Event()
        self.released = asyncio.Event()
        self._load, self._create = media.load_prompts, media.create_recording
        monkeypatch.setattr(media, "load_prompts", self.load_prompts)
        monkeypatch.setattr(media, "create_recording", self.create_recording)

    async def load_prompts(self, files: Sequence[Path]) -> list[Prompt]:
        self.asked.set()
        await self.released.wait()
        return await self._load(files)

    async def create_recording(self, path: Path) -> Recording:
        self.asked.set()
        await self.released.wait()
        return await self._create(path)


@pytest.fixture
def disk(media: EmbeddedMediaEngine, monkeypatch: pytest.MonkeyPatch) -> SlowDisk:
    return SlowDisk(media, monkeypatch)


@pytest.fixture
def prompt(tmp_path: Path) -> Path:
    return write_tone(tmp_path / "prompt.wav", 440, 5.0)


async def test_a_prompt_that_is_still_read_when_the_leg_closes_is_never_played(
    media: EmbeddedMediaEngine, phone: RawPhone, disk: SlowDisk, prompt: Path
) -> None:
    leg, _ = await media.answer("call", phone.sdp())
    playing = asyncio.create_task(leg.play([prompt]))
    await disk.asked.wait()

    await leg.close()
    disk.released.set()

    assert await playing is PlayOutcome.CLOSED


async def test_a_prompt_that_is_still_read_when_it_is_stopped_is_never_played(
    media: EmbeddedMediaEngine, phone: RawPhone, disk: SlowDisk, prompt: Path
) -> None:
    leg, _ = await media.answer("call", phone.sdp())
    playing = asyncio.create_task(leg.play([prompt]))
    await disk.asked.wait()

    await leg.stop_playing()
    disk.released.set()

    assert await playing is PlayOutcome.STOPPED


async def test_a_recording_that_opens_after_the_leg_closed_is_ended_at_once(
    media: EmbeddedMediaEngine, phone: RawPhone, disk: SlowDisk, tmp_path: Path
) -> None:
    leg, _ = await media.answer("call", phone.sdp())
    starting = asyncio.create_task(leg.start_recording(tmp_path / "call.wav"))
    await disk.asked.wait()

    await leg.close()
    disk.released.set()

    with pytest.raises(RecordingFailed):
        await starting
    assert len(channels_of(tmp_path / "call.wav")[0]) == 0


async def test_of_two_recordings_at_once_one_wins(
    media: EmbeddedMediaEngine, phone: RawPhone, disk: SlowDisk, tmp_path: Path
) -> None:
    leg, _ = await media.answer("call", phone.sdp())
    starting = [asyncio.create_task(leg.start_recording(tmp_path / f"{name}.wav")) for name in "ab"]
    await disk.asked.wait()
    disk.released.set()

    results = await asyncio.gather(*starting, return_exceptions=True)

    assert [type(result) for result in results].count(RecordingFailed) == 1
    assert results.count(None) == 1


async def test_nothing_to_play_is_finished_and_silences_what_was_playing(
    media: EmbeddedMediaEngine, phone: RawPhone, prompt: Path
) -> None:
    leg, _ = await media.answer("call", phone.sdp())
    first = asyncio.create_task(leg.play([prompt]))
    await phone.until(3)

    second = await leg.play([])

    assert second is PlayOutcome.FINISHED
    assert await first is PlayOutcome.STOPPED


async def test_verbs_that_need_a_recording_are_harmless_without_one(
    media: EmbeddedMediaEngine,
) -> None:
    leg, _ = await media.offer("call")

    await leg.pause_recording()
    await leg.resume_recording()

    assert await leg.stop_recording() is None


async def test_a_recording_may_begin_before_the_answer_and_is_silent_until_then(
    media: EmbeddedMediaEngine, phone: RawPhone, tmp_path: Path
) -> None:
    async with RawPhone() as other:
        ringing, _ = await media.offer("ringing")
        ticking, _ = await media.answer("ticking", other.sdp())
        await ringing.start_recording(tmp_path / "call.wav")
        await ticking.play([write_prompt(tmp_path / "pause.wav", silence(0.4))])
        await ringing.accept_answer(phone.sdp())
        await ringing.play([write_prompt(tmp_path / "tone.wav", tone(440, 0.3))])
        await ringing.stop_recording()

    _, right = channels_of(tmp_path / "call.wav")
    assert level_of(right[:2400]) < 0.001
    assert level_of(right[-1600:]) > 0.1


async def test_no_key_is_sent_before_the_answer_or_after_the_end(
    media: EmbeddedMediaEngine,
) -> None:
    leg, _ = await media.offer("call")
    with pytest.raises(MediaError):
        await leg.send_digit("1")
    await leg.close()
    with pytest.raises(LegClosed):
        await leg.send_digit("1")


async def test_a_play_that_is_abandoned_while_its_successor_cannot_be_read_falls_silent(
    media: EmbeddedMediaEngine, phone: RawPhone, prompt: Path, tmp_path: Path
) -> None:
    leg, _ = await media.answer("call", phone.sdp())
    first = asyncio.create_task(leg.play([prompt]))
    await phone.until(5)
    second = asyncio.create_task(leg.play([tmp_path / "absent.wav"]))
    await asyncio.sleep(0)

    first.cancel()
    with pytest.raises(PromptUnusable):
        await second
    already = len(phone.received)
    received = await phone.until(already + 8)

    sound = decode(Codec.PCMA, b"".join(packet.payload for packet in received[-5:]))
    assert level_of(sound) < 0.001
