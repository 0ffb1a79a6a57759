"""The embedded engine against phones that share no code with it, over loopback sockets."""

import asyncio
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from channels.voice.media import leg as leg_module
from channels.voice.media.embedded import EmbeddedMediaEngine, EmbeddedMediaOptions
from channels.voice.media.engine import MediaEngine, PlayOutcome
from channels.voice.media.leg import EmbeddedLeg
from channels.voice.rtp.codec import Codec
from channels.voice.rtp.g711 import decode, encode
from channels.voice.rtp.rtcp import Goodbye, parse
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

CHILD = Path(__file__).with_name("recording_child.py")
CORPUS = Path(__file__).parents[5] / "tests" / "corpus" / "rtp"


@pytest.fixture
async def media() -> AsyncGenerator[EmbeddedMediaEngine, None]:
    async with EmbeddedMediaEngine(EmbeddedMediaOptions("127.0.0.1")) as engine:
        yield engine


def frames(codec: Codec, hz: float, seconds: float) -> list[bytes]:
    sound = encode(codec, tone(hz, seconds))
    return [sound[at : at + 160] for at in range(0, len(sound), 160)]


async def call(
    media: MediaEngine, phone: RawPhone, formats: str = "8 101"
) -> tuple[EmbeddedLeg, tuple[str, int]]:
    leg, answer = await media.answer("call", phone.sdp(formats))
    assert isinstance(leg, EmbeddedLeg)
    return leg, media_address(answer)


async def test_packets_leave_every_20_ms_with_one_ssrc_and_steady_numbers(
    media: EmbeddedMediaEngine, tmp_path: Path
) -> None:
    async with RawPhone() as phone:
        leg, _ = await call(media, phone)
        await leg.play([write_tone(tmp_path / "a.wav", 440, 1.0)])
        received = await phone.until(50)

    sound = decode(Codec.PCMA, b"".join(packet.payload for packet in received))
    steps = [(b.sequence - a.sequence) & 0xFFFF for a, b in pairwise(received)]
    times = [(b.timestamp - a.timestamp) & 0xFFFF_FFFF for a, b in pairwise(received)]
    assert {packet.ssrc for packet in received} == {received[0].ssrc}
    assert set(steps) == {1}
    # A busy machine may make us give up ticks; then time goes on in whole frames.
    assert {time % 160 for time in times} == {0}
    assert times.count(160) > 0.9 * len(times)
    assert received[0].marker
    assert {len(packet.payload) for packet in received} == {160}
    assert seconds_of(sound, 440) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(
    ("caller_formats", "seat_formats"),
    [("8 101", "8 101"), ("0 101", "0 101"), ("8 101", "0 101"), ("0 101", "8 101")],
)
async def test_a_tone_crosses_the_bridge_whatever_law_each_side_speaks(
    media: EmbeddedMediaEngine, caller_formats: str, seat_formats: str
) -> None:
    codecs = {"8 101": Codec.PCMA, "0 101": Codec.PCMU}
    async with RawPhone() as caller, RawPhone() as seat:
        caller_leg, caller_to = await call(media, caller, caller_formats)
        seat_leg, seat_to = await call(media, seat, seat_formats)
        await caller_leg.bridge(seat_leg)
        await asyncio.gather(
            caller.speak(
                caller_to,
                frames(codecs[caller_formats], 440, 1.0),
                payload_type=int(caller_formats[0]),
            ),
            seat.speak(
                seat_to, frames(codecs[seat_formats], 1000, 1.0), payload_type=int(seat_formats[0])
            ),
        )

    at_seat = decode(codecs[seat_formats], b"".join(p.payload for p in seat.received))
    at_caller = decode(codecs[caller_formats], b"".join(p.payload for p in caller.received))
    assert loudest_hz(at_seat) == pytest.approx(440, abs=3)
    assert loudest_hz(at_caller) == pytest.approx(1000, abs=3)
    assert share_of(at_seat, 440) > 0.95
    assert share_of(at_caller, 1000) > 0.95


async def test_equal_laws_cross_the_bridge_bit_by_bit(media: EmbeddedMediaEngine) -> None:
    spoken = [bytes([n + 1]) * 160 for n in range(30)]
    async with RawPhone() as caller, RawPhone() as seat:
        caller_leg, caller_to = await call(media, caller)
        seat_leg, _ = await call(media, seat)
        await caller_leg.bridge(seat_leg)
        await caller.speak(caller_to, spoken)
        heard = [packet.payload for packet in await seat.until(30)]

    whole = [payload for payload in heard if payload in spoken]
    assert len(whole) > 20
    assert whole == sorted(whole)


