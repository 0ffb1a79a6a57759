"""What is announced to callers of a line now, as a file that can be played."""

import asyncio
import os
from pathlib import Path
from uuid import UUID

import structlog

from channels.voice.exchange import Exchange
from channels.voice.flow_walk import Announcing
from hotline.contacts.announcements import service as announcements
from hotline.contacts.announcements.choice import Choice
from hotline.kernel.errors import HotlineError
from hotline.kernel.ids import CallId
from ivr.events import AnnouncementChoice

log = structlog.get_logger()


async def find_announcement(
    exchange: Exchange, call_id: CallId, line: str, prompts: Path
) -> Announcing | None:
    """Return what a caller of a line is to hear, and write that it is heard; None: nothing.

    `prompts` is the folder of the recorded ones. What cannot be read now costs the caller the
    announcement, not the call.
    """
    now = exchange.clock()
    try:
        async with exchange.database.read() as session:
            found = await announcements.heard_on(session, line, now)
        if found is None:
            return None
        if found.prompt is None:
            file = await _file_of(exchange, found.announcement_id)
        else:
            file = _recorded(exchange, prompts, found.prompt)
        async with exchange.database.begin() as uow:
            await announcements.begin_hearing(uow, call_id, found.announcement_id, now=now)
    except (HotlineError, OSError) as error:
        log.error("announcement_not_read", call=str(call_id), reason=type(error).__name__)
        return None
    log.info("announced", call=str(call_id), announcement=str(found.announcement_id))
    return Announcing(file, found.asks)


async def keep_choice(exchange: Exchange, call_id: CallId, choice: AnnouncementChoice) -> None:
    """Write what the caller chose behind the announcement."""
    now, chosen = exchange.clock(), Choice(choice.value)
    await exchange.ledger.write(
        call_id, "announced", lambda uow: announcements.end_hearing(uow, call_id, chosen, now=now)
    )


def _recorded(exchange: Exchange, prompts: Path, name: str) -> Path:
    """Return the file of a recorded prompt: the line's own, or that of the house."""
    own = prompts / f"{name}.wav"
    return own if own.is_file() else exchange.options.prompts / prompts.name / own.name


async def _file_of(exchange: Exchange, announcement_id: UUID) -> Path:
    """Return the file of a sound that was handed in; read from the database once a process."""
    folder = exchange.options.recordings.with_name("announcements")
    file = folder / f"{announcement_id}.wav"
    if not await asyncio.to_thread(file.is_file):
        async with exchange.database.read() as session:
            sound = await announcements.sound_of(session, announcement_id)
        await asyncio.to_thread(_write, file, sound, exchange.clock().timestamp())
    return file


def _write(file: Path, sound: bytes, now: float) -> None:
    """Put the file there whole, and clear away those of announcements that are long over."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    oldest = now - 2 * announcements.LONGEST.total_seconds()
    for each in file.parent.glob("*.wav"):
        if each.stat().st_mtime < oldest:
            each.unlink(missing_ok=True)
    part = file.with_suffix(f".{os.getpid()}.part")
    part.write_bytes(sound)
    part.replace(file)
