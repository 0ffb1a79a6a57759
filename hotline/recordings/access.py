"""Who listens, why, and what is kept although its time is over.

A recording has no sound for anybody without a row that says who opened it and why; the row is
written, with its line in the audit log, before the first byte leaves.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.accounts import audit
from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict, Forbidden
from hotline.kernel.ids import UserId, new_id
from hotline.recordings.model import RecordingHoldRow, RecordingListeningRow
from hotline.recordings.repository import Recordings
from hotline.recordings.states import RecordingState

LISTENING_LASTS = timedelta(minutes=30)
"""After that the reason has to be given again."""


async def open_listening(
    uow: UnitOfWork, recording_id: UUID, *, user_id: UserId, login: str, reason: str, now: datetime
) -> UUID:
    """Let a person hear a recording for half an hour; return what proves it.

    Raises:
        Conflict: if there is nothing to hear: still running, missing, or disposed of.
    """
    found = Recordings(uow.session)
    row = await found.get(recording_id)
    if row.state is not RecordingState.SEALED or await found.disposal(recording_id) is not None:
        raise Conflict("this recording has no sound")
    listening = RecordingListeningRow(
        id=new_id(),
        recording_id=recording_id,
        user_id=user_id,
        reason=reason,
        opened_at=now,
        expires_at=now + LISTENING_LASTS,
    )
    uow.session.add(listening)
    await audit.append(
        uow,
        actor=login,
        action="recording.listen",
        target=f"recording:{recording_id}",
        detail={"reason": reason, "call_id": str(row.call_id)},
        now=now,
    )
    return listening.id


async def sound_path(
    session: AsyncSession, recording_id: UUID, *, listening_id: UUID, user_id: UserId, now: datetime
) -> str:
    """Return the file of a recording, relative to its folder, to one who may hear it now.

    Raises:
        Forbidden: if this person has not opened it, or too long ago.
    """
    listening = await session.get(RecordingListeningRow, listening_id)
    is_theirs = (
        listening is not None
        and listening.recording_id == recording_id
        and listening.user_id == user_id
        and listening.expires_at > now
    )
    if not is_theirs:
        raise Forbidden("the recording was not opened, or too long ago")
    return (await Recordings(session).get(recording_id)).path


async def place_hold(
    uow: UnitOfWork, recording_id: UUID, *, user_id: UserId, login: str, reason: str, now: datetime
) -> None:
    """Keep a recording whatever its class says, until the hold is lifted (证据保全).

    Raises:
        Conflict: if it is held already, or disposed of.
    """
    found = Recordings(uow.session)
    await found.get(recording_id, lock=True)
    if await found.disposal(recording_id) is not None:
        raise Conflict("this recording is disposed of")
    if await found.hold(recording_id) is not None:
        raise Conflict("this recording is held already")
    uow.session.add(
        RecordingHoldRow(
            id=new_id(), recording_id=recording_id, user_id=user_id, reason=reason, placed_at=now
        )
    )
    await _audit_hold(uow, "recording.hold", recording_id, login, reason, now)


async def lift_hold(
    uow: UnitOfWork, recording_id: UUID, *, login: str, reason: str, now: datetime
) -> None:
    """End a hold; from now on the class of the recording counts again.

    Raises:
        Conflict: if there is none.
    """
    found = Recordings(uow.session)
    await found.get(recording_id, lock=True)
    hold = await found.hold(recording_id)
    if hold is None:
        raise Conflict("this recording is not held")
    hold.lifted_at = now
    await _audit_hold(uow, "recording.lift_hold", recording_id, login, reason, now)


async def _audit_hold(
    uow: UnitOfWork, action: str, recording_id: UUID, login: str, reason: str, now: datetime
) -> None:
    await audit.append(
        uow,
        actor=login,
        action=action,
        target=f"recording:{recording_id}",
        detail={"reason": reason},
        now=now,
    )


async def listenings(session: AsyncSession, recording_id: UUID) -> list[RecordingListeningRow]:
    """Return who has opened a recording, newest first; at most fifty."""
    query = (
        select(RecordingListeningRow)
        .where(RecordingListeningRow.recording_id == recording_id)
        .order_by(RecordingListeningRow.opened_at.desc())
        .limit(50)
    )
    return list(await session.scalars(query))
