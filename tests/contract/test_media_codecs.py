"""What both engines promise telephones beside G.711: G.722, Opus, keys as tones, SRTP."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from channels.voice.media.embedded import EmbeddedMediaEngine, EmbeddedMediaOptions
from channels.voice.media.engine import MediaEngine, MediaLeg
from channels.voice.media.sdes import Srtp
from channels.voice.rtp.codec import Codec
from channels.voice.rtp.g711 import Samples, encode
from channels.voice.sip import sdp
from channels.voice.sip.sdp import NotAcceptable
from tests.fakes.media_host import engine_on, media_host
from tests.fakes.raw_phone import RawPhone, media_address
from tests.fakes.tones import (
    channels_of,
    level_of,
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


Open = Callable[..., AbstractAsyncContextManager[MediaEngine]]


@pytest.fixture(params=["embedded", "rtpengine"])
async def opened(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Open, None]:
    """Return how an engine under test is opened that speaks these codecs, or all."""
    if request.param == "embedded":
        yield engine
        return
    async with media_host(tmp_path / "host") as host:

        def open_rtpengine(*codecs: Codec) -> AbstractAsyncContextManager[MediaEngine]:
            mixer = EmbeddedMediaOptions("127.0.0.1")
            return engine_on(host, mixer=replace(mixer, codecs=codecs or mixer.codecs))

        yield open_rtpengine


@pytest.fixture
async def media(opened: Open) -> AsyncGenerator[MediaEngine, None]:
    async with opened() as house:
        yield house


async def call(
    house: MediaEngine, phones: MediaEngine, srtp: Srtp = Srtp.OFF, phones_srtp: Srtp = Srtp.OFF
) -> tuple[MediaLeg, MediaLeg, bytes]:
    phone, offer = await phones.offer("phone", srtp=phones_srtp)
    leg, answer = await house.answer("house", offer, srtp=srtp)
    await phone.accept_answer(answer)
    return leg, phone, answer


def codec_of(body: bytes) -> str:
    media = sdp.parse(body).media[0]
    number = int(media.formats[0])
    return media.rtpmaps()[number].encoding


@pytest.mark.parametrize("codec", WIDE)
async def test_a_phone_that_speaks_only_a_wide_codec_talks_with_one_that_speaks_a_law(
    media: MediaEngine, codec: Codec, tmp_path: Path
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
    media: MediaEngine, codec: Codec, tmp_path: Path
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
async def test_keys_come_whole_beside_every_codec(media: MediaEngine, codec: Codec) -> None:
    """Beside Opus events count 48,000 (RFC 4733 2.1), and a long one is still one key."""
    async with engine(codec) as phones:
        leg, phone, _ = await call(media, phones)
        for key, milliseconds in (("5", 120), ("#", 1200)):
            await phone.send_digit(key, milliseconds)
            async with asyncio.timeout(20):
                digit = await leg.digits.get()
            assert digit.key == key
            assert digit.duration_ms == pytest.approx(milliseconds, abs=40)

    assert leg.digits.empty()


async def test_g711_is_taken_wherever_it_is_offered_and_asked_for_first(opened: Open) -> None:
    async with opened() as house, engine(Codec.OPUS, Codec.G722, Codec.PCMA) as phones:
        _, _, answer = await call(house, phones)
        _, offer = await house.offer("outward")

    assert codec_of(answer) == Codec.PCMA
    assert sdp.parse(offer).media[0].formats == ("8", "0", "101")


async def test_an_installation_may_put_a_wide_codec_first(opened: Open) -> None:
    async with opened(Codec.G722, Codec.PCMA) as house, engine(Codec.G722, Codec.PCMA) as phones:
        _, _, answer = await call(house, phones)
        _, offer = await house.offer("outward")

    assert codec_of(answer) == codec_of(offer) == Codec.G722


async def test_an_installation_may_leave_codecs_out(opened: Open) -> None:
    async with opened(Codec.PCMA) as house, engine(Codec.OPUS) as phones:
        with pytest.raises(NotAcceptable):
            await call(house, phones)


def three_keys() -> Samples:
    """Return the sound of 1, 5 and 9."""
    pairs = ((697, 1209), (770, 1336), (852, 1477))
    parts = [
        np.concatenate((tone(a, 0.1, 0.2) + tone(b, 0.1, 0.2), silence(0.1))) for a, b in pairs
    ]
    return np.concatenate((silence(0.2), *parts, silence(0.3)))


async def keys_by_tone(media: MediaEngine, formats: str, *, by_info: bool) -> list[str]:
    """Let a phone sound three keys; return those that were understood."""
    sound = encode(Codec.PCMA, three_keys())
    async with RawPhone() as phone:
        leg, answer = await media.answer("tones", phone.sdp(formats))
        if by_info:
            leg.keys_come_by_signalling()
        frames = [sound[at : at + 160] for at in range(0, len(sound), 160)]
        await phone.speak(media_address(answer), frames, payload_type=8)
        if formats == "8" and not by_info:
            return await keys_of(leg, 3)
    return [leg.digits.get_nowait().key for _ in range(leg.digits.qsize())]


async def keys_of(leg: MediaLeg, count: int) -> list[str]:
    async with asyncio.timeout(10):
        return [(await leg.digits.get()).key for _ in range(count)]


async def test_tones_are_keys_only_where_the_phone_has_no_other_way(media: MediaEngine) -> None:
    assert await keys_by_tone(media, "8", by_info=False) == ["1", "5", "9"]
    assert await keys_by_tone(media, "8 101", by_info=False) == []
    assert await keys_by_tone(media, "8", by_info=True) == []


async def test_keys_as_tones_are_heard_from_whom_we_call_while_a_prompt_plays_and_in_a_talk(
    media: MediaEngine, tmp_path: Path
) -> None:
    keys = write_prompt(tmp_path / "keys.wav", three_keys())
    prompt = write_tone(tmp_path / "prompt.wav", 440, 0.6)
    async with engine() as phones:
        leg, offer = await media.offer("outward")
        phone, answer = await phones.answer("outward", offer)
        await leg.accept_answer(without_events(answer))
        seat_leg, seat, _ = await call(media, phones)
        await phone.start_recording(tmp_path / "phone.wav")
        await seat.start_recording(tmp_path / "seat.wav")

        asking = asyncio.create_task(leg.play([prompt], loop=True))
        await phone.play([keys])
        pressed = await keys_of(leg, 3)
        await leg.stop_playing()
        await leg.bridge(seat_leg)
        high = write_tone(tmp_path / "high.wav", 1000, 0.8)
        await asyncio.gather(phone.play([keys]), seat.play([high]), asking)
        pressed += await keys_of(leg, 3)
        await asyncio.gather(phone.stop_recording(), seat.stop_recording())

    at_phone, _ = channels_of(tmp_path / "phone.wav")
    at_seat, _ = channels_of(tmp_path / "seat.wav")
    assert pressed == ["1", "5", "9"] * 2
    assert seconds_of(at_phone, 440) > 0.4
    assert seconds_of(at_phone, 1000) == pytest.approx(0.8, abs=0.25)
    assert level_of(at_seat) > 0.01


def without_events(body: bytes) -> bytes:
    """Return a description without telephone-event."""
    lines = body.decode().split("\r\n")
    kept = [line for line in lines if "101 " not in line.partition(":")[2]]
    return "\r\n".join(line.removesuffix(" 101") for line in kept).encode()


@pytest.mark.parametrize("srtp", [Srtp.OPTIONAL, Srtp.REQUIRED])
async def test_sound_is_encrypted_in_both_directions_of_calling(
    media: MediaEngine, srtp: Srtp, tmp_path: Path
) -> None:
    async with engine() as phones:
        citizen_leg, citizen, answer = await call(media, phones, srtp, Srtp.REQUIRED)
        seat_leg, offer = await media.offer("seat", srtp=srtp)
        seat, answer_of_seat = await phones.answer("seat", offer, srtp=Srtp.OPTIONAL)
        await seat_leg.accept_answer(answer_of_seat)
        plain_leg, plain, _ = await call(media, phones)
        await citizen.start_recording(tmp_path / "citizen.wav")
        await plain.start_recording(tmp_path / "plain.wav")
        low, high = (write_tone(tmp_path / f"{hz}.wav", hz, 0.6) for hz in (440, 1000))

        await citizen_leg.bridge(seat_leg)
        await seat.play([high])
        await citizen_leg.bridge(plain_leg)
        await citizen.play([low])
        await citizen.play([write_prompt(tmp_path / "tail.wav", silence(0.2))])
        await asyncio.gather(citizen.stop_recording(), plain.stop_recording())

    assert b"a=crypto:" in answer
    assert b"a=crypto:" in answer_of_seat
    assert seconds_of(channels_of(tmp_path / "citizen.wav")[0], 1000) > 0.3
    assert seconds_of(channels_of(tmp_path / "plain.wav")[0], 440) > 0.3


async def test_where_encryption_is_required_a_plain_caller_is_refused(media: MediaEngine) -> None:
    async with engine() as phones:
        _, offer = await phones.offer("plain")
        with pytest.raises(NotAcceptable):
            await media.answer("plain", offer, srtp=Srtp.REQUIRED)
