"""The sound of a leg: bridges, keys and reports at the level of packets."""

import asyncio
import struct
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from channels.voice.media.embedded import EmbeddedMediaEngine, EmbeddedMediaOptions
from channels.voice.media.engine import MediaLeg, PlayOutcome
from channels.voice.rtp import session as session_module
from channels.voice.rtp.codec import Codec
from channels.voice.rtp.g711 import SILENCE
from tests.fakes.raw_phone import RawPhone, media_address
from tests.fakes.tones import silence, write_prompt


@pytest.fixture
async def media() -> AsyncGenerator[EmbeddedMediaEngine, None]:
    async with EmbeddedMediaEngine(EmbeddedMediaOptions("127.0.0.1")) as engine:
        yield engine


@pytest.fixture
async def phone() -> AsyncGenerator[RawPhone, None]:
    async with RawPhone() as phone:
        yield phone


async def test_a_key_under_way_when_the_leg_closes_holds_nobody(
    media: EmbeddedMediaEngine, phone: RawPhone
) -> None:
    leg, _ = await media.answer("call", phone.sdp())
    pressing = asyncio.create_task(leg.send_digit("1", 5000))
    abandoned = asyncio.create_task(leg.send_digit("2", 5000))
    await phone.until(3)
    abandoned.cancel()

    await leg.close()
    async with asyncio.timeout(4):  # a key lasts five seconds
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


@dataclass
class Talk:
    """A caller who talks with a seat, at the level of packets."""

    caller: RawPhone
    seat: RawPhone
    seat_leg: MediaLeg
    to: tuple[str, int]
    number: int = 0
    """Of the caller's next packet."""

    async def say(self, byte: int, frames: int = 5) -> None:
        """Let the caller say some frames of 20 ms."""
        await self.caller.speak(self.to, [bytes([byte]) * 160] * frames, first=self.number)
        self.number += frames

    async def until_seat_hears(self, is_wanted: Callable[[bytes], bool]) -> None:
        """Wait for a packet at the seat, of those that come from now on."""
        async with asyncio.timeout(20):
            seen = len(self.seat.received)
            while not any(is_wanted(packet.payload) for packet in self.seat.received[seen:]):
                await self.seat.until(len(self.seat.received) + 1)

    def steps(self) -> list[int]:
        """Return how far the numbers of the seat's packets are apart."""
        heard = self.seat.received
        return [(b.sequence - a.sequence) & 0xFFFF for a, b in pairwise(heard)]


@asynccontextmanager
async def talking(media: EmbeddedMediaEngine) -> AsyncGenerator[Talk, None]:
    """Bridge two phones, and let the caller talk until its sound is played out."""
    async with RawPhone() as caller, RawPhone() as seat:
        caller_leg, answer = await media.answer("caller", caller.sdp())
        seat_leg, _ = await media.answer("seat", seat.sdp())
        await caller_leg.bridge(seat_leg)
        talk = Talk(caller, seat, seat_leg, media_address(answer))
        session = caller_leg.line.session
        assert session is not None
        async with asyncio.timeout(20):
            while not session.is_playing_out:
                await talk.say(0x11)
        yield talk


async def test_what_one_of_two_says_is_sent_on_when_it_comes_and_not_at_a_tick(
    media: EmbeddedMediaEngine,
) -> None:
    async with talking(media) as talk:
        assert media._ticker is not None
        media._ticker.stop()
        said = [talk.number + n for n in (0, 1, 3, 2)]
        for at, number in enumerate(said):
            talk.caller.send(talk.to, talk.caller.rtp(8, number, number * 160, bytes([at]) * 160))
        await talk.until_seat_hears(lambda payload: payload[0] == 3)

    heard = talk.seat.received
    times = [(packet.timestamp - heard[-4].timestamp) & 0xFFFF_FFFF for packet in heard[-4:]]
    assert [packet.payload[0] for packet in heard[-4:]] == [0, 1, 2, 3]
    assert times == [0, 160, 480, 320]
    assert talk.steps()[-3:] == [1, 2, 0xFFFF]
    assert set(talk.steps()[:-3]) == {1}


async def test_who_falls_silent_is_silence_to_the_partner_in_the_same_stream(
    media: EmbeddedMediaEngine,
) -> None:
    """Something must travel through translators and to phones that hang up on nothing."""
    async with talking(media) as talk:
        await talk.until_seat_hears(lambda payload: payload == SILENCE[Codec.PCMA])
        speaking = asyncio.create_task(talk.say(0x22, frames=1000))
        await talk.until_seat_hears(lambda payload: payload[0] == 0x22)
        speaking.cancel()

    times = [(b.timestamp - a.timestamp) & 0xFFFF_FFFF for a, b in pairwise(talk.seat.received)]
    assert set(talk.steps()) == {1}
    assert all(0 < time <= 0x7FFF_FFFF for time in times)
    assert len({packet.ssrc for packet in talk.seat.received}) == 1


async def test_a_third_voice_is_mixed_in_and_the_partner_is_handed_on_again_afterwards(
    media: EmbeddedMediaEngine,
) -> None:
    async with talking(media) as talk, RawPhone() as leader:
        leader_leg, answer = await media.answer("leader", leader.sdp())
        await talk.seat_leg.also_hear([leader_leg])
        voices = [
            asyncio.create_task(talk.say(0x11, frames=1000)),
            asyncio.create_task(leader.speak(media_address(answer), [b"\x11" * 160] * 1000)),
        ]
        await talk.until_seat_hears(lambda payload: payload[0] not in {0x11, 0xD5})
        await talk.seat_leg.also_hear([])
        await talk.until_seat_hears(lambda payload: payload == b"\x11" * 160)
        for voice in voices:
            voice.cancel()

    assert set(talk.steps()) == {1}


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
