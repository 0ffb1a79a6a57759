"""A citizen rings, hears the notice, waits, talks with a seat, and all of it is kept."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from channels.voice.leg import LegEnd
from channels.voice.options import LineOptions, NightHours, TrunkOptions, VoiceLimits
from channels.voice.phone import Phone, PhoneOptions
from channels.voice.phone_call import NotAnswered, PhoneError
from channels.voice.tones import hears_tone, loudness, read_channel
from hotline.contacts.calls import service as calls
from hotline.contacts.calls.states import CallEnd, CallState
from hotline.contacts.contact import Channel
from hotline.contacts.model import ContactRow
from hotline.kernel.clock import SHANGHAI, system_clock
from hotline.kernel.db import Database
from hotline.kernel.tasks import spawn
from hotline.queues import service as queues
from hotline.queues.model import OfferRow, QueueEntryRow
from hotline.queues.states import OfferState, QueuedState, SeatState
from hotline.queues.values import QueuePolicy
from hotline.recordings.model import RecordingRow
from hotline.recordings.states import RecordingState
from tests.fakes.ports import free_range
from tests.integration.channels.voice.conftest import CITIZEN_HZ, SEAT_HZ
from tests.integration.channels.voice.hall import (
    GOODBYE_HZ,
    MUSIC_HZ,
    NOTICE_HZ,
    PASSWORD,
    POSITION_HZ,
    Hall,
    eventually,
    hears,
    open_hall,
    voice_options,
)


async def entry_of(hall: Hall) -> QueueEntryRow:
    async with hall.database.read() as session:
        row = await session.scalar(select(QueueEntryRow))
        assert row is not None
        return row


async def offers_of(hall: Hall) -> list[OfferRow]:
    async with hall.database.read() as session:
        return list(await session.scalars(select(OfferRow).order_by(OfferRow.made_at)))


async def waits(hall: Hall) -> None:
    """Wait until somebody waits in the queue."""

    async def somebody() -> bool:
        async with hall.database.read() as session:
            return await queues.hold_queues(session) != []

    await eventually(somebody, "somebody waits")


async def test_both_hear_each_other_and_the_recording_has_each_on_its_channel(
    hall: Hall, citizen_voice: Path, seat_voice: Path
) -> None:
    async with hall.seat("8001", microphone=seat_voice) as seat, hall.phone() as citizen:
        call = await citizen.dial(hall.line())
        call.say(citizen_voice, loop=True)
        taken = await seat.next_call()
        talking = await hall.seat_is("8001", SeatState.TALKING)
        await hears(call.heard, SEAT_HZ, seconds=1.0)
        await hears(taken.heard, CITIZEN_HZ, seconds=1.0)
        await call.hang_up()
        await taken.wait_over(timeout=20)
        row = await hall.ended_call()
        wrapping = await hall.seat_is("8001", SeatState.WRAP_UP)

    assert talking.contact is not None
    assert talking.contact.number == "13800001234"
    assert hears_tone(call.heard, NOTICE_HZ, seconds=0.4)
    assert wrapping.contact is not None
    assert wrapping.contact.call_id == row.id
    assert (row.state, row.end, row.notice_version) == (
        CallState.ENDED, CallEnd.CALLER_HUNG_UP, "notice-7",
    )  # fmt: skip
    assert await hall.kinds(row) == [
        "ringing", "answered", "notice_played", "enqueued", "connected", "recording_started",
        "ended",
    ]  # fmt: skip
    async with hall.database.read() as session:
        recording = await session.get_one(RecordingRow, row.recording_id)
    assert recording.state is RecordingState.SEALED
    file = hall.options.recordings / recording.path
    assert hears_tone(file, CITIZEN_HZ, channel=0, seconds=1.0)
    assert hears_tone(file, SEAT_HZ, channel=1, seconds=1.0)
    assert not hears_tone(file, SEAT_HZ, channel=0, seconds=0.2)


async def test_the_contact_is_the_invite_as_it_came(hall: Hall) -> None:
    async with hall.phone() as citizen:
        call = await citizen.dial(hall.line())
        await call.hang_up()
        row = await hall.ended_call()

    async with hall.database.read() as session:
        contact = await session.get_one(ContactRow, row.contact_id)
        await session.refresh(contact, ["raw"])
    assert (contact.channel, contact.sender) == (Channel.VOICE, "13800001234")
    assert contact.raw.startswith(b"INVITE sip:12319@")


async def test_when_the_seat_hangs_up_first_the_citizen_is_free_too(
    hall: Hall, seat_voice: Path
) -> None:
    async with hall.seat("8001", microphone=seat_voice) as seat, hall.phone() as citizen:
        call = await citizen.dial(hall.line())
        taken = await seat.next_call()
        await hears(call.heard, SEAT_HZ)
        await taken.hang_up()
        end = await call.wait_over(timeout=20)
        row = await hall.ended_call()
        await hall.seat_is("8001", SeatState.WRAP_UP)

    assert end is LegEnd.REMOTE
    assert row.end is CallEnd.SEAT_HUNG_UP


async def test_a_waiting_caller_hears_music_and_the_place_in_the_queue(hall: Hall) -> None:
    await hall.sign_in("8001")
    async with hall.phone() as citizen:
        call = await citizen.dial(hall.line())
        await hears(call.heard, MUSIC_HZ, seconds=0.8)
        await hears(call.heard, POSITION_HZ, seconds=0.2)
        await call.hang_up()
        row = await hall.ended_call()

    assert (await entry_of(hall)).state is QueuedState.ABANDONED
    assert row.end is CallEnd.CALLER_HUNG_UP
    assert row.recording_id is None


async def test_a_caller_who_gives_up_while_it_rings_stops_the_ringing(hall: Hall) -> None:
    async with hall.seat("8001", answers=False) as seat, hall.phone() as citizen:
        call = await citizen.dial(hall.line())
        ringing = await seat.next_call()
        await call.hang_up()
        await ringing.wait_over(timeout=20)
        await hall.ended_call()
        await hall.seat_is("8001", SeatState.AVAILABLE)

    [offer] = await offers_of(hall)
    assert (offer.state, offer.reason) == (OfferState.WITHDRAWN, "abandon")
    assert (await entry_of(hall)).state is QueuedState.ABANDONED


async def test_a_seat_that_does_not_answer_loses_the_caller_to_the_next(
    live_database: Database, tmp_path: Path, seat_voice: Path
) -> None:
    policy = QueuePolicy(offer_limit=timedelta(seconds=1))
    async with (
        open_hall(live_database, tmp_path, queue_policy=policy) as hall,
        hall.seat("8001", answers=False) as absent,
        hall.seat("8002", microphone=seat_voice) as present,
        hall.phone() as citizen,
    ):
        call = await citizen.dial(hall.line())
        ringing = await absent.next_call()
        await present.next_call()
        await ringing.wait_over(timeout=20)
        await hears(call.heard, SEAT_HZ)
        away = await hall.seat_is("8001", SeatState.ON_BREAK)
        await call.hang_up()
        await hall.ended_call()

    assert away.break_reason == "missed_offer"
    missed, answered = await offers_of(hall)
    assert (missed.state, missed.reason) == (OfferState.MISSED, "no_answer")
    assert answered.state is OfferState.FINISHED


async def test_a_busy_phone_passes_the_caller_on_at_once(hall: Hall) -> None:
    async with (
        hall.seat("8001", refuses_with=486),
        hall.seat("8002") as present,
        hall.phone() as citizen,
    ):
        call = await citizen.dial(hall.line())
        await present.next_call()
        await hall.seat_is("8002", SeatState.TALKING)
        await call.hang_up()
        await hall.ended_call()

    declined, answered = await offers_of(hall)
    assert (declined.state, declined.reason) == (OfferState.MISSED, "declined")
    assert answered.state is OfferState.FINISHED


async def test_signing_out_while_it_rings_silences_that_phone_and_rings_the_next(
    hall: Hall,
) -> None:
    async with (
        hall.seat("8001", answers=False) as leaving,
        hall.seat("8002") as staying,
        hall.phone() as citizen,
    ):
        call = await citizen.dial(hall.line())
        ringing = await leaving.next_call()
        async with hall.database.begin() as uow:
            await queues.sign_out(uow, hall.seats["8001"], system_clock())
        hall.voice.wake("seat")
        await ringing.wait_over(timeout=20)
        await staying.next_call()
        await hall.seat_is("8002", SeatState.TALKING)
        await call.hang_up()
        await hall.ended_call()

    assert [offer.state for offer in await offers_of(hall)] == [
        OfferState.WITHDRAWN,
        OfferState.FINISHED,
    ]


async def test_with_nobody_signed_in_the_flow_says_so_and_ends(hall: Hall) -> None:
    async with hall.phone() as citizen:
        call = await citizen.dial(hall.line())
        end = await call.wait_over(timeout=20)
        row = await hall.ended_call()

    assert end is LegEnd.REMOTE
    assert hears_tone(call.heard, GOODBYE_HZ, seconds=0.4)
    assert row.end is CallEnd.FLOW_ENDED


async def test_whoever_waits_too_long_is_sent_on(live_database: Database, tmp_path: Path) -> None:
    limits = VoiceLimits(max_wait=timedelta(0))
    async with open_hall(live_database, tmp_path, limits=limits) as hall, hall.phone() as citizen:
        await hall.sign_in("8001")
        call = await citizen.dial(hall.line())
        await call.wait_over(timeout=20)

    assert (await entry_of(hall)).state is QueuedState.TIMED_OUT
    assert hears_tone(call.heard, GOODBYE_HZ, seconds=0.4)


async def test_the_call_after_the_last_one_a_line_holds_finds_it_busy(hall: Hall) -> None:
    await hall.sign_in("8001")
    async with hall.phone() as citizen:
        held = [await citizen.dial(hall.line("12345")) for _ in range(2)]
        with pytest.raises(NotAnswered) as refused:
            await citizen.dial(hall.line("12345"))
        elsewhere = await citizen.dial(hall.line("12319"))
        for call in (*held, elsewhere):
            await call.hang_up()

    assert refused.value.status == 486


async def test_a_number_that_is_no_line_of_ours_gets_404(hall: Hall) -> None:
    async with hall.phone() as citizen:
        with pytest.raises(NotAnswered) as refused:
            await citizen.dial(hall.line("10086"))

    assert refused.value.status == 404
    assert await hall.calls() == []


async def test_with_a_trunk_nobody_else_may_call(live_database: Database, tmp_path: Path) -> None:
    trunks = (TrunkOptions(name="carrier", host="192.0.2.10"),)
    async with open_hall(live_database, tmp_path, trunks=trunks) as hall, hall.phone() as citizen:
        with pytest.raises(NotAnswered) as refused:
            await citizen.dial(hall.line())

    assert refused.value.status == 405


async def test_a_trunk_that_is_given_by_name_may_call(
    live_database: Database, tmp_path: Path
) -> None:
    trunks = (TrunkOptions(name="carrier", host="localhost"),)
    async with (
        open_hall(live_database, tmp_path, trunks=trunks) as hall,
        hall.seat("8001") as seat,
        hall.phone() as citizen,
    ):
        call = await citizen.dial(hall.line())
        await seat.next_call()
        await call.hang_up()
        row = await hall.ended_call()

    assert row.number == "13800001234"


async def test_a_citizen_may_hold_and_come_back(hall: Hall, seat_voice: Path) -> None:
    async with hall.seat("8001", microphone=seat_voice) as seat, hall.phone() as citizen:
        call = await citizen.dial(hall.line())
        taken = await seat.next_call()
        await hears(call.heard, SEAT_HZ)
        await call.hold()
        await eventually(lambda: _is_quiet(call.heard), "nothing is heard on hold")
        await call.resume()
        await hears(call.heard, SEAT_HZ, seconds=1.5)
        await taken.hang_up()
        await call.wait_over(timeout=20)


async def _is_quiet(file: Path) -> bool:
    return loudness(read_channel(file)[-4000:]) < 100


async def test_a_line_that_goes_dead_is_ended(live_database: Database, tmp_path: Path) -> None:
    limits = VoiceLimits(silence=timedelta(seconds=1))
    async with open_hall(live_database, tmp_path, limits=limits) as hall, hall.phone() as citizen:
        await hall.sign_in("8001")
        call = await citizen.dial(hall.line())
        await waits(hall)
        await call._leg.media.close()
        row = await hall.ended_call()

    assert row.end is CallEnd.MEDIA_LOST
    assert (await entry_of(hall)).state is QueuedState.DROPPED


async def test_at_night_the_line_says_so_to_its_flow(
    live_database: Database, tmp_path: Path
) -> None:
    now = system_clock().astimezone(SHANGHAI)
    night = NightHours(
        begins=(now - timedelta(hours=1)).time(), ends=(now + timedelta(hours=1)).time()
    )
    lines = (LineOptions(number="12319", flow="by_hour", night=night),)
    async with open_hall(live_database, tmp_path, lines=lines) as hall, hall.phone() as citizen:
        await hall.sign_in("8001")
        call = await citizen.dial(hall.line())
        await call.wait_over(timeout=20)

    assert hears_tone(call.heard, GOODBYE_HZ, seconds=0.4)


async def test_stopping_says_goodbye_to_those_who_wait(
    live_database: Database, tmp_path: Path
) -> None:
    async with open_hall(live_database, tmp_path) as hall:
        await hall.sign_in("8001")
        phone = hall.phone()
        citizen = await phone.__aenter__()
        call = await citizen.dial(hall.line())
        await waits(hall)

    assert await call.wait_over(timeout=20) is LegEnd.REMOTE
    await phone.__aexit__(None, None, None)
    [row] = await hall.calls()
    assert hears_tone(call.heard, GOODBYE_HZ, seconds=0.4)
    assert (row.end, (await entry_of(hall)).state) == (CallEnd.SHUTDOWN, QueuedState.DROPPED)


async def test_a_process_that_drains_puts_through_who_waits_and_takes_nobody_new(
    live_database: Database, tmp_path: Path
) -> None:
    limits = replace(voice_options(tmp_path).limits, drain=timedelta(minutes=2))
    async with open_hall(live_database, tmp_path, limits=limits) as hall, hall.phone() as citizen:
        await hall.sign_in("8001")
        call = await citizen.dial(hall.line())
        await waits(hall)
        draining = spawn(hall.voice.drain(asyncio.Event()), "drain")
        with pytest.raises(NotAnswered) as refused:
            await citizen.dial(hall.line())
        async with hall.phone("8001") as phone:
            await phone.register(hall.registrar, password=PASSWORD)
            seat = await phone.next_call(timeout=20)
            await hall.seat_is("8001", SeatState.TALKING)
            is_over = draining.done()
            await call.hang_up()
            await seat.wait_over(timeout=20)
        async with asyncio.timeout(20):
            await draining

    [row] = await hall.calls()
    assert (refused.value.status, is_over) == (503, False)
    assert row.end is CallEnd.CALLER_HUNG_UP


@pytest.mark.parametrize("is_hurried", [True, False], ids=["hurried", "after its limit"])
async def test_a_drain_ends_with_a_goodbye_to_who_is_left(
    live_database: Database, tmp_path: Path, is_hurried: bool
) -> None:
    hurry = asyncio.Event()
    limit = timedelta(minutes=5) if is_hurried else timedelta(milliseconds=50)
    limits = replace(voice_options(tmp_path).limits, drain=limit)
    async with Phone.open(PhoneOptions(user="13800001234", folder=tmp_path)) as citizen:
        async with open_hall(live_database, tmp_path, limits=limits) as hall:
            await hall.sign_in("8001")
            call = await citizen.dial(hall.line())
            await waits(hall)
            if is_hurried:
                hurry.set()
            async with asyncio.timeout(20):
                await hall.voice.drain(hurry)
            left = hall.voice.calls
        await call.wait_over(timeout=20)

    [row] = await hall.calls()
    assert (left, row.end) == (1, CallEnd.SHUTDOWN)
    assert hears_tone(call.heard, GOODBYE_HZ, seconds=0.4)


async def test_a_life_that_was_given_up_ends_its_calls_and_begins_again(hall: Hall) -> None:
    await hall.sign_in("8001")
    async with hall.phone() as citizen:
        call = await citizen.dial(hall.line())
        await waits(hall)
        async with hall.database.begin() as uow:
            await calls.sweep(uow, system_clock() + timedelta(minutes=1))
            await calls.sweep(uow, system_clock() + timedelta(minutes=2))
        await call.wait_over(timeout=20)
        again = await citizen.dial(hall.line())
        await again.hang_up()
        second = await hall.ended_call(1)
        first = await hall.ended_call(0)

    assert (first.state, first.end) == (CallState.LOST, CallEnd.CRASHED)
    assert second.end is CallEnd.CALLER_HUNG_UP
    assert first.process_id != second.process_id


async def test_a_call_that_is_cancelled_while_it_rings_is_written_as_given_up(
    live_database: Database, tmp_path: Path
) -> None:
    # A flow that never answers: the caller hears it ring.
    options = voice_options(tmp_path)
    flow = replace(options.flows["main"], start="to_seat")
    async with (
        open_hall(live_database, tmp_path, flows={"main": flow}) as hall,
        hall.phone() as citizen,
    ):
        call = await citizen.call(hall.line())
        await call.wait_ringing()
        await call.hang_up()
        row = await hall.ended_call()

    assert row.answered_at is None
    assert row.end in {CallEnd.CALLER_HUNG_UP, CallEnd.FAILED}


async def test_ten_callers_and_three_seats_leave_nothing_behind(hall: Hall) -> None:
    async def citizen_calls(number: int) -> None:
        async with hall.phone(f"1380000{number:04}") as citizen:
            call = await citizen.dial(hall.line())
            if number % 3 == 0:
                await asyncio.sleep(0.1 * number)
                await call.hang_up()
            else:
                await call.wait_over(timeout=40)

    async def seat_works(extension: str) -> None:
        async with hall.seat(extension) as seat:
            while True:
                taken = await seat.next_call(timeout=60)
                await asyncio.sleep(0.3)
                await taken.hang_up()
                await hall.seat_is(extension, SeatState.WRAP_UP)
                async with hall.database.begin() as uow:
                    await queues.end_wrap_up(uow, hall.seats[extension], system_clock())

    seats = [asyncio.ensure_future(seat_works(name)) for name in ("8001", "8002", "8003")]
    await eventually(lambda: _signed_in(hall, 3), "three seats")
    await asyncio.gather(*(citizen_calls(number) for number in range(10)))

    async def all_ended() -> bool:
        return all(call.ended_at is not None for call in await hall.calls())

    await eventually(all_ended, "every call has ended")
    for task in seats:
        task.cancel()
    await asyncio.gather(*seats, return_exceptions=True)
    async with hall.database.read() as session:
        board = await queues.board(session)
    assert board.queues == ()
    assert hall.voice._switchboard.legs == 0
    states = {offer.state for offer in await offers_of(hall)}
    assert states <= {OfferState.FINISHED, OfferState.WITHDRAWN}


async def _signed_in(hall: Hall, count: int) -> bool:
    async with hall.database.read() as session:
        board = await queues.board(session)
    return sum(line.phone_until is not None for line in board.seats) == count


async def test_without_a_free_port_for_sound_a_call_gets_503_and_no_seat_is_blamed(
    live_database: Database, tmp_path: Path
) -> None:
    async with (
        open_hall(live_database, tmp_path, ports=free_range(1)) as hall,
        hall.seat("8001") as seat,
        hall.phone() as citizen,
    ):
        call = await citizen.dial(hall.line())
        with pytest.raises(NotAnswered) as refused:
            await citizen.dial(hall.line())
        # The only port is the caller's: the seat cannot be rung, and the caller goes on waiting.
        await eventually(lambda: _taken_back(hall), "offers are taken back")
        await call.hang_up()
        await hall.ended_call()
        with pytest.raises(PhoneError):
            await seat.next_call(timeout=0.05)

    assert refused.value.status == 503
    assert (await entry_of(hall)).state is QueuedState.ABANDONED
    assert {offer.reason for offer in await offers_of(hall)} <= {"no_port", "abandon"}


async def _taken_back(hall: Hall) -> bool:
    states = [offer.state for offer in await offers_of(hall)]
    return states.count(OfferState.WITHDRAWN) >= 2


async def test_a_phone_waits_only_so_long(hall: Hall) -> None:
    async with hall.phone() as citizen:
        with pytest.raises(PhoneError):
            await citizen.next_call(timeout=0.05)
