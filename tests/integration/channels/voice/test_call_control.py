"""Transfers, three-way calls and parking: who hears whom is verified by sound, results by rows."""

import re
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from channels.voice.options import OutboundOptions, TrunkOptions
from channels.voice.phone import Phone
from channels.voice.phone_call import PhoneCall
from channels.voice.tones import RATE, read_channel, tone_share, write_tone
from hotline.contacts.calls.model import CallRow
from hotline.contacts.calls.states import CallEnd, OrderState
from hotline.kernel.clock import system_clock
from hotline.kernel.db import Database
from hotline.kernel.ids import CallId, UserId, new_id
from hotline.queues import phone_requests, phone_transfers
from hotline.queues import service as queues
from hotline.queues.control.states import (
    ParkResult,
    TargetKind,
    TransferMode,
    TransferResult,
    TransferState,
)
from hotline.queues.model import OfferRow
from hotline.queues.phone_act import PhoneAct
from hotline.queues.phone_directory import DirectoryEntry, save_directory
from hotline.queues.phone_model import ParkedRow, TransferRow
from hotline.queues.phone_requests import PhoneRefused
from hotline.queues.states import OfferState, SeatState
from hotline.recordings.model import RecordingRow
from tests.integration.channels.voice.conftest import CITIZEN_HZ, SEAT_HZ
from tests.integration.channels.voice.hall import (
    MUSIC_HZ,
    Hall,
    eventually,
    hears,
    open_hall,
    voice_options,
)
from tests.integration.channels.voice.test_orders import order_in, place

COLLEAGUE_HZ, DEPARTMENT_HZ = 1500.0, 1900.0
DEPARTMENT = "13900000001"

DIRECTORY = (
    DirectoryEntry(key="CGJ", kind=TargetKind.DEPARTMENT, name_zh="城市管理局", number=DEPARTMENT),
    DirectoryEntry(key="119", kind=TargetKind.EMERGENCY, name_zh="消防救援", number="119"),
)


def latest_share(call: PhoneCall, hertz: float, seconds: float = 0.4) -> float:
    """The part of a tone in what a phone heard last."""
    latest = read_channel(call.heard)[-round(seconds * RATE) :]
    return tone_share(latest, hertz) if len(latest) else 0.0


async def hears_only(call: PhoneCall, hertz: float) -> None:
    """Wait until a phone hears nothing but a tone."""

    async def heard() -> bool:
        return latest_share(call, hertz) > 0.8

    await eventually(heard, f"{call.heard.name} hears {hertz:g} Hz alone")


async def hears_both(call: PhoneCall, one: float, other: float) -> None:
    """Wait until a phone hears two tones together."""

    async def heard() -> bool:
        return min(latest_share(call, one), latest_share(call, other)) > 0.15

    await eventually(heard, f"{call.heard.name} hears {one:g} and {other:g} Hz")


@dataclass
class Talk:
    """A citizen and a seat who talk."""

    hall: Hall
    citizen: PhoneCall
    seat: PhoneCall
    call: CallRow
    extension: str = "8001"

    async def ask(
        self, act: PhoneAct, *, by: str | None = None, **detail: object
    ) -> Mapping[str, Any]:
        """Ask as the seat's page does."""
        seat_id = self.hall.seats[by or self.extension]
        async with self.hall.database.begin() as uow:
            request_id = await phone_requests.put(
                uow,
                call_id=CallId(self.call.id),
                user_id=UserId(new_id()),
                act=act,
                detail={"seat_id": str(seat_id), **detail},
                now=system_clock(),
            )
        self.hall.voice.wake("phone")
        return await phone_requests.wait(self.hall.database, request_id)

    async def transfer(self, kind: TargetKind, target: str, mode: TransferMode) -> None:
        await self.ask(PhoneAct.TRANSFER, kind=kind.value, target=target, mode=mode.value)

    async def rows(self) -> list[TransferRow]:
        async with self.hall.database.read() as session:
            query = select(TransferRow).order_by(TransferRow.asked_at)
            return list(await session.scalars(query))

    async def ended(self) -> TransferRow:
        """Wait until the latest transfer has its result."""

        async def is_over() -> bool:
            rows = await self.rows()
            return bool(rows) and rows[-1].ended_at is not None

        await eventually(is_over, "the transfer has a result")
        return (await self.rows())[-1]

    async def state(self, state: TransferState) -> None:
        """Wait until the latest transfer is in a state."""

        async def reached() -> bool:
            rows = await self.rows()
            return bool(rows) and rows[-1].state is state

        await eventually(reached, f"the transfer is {state}")


