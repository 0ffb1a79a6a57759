"""The whole voice process on real rtpengine: a talk, its recording, and a media host that dies."""

from pathlib import Path

import pytest
from sqlalchemy import select

from channels.voice.tones import write_tone
from hotline.contacts.calls.states import CallEnd
from hotline.kernel.db import Database
from hotline.queues.returns.model import ReturnCallRow
from hotline.queues.returns.states import ReturnReason
from hotline.queues.states import SeatState
from hotline.recordings.model import RecordingRow
from tests.fakes.media_host import engine_on, media_host
from tests.fakes.tones import channels_of, seconds_of
from tests.integration.channels.voice.hall import NOTICE_HZ, eventually, hears, open_hall

CITIZEN_HZ, SEAT_HZ = 440.0, 880.0


@pytest.fixture
def citizen_voice(tmp_path: Path) -> Path:
    return write_tone(tmp_path / "citizen.wav", CITIZEN_HZ, seconds=2)


@pytest.fixture
def seat_voice(tmp_path: Path) -> Path:
    return write_tone(tmp_path / "seat.wav", SEAT_HZ, seconds=2)


async def test_a_citizen_and_a_seat_talk_and_are_recorded(
    live_database: Database, tmp_path: Path, citizen_voice: Path, seat_voice: Path
) -> None:
    async with (
        media_host(tmp_path / "host") as host,
        open_hall(live_database, tmp_path, engine=engine_on(host)) as hall,
        hall.seat("8001", microphone=seat_voice) as seat,
        hall.phone() as citizen,
    ):
        call = await citizen.dial(hall.line())
        call.say(citizen_voice, loop=True)
        taken = await seat.next_call()
        await hears(call.heard, SEAT_HZ, seconds=1.0)
        await hears(taken.heard, CITIZEN_HZ, seconds=1.0)
        await hears(call.heard, NOTICE_HZ, seconds=0.4)
        await call.hang_up()
        row = await hall.ended_call()
        await hall.seat_is("8001", SeatState.WRAP_UP)

    async with live_database.read() as session:
        recording = (await session.scalars(select(RecordingRow))).one()
    left, right = channels_of(tmp_path / "recordings" / recording.path)
    assert row.end is CallEnd.CALLER_HUNG_UP
    assert seconds_of(left, CITIZEN_HZ) > 0.8
    assert seconds_of(right, SEAT_HZ) > 0.8


async def test_when_the_media_host_dies_the_citizen_in_the_talk_is_rung_back_first(
    live_database: Database, tmp_path: Path, citizen_voice: Path, seat_voice: Path
) -> None:
    async with (
        media_host(tmp_path / "host") as host,
        open_hall(live_database, tmp_path, engine=engine_on(host)) as hall,
        hall.seat("8001", microphone=seat_voice) as seat,
        hall.phone() as citizen,
    ):
        call = await citizen.dial(hall.line())
        call.say(citizen_voice, loop=True)
        await seat.next_call()
        await hears(call.heard, SEAT_HZ, seconds=0.6)

        await host.kill()
        row = await hall.ended_call()

        async def is_owed() -> bool:
            async with live_database.read() as session:
                return await session.scalar(select(ReturnCallRow)) is not None

        await eventually(is_owed, "a return call is owed")
        async with live_database.read() as session:
            owed = (await session.scalars(select(ReturnCallRow))).one()

    assert row.end is CallEnd.FAILED
    assert (owed.call_id, owed.reason) == (row.id, ReturnReason.DROPPED)
    assert owed.rank_at < row.started_at
