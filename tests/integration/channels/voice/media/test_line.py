"""The sound of a leg: bridges, keys and reports at the level of packets."""

import asyncio
import struct
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from channels.voice.media.embedded import EmbeddedMediaEngine, EmbeddedMediaOptions
from channels.voice.media.engine import PlayOutcome
from channels.voice.rtp import session as session_module
from channels.voice.rtp.codec import Codec
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