@asynccontextmanager
async def talking(hall: Hall, citizen_voice: Path, seat_voice: Path) -> AsyncGenerator[Talk, None]:
    """A citizen talks with seat 8001."""
    async with (
        hall.seat("8001", microphone=seat_voice) as seat,
        hall.phone(microphone=citizen_voice) as citizen,
    ):
        call = await citizen.dial(hall.line())
        at_seat = await seat.next_call()
        await hall.seat_is("8001", SeatState.TALKING)
        await hears_only(call, SEAT_HZ)
        (row,) = await hall.calls()
        yield Talk(hall, call, at_seat, row)


@pytest.fixture
async def talk(hall: Hall, citizen_voice: Path, seat_voice: Path) -> AsyncGenerator[Talk, None]:
    async with talking(hall, citizen_voice, seat_voice) as talk:
        yield talk


@asynccontextmanager
async def colleague(talk: Talk, tmp_path: Path, **kind: object) -> AsyncGenerator[Phone, None]:
    """Another seat, free, with a voice of its own."""
    voice = write_tone(tmp_path / "colleague.wav", COLLEAGUE_HZ, seconds=2)
    async with talk.hall.seat("8002", microphone=voice, **kind) as phone:
        yield phone


@asynccontextmanager
async def with_department(
    database: Database,
    tmp_path: Path,
    citizen_voice: Path,
    seat_voice: Path,
    *,
    max_calls: int = 10,
    before: tuple[TrunkOptions, ...] = (),
    **kind: object,
) -> AsyncGenerator[tuple[Talk, Phone], None]:
    """A talk in a house whose trunk leads to one department; `before` are tried first."""
    voice = write_tone(tmp_path / "department.wav", DEPARTMENT_HZ, seconds=2)
    async with database.begin() as uow:
        await save_directory(uow, DIRECTORY)
    async with (
        open_hall(database, tmp_path) as outside,
        outside.phone(DEPARTMENT, microphone=voice, **kind) as department,
    ):
        host, port = department.address
        trunk = TrunkOptions(name="carrier", host=host, port=port)
        allowed = OutboundOptions(
            allowed=(re.compile(r"1[3-9]\d{9}"),),
            ring_limit=timedelta(seconds=2),
            trunk_patience=timedelta(seconds=1),
            max_calls=max_calls,
        )
        async with (
            open_hall(
                database,
                tmp_path / "ours",
                name="ours",
                trunks=(*before, trunk),
                outbound=allowed,
            ) as hall,
            talking(hall, citizen_voice, seat_voice) as talk,
        ):
            yield talk, department


# blind


@pytest.mark.audio
async def test_a_blind_transfer_brings_the_citizen_to_another_seat(
    talk: Talk, tmp_path: Path
) -> None:
    """The first seat wraps up, the second has the contact, and one recording has both voices."""
    async with colleague(talk, tmp_path, answers_after=1.0) as other:
        await talk.transfer(TargetKind.SEAT, "8002", TransferMode.BLIND)
        await hears_only(talk.citizen, MUSIC_HZ)
        at_other = await other.next_call()
        await hears_only(talk.citizen, COLLEAGUE_HZ)
        await hears_only(at_other, CITIZEN_HZ)
        await talk.hall.seat_is("8001", SeatState.WRAP_UP)
        view = await talk.hall.seat_is("8002", SeatState.TALKING)
        assert view.contact is not None
        assert view.contact.call_id == talk.call.id
        assert (await talk.ended()).result is TransferResult.CONNECTED

        await at_other.hang_up()
        await talk.citizen.wait_over()
    row = await talk.hall.ended_call()
    assert row.end is CallEnd.SEAT_HUNG_UP
    assert row.seat_id == talk.hall.seats["8002"]
    await talk.hall.seat_is("8002", SeatState.WRAP_UP)
    async with talk.hall.database.read() as session:
        (recording,) = await session.scalars(select(RecordingRow))
    path = talk.hall.options.recordings / recording.path
    for hertz in (SEAT_HZ, MUSIC_HZ, COLLEAGUE_HZ):
        await hears(path, hertz, channel=1, seconds=0.2)
    await hears(path, CITIZEN_HZ, seconds=1.0)


