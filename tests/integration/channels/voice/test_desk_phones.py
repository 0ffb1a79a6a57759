"""Call control from a seat's desk phone: holds, REFER, consultations of its own, parked calls."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import pytest

from channels.voice.phone import Phone
from channels.voice.phone_call import NotAnswered
from channels.voice.tones import write_tone
from hotline.queues.control.states import TransferResult, TransferState
from hotline.queues.phone_act import PhoneAct
from hotline.queues.states import SeatState
from tests.integration.channels.voice.conftest import CITIZEN_HZ, SEAT_HZ
from tests.integration.channels.voice.hall import MUSIC_HZ, PASSWORD, Hall, open_hall
from tests.integration.channels.voice.test_call_control import (
    COLLEAGUE_HZ,
    Talk,
    colleague,
    hears_only,
)


@dataclass
class AtTheDesk:
    """A talk, and the phone on the seat's desk."""

    talk: Talk
    phone: Phone

    def uri(self, dialled: str) -> str:
        return self.talk.hall.line(dialled)


@pytest.fixture
async def desk(
    hall: Hall, citizen_voice: Path, seat_voice: Path
) -> AsyncGenerator[AtTheDesk, None]:
    """A citizen talks with seat 8001, whose desk phone knows its password."""
    async with (
        hall.seat("8001", microphone=seat_voice, password=PASSWORD) as phone,
        hall.phone(microphone=citizen_voice) as citizen,
    ):
        call = await citizen.dial(hall.line())
        at_seat = await phone.next_call()
        await hall.seat_is("8001", SeatState.TALKING)
        await hears_only(call, SEAT_HZ)
        (row,) = await hall.calls()
        yield AtTheDesk(Talk(hall, call, at_seat, row), phone)


async def test_a_citizen_whom_a_desk_phone_holds_hears_music(desk: AtTheDesk) -> None:
    """A re-INVITE with sendonly is a hold like that of a page."""
    await desk.talk.seat.hold()
    await hears_only(desk.talk.citizen, MUSIC_HZ)
    await desk.talk.seat.resume()
    await hears_only(desk.talk.citizen, SEAT_HZ)


async def test_a_refer_brings_the_citizen_to_another_seat(desk: AtTheDesk, tmp_path: Path) -> None:
    """The phone is told 100 and 200, and then hung up."""
    async with colleague(desk.talk, tmp_path) as other:
        statuses = await desk.talk.seat.transfer(desk.uri("8002"))
        assert (statuses[0], statuses[-1]) == (100, 200)
        at_other = await other.next_call()
        await hears_only(at_other, CITIZEN_HZ)
        await hears_only(desk.talk.citizen, COLLEAGUE_HZ)
        await desk.talk.seat.wait_over()
        assert (await desk.talk.ended()).result is TransferResult.CONNECTED


async def test_a_refer_that_fails_leaves_the_citizen_with_the_phone(
    desk: AtTheDesk, tmp_path: Path
) -> None:
    """Busy, and a number that may not be dialled: the NOTIFY says which; the talk goes on."""
    async with colleague(desk.talk, tmp_path, refuses_with=603):
        assert (await desk.talk.seat.transfer(desk.uri("8002")))[-1] == 603
    await hears_only(desk.talk.citizen, SEAT_HZ)
    assert (await desk.talk.ended()).result is TransferResult.DECLINED


async def test_a_phone_consults_on_a_second_call_and_replaces_it(
    desk: AtTheDesk, tmp_path: Path
) -> None:
    """REFER with Replaces: both calls of the phone end, the citizen has the colleague."""
    talk = desk.talk
    async with colleague(talk, tmp_path) as other:
        await talk.seat.hold()
        consultation = await desk.phone.dial(desk.uri("8002"))
        at_other = await other.next_call()
        await hears_only(at_other, SEAT_HZ)
        await hears_only(consultation, COLLEAGUE_HZ)
        await hears_only(talk.citizen, MUSIC_HZ)

        statuses = await talk.seat.transfer(desk.uri("8002"), other=consultation)
        assert statuses[-1] == 200
        await hears_only(talk.citizen, COLLEAGUE_HZ)
        await hears_only(at_other, CITIZEN_HZ)
        await consultation.wait_over()
        await talk.seat.wait_over()
        await talk.hall.seat_is("8001", SeatState.WRAP_UP)