async def test_packets_of_60_ms_are_heard_in_full(
    media: EmbeddedMediaEngine, tmp_path: Path
) -> None:
    sound = encode(Codec.PCMA, tone(440, 0.9))
    async with RawPhone() as phone:
        leg, to = await call(media, phone)
        await leg.start_recording(tmp_path / "call.wav")
        for n in range(15):
            packet = phone.rtp(8, n, n * 480, sound[n * 480 : n * 480 + 480])
            phone.send(to, packet)
            await asyncio.sleep(0.06)
        await leg.stop_recording()

    left, _ = channels_of(tmp_path / "call.wav")
    assert seconds_of(left, 440) == pytest.approx(0.9, abs=0.15)
    assert leg.statistics.packets_received == 15


async def test_garbage_is_counted_and_the_call_goes_on(
    media: EmbeddedMediaEngine, tmp_path: Path
) -> None:
    garbage = [path.read_bytes() for path in sorted(CORPUS.glob("*.bin"))]
    async with RawPhone() as phone:
        leg, to = await call(media, phone)
        for datagram in garbage:
            phone.send(to, datagram)
            phone.send((to[0], to[1] + 1), datagram)
        await phone.speak(to, frames(Codec.PCMA, 440, 0.4), first=5000)
        outcome = await leg.play([write_tone(tmp_path / "a.wav", 440, 0.2)])

    assert outcome is PlayOutcome.FINISHED
    assert leg.statistics.packets_malformed >= 11
    assert leg.statistics.packets_received >= 18


async def test_a_stranger_is_not_heard_and_not_answered(
    media: EmbeddedMediaEngine, tmp_path: Path
) -> None:
    async with RawPhone() as phone, RawPhone(ssrc=6) as stranger:
        leg, to = await call(media, phone)
        await leg.start_recording(tmp_path / "call.wav")
        await asyncio.gather(
            phone.speak(to, frames(Codec.PCMA, 440, 0.6)),
            stranger.speak(to, frames(Codec.PCMA, 1000, 0.6)),
        )
        await leg.stop_recording()

    left, _ = channels_of(tmp_path / "call.wav")
    assert seconds_of(left, 440) > 0.4
    assert seconds_of(left, 1000) == 0
    assert leg.statistics.packets_rejected >= 28
    assert stranger.received == []


async def test_a_phone_behind_nat_is_found_where_it_really_is(
    media: EmbeddedMediaEngine, tmp_path: Path
) -> None:
    async with RawPhone() as private, RawPhone() as public:
        leg, to = await call(media, private)
        await public.speak(to, frames(Codec.PCMA, 440, 0.2))
        await leg.play([write_tone(tmp_path / "a.wav", 1000, 0.4)])
        received = await public.until(20)

    assert share_of(decode(Codec.PCMA, b"".join(p.payload for p in received[-15:])), 1000) > 0.9


async def test_the_silence_of_a_dead_phone_is_told(media: EmbeddedMediaEngine) -> None:
    async with RawPhone() as phone:
        leg, to = await call(media, phone)
        await phone.speak(to, frames(Codec.PCMA, 440, 0.1))
        talking = leg.statistics.idle_seconds
        already = len(phone.received)
        await phone.until(already + 15)

    assert talking < 0.1
    assert leg.statistics.idle_seconds > 0.2


async def test_digits_of_a_careless_phone_are_keys(media: EmbeddedMediaEngine) -> None:
    """No marker bit, event 16 between them, the last end lost, everything twice."""
    async with RawPhone() as phone:
        leg, to = await call(media, phone)
        number = 0
        for code, timestamp in ((1, 1600), (16, 4800), (11, 8000)):
            for duration in (160, 320, 480):
                is_end = duration == 480 and code != 11
                payload = struct.pack(">BBH", code, 0x8A if is_end else 0x0A, duration)
                for _ in range(2):
                    phone.send(to, phone.rtp(101, number, timestamp, payload))
                number += 1
        async with asyncio.timeout(10):
            keys = [await leg.digits.get(), await leg.digits.get()]

    assert [(d.key, d.duration_ms) for d in keys] == [("1", 60), ("#", 60)]
    assert leg.digits.empty()