async def test_a_citizen_hears_music_while_the_other_seat_rings_and_comes_back_if_nobody_answers(
    talk: Talk, tmp_path: Path
) -> None:
    """The seat that did not answer stays free; the citizen is with the first seat again."""
    async with colleague(talk, tmp_path, answers=False) as other:
        await talk.transfer(TargetKind.SEAT, "8002", TransferMode.BLIND)
        await other.next_call()
        await hears_only(talk.citizen, MUSIC_HZ)
        await talk.hall.seat_is("8002", SeatState.OFFERED)

        assert (await talk.ended()).result is TransferResult.NO_ANSWER
        await hears_only(talk.citizen, SEAT_HZ)
        await talk.hall.seat_is("8002", SeatState.AVAILABLE)
        assert (await talk.hall.seat_view("8001")).state is SeatState.TALKING


async def test_a_busy_seat_and_one_that_declines_leave_the_citizen_where_they_are(
    talk: Talk, tmp_path: Path
) -> None:
    """Each failure has its name in the call's history."""
    await talk.hall.put_seat("8002")
    await talk.transfer(TargetKind.SEAT, "8002", TransferMode.BLIND)
    assert (await talk.ended()).result is TransferResult.BUSY
    async with colleague(talk, tmp_path, refuses_with=603):
        await talk.transfer(TargetKind.SEAT, "8002", TransferMode.CONSULT)

        async def twice() -> bool:
            return [row.result for row in await talk.rows()] == [
                TransferResult.BUSY,
                TransferResult.DECLINED,
            ]

        await eventually(twice, "two results")
    await hears_only(talk.citizen, SEAT_HZ)
    assert (await talk.hall.kinds(talk.call)).count("transfer_ended") == 2


async def test_a_seat_that_hangs_up_while_the_other_rings_leaves_the_citizen_first_in_the_queue(
    talk: Talk, tmp_path: Path
) -> None:
    """Nobody answers and nobody is there: the citizen waits at the head."""
    async with colleague(talk, tmp_path, answers=False) as other:
        await talk.transfer(TargetKind.SEAT, "8002", TransferMode.BLIND)
        await other.next_call()
        async with talk.hall.database.begin() as uow:
            # Otherwise the freed seat would take the call again at once.
            await queues.set_skills(uow, talk.hall.seats["8001"], {})
        await talk.seat.hang_up()
        await talk.hall.seat_is("8001", SeatState.WRAP_UP)
        assert (await talk.ended()).result is TransferResult.NO_ANSWER

        async def is_back() -> bool:
            return (await talk.hall.kinds(talk.call)).count("enqueued") == 2

        await eventually(is_back, "the citizen waits again")
        await hears_only(talk.citizen, MUSIC_HZ)


async def test_a_transfer_to_a_queue_frees_the_seat_at_once(talk: Talk, tmp_path: Path) -> None:
    """The citizen waits there with the place of the first wait; another seat answers."""
    await talk.transfer(TargetKind.QUEUE, "hotline", TransferMode.BLIND)
    await talk.hall.seat_is("8001", SeatState.WRAP_UP)
    assert (await talk.ended()).result is TransferResult.QUEUED
    await hears_only(talk.citizen, MUSIC_HZ)
    async with colleague(talk, tmp_path) as other:
        await other.next_call()
        await hears_only(talk.citizen, COLLEAGUE_HZ)


async def test_a_queue_in_which_nobody_is_signed_in_is_refused(talk: Talk) -> None:
    """The citizen stays with the seat."""
    with pytest.raises(PhoneRefused):
        await talk.transfer(TargetKind.QUEUE, "nowhere", TransferMode.BLIND)
    with pytest.raises(PhoneRefused):
        await talk.transfer(TargetKind.QUEUE, "hotline", TransferMode.CONSULT)
    await hears_only(talk.citizen, SEAT_HZ)


# attended


