"""Starting, sealing and rescuing recordings."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from hotline.contacts.calls import service as calls
from hotline.kernel.db import Database, UnitOfWork
from hotline.kernel.ids import CallId, UserId, new_id
from hotline.recordings.model import RecordingPauseRow, RecordingRow
from hotline.recordings.repository import Recordings
from hotline.recordings.seal import Seal, Unreadable, seal_file
from hotline.recordings.states import (
    RECORDING,
    RecordingClass,
    RecordingState,
    RecordingTrigger,
)

SEALING_LIMIT = timedelta(minutes=2)
"""A voice process needs seconds to seal a file after its call; later it is not coming back."""


def file_name(call_id: CallId, now: datetime, *, part: int = 1) -> str:
    """Return where a recording goes, relative to the folder of recordings.

    One folder a day; `part` counts the talks of a call that had several.
    """
    return f"{now:%Y/%m/%d}/{call_id}{'' if part == 1 else f'-{part}'}.wav"


async def start_recording(
    uow: UnitOfWork,
    call_id: CallId,
    *,
    path: str,
    kind: RecordingClass,
    now: datetime,
    recording_id: UUID | None = None,
) -> UUID:
    """Write down that a recording begins, before its first frame; `path` is relative."""
    recording_id = recording_id or new_id()
    row = RecordingRow(id=recording_id, call_id=call_id, path=path, kind=kind, started_at=now)
    uow.session.add(row)
    await calls.link_recording(uow, call_id, recording_id=recording_id, now=now)
    return recording_id


async def pause(
    uow: UnitOfWork, call_id: CallId, *, user_id: UserId, reason: str, now: datetime
) -> None:
    """Keep that a call's recording is silence from now on, and why; again changes nothing."""
    found = Recordings(uow.session)
    row = await found.running(call_id)
    if row is None or await found.open_pause(row.id) is not None:
        return
    uow.session.add(
        RecordingPauseRow(
            id=new_id(), recording_id=row.id, user_id=user_id, reason=reason, paused_at=now
        )
    )
    await calls.note_event(uow, call_id, "recording_paused", now=now)


async def resume(uow: UnitOfWork, call_id: CallId, *, now: datetime) -> None:
    """Keep that a call's recording has sound again; without a pause it changes nothing."""
    found = Recordings(uow.session)
    row = await found.running(call_id)
    pause_row = None if row is None else await found.open_pause(row.id)
    if pause_row is not None:
        pause_row.resumed_at = now
        await calls.note_event(uow, call_id, "recording_resumed", now=now)


async def finish_recording(
    database: Database,
    recording_id: UUID,
    *,
    folder: Path,
    problem: str | None = None,
    now: datetime,
) -> None:
    """Seal a finished file with its length and SHA-256; doing it again changes nothing.

    The file is read between two transactions: it may be large.
    """
    async with database.read() as session:
        row = await Recordings(session).get(recording_id)
    if row.state is not RecordingState.RUNNING:
        return
    try:
        seal: Seal | Unreadable = await asyncio.to_thread(seal_file, folder / row.path)
    except Unreadable as error:
        seal = error
    async with database.begin() as uow:
        row = await Recordings(uow.session).get(recording_id, lock=True)
        if row.state is RecordingState.RUNNING:
            _end(row, seal, problem, now)


def _end(row: RecordingRow, seal: Seal | Unreadable, problem: str | None, now: datetime) -> None:
    row.ended_at = now
    if isinstance(seal, Unreadable):
        row.state = RECORDING.next(row.state, RecordingTrigger.MISS)
        row.problem = problem or seal.problem
        return
    row.state = RECORDING.next(row.state, RecordingTrigger.SEAL)
    row.sha256, row.bytes, row.duration_ms = seal.sha256, seal.bytes, seal.duration_ms
    row.problem = problem


async def sweep(database: Database, *, folder: Path, now: datetime) -> int:
    """Seal the recordings that their voice process did not live to seal; return how many."""
    async with database.read() as session:
        left_behind = [row.id for row in await Recordings(session).left_behind(now - SEALING_LIMIT)]
    for recording_id in left_behind:
        await finish_recording(
            database, recording_id, folder=folder, problem="voice process died", now=now
        )
    return len(left_behind)
