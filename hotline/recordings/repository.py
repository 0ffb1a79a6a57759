"""All SQL about recordings."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.contacts.calls.model import CallRow
from hotline.contacts.calls.states import CallState
from hotline.kernel.errors import NotFound
from hotline.recordings.model import RecordingPauseRow, RecordingRow
from hotline.recordings.states import RecordingState


class Recordings:
    """Recordings and whether somebody still makes them."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, recording_id: UUID, *, lock: bool = False) -> RecordingRow:
        """Return the recording.

        Raises:
            NotFound: if there is none of this id.
        """
        row = await self._session.get(
            RecordingRow, recording_id, with_for_update=lock or None, populate_existing=lock
        )
        if row is None:
            raise NotFound("recording", recording_id)
        return row

    async def of_call(self, call_id: UUID) -> Sequence[RecordingRow]:
        """Return the recordings of a call, oldest first."""
        query = (
            select(RecordingRow)
            .where(RecordingRow.call_id == call_id)
            .order_by(RecordingRow.started_at)
        )
        return (await self._session.scalars(query)).all()

    async def running(self, call_id: UUID) -> RecordingRow | None:
        """Return the recording of a call that is going on."""
        return await self._session.scalar(
            select(RecordingRow).where(
                RecordingRow.call_id == call_id, RecordingRow.state == RecordingState.RUNNING
            )
        )

    async def open_pause(self, recording_id: UUID) -> RecordingPauseRow | None:
        """Return the pause in which a recording is, locked."""
        return await self._session.scalar(
            select(RecordingPauseRow)
            .where(
                RecordingPauseRow.recording_id == recording_id,
                RecordingPauseRow.resumed_at.is_(None),
            )
            .with_for_update()
        )

    async def left_behind(self, ended_before: datetime) -> Sequence[RecordingRow]:
        """Return recordings that nobody makes any more: their call was lost, or long over."""
        query = (
            select(RecordingRow)
            .join(CallRow, CallRow.id == RecordingRow.call_id)
            .where(
                RecordingRow.state == RecordingState.RUNNING,
                or_(CallRow.state == CallState.LOST, CallRow.ended_at <= ended_before),
            )
            .order_by(RecordingRow.started_at)
        )
        return (await self._session.scalars(query)).all()