async def test_a_seat_consults_another_and_completes(talk: Talk, tmp_path: Path) -> None:
    """The citizen hears music meanwhile, and nothing of the consultation."""
    async with colleague(talk, tmp_path) as other:
        await talk.transfer(TargetKind.SEAT, "8002", TransferMode.CONSULT)
        at_other = await other.next_call()
        await talk.state(TransferState.CONSULTING)
        await hears_only(talk.citizen, MUSIC_HZ)
        await hears_only(talk.seat, COLLEAGUE_HZ)
        await hears_only(at_other, SEAT_HZ)

        await talk.ask(PhoneAct.COMPLETE)
        await hears_only(talk.citizen, COLLEAGUE_HZ)
        await hears_only(at_other, CITIZEN_HZ)
        await talk.seat.wait_over()
        assert (await talk.ended()).result is TransferResult.CONNECTED
        await talk.hall.seat_is("8001", SeatState.WRAP_UP)


async def test_a_seat_consults_another_and_takes_the_citizen_back(
    talk: Talk, tmp_path: Path
) -> None:
    """The consulted seat wraps up; the talk goes on."""
    async with colleague(talk, tmp_path) as other:
        await talk.transfer(TargetKind.SEAT, "8002", TransferMode.CONSULT)
        at_other = await other.next_call()
        await hears_only(talk.seat, COLLEAGUE_HZ)
        await talk.ask(PhoneAct.BACK)
        await hears_only(talk.citizen, SEAT_HZ)
        await at_other.wait_over()
        assert (await talk.ended()).result is TransferResult.TAKEN_BACK
        await talk.hall.seat_is("8002", SeatState.WRAP_UP)
        with pytest.raises(PhoneRefused):
            await talk.ask(PhoneAct.BACK)


async def test_a_consulted_seat_that_hangs_up_gives_the_citizen_back(
    talk: Talk, tmp_path: Path
) -> None:
    """The result says that the far end left."""
    async with colleague(talk, tmp_path) as other:
        await talk.transfer(TargetKind.SEAT, "8002", TransferMode.CONSULT)
        at_other = await other.next_call()
        await talk.state(TransferState.CONSULTING)
        await at_other.hang_up()
        assert (await talk.ended()).result is TransferResult.FAR_END_LEFT
        await hears_only(talk.citizen, SEAT_HZ)


async def test_a_seat_that_hangs_up_in_a_consultation_leaves_the_citizen_with_the_other(
    talk: Talk, tmp_path: Path
) -> None:
    """Hanging up in the middle loses nobody."""
    async with colleague(talk, tmp_path) as other:
        await talk.transfer(TargetKind.SEAT, "8002", TransferMode.CONSULT)
        await other.next_call()
        await talk.state(TransferState.CONSULTING)
        await talk.seat.hang_up()
        await hears_only(talk.citizen, COLLEAGUE_HZ)
        assert (await talk.ended()).result is TransferResult.CONNECTED


async def test_a_citizen_who_hangs_up_in_a_consultation_frees_both_seats(
    talk: Talk, tmp_path: Path
) -> None:
    """Both wrap up, and the history says that the citizen left."""
    async with colleague(talk, tmp_path) as other:
        await talk.transfer(TargetKind.SEAT, "8002", TransferMode.CONSULT)
        await other.next_call()
        await talk.state(TransferState.CONSULTING)
        await talk.citizen.hang_up()
        await talk.hall.ended_call()
        assert (await talk.ended()).result is TransferResult.CITIZEN_LEFT
        await talk.hall.seat_is("8001", SeatState.WRAP_UP)
        await talk.hall.seat_is("8002", SeatState.WRAP_UP)
    async with talk.hall.database.read() as session:
        states = set(await session.scalars(select(OfferRow.state)))
    assert states == {OfferState.FINISHED}


# three at once