async def test_digits_that_nobody_reads_are_bounded(
    media: EmbeddedMediaEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leg_module, "MAX_DIGITS", 3)
    async with RawPhone() as phone:
        leg, to = await call(media, phone)
        for n in range(5):
            payload = struct.pack(">BBH", n, 0x8A, 400)
            phone.send(to, phone.rtp(101, n, 1000 + n * 1600, payload))
        await phone.until(10)

    assert [leg.digits.get_nowait().key for _ in range(leg.digits.qsize())] == ["0", "1", "2"]


async def test_our_digits_are_what_rfc_4733_asks_for(media: EmbeddedMediaEngine) -> None:
    async with RawPhone() as phone:
        leg, _ = await call(media, phone)
        await phone.until(3)
        await leg.send_digit("9", 80)
        received = await phone.until(len(phone.received) + 3)

    events = [packet for packet in received if packet.payload_type == 101]
    fields = [struct.unpack(">BBH", packet.payload) for packet in events]
    assert [f[0] for f in fields] == [9] * 6
    assert [f[2] for f in fields] == [160, 320, 480, 640, 640, 640]
    assert [f[1] >> 7 for f in fields] == [0, 0, 0, 1, 1, 1]
    assert len({packet.timestamp for packet in events}) == 1
    assert [packet.marker for packet in events] == [True, False, False, False, False, False]


async def test_the_recording_has_each_side_on_its_channel_and_in_step(
    media: EmbeddedMediaEngine, tmp_path: Path
) -> None:
    pause = write_prompt(tmp_path / "pause.wav", silence(0.4))
    high = write_tone(tmp_path / "high.wav", 1000, 0.6)
    async with RawPhone() as phone:
        leg, to = await call(media, phone)
        await leg.start_recording(tmp_path / "call.wav")
        await asyncio.gather(phone.speak(to, frames(Codec.PCMA, 440, 0.4)), leg.play([pause, high]))
        await leg.stop_recording()

    left, right = channels_of(tmp_path / "call.wav")
    early, late = slice(800, 2800), slice(4800, 7200)
    assert loudest_hz(left[early]) == pytest.approx(440, abs=5)
    assert level_of(right[early]) < 0.001
    assert loudest_hz(right[late]) == pytest.approx(1000, abs=5)
    assert level_of(left[late]) < 0.001