async def test_a_phone_that_hangs_up_its_consultation_has_the_citizen_again(
    desk: AtTheDesk, tmp_path: Path
) -> None:
    """The colleague is let go; taking the call off hold is all that is left to do."""
    talk = desk.talk
    async with colleague(talk, tmp_path) as other:
        await talk.seat.hold()
        consultation = await desk.phone.dial(desk.uri("8002"))
        at_other = await other.next_call()
        await talk.state(TransferState.CONSULTING)
        await consultation.hang_up()
        await at_other.wait_over()
        assert (await talk.ended()).result is TransferResult.TAKEN_BACK
        await talk.seat.resume()
        await hears_only(talk.citizen, SEAT_HZ)


async def test_a_consultation_that_nobody_takes_is_refused_with_its_reason(
    desk: AtTheDesk, tmp_path: Path
) -> None:
    """A colleague who declines is 603 on the phone; one who is not there is busy."""
    async with colleague(desk.talk, tmp_path, refuses_with=603):
        with pytest.raises(NotAnswered) as declined:
            await desk.phone.dial(desk.uri("8002"))
    assert declined.value.status == 603
    await desk.talk.hall.put_seat("8003")
    with pytest.raises(NotAnswered) as busy:
        await desk.phone.dial(desk.uri("8003"))
    assert busy.value.status == 486
    await hears_only(desk.talk.citizen, SEAT_HZ)


async def test_a_phone_picks_up_a_parked_call_and_reaches_nobody_else_by_itself(
    desk: AtTheDesk, tmp_path: Path
) -> None:
    """A star and the slot; without the password, or without a talk, nothing is dialled."""
    talk = desk.talk
    async with colleague(talk, tmp_path, password=PASSWORD) as other:
        with pytest.raises(NotAnswered) as nobody:
            await other.dial(desk.uri("13900000001"))
        assert nobody.value.status == 403
        await talk.ask(PhoneAct.PARK)
        await talk.seat.wait_over()
        with pytest.raises(NotAnswered) as empty:
            await other.dial(desk.uri("*702"))
        assert empty.value.status == 404
        async with talk.hall.phone("8002") as stranger:
            with pytest.raises(NotAnswered) as unknown:
                await stranger.dial(desk.uri("*701"))
        assert unknown.value.status == 401

        picked = await other.dial(desk.uri("*701"))
        await hears_only(talk.citizen, COLLEAGUE_HZ)
        await hears_only(picked, CITIZEN_HZ)
        await talk.hall.seat_is("8002", SeatState.TALKING)
        await picked.hang_up()
        await talk.citizen.wait_over()


async def test_a_phone_at_another_process_is_rung_by_the_one_that_carries_the_parked_call(
    desk: AtTheDesk, tmp_path: Path
) -> None:
    """Two voice processes: what the phone dials reaches one, the citizen is parked at the other."""
    talk = desk.talk
    voice = tmp_path / "colleague.wav"
    write_tone(voice, COLLEAGUE_HZ, seconds=2.0)
    async with open_hall(talk.hall.database, tmp_path, name="voice-2") as second:
        await talk.hall.sign_in("8002")
        async with talk.hall.phone("8002", microphone=voice, password=PASSWORD) as other:
            await other.register(second.registrar, password=PASSWORD)
            await talk.ask(PhoneAct.PARK)
            await talk.seat.wait_over()

            with pytest.raises(NotAnswered) as refused:
                await other.dial(second.line("*701"))
            assert refused.value.status == 480
            picked = await other.next_call()
            await hears_only(talk.citizen, COLLEAGUE_HZ)
            await hears_only(picked, CITIZEN_HZ)
            await picked.hang_up()
            await talk.citizen.wait_over()
