"""The database goes away in the middle of calls, and comes back: nobody on the line is lost."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from channels.voice import process, queue_wait
from hotline.contacts.calls.states import CallEnd
from hotline.kernel.clock import system_clock
from hotline.kernel.db import Database
from hotline.queues import service as queues
from hotline.queues.model import QueueEntryRow
from hotline.queues.returns.model import ReturnCallRow
from hotline.queues.states import QueuedState, SeatState
from hotline.recordings.model import RecordingRow
from hotline.recordings.states import RecordingState
from tests.fakes.relay import Relay, relayed
from tests.integration.channels.voice.conftest import SEAT_HZ
from tests.integration.channels.voice.hall import (
    MUSIC_HZ,
    Hall,
    eventually,
    heard_now,
    hears,
    open_hall,
)


@asynccontextmanager
async def hall_behind_a_relay(url: str, folder: Path) -> AsyncGenerator[tuple[Hall, Relay], None]:
    async with relayed(url) as (relay, through):
        database = Database.connect(
            through.render_as_string(hide_password=False), clock=system_clock
        )
        try:
            async with open_hall(database, folder) as hall:
                yield hall, relay
        finally:
            await database.close()


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_wait, "CHECK_SECONDS", 0.1)
    monkeypatch.setattr(queue_wait, "AWAY_SECONDS", 0.1)
    monkeypatch.setattr(process, "BEAT_SECONDS", 0.2)


async def states(hall: Hall) -> list[QueuedState]:
    async with hall.database.read() as session:
        rows = await session.scalars(
            select(QueueEntryRow.state).order_by(QueueEntryRow.enqueued_at)
        )
        return list(rows)


async def test_an_outage_costs_neither_who_waits_nor_who_talks_anything(
    database_url: str, tmp_path: Path, seat_voice: Path
) -> None:
    """R12: music and talks go on, a call that ends meanwhile ends in truth, and seats go on."""
    async with (
        hall_behind_a_relay(database_url, tmp_path) as (hall, relay),
        hall.seat("8001", microphone=seat_voice),
        hall.phone("13800000001") as talker,
        hall.phone("13800000002") as waiter,
    ):
        talking = await talker.dial(hall.line())
        await hears(talking.heard, SEAT_HZ)
        waiting = await waiter.dial(hall.line())
        await hears(waiting.heard, MUSIC_HZ)

        with capture_logs() as logs:
            await relay.cut()

            async def was_looked_after() -> bool:
                events = [each["event"] for each in logs]
                return events.count("wait_goes_on_without_the_database") >= 3

            await eventually(was_looked_after, "the wait goes on without the database")
            await heard_now(talking.heard, SEAT_HZ)
            await talking.hang_up()

            async def has_ended() -> bool:
                return any(each["event"] == "call_ended" for each in logs)

            await eventually(has_ended, "the talk ends without the database")
        back_at = system_clock()
        await heard_now(waiting.heard, MUSIC_HZ)
        await relay.listen()

        talked = await hall.ended_call(0)
        await hall.seat_is("8001", SeatState.WRAP_UP)
        async with hall.database.begin() as uow:
            await queues.make_available(uow, hall.seats["8001"], system_clock())
        await hears(waiting.heard, SEAT_HZ)
        answered = await states(hall)
        await waiting.hang_up()
        waited = await hall.ended_call(1)
        async with hall.database.read() as session:
            owed = await session.scalar(select(func.count()).select_from(ReturnCallRow))
            recording = await session.scalar(
                select(RecordingRow).where(RecordingRow.call_id == talked.id)
            )

    assert answered == [QueuedState.ANSWERED, QueuedState.ANSWERED]
    assert (talked.end, waited.end) == (CallEnd.CALLER_HUNG_UP, CallEnd.CALLER_HUNG_UP)
    assert talked.ended_at is not None
    assert talked.ended_at < back_at
    assert owed == 0
    assert recording is not None
    assert (recording.state, recording.problem) == (RecordingState.SEALED, None)
    assert recording.duration_ms is not None
    assert recording.duration_ms > 500