async def test_a_recording_survives_kill_9_up_to_its_last_second(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    tones = [write_tone(tmp_path / f"{hz}.wav", hz, 1.0) for hz in (440, 1000)]
    child = await asyncio.create_subprocess_exec(
        sys.executable, CHILD, path, *tones, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    async with asyncio.timeout(20):
        assert await child.stdout.readline() == b"recording\n"
    child.send_signal(signal.SIGKILL)
    assert await child.wait() == -signal.SIGKILL

    left, right = channels_of(path)
    seconds = len(left) / 8000
    assert seconds >= 1.5
    assert share_of(left[4000:], 440) > 0.9
    assert share_of(right[4000:], 1000) > 0.9
    assert path.stat().st_size <= 44 + (len(left) + 4000) * 4


@pytest.mark.skipif(shutil.which("soxi") is None, reason="sox is not installed")
async def test_sox_agrees_that_a_recording_is_a_wav(
    media: EmbeddedMediaEngine, tmp_path: Path
) -> None:
    async with RawPhone() as phone:
        leg, to = await call(media, phone)
        await leg.start_recording(tmp_path / "call.wav")
        await phone.speak(to, frames(Codec.PCMA, 440, 0.5))
        summary = await leg.stop_recording()
    told = [
        subprocess.run(
            ["soxi", option, tmp_path / "call.wav"], check=True, capture_output=True, text=True
        ).stdout.strip()
        for option in ("-c", "-r", "-b", "-s")
    ]

    assert summary is not None
    assert told == ["2", "8000", "16", str(summary.duration_ms * 8)]


async def test_hanging_up_says_goodbye_to_the_control_port(media: EmbeddedMediaEngine) -> None:
    async with RawPhone() as phone, RawPhone() as control:
        leg, _ = await media.answer("call", phone.sdp("8", f"a=rtcp:{control.port}"))
        await phone.until(2)
        heard = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().remove_reader(control._socket)
        asyncio.get_running_loop().add_reader(
            control._socket, lambda: heard.set_result(control._socket.recv(2048))
        )

        await leg.close()
        async with asyncio.timeout(10):
            packets = parse(await heard)

    assert isinstance(packets[-1], Goodbye)
    assert packets[-1].sources == (phone.received[0].ssrc,)


async def test_a_blocked_loop_loses_time_but_no_alignment(
    media: EmbeddedMediaEngine, tmp_path: Path
) -> None:
    async with RawPhone() as phone:
        leg, _ = await call(media, phone)
        await leg.start_recording(tmp_path / "call.wav")
        await phone.until(5)
        before = phone.received[-1].timestamp
        end = asyncio.get_running_loop().time() + 0.5
        while asyncio.get_running_loop().time() < end:
            np.sort(np.arange(1000))
        await phone.until(len(phone.received) + 15)
        summary = await leg.stop_recording()

    passed = (phone.received[-1].timestamp - before) & 0xFFFF_FFFF
    assert summary is not None
    assert passed / 8 >= 500
    assert summary.duration_ms >= 500


async def test_what_came_while_the_loop_was_blocked_is_played_and_nothing_is_made_up(
    media: EmbeddedMediaEngine,
) -> None:
    """A stall costs no sound and adds no delay that would stay."""
    frame = bytes([0x55]) * 160
    async with RawPhone() as phone:
        leg, answer = await media.answer("call", phone.sdp())
        address = media_address(answer)
        await phone.speak(address, [frame] * 10)
        concealed = leg.statistics.frames_concealed
        for number in range(10, 30):
            phone.send(address, phone.rtp(8, number, number * 160, frame))
        time.sleep(0.08)
        async with asyncio.timeout(20):
            while leg.statistics.packets_received < 30:
                await asyncio.sleep(0)

        assert leg.statistics.frames_concealed == concealed


async def test_a_bug_in_one_leg_is_that_legs_own(
    media: EmbeddedMediaEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with RawPhone() as phone, RawPhone() as other:
        broken, _ = await call(media, phone)
        leg, _ = await call(media, other)
        playing = asyncio.gather(
            broken.play([write_tone(tmp_path / "a.wav", 440, 5.0)]),
            leg.play([write_tone(tmp_path / "b.wav", 440, 0.4)]),
        )
        await phone.until(2)
        assert broken.line.session is not None
        monkeypatch.setattr(broken.line.session, "next_frame", lambda: 1 / 0)
        async with asyncio.timeout(10):
            outcomes = await playing
        await broken.close()

    assert list(outcomes) == [PlayOutcome.CLOSED, PlayOutcome.FINISHED]


async def test_leaving_the_engine_closes_legs_and_finishes_recordings(tmp_path: Path) -> None:
    options = EmbeddedMediaOptions("127.0.0.1")
    async with RawPhone() as phone, EmbeddedMediaEngine(options) as media:
        leg, _ = await call(media, phone)
        await leg.start_recording(tmp_path / "call.wav")
        playing = asyncio.create_task(
            leg.play([write_tone(tmp_path / "a.wav", 440, 5.0)], loop=True)
        )
        await phone.until(40)

    assert await playing is PlayOutcome.CLOSED
    _, right = channels_of(tmp_path / "call.wav")
    assert seconds_of(right, 440) > 0.6


async def test_an_abandoned_play_falls_silent(media: EmbeddedMediaEngine, tmp_path: Path) -> None:
    async with RawPhone() as phone:
        leg, _ = await call(media, phone)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await leg.play([write_tone(tmp_path / "a.wav", 440, 5.0)])
        already = len(phone.received)
        received = await phone.until(already + 20)

    assert level_of(decode(Codec.PCMA, b"".join(p.payload for p in received[-8:]))) < 0.001


def test_every_address_needs_one_to_advertise() -> None:
    with pytest.raises(ValueError, match="advertised_host"):
        EmbeddedMediaEngine(EmbeddedMediaOptions("0.0.0.0"))


async def test_the_advertised_address_is_what_sdp_says() -> None:
    options = EmbeddedMediaOptions("0.0.0.0", advertised_host="192.0.2.10")
    async with EmbeddedMediaEngine(options) as media:
        _, offer = await media.offer("call")

    assert media_address(offer)[0] == "192.0.2.10"