@pytest.mark.audio
async def test_citizen_seat_and_department_talk_and_the_seat_may_leave(
    live_database: Database, tmp_path: Path, citizen_voice: Path, seat_voice: Path
) -> None:
    """Each hears the two others; after the seat has left, the two go on."""
    async with with_department(live_database, tmp_path, citizen_voice, seat_voice) as (
        talk,
        department,
    ):
        await talk.transfer(TargetKind.DEPARTMENT, "CGJ", TransferMode.JOIN)
        there = await department.next_call()
        await hears_both(talk.citizen, SEAT_HZ, DEPARTMENT_HZ)
        await hears_both(talk.seat, CITIZEN_HZ, DEPARTMENT_HZ)
        await hears_both(there, CITIZEN_HZ, SEAT_HZ)

        await talk.ask(PhoneAct.COMPLETE)
        await hears_only(talk.citizen, DEPARTMENT_HZ)
        await hears_only(there, CITIZEN_HZ)
        await talk.hall.seat_is("8001", SeatState.WRAP_UP)

        await there.hang_up()
        await talk.citizen.wait_over()
        assert (await talk.ended()).result is TransferResult.CONNECTED


async def test_a_consulted_department_joins_and_leaves_again(
    live_database: Database, tmp_path: Path, citizen_voice: Path, seat_voice: Path
) -> None:
    """Consult first, then all three, then the seat and the citizen alone."""
    async with with_department(live_database, tmp_path, citizen_voice, seat_voice) as (
        talk,
        department,
    ):
        await talk.transfer(TargetKind.NUMBER, DEPARTMENT, TransferMode.CONSULT)
        there = await department.next_call()
        await hears_only(there, SEAT_HZ)
        await hears_only(talk.citizen, MUSIC_HZ)
        await talk.ask(PhoneAct.JOIN)
        await hears_both(there, CITIZEN_HZ, SEAT_HZ)
        await talk.ask(PhoneAct.BACK)
        await there.wait_over()
        await hears_only(talk.citizen, SEAT_HZ)


async def test_numbers_outside_the_allow_list_are_not_dialled_but_emergencies_are(
    live_database: Database, tmp_path: Path, citizen_voice: Path, seat_voice: Path
) -> None:
    """The citizen goes on talking with the seat while an emergency service rings."""
    async with with_department(live_database, tmp_path, citizen_voice, seat_voice) as (
        talk,
        department,
    ):
        await talk.transfer(TargetKind.NUMBER, "01012345678", TransferMode.BLIND)
        assert (await talk.ended()).result is TransferResult.NOT_ALLOWED
        await hears_only(talk.citizen, SEAT_HZ)

        card = {"address": "荷香路 8 号", "words": "三楼冒烟"}
        await talk.ask(PhoneAct.TRANSFER, kind="emergency", target="119", mode="join", card=card)
        there = await department.next_call()
        await hears_both(there, CITIZEN_HZ, SEAT_HZ)
        assert (await talk.rows())[-1].card == card


async def test_what_a_seat_dials_is_counted_and_ordered_calls_give_way(
    live_database: Database, tmp_path: Path, citizen_voice: Path, seat_voice: Path
) -> None:
    """Issue B 2: budgets; one place among the calls at once, for whoever is first."""
    async with with_department(live_database, tmp_path, citizen_voice, seat_voice, max_calls=1) as (
        talk,
        department,
    ):
        trunks = talk.hall.voice._trunks
        await talk.transfer(TargetKind.DEPARTMENT, "CGJ", TransferMode.JOIN)
        there = await department.next_call()
        assert (trunks.calls_of("carrier"), trunks.dialled_out) == (1, 1)

        order_id = await place(live_database)
        talk.hall.voice.wake("orders")
        assert not await talk.hall.voice._orders._take()  # type: ignore[union-attr]

        await there.hang_up()
        await order_in(live_database, order_id, OrderState.DIALLING)
        assert trunks.dialled_out == 0
        await talk.transfer(TargetKind.NUMBER, DEPARTMENT, TransferMode.BLIND)
        assert (await talk.ended()).result is TransferResult.OVER_BUDGET
        await hears_only(talk.citizen, SEAT_HZ)


