"""G.722 and Opus on the line: between two engines, to G.711, and by the keys' own clocks."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from channels.voice.media.embedded import EmbeddedMediaEngine, EmbeddedMediaOptions
from channels.voice.media.engine import MediaLeg
from channels.voice.rtp.codec import Codec
from channels.voice.rtp.g711 import encode
from channels.voice.sip import sdp
from channels.voice.sip.sdp import NotAcceptable
from tests.fakes.raw_phone import RawPhone, media_address
from tests.fakes.tones import (
    channels_of,
    loudest_hz,
    seconds_of,
    share_of,
    silence,
    tone,
    write_prompt,
    write_tone,
)

WIDE = (Codec.G722, Codec.OPUS)


@asynccontextmanager
async def engine(*codecs: Codec) -> AsyncGenerator[EmbeddedMediaEngine, None]:
    options = EmbeddedMediaOptions("127.0.0.1")
    if codecs:
        options = EmbeddedMediaOptions("127.0.0.1", codecs=codecs)
    async with EmbeddedMediaEngine(options) as media:
        yield media


@pytest.fixture
async def media() -> AsyncGenerator[EmbeddedMediaEngine, None]:
    async with engine() as house:
        yield house


async def call(
    house: EmbeddedMediaEngine, phones: EmbeddedMediaEngine
) -> tuple[MediaLeg, MediaLeg, bytes]:
    phone, offer = await phones.offer("phone")
    leg, answer = await house.answer("house", offer)
    await phone.accept_answer(answer)
    return leg, phone, answer


def codec_of(body: bytes) -> str:
    media = sdp.parse(body).media[0]
    number = int(media.formats[0])
    return media.rtpmaps()[number].encoding


@pytest.mark.parametrize("codec", WIDE)
async def test_a_phone_that_speaks_only_a_wide_codec_talks_with_one_that_speaks_a_law(
    media: EmbeddedMediaEngine, codec: Codec, tmp_path: Path
) -> None:
    async with engine(codec) as wide, engine(Codec.PCMU) as narrow:
        caller_leg, caller, answer = await call(media, wide)
        seat_leg, seat, _ = await call(media, narrow)
        await caller_leg.bridge(seat_leg)
        await caller_leg.start_recording(tmp_path / "call.wav")
        await caller.start_recording(tmp_path / "caller.wav")
        await seat.start_recording(tmp_path / "seat.wav")

        low, high = (write_tone(tmp_path / f"{hz}.wav", hz, 0.8) for hz in (440, 1000))
        await asyncio.gather(caller.play([low]), seat.play([high]))
        await caller.play([write_prompt(tmp_path / "tail.wav", silence(0.2))])
        for leg in (caller_leg, caller, seat):
            await leg.stop_recording()

    assert codec_of(answer) == codec
    at_caller, _ = channels_of(tmp_path / "caller.wav")
    at_seat, _ = channels_of(tmp_path / "seat.wav")
    left, right = channels_of(tmp_path / "call.wav")
    assert seconds_of(at_caller, 1000) == pytest.approx(0.8, abs=0.2)
    assert seconds_of(at_seat, 440) == pytest.approx(0.8, abs=0.2)
    assert (loudest_hz(left), loudest_hz(right)) == pytest.approx((440, 1000), abs=5)


@pytest.mark.parametrize("codec", WIDE)
async def test_prompts_and_conferences_reach_a_wide_phone(
    media: EmbeddedMediaEngine, codec: Codec, tmp_path: Path
) -> None:
    async with engine(codec) as wide, engine() as narrow:
        pairs = [await call(media, phones) for phones in (wide, narrow, narrow)]
        first = pairs[0]
        await first[1].start_recording(tmp_path / "first.wav")
        await first[0].play([write_tone(tmp_path / "prompt.wav", 1500, 0.6)])
        await media.confer([leg for leg, _, _ in pairs])
        low, high = (write_tone(tmp_path / f"{hz}.wav", hz, 0.8) for hz in (440, 1000))
        await asyncio.gather(pairs[1][1].play([low]), pairs[2][1].play([high]))
        await first[1].stop_recording()

    heard, _ = channels_of(tmp_path / "first.wav")
    assert seconds_of(heard, 1500) == pytest.approx(0.6, abs=0.2)
    assert share_of(heard[len(heard) // 2 :], 440) > 0.3
    assert share_of(heard[len(heard) // 2 :], 1000) > 0.3


@pytest.mark.parametrize("codec", [*WIDE, Codec.PCMA])
async def test_keys_come_whole_beside_every_codec(media: EmbeddedMediaEngine, codec: Codec) -> None:
    """Beside Opus events count 48,000 (RFC 4733 2.1), and a long one is still one key."""
    async with engine(codec) as phones:
        leg, phone, _ = await call(media, phones)
        for key, milliseconds in (("5", 120), ("#", 1200)):
            await phone.send_digit(key, milliseconds)
            async with asyncio.timeout(5):
                digit = await leg.digits.get()
            assert digit.key == key
            assert digit.duration_ms == pytest.approx(milliseconds, abs=40)

    assert leg.digits.empty()


async def test_g711_is_taken_wherever_it_is_offered_and_asked_for_first() -> None:
    async with engine() as house, engine(Codec.OPUS, Codec.G722, Codec.PCMA) as phones:
        _, _, answer = await call(house, phones)
        _, offer = await house.offer("outward")

    assert codec_of(answer) == Codec.PCMA
    assert sdp.parse(offer).media[0].formats == ("8", "0", "101")


async def test_an_installation_may_leave_codecs_out() -> None:
    async with engine(Codec.PCMA) as house, engine(Codec.OPUS) as phones:
        with pytest.raises(NotAcceptable):
            await call(house, phones)


async def keys_by_tone(media: EmbeddedMediaEngine, formats: str, *, by_info: bool) -> int:
    """Let a phone sound three keys; return how many were understood."""
    pairs = ((697, 1209), (770, 1336), (852, 1477))
    parts = [
        np.concatenate((tone(a, 0.1, 0.2) + tone(b, 0.1, 0.2), silence(0.1))) for a, b in pairs
    ]
    sound = encode(Codec.PCMA, np.concatenate((silence(0.2), *parts, silence(0.3))))
    async with RawPhone() as phone:
        leg, answer = await media.answer("tones", phone.sdp(formats))
        if by_info:
            leg.keys_come_by_signalling()
        frames = [sound[at : at + 160] for at in range(0, len(sound), 160)]
        await phone.speak(media_address(answer), frames, payload_type=8)
    return leg.digits.qsize()


async def test_tones_are_keys_only_where_the_phone_has_no_other_way(
    media: EmbeddedMediaEngine,
) -> None:
    assert await keys_by_tone(media, "8", by_info=False) == 3
    assert await keys_by_tone(media, "8 101", by_info=False) == 0
    assert await keys_by_tone(media, "8", by_info=True) == 0
