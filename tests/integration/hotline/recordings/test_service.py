import wave
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from hotline.contacts.calls import service as calls
from hotline.contacts.calls.states import CallDirection, CallEnd
from hotline.contacts.calls.values import CallDraft
from hotline.kernel.clock import Clock
from hotline.kernel.db import Database
from hotline.kernel.ids import CallId
from hotline.recordings import service
from hotline.recordings.model import RecordingRow
from hotline.recordings.states import RecordingClass, RecordingState


@pytest.fixture
async def call_id(database: Database, clock: Clock) -> CallId:
    async with database.begin() as uow:
        process_id = await calls.start_process(uow, "voice", now=clock())
        return await calls.open_call(
            uow,
            CallDraft(
                process_id=process_id,
                direction=CallDirection.INBOUND,
                line="12319",
                number=None,
                number_hash=None,
                to_number="12319",
                sip_call_id="a@192.0.2.1",
                contact_id=None,
            ),
            now=clock(),
        )


async def start(database: Database, call_id: CallId, clock: Clock) -> UUID:
    async with database.begin() as uow:
        return await service.start_recording(
            uow,
            call_id,
            path=service.file_name(call_id, clock()),
            kind=RecordingClass.INBOUND,
            now=clock(),
        )


def write_second(path: Path) -> None:
    path.parent.mkdir(parents=True)
    with wave.open(str(path), "wb") as sound:
        sound.setparams((2, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(4 * 8000))


async def row_of(database: Database, recording_id: UUID) -> RecordingRow:
    async with database.read() as session:
        return await session.get_one(RecordingRow, recording_id)


async def test_a_finished_recording_is_sealed_once(
    database: Database, clock: Clock, call_id: CallId, tmp_path: Path
) -> None:
    recording = await start(database, call_id, clock)
    path = tmp_path / service.file_name(call_id, clock())
    write_second(path)

    await service.finish_recording(database, recording, folder=tmp_path, now=clock())
    path.unlink()
    await service.finish_recording(database, recording, folder=tmp_path, now=clock())

    row = await row_of(database, recording)
    assert (row.state, row.duration_ms, row.problem) == (RecordingState.SEALED, 1000, None)
    async with database.read() as session:
        assert (await calls.get_call(session, call_id)).recording_id == recording


async def test_a_recording_without_a_file_says_so(
    database: Database, clock: Clock, call_id: CallId, tmp_path: Path
) -> None:
    recording = await start(database, call_id, clock)

    await service.finish_recording(database, recording, folder=tmp_path, now=clock())

    row = await row_of(database, recording)
    assert (row.state, row.problem) == (RecordingState.MISSING, "FileNotFoundError")


async def test_the_sweep_seals_what_a_dead_process_left_behind(
    database: Database, clock: Clock, call_id: CallId, tmp_path: Path
) -> None:
    recording = await start(database, call_id, clock)
    write_second(tmp_path / service.file_name(call_id, clock()))
    during = await service.sweep(database, folder=tmp_path, now=clock())
    async with database.begin() as uow:
        await calls.start_process(uow, "voice", now=clock())

    after = await service.sweep(database, folder=tmp_path, now=clock())

    row = await row_of(database, recording)
    assert (during, after) == (0, 1)
    assert (row.state, row.problem) == (RecordingState.SEALED, "voice process died")


async def test_the_sweep_leaves_a_recording_alone_while_its_process_seals_it(
    database: Database, clock: Clock, call_id: CallId, tmp_path: Path
) -> None:
    await start(database, call_id, clock)
    async with database.begin() as uow:
        await calls.end_call(uow, call_id, end=CallEnd.CALLER_HUNG_UP, now=clock())

    now = clock()
    early = await service.sweep(database, folder=tmp_path, now=now + timedelta(seconds=119))
    late = await service.sweep(database, folder=tmp_path, now=now + timedelta(seconds=120))

    assert (early, late) == (0, 1)