async def test_a_silent_trunk_is_given_up_for_the_next_when_a_seat_dials(
    live_database: Database, tmp_path: Path, citizen_voice: Path, seat_voice: Path
) -> None:
    """Issue B 3: failover; a consultation does not wait for a trunk that says nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        dead = TrunkOptions(name="a-dead", host="127.0.0.1", port=silent.getsockname()[1])
        async with with_department(
            live_database, tmp_path, citizen_voice, seat_voice, before=(dead,)
        ) as (talk, department):
            await talk.transfer(TargetKind.DEPARTMENT, "CGJ", TransferMode.CONSULT)
            there = await department.next_call(timeout=20)
            await hears_only(there, SEAT_HZ)
            trunks = talk.hall.voice._trunks
            assert [each.failures for each in trunks.status] == [1, 0]
            assert (trunks.calls_of("a-dead"), trunks.calls_of("carrier")) == (0, 1)


async def test_a_department_that_is_busy_gives_the_citizen_back(
    live_database: Database, tmp_path: Path, citizen_voice: Path, seat_voice: Path
) -> None:
    """Busy is what the history says."""
    async with with_department(
        live_database, tmp_path, citizen_voice, seat_voice, refuses_with=486
    ) as (talk, _):
        await talk.transfer(TargetKind.DEPARTMENT, "CGJ", TransferMode.BLIND)
        assert (await talk.ended()).result is TransferResult.BUSY
        await hears_only(talk.citizen, SEAT_HZ)


async def test_without_a_trunk_nothing_is_dialled(talk: Talk) -> None:
    """The result says so."""
    await talk.transfer(TargetKind.NUMBER, DEPARTMENT, TransferMode.BLIND)
    assert (await talk.ended()).result is TransferResult.NO_TRUNK
    await hears_only(talk.citizen, SEAT_HZ)


# parking


@pytest.mark.audio
async def test_a_parked_citizen_hears_music_and_is_picked_up_by_another_seat(
    talk: Talk, tmp_path: Path
) -> None:
    """The seat that parked wraps up; the recording goes on."""
    async with colleague(talk, tmp_path) as other:
        async with talk.hall.database.begin() as uow:
            await queues.take_break(uow, talk.hall.seats["8002"], "rest", system_clock())
        await talk.ask(PhoneAct.PARK)
        await hears_only(talk.citizen, MUSIC_HZ)
        await talk.seat.wait_over()
        await talk.hall.seat_is("8001", SeatState.WRAP_UP)
        async with talk.hall.database.read() as session:
            (parked,) = await phone_transfers.parked(session)
        assert parked.slot == 701

        await talk.ask(PhoneAct.PICK_UP, by="8002")
        await other.next_call()
        await hears_only(talk.citizen, COLLEAGUE_HZ)
        await talk.hall.seat_is("8002", SeatState.TALKING)
        with pytest.raises(PhoneRefused):
            await talk.ask(PhoneAct.PICK_UP, by="8001")
    async with talk.hall.database.read() as session:
        assert await phone_transfers.parked(session) == []
        (row,) = await session.scalars(select(ParkedRow))
        recordings = list(await session.scalars(select(RecordingRow)))
    assert row.result is ParkResult.PICKED_UP
    assert len(recordings) == 1


async def test_a_parked_citizen_goes_back_to_the_seat_after_the_limit_and_then_to_the_queue(
    live_database: Database, tmp_path: Path, citizen_voice: Path, seat_voice: Path
) -> None:
    """A seat that is free again gets the citizen back; otherwise the citizen is next."""
    limits = replace(voice_options(tmp_path).limits, park=timedelta(seconds=1))
    async with (
        open_hall(live_database, tmp_path, limits=limits) as hall,
        talking(hall, citizen_voice, seat_voice) as talk,
    ):
        await talk.ask(PhoneAct.PARK)
        await hall.seat_is("8001", SeatState.WRAP_UP)
        async with hall.database.begin() as uow:
            await queues.end_wrap_up(uow, hall.seats["8001"], system_clock())
        await hall.seat_is("8001", SeatState.TALKING)
        await hears_only(talk.citizen, SEAT_HZ)

        await talk.ask(PhoneAct.PARK)
        await hall.seat_is("8001", SeatState.WRAP_UP)

        async def waits() -> bool:
            return (await hall.kinds(talk.call)).count("enqueued") == 2

        await eventually(waits, "the citizen waits again")
        async with hall.database.read() as session:
            assert await queues.position(session, CallId(talk.call.id)) == 1
            query = select(ParkedRow.result).order_by(ParkedRow.parked_at)
            results = list(await session.scalars(query))
        assert results == [ParkResult.RETURNED, ParkResult.QUEUED]
