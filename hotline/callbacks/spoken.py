"""Why, in the complainant's own voice: recorded in the callback, kept with it."""

import asyncio
from pathlib import Path
from uuid import UUID

from hotline.callbacks.repository import Callbacks
from hotline.kernel.db import Database, UnitOfWork
from hotline.kernel.ids import CallbackId
from hotline.recordings.repository import Recordings
from hotline.recordings.seal import Unreadable
from hotline.recordings.speech import LEAST_SPEECH, spoken_seconds


async def keep_spoken(uow: UnitOfWork, callback_id: CallbackId, recording_id: UUID) -> None:
    """Tie a recording that begins to its callback, so that nothing can lose what is said.

    Raises:
        NotFound: if there is no such callback.
    """
    row = await Callbacks(uow.session).get(callback_id, lock=True)
    row.spoken_id = recording_id


async def has_spoken(
    database: Database, callback_id: CallbackId, recording_id: UUID, *, folder: Path
) -> bool:
    """Say whether anything was said; if not, the callback has no recording any more.

    A file that cannot be read stays: somebody who listens will see that it is broken.
    """
    async with database.read() as session:
        path = folder / (await Recordings(session).get(recording_id)).path
    try:
        seconds = await asyncio.to_thread(spoken_seconds, path)
    except Unreadable:
        return True
    if seconds >= LEAST_SPEECH:
        return True
    async with database.begin() as uow:
        row = await Callbacks(uow.session).get(callback_id, lock=True)
        if row.spoken_id == recording_id:
            row.spoken_id = None
    return False
