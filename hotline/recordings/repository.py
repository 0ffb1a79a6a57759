"""All SQL about recordings."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.contacts.calls.model import CallEventRow, CallRow
from hotline.contacts.calls.states import CallState
from hotline.kernel.errors import NotFound
from hotline.recordings.model import (
    RecordingDisposalRow,
    RecordingHoldRow,
    RecordingPauseRow,
    RecordingRow,
)
from hotline.recordings.states import RecordingClass, RecordingState

TALK_BEGINS = ("connected", "handed_over")
"""Events of a call: a seat answered, or a flow or a seat let it go on with somebody."""


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

    async def message_of(self, call_id: UUID) -> RecordingRow | None:
        """Return the last message that was left in a call."""
        query = select(RecordingRow).where(
            RecordingRow.call_id == call_id, RecordingRow.kind == RecordingClass.MESSAGE
        )
        row: RecordingRow | None = await self._session.scalar(
            query.order_by(RecordingRow.started_at.desc()).limit(1)
        )
        return row

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

    async def pauses(self, recording_id: UUID) -> Sequence[RecordingPauseRow]:
        """Return the pauses of a recording, oldest first."""
        query = (
            select(RecordingPauseRow)
            .where(RecordingPauseRow.recording_id == recording_id)
            .order_by(RecordingPauseRow.paused_at)
        )
        return (await self._session.scalars(query)).all()

    async def hold(self, recording_id: UUID) -> RecordingHoldRow | None:
        """Return the hold under which a recording is, if any."""
        return await self._session.scalar(
            select(RecordingHoldRow).where(
                RecordingHoldRow.recording_id == recording_id, RecordingHoldRow.lifted_at.is_(None)
            )
        )

    async def disposal(self, recording_id: UUID) -> RecordingDisposalRow | None:
        """Return when and why the file was deleted, if it was."""
        return await self._session.get(RecordingDisposalRow, recording_id)

    async def disposals_of(self, ids: Sequence[UUID]) -> dict[UUID, RecordingDisposalRow]:
        """Return the disposals among these recordings."""
        query = select(RecordingDisposalRow).where(RecordingDisposalRow.recording_id.in_(ids))
        return {row.recording_id: row for row in await self._session.scalars(query)}

    async def due_for_disposal(
        self, kind: RecordingClass, *, ended_before: datetime, limit: int
    ) -> Sequence[RecordingRow]:
        """Return sealed recordings of a class that nobody holds or has disposed of, locked."""
        held = select(RecordingHoldRow.recording_id).where(RecordingHoldRow.lifted_at.is_(None))
        query = (
            select(RecordingRow)
            .where(
                RecordingRow.kind == kind,
                RecordingRow.state == RecordingState.SEALED,
                RecordingRow.ended_at < ended_before,
                RecordingRow.id.not_in(held),
                RecordingRow.id.not_in(select(RecordingDisposalRow.recording_id)),
            )
            .order_by(RecordingRow.ended_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return (await self._session.scalars(query)).all()

    async def calls_with_sound(self, begin: datetime, end: datetime) -> Sequence[CallRow]:
        """Return calls that are over and in which a talk or a recording began in a time.

        Oldest first.
        """
        talked = select(CallEventRow.call_id).where(
            CallEventRow.kind.in_(TALK_BEGINS), CallEventRow.at >= begin, CallEventRow.at < end
        )
        recorded = select(RecordingRow.call_id).where(
            RecordingRow.started_at >= begin, RecordingRow.started_at < end
        )
        query = (
            select(CallRow)
            .where(CallRow.ended_at.is_not(None), CallRow.id.in_(talked.union(recorded)))
            .order_by(CallRow.started_at, CallRow.id)
        )
        return (await self._session.scalars(query)).all()

    async def talks_of(self, call_ids: Sequence[UUID]) -> Sequence[CallEventRow]:
        """Return when somebody began to talk with the people of these calls, oldest first."""
        query = (
            select(CallEventRow)
            .where(CallEventRow.call_id.in_(call_ids), CallEventRow.kind.in_(TALK_BEGINS))
            .order_by(CallEventRow.id)
        )
        return (await self._session.scalars(query)).all()

    async def of_calls(self, call_ids: Sequence[UUID]) -> Sequence[RecordingRow]:
        """Return the recordings of several calls, oldest first."""
        query = (
            select(RecordingRow)
            .where(RecordingRow.call_id.in_(call_ids))
            .order_by(RecordingRow.started_at)
        )
        return (await self._session.scalars(query)).all()

    async def between(
        self, begin: datetime, end: datetime, *, limit: int
    ) -> Sequence[tuple[RecordingRow, CallRow]]:
        """Return recordings begun in a time with their calls, newest first."""
        query = (
            select(RecordingRow, CallRow)
            .join(CallRow, CallRow.id == RecordingRow.call_id)
            .where(RecordingRow.started_at >= begin, RecordingRow.started_at < end)
            .order_by(RecordingRow.started_at.desc())
            .limit(limit)
        )
        return [(row[0], row[1]) for row in await self._session.execute(query)]
