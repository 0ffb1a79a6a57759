"""What every `MediaEngine` promises to call logic; the remote phones are embedded legs."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from channels.voice.media.embedded import EmbeddedMediaEngine, EmbeddedMediaOptions
from channels.voice.media.engine import (
    MAX_MEMBERS,
    ConferenceFull,
    Digit,
    LegClosed,
    MediaEngine,
    MediaError,
    MediaLeg,
    PlayOutcome,
    PortsExhausted,
    PromptUnusable,
    RecordingFailed,
)
from channels.voice.sip.sdp import Direction, NotAcceptable, SdpMalformed
from tests.fakes.media_host import PORTS_PER_LEG, engine_on, media_host
from tests.fakes.ports import free_range
from tests.fakes.tones import (
    channels_of,
    level_of,
    loudest_hz,
    seconds_of,
    share_of,
    silence,
    write_prompt,
    write_tone,
)

PAIRS = 10
VIDEO_ONLY = b"""v=0
o=- 1 1 IN IP4 192.0.2.1
s=-
c=IN IP4 192.0.2.1
t=0 0
m=video 4000 RTP/AVP 96
"""


@asynccontextmanager
async def embedded_engine(_: Path) -> AsyncGenerator[MediaEngine, None]:
    options = EmbeddedMediaOptions("127.0.0.1", *free_range(PAIRS))
    async with EmbeddedMediaEngine(options) as engine:
        yield engine


@asynccontextmanager
async def rtpengine(folder: Path) -> AsyncGenerator[MediaEngine, None]:
    pairs = PAIRS * PORTS_PER_LEG
    async with media_host(folder, pairs=pairs) as host, engine_on(host) as engine:
        yield engine


@dataclass
class Exchange:
    """An engine under test, and phones outside of it."""

    media: MediaEngine
    phones: MediaEngine

    async def incoming(self, call_id: str = "incoming") -> tuple[MediaLeg, MediaLeg]:
        """A phone calls: return our leg and the phone."""
        phone, offer = await self.phones.offer(call_id)
        leg, answer = await self.media.answer(call_id, offer)
        await phone.accept_answer(answer)
        return leg, phone

    async def outgoing(self, call_id: str = "outgoing") -> tuple[MediaLeg, MediaLeg]:
        """We call a phone: return our leg and the phone."""
        leg, offer = await self.media.offer(call_id)
        phone, answer = await self.phones.answer(call_id, offer)
        await leg.accept_answer(answer)
        return leg, phone


@pytest.fixture(params=[embedded_engine, rtpengine], ids=["embedded", "rtpengine"])
async def exchange(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncGenerator[Exchange, None]:
    options = EmbeddedMediaOptions("127.0.0.1")
    folder = tmp_path / "host"
    async with request.param(folder) as media, EmbeddedMediaEngine(options) as phones:
        yield Exchange(media, phones)


@pytest.fixture
def a440(tmp_path: Path) -> Path:
    return write_tone(tmp_path / "a440.wav", 440, 0.6)


@pytest.fixture
def b1000(tmp_path: Path) -> Path:
    return write_tone(tmp_path / "b1000.wav", 1000, 0.6)


@pytest.fixture
def quiet(tmp_path: Path) -> Path:
    return write_prompt(tmp_path / "quiet.wav", silence(0.3))


async def three_parties(exchange: Exchange) -> tuple[list[MediaLeg], list[MediaLeg]]:
    """Return three legs of ours and their phones."""
    pairs = [
        await exchange.incoming("one"),
        await exchange.outgoing("two"),
        await exchange.outgoing("three"),
    ]
    return [leg for leg, _ in pairs], [phone for _, phone in pairs]


async def digit(leg: MediaLeg) -> Digit:
    async with asyncio.timeout(10):
        return await leg.digits.get()


async def test_the_caller_hears_the_prompts_in_their_order(
    exchange: Exchange, a440: Path, b1000: Path, tmp_path: Path
) -> None:
    leg, phone = await exchange.incoming()
    await phone.start_recording(tmp_path / "heard.wav")

    outcome = await leg.play([a440, b1000])
    await phone.play([a440])
    await phone.stop_recording()

    heard, _ = channels_of(tmp_path / "heard.wav")
    assert outcome is PlayOutcome.FINISHED
    assert seconds_of(heard, 440) == pytest.approx(0.6, abs=0.12)
    assert seconds_of(heard, 1000) == pytest.approx(0.6, abs=0.12)
    assert loudest_hz(heard[: len(heard) // 3]) == pytest.approx(440, abs=5)


async def test_a_phone_that_we_call_hears_us_and_we_hear_it(
    exchange: Exchange, a440: Path, b1000: Path, tmp_path: Path
) -> None:
    leg, phone = await exchange.outgoing()
    await leg.start_recording(tmp_path / "both.wav")

    await asyncio.gather(leg.play([a440]), phone.play([b1000]))
    await leg.play([a440])
    await leg.stop_recording()

    left, right = channels_of(tmp_path / "both.wav")
    assert loudest_hz(left) == pytest.approx(1000, abs=5)
    assert loudest_hz(right) == pytest.approx(440, abs=5)
    assert len(left) == len(right)


async def test_nothing_is_sent_before_the_answer_came(exchange: Exchange, quiet: Path) -> None:
    leg, _ = await exchange.media.offer("ringing")
    other, _ = await exchange.incoming()

    await other.play([quiet])

    assert leg.statistics.packets_sent == 0
    assert leg.statistics.idle_seconds > 0.2


async def test_a_loop_goes_on_until_it_is_stopped(
    exchange: Exchange, quiet: Path, a440: Path
) -> None:
    leg, phone = await exchange.incoming()

    music = asyncio.create_task(leg.play([quiet], loop=True))
    await phone.play([a440])
    still_playing = not music.done()
    await leg.stop_playing()

    assert still_playing
    assert await music is PlayOutcome.STOPPED


async def test_a_second_prompt_takes_the_place_of_the_first(
    exchange: Exchange, quiet: Path
) -> None:
    leg, _ = await exchange.incoming()

    first = asyncio.create_task(leg.play([quiet], loop=True))
    await asyncio.sleep(0)
    second = await leg.play([quiet])

    assert await first is PlayOutcome.STOPPED
    assert second is PlayOutcome.FINISHED


async def test_a_missing_prompt_fails_the_verb_and_not_the_call(
    exchange: Exchange, quiet: Path, tmp_path: Path
) -> None:
    leg, _ = await exchange.incoming()

    with pytest.raises(PromptUnusable, match=r"absent\.wav"):
        await leg.play([quiet, tmp_path / "absent.wav"])

    assert await leg.play([quiet]) is PlayOutcome.FINISHED


async def test_keys_are_collected_while_a_prompt_plays(exchange: Exchange, quiet: Path) -> None:
    leg, phone = await exchange.incoming()
    music = asyncio.create_task(leg.play([quiet], loop=True))

    for key in "1#":
        await phone.send_digit(key, 80)
    pressed = [await digit(leg), await digit(leg)]
    await leg.stop_playing()

    assert [d.key for d in pressed] == ["1", "#"]
    assert [d.duration_ms for d in pressed] == [80, 80]
    assert leg.digits.empty()
    await music


async def test_a_key_that_does_not_exist_is_refused(exchange: Exchange) -> None:
    leg, _ = await exchange.incoming()

    with pytest.raises(MediaError):
        await leg.send_digit("x")


async def test_bridged_parties_hear_each_other_and_nobody_else(
    exchange: Exchange, a440: Path, b1000: Path, tmp_path: Path
) -> None:
    caller_leg, caller = await exchange.incoming("caller")
    seat_leg, seat = await exchange.outgoing("seat")
    await caller_leg.bridge(seat_leg)
    await caller.start_recording(tmp_path / "caller.wav")
    await seat.start_recording(tmp_path / "seat.wav")

    await asyncio.gather(caller.play([a440]), seat.play([b1000]))
    await caller.play([write_prompt(tmp_path / "tail.wav", silence(0.2))])
    await asyncio.gather(caller.stop_recording(), seat.stop_recording())

    at_caller, _ = channels_of(tmp_path / "caller.wav")
    at_seat, _ = channels_of(tmp_path / "seat.wav")
    assert seconds_of(at_caller, 1000) == pytest.approx(0.6, abs=0.12)
    assert seconds_of(at_seat, 440) == pytest.approx(0.6, abs=0.12)
    assert seconds_of(at_caller, 440) == 0
    assert seconds_of(at_seat, 1000) == 0


async def test_a_whisper_is_heard_by_one_partner_only_and_the_whisperer_hears_both(
    exchange: Exchange, a440: Path, b1000: Path, tmp_path: Path
) -> None:
    caller_leg, caller = await exchange.incoming("caller")
    seat_leg, seat = await exchange.outgoing("seat")
    leader_leg, leader = await exchange.outgoing("leader")
    await caller_leg.bridge(seat_leg)
    await leader_leg.also_hear([caller_leg, seat_leg])
    await seat_leg.also_hear([leader_leg])
    for name, phone in (("caller", caller), ("seat", seat), ("leader", leader)):
        await phone.start_recording(tmp_path / f"{name}.wav")

    whisper = write_tone(tmp_path / "whisper.wav", 1500, 0.6)
    await leader.play([whisper])
    await asyncio.gather(caller.play([a440]), seat.play([b1000]))
    await caller.play([write_prompt(tmp_path / "tail.wav", silence(0.2))])
    for phone in (caller, seat, leader):
        await phone.stop_recording()

    at_caller, _ = channels_of(tmp_path / "caller.wav")
    at_seat, _ = channels_of(tmp_path / "seat.wav")
    at_leader, _ = channels_of(tmp_path / "leader.wav")
    assert seconds_of(at_seat, 1500) == pytest.approx(0.6, abs=0.12)
    assert seconds_of(at_caller, 1500) == 0
    assert seconds_of(at_caller, 1000) == pytest.approx(0.6, abs=0.12)
    assert share_of(at_leader, 440) > 0.3
    assert share_of(at_leader, 1000) > 0.3


async def test_who_is_heard_beside_the_partner_falls_silent_when_closed_or_let_go(
    exchange: Exchange, a440: Path, tmp_path: Path
) -> None:
    leg, listener = await exchange.incoming("listener")
    first_leg, _ = await exchange.outgoing("first")
    second_leg, second = await exchange.outgoing("second")
    await leg.also_hear([first_leg, second_leg])
    await first_leg.close()
    await leg.also_hear([])
    await listener.start_recording(tmp_path / "heard.wav")

    await second.play([a440])
    await listener.stop_recording()

    assert level_of(channels_of(tmp_path / "heard.wav")[0]) < 0.001
    with pytest.raises(ValueError, match="other legs"):
        await leg.also_hear([leg])
    await leg.close()
    with pytest.raises(LegClosed):
        await leg.also_hear([second_leg])


async def test_three_hear_each_other_and_none_itself(
    exchange: Exchange, a440: Path, b1000: Path, tmp_path: Path
) -> None:
    legs, phones = await three_parties(exchange)
    conference = await exchange.media.confer(legs)
    for index, phone in enumerate(phones):
        await phone.start_recording(tmp_path / f"{index}.wav")
    c1500 = write_tone(tmp_path / "c1500.wav", 1500, 0.6)

    await asyncio.gather(*(p.play([f]) for p, f in zip(phones, (a440, b1000, c1500), strict=True)))
    await phones[0].play([write_prompt(tmp_path / "tail.wav", silence(0.2))])
    for phone in phones:
        await phone.stop_recording()

    assert [leg.call_id for leg in conference.members] == ["one", "two", "three"]
    for index, own in enumerate((440, 1000, 1500)):
        heard, _ = channels_of(tmp_path / f"{index}.wav")
        for hz in (440, 1000, 1500):
            share = share_of(heard, hz)
            assert share < 0.01 if hz == own else share > 0.3


async def test_a_member_comes_and_goes_while_the_others_talk_and_are_recorded(
    exchange: Exchange, a440: Path, b1000: Path, tmp_path: Path
) -> None:
    (citizen_leg, seat_leg, unit_leg), (citizen, seat, unit) = await three_parties(exchange)
    await citizen_leg.bridge(seat_leg)
    await citizen_leg.start_recording(tmp_path / "call.wav")
    await unit.start_recording(tmp_path / "unit.wav")

    await asyncio.gather(citizen.play([a440]), seat.play([b1000]))
    conference = await exchange.media.confer([citizen_leg, seat_leg])
    await conference.join(unit_leg)
    await conference.join(unit_leg)
    c1500 = write_tone(tmp_path / "c1500.wav", 1500, 0.6)
    await asyncio.gather(citizen.play([a440]), unit.play([c1500]))
    await conference.leave(unit_leg)
    await asyncio.gather(citizen.play([a440]), seat.play([b1000]), unit.play([c1500]))
    summary = await citizen_leg.stop_recording()
    await unit.stop_recording()

    left, right = channels_of(tmp_path / "call.wav")
    at_unit, _ = channels_of(tmp_path / "unit.wav")
    assert summary is not None
    assert summary.lost_ms == 0
    assert seconds_of(left, 440) == pytest.approx(1.8, abs=0.3)
    assert seconds_of(right, 1000) == pytest.approx(1.2, abs=0.25)
    assert seconds_of(right, 1500) == pytest.approx(0.6, abs=0.15)
    assert seconds_of(at_unit, 440) == pytest.approx(0.6, abs=0.15)
    assert seconds_of(at_unit, 1000) == 0
    assert unit_leg not in conference.members


async def test_a_leg_that_is_closed_bridged_or_parted_has_left_its_conference(
    exchange: Exchange,
) -> None:
    legs, _ = await three_parties(exchange)
    fourth, _ = await exchange.outgoing("four")
    conference = await exchange.media.confer([*legs, fourth])

    await legs[0].close()
    await legs[1].bridge(fourth)
    assert [leg.call_id for leg in conference.members] == ["three"]
    await legs[2].unbridge()

    assert not conference.members
    with pytest.raises(LegClosed):
        await conference.join(legs[0])
    await conference.join(fourth)
    await conference.end()
    assert not conference.members


async def test_keys_of_a_member_reach_all_others(exchange: Exchange) -> None:
    legs, phones = await three_parties(exchange)
    await exchange.media.confer(legs)

    await phones[1].send_digit("5", 120)

    assert (await digit(legs[1])).key == "5"
    assert (await digit(phones[0])).key == "5"
    assert (await digit(phones[2])).key == "5"
    assert phones[1].digits.empty()


async def test_keys_cross_a_bridge_in_both_directions(exchange: Exchange) -> None:
    caller_leg, caller = await exchange.incoming("caller")
    seat_leg, seat = await exchange.outgoing("seat")
    await caller_leg.bridge(seat_leg)

    await caller.send_digit("7", 120)
    at_seat = await digit(seat)
    await seat.send_digit("*", 120)
    at_caller = await digit(caller)

    assert (at_seat.key, at_caller.key) == ("7", "*")
    assert at_seat.duration_ms == pytest.approx(120, abs=40)
    assert (await digit(caller_leg)).key == "7"
    assert (await digit(seat_leg)).key == "*"


async def test_parted_parties_hear_silence(exchange: Exchange, a440: Path, tmp_path: Path) -> None:
    caller_leg, caller = await exchange.incoming("caller")
    seat_leg, seat = await exchange.outgoing("seat")
    await caller_leg.bridge(seat_leg)
    await caller.play([a440])

    await seat_leg.unbridge()
    await seat.start_recording(tmp_path / "seat.wav")
    await caller.play([a440])
    await seat.stop_recording()

    at_seat, _ = channels_of(tmp_path / "seat.wav")
    # What was under way in buffers may still be heard.
    assert level_of(at_seat[2400:]) < 0.001


async def test_a_prompt_on_a_bridged_leg_is_heard_instead_of_the_partner(
    exchange: Exchange, a440: Path, b1000: Path, tmp_path: Path
) -> None:
    caller_leg, caller = await exchange.incoming("caller")
    seat_leg, seat = await exchange.outgoing("seat")
    await caller_leg.bridge(seat_leg)
    await caller.start_recording(tmp_path / "caller.wav")

    talking = asyncio.create_task(seat.play([b1000], loop=True))
    await caller_leg.play([a440])
    await seat.stop_playing()
    await caller.stop_recording()

    at_caller, _ = channels_of(tmp_path / "caller.wav")
    assert seconds_of(at_caller, 440) > 0.3
    assert seconds_of(at_caller, 1000) < 0.2
    await talking


async def test_a_remote_that_holds_us_is_sent_nothing_until_it_resumes(
    exchange: Exchange, quiet: Path
) -> None:
    leg, phone = await exchange.incoming()
    await leg.play([quiet])

    await phone.accept_answer(await leg.renegotiate(await phone.offer_again(Direction.SENDONLY)))
    sent = leg.statistics.packets_sent
    await phone.play([quiet])

    assert (leg.direction, phone.direction) == (Direction.RECVONLY, Direction.SENDONLY)
    assert leg.statistics.packets_sent == sent

    await phone.accept_answer(await leg.renegotiate(await phone.offer_again(Direction.SENDRECV)))
    await leg.play([quiet])

    assert leg.direction is Direction.SENDRECV
    assert leg.statistics.packets_sent > sent


async def test_a_remote_that_we_hold_hears_music_and_is_not_heard(
    exchange: Exchange, a440: Path, b1000: Path, tmp_path: Path
) -> None:
    leg, phone = await exchange.incoming()
    offer = await leg.offer_again(Direction.SENDONLY)
    await leg.accept_answer(await phone.renegotiate(offer))
    await leg.start_recording(tmp_path / "held.wav")

    await asyncio.gather(leg.play([a440]), phone.play([b1000]))
    await leg.stop_recording()

    left, right = channels_of(tmp_path / "held.wav")
    assert leg.direction is Direction.SENDONLY
    assert level_of(left) < 0.001
    assert loudest_hz(right) == pytest.approx(440, abs=5)


async def test_an_unusable_offer_opens_no_leg(exchange: Exchange) -> None:
    for _ in range(PAIRS + 1):
        with pytest.raises(SdpMalformed):
            await exchange.media.answer("bad", b"hello")
        with pytest.raises(NotAcceptable):
            await exchange.media.answer("video", VIDEO_ONLY)

    leg, _ = await exchange.incoming()
    assert leg.direction is Direction.SENDRECV


async def test_an_unusable_renegotiation_leaves_the_stream_as_it_was(
    exchange: Exchange, a440: Path, tmp_path: Path
) -> None:
    leg, phone = await exchange.incoming()

    with pytest.raises(NotAcceptable):
        await leg.renegotiate(VIDEO_ONLY)
    await phone.start_recording(tmp_path / "heard.wav")
    await leg.play([a440])
    await phone.stop_recording()

    heard, _ = channels_of(tmp_path / "heard.wav")
    assert loudest_hz(heard) == pytest.approx(440, abs=5)


async def test_when_every_port_is_taken_the_error_says_so_and_closing_frees_one(
    exchange: Exchange,
) -> None:
    legs = [await exchange.media.offer(f"call {n}") for n in range(PAIRS)]

    with pytest.raises(PortsExhausted) as caught:
        await exchange.media.offer("one too many")
    await legs[0][0].close()
    again, _ = await exchange.media.offer("now there is room")

    assert caught.value.retry_after.total_seconds() > 0
    assert again.call_id == "now there is room"


async def test_a_closed_leg_ends_what_was_going_on_and_refuses_the_rest(
    exchange: Exchange, quiet: Path, tmp_path: Path
) -> None:
    leg, _ = await exchange.incoming()
    other, _ = await exchange.outgoing()
    await leg.bridge(other)
    playing = asyncio.create_task(leg.play([quiet], loop=True))
    await other.play([quiet])

    await leg.close()
    await leg.close()

    assert await playing is PlayOutcome.CLOSED
    assert leg.statistics.packets_sent > 0
    with pytest.raises(LegClosed):
        await leg.play([quiet])
    with pytest.raises(LegClosed):
        await leg.start_recording(tmp_path / "late.wav")
    with pytest.raises(LegClosed):
        await other.bridge(leg)
    assert not (tmp_path / "late.wav").exists()


async def test_a_full_conference_refuses_one_more_and_goes_on(exchange: Exchange) -> None:
    legs = [(await exchange.media.offer(str(n)))[0] for n in range(MAX_MEMBERS + 1)]
    conference = await exchange.media.confer(legs[:-1])

    with pytest.raises(ConferenceFull):
        await conference.join(legs[-1])

    assert len(conference.members) == MAX_MEMBERS


async def test_a_leg_of_another_engine_cannot_join_a_conference(exchange: Exchange) -> None:
    _, phone = await exchange.incoming()
    conference = await exchange.media.confer()

    with pytest.raises(ValueError, match="same engine"):
        await conference.join(phone)


async def test_a_leg_of_another_engine_cannot_be_bridged(exchange: Exchange) -> None:
    leg, phone = await exchange.incoming()

    with pytest.raises(ValueError, match="one engine"):
        await leg.bridge(phone)
    with pytest.raises(ValueError, match="one engine"):
        await leg.bridge(leg)


async def test_a_recording_tells_how_long_it_is_and_never_overwrites(
    exchange: Exchange, a440: Path, tmp_path: Path
) -> None:
    leg, _ = await exchange.incoming()
    await leg.start_recording(tmp_path / "call.wav")
    with pytest.raises(RecordingFailed):
        await leg.start_recording(tmp_path / "second.wav")

    await leg.play([a440])
    summary = await leg.stop_recording()

    assert summary is not None
    assert summary.duration_ms == pytest.approx(600, abs=100)
    assert (summary.lost_ms, summary.problem) == (0, None)
    assert await leg.stop_recording() is None
    with pytest.raises(RecordingFailed):
        await leg.start_recording(tmp_path / "call.wav")
    left, _ = channels_of(tmp_path / "call.wav")
    assert len(left) == summary.duration_ms * 8


async def test_a_paused_recording_is_silent_and_stays_in_step(
    exchange: Exchange, a440: Path, b1000: Path, tmp_path: Path
) -> None:
    leg, _ = await exchange.incoming()
    await leg.start_recording(tmp_path / "call.wav")

    await leg.play([a440])
    await leg.pause_recording()
    await leg.play([b1000])
    await leg.resume_recording()
    await leg.play([a440])
    summary = await leg.stop_recording()

    _, right = channels_of(tmp_path / "call.wav")
    assert summary is not None
    assert summary.duration_ms == pytest.approx(1800, abs=200)
    assert seconds_of(right, 440) == pytest.approx(1.2, abs=0.2)
    assert seconds_of(right, 1000) == 0
