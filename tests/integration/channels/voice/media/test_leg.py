"""Verbs of a leg that meet each other half-way."""

import asyncio
import struct
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import pytest

from channels.voice.media.embedded import EmbeddedMediaEngine, EmbeddedMediaOptions
from channels.voice.media.engine import (
    LegClosed,
    MediaError,
    PlayOutcome,
    RecordingFailed,
)
from channels.voice.media.player import Prompt
from channels.voice.media.recorder import Recording
from channels.voice.rtp import session as session_module
from channels.voice.rtp.g711 import Codec
from tests.fakes.raw_phone import RawPhone, media_address
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


async def test_a_key_under_way_when_the_leg_closes_holds_nobody(
    media: EmbeddedMediaEngine, phone: RawPhone
) -> None:
    leg, _ = await media.answer("call", phone.sdp())
    pressing = asyncio.create_task(leg.send_digit("1", 5000))
    abandoned = asyncio.create_task(leg.send_digit("2", 5000))
    await phone.until(3)
    abandoned.cancel()

    await leg.close()
    async with asyncio.timeout(1):
        await pressing

    assert pressing.done()


async def test_a_key_held_through_a_bridge_ends_with_it(media: EmbeddedMediaEngine) -> None:
    async with RawPhone() as caller, RawPhone() as seat:
        caller_leg, answer = await media.answer("caller", caller.sdp())
        seat_leg, _ = await media.answer("seat", seat.sdp())
        await caller_leg.bridge(seat_leg)
        for n in range(4):
            payload = struct.pack(">BBH", 5, 10, (n + 1) * 160)
            caller.send(media_address(answer), caller.rtp(101, n, 800, payload))
        await seat.until(1)
        while not any(packet.payload_type == 101 for packet in seat.received):
            await seat.until(len(seat.received) + 1)

        await caller_leg.unbridge()
        await seat.until(len(seat.received) + 8)

    codes = [p.payload for p in seat.received if p.payload_type == 101]
    assert {payload[0] for payload in codes} == {5}
    assert [payload[1] >> 7 for payload in codes].count(1) == 3


async def test_partners_tell_each_other_how_long_a_round_trip_takes(
    media: EmbeddedMediaEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(session_module, "REPORT_SECONDS", 0.1)
    caller, offer = await media.offer("caller")
    callee, answer = await media.answer("callee", offer)
    await caller.accept_answer(answer)

    await caller.play([write_prompt(tmp_path / "pause.wav", silence(0.6))])

    trips = [leg.statistics.round_trip_ms for leg in (caller, callee)]
    assert all(trip is not None and 0 <= trip < 200 for trip in trips)
    assert caller.statistics.jitter_ms < 20


async def test_a_route_that_is_gone_is_loss_and_no_error(
    media: EmbeddedMediaEngine, phone: RawPhone, tmp_path: Path
) -> None:
    unroutable = phone.sdp().replace(b"c=IN IP4 127.0.0.1", b"c=IN IP4 240.0.0.1")
    leg, _ = await media.answer("call", unroutable)

    outcome = await leg.play([write_prompt(tmp_path / "pause.wav", silence(0.2))])

    assert outcome is PlayOutcome.FINISHED
    assert leg.statistics.packets_sent == 0
    assert leg.line.session is not None
    assert leg.line.session.terms.codec is Codec.PCMA
