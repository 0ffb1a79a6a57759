"""All SQL about notices and the alarms that cause them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.model import CaseMarksRow, CaseRow, NoticeRow
from case_bridge.cases.notice import NoticeKind
from case_bridge.cases.repository import District, in_district
from case_bridge.cases.states import CaseState
from hotline.kernel.errors import NotFound
from hotline.kernel.ids import UnitId, new_id

PAGE = 200


class Notices:
    """Notices over one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, notice_id: UUID, *, lock: bool = False) -> NoticeRow:
        """Return the notice.

        Raises:
            NotFound: if there is none.
        """
        row = await self._session.get(NoticeRow, notice_id, with_for_update=lock or None)
        if row is None:
            raise NotFound("notice", notice_id)
        return row

    async def put(
        self,
        case: CaseRow,
        kind: NoticeKind,
        *,
        key: str,
        unit_id: UnitId | None,
        text: str,
        issued_by: str,
        reply_by: datetime | None,
        now: datetime,
    ) -> bool:
        """Write a notice once; False if its key was written before."""
        written = await self._session.scalar(
            insert(NoticeRow)
            .values(
                id=new_id(),
                key=key,
                case_id=case.id,
                round=case.round,
                sequence=case.sequence,
                kind=kind,
                unit_id=unit_id,
                text=text,
                issued_by=issued_by,
                issued_at=now,
                reply_by=reply_by,
            )
            .on_conflict_do_nothing(index_elements=["key"])
            .returning(NoticeRow.id)
        )
        return written is not None

    async def of_case(self, case_id: UUID) -> Sequence[NoticeRow]:
        """Return everything written about a case, oldest first."""
        found = await self._session.scalars(
            select(NoticeRow)
            .where(NoticeRow.case_id == case_id)
            .order_by(NoticeRow.sequence, NoticeRow.issued_at, NoticeRow.kind)
        )
        return found.all()

    async def waiting(
        self, unit_id: UUID | None, *, district: District = None
    ) -> Sequence[tuple[NoticeRow, str, str]]:
        """Return what waits for an answer of a unit, or of the centre, with number and subject."""
        to_whom = NoticeRow.unit_id.is_(None) if unit_id is None else NoticeRow.unit_id == unit_id
        found = await self._session.execute(
            select(NoticeRow, CaseRow.number, CaseRow.subject)
            .join(CaseRow, CaseRow.id == NoticeRow.case_id)
            .where(to_whom, NoticeRow.answered_at.is_(None), *in_district(district))
            .order_by(NoticeRow.issued_at.desc(), NoticeRow.id)
            .limit(PAGE)
        )
        return [(row, number, subject) for row, number, subject in found]

    async def was_told(self, case_id: UUID, unit_id: UUID) -> bool:
        """Say whether the unit was ever written to about the case."""
        found = await self._session.scalar(
            select(NoticeRow.id)
            .where(NoticeRow.case_id == case_id, NoticeRow.unit_id == unit_id)
            .limit(1)
        )
        return found is not None

    async def end_calls(self, case_id: UUID, *, by: str, words: str, now: datetime) -> None:
        """Answer the calls that are still to be made about a case: the unit has been heard."""
        await self._session.execute(
            update(NoticeRow)
            .where(
                NoticeRow.case_id == case_id,
                NoticeRow.kind == NoticeKind.PHONE,
                NoticeRow.answered_at.is_(None),
            )
            .values(answered_by=by, answer=words, answered_at=now)
        )

    async def alarmed(self, now: datetime, *, limit: int) -> Sequence[tuple[CaseRow, CaseMarksRow]]:
        """Return, locked, the cases with a unit at work whose next rung is reached."""
        found = await self._session.execute(
            select(CaseRow, CaseMarksRow)
            .join(CaseMarksRow, CaseMarksRow.case_id == CaseRow.id)
            .where(
                CaseMarksRow.alarm_at <= now,
                CaseRow.clock_stopped_at.is_(None),
                CaseRow.state.in_((CaseState.DISPATCHED, CaseState.HANDLING)),
            )
            .order_by(CaseMarksRow.alarm_at)
            .limit(limit)
            .with_for_update(of=CaseRow, skip_locked=True)
        )
        return [(case, marks) for case, marks in found]
