"""All SQL about applications for more time, the problem pool, and what ends by itself."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.model import CasePauseRow, CaseRow, CaseStageRow
from case_bridge.cases.notice import PauseKind
from case_bridge.cases.repository import District, in_district
from case_bridge.cases.states import CASE, CaseState, CaseTrigger
from case_bridge.later.model import LaterRequestRow
from case_bridge.later.request import LaterKind
from case_bridge.later.states import RequestState
from case_bridge.units.model import UnitRow
from hotline.kernel.errors import NotFound

OPEN = (RequestState.APPLIED, RequestState.VERIFIED)
PAGE = 200

RECKONED = tuple(state for state in CaseState if CASE.allows(state, CaseTrigger.RECKON))
"""In these a deadline may be computed again."""


class Requests:
    """Applications over one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, request_id: UUID, *, lock: bool = False) -> LaterRequestRow:
        """Return the application.

        Raises:
            NotFound: if there is none.
        """
        row = await self._session.get(
            LaterRequestRow, request_id, with_for_update=lock or None, populate_existing=lock
        )
        if row is None:
            raise NotFound("application", request_id)
        return row

    async def open_of(self, case_id: UUID) -> LaterRequestRow | None:
        """Return the application of a case that waits for an answer."""
        return await self._session.scalar(
            select(LaterRequestRow).where(
                LaterRequestRow.case_id == case_id, LaterRequestRow.state.in_(OPEN)
            )
        )

    async def of_case(self, case_id: UUID) -> Sequence[LaterRequestRow]:
        """Return every application of a case, oldest first."""
        found = await self._session.scalars(
            select(LaterRequestRow)
            .where(LaterRequestRow.case_id == case_id)
            .order_by(LaterRequestRow.applied_at, LaterRequestRow.id)
        )
        return found.all()

    async def waiting(
        self, kinds: Collection[LaterKind], *, district: District = None
    ) -> Sequence[tuple[LaterRequestRow, CaseRow, str]]:
        """Return what waits for an answer with its case and unit, oldest first.

        One whose case is no longer with that unit at work has nothing left to grant.
        """
        found = await self._session.execute(
            select(LaterRequestRow, CaseRow, UnitRow.name)
            .join(CaseRow, CaseRow.id == LaterRequestRow.case_id)
            .join(UnitRow, UnitRow.id == LaterRequestRow.unit_id)
            .where(
                LaterRequestRow.state.in_(OPEN),
                LaterRequestRow.kind.in_(kinds),
                LaterRequestRow.unit_id == CaseRow.unit_id,
                LaterRequestRow.round == CaseRow.round,
                CaseRow.state.in_((CaseState.DISPATCHED, CaseState.HANDLING)),
                *in_district(district),
            )
            .order_by(LaterRequestRow.applied_at)
            .limit(PAGE)
        )
        return [(row, case, unit) for row, case, unit in found]

    async def granted(self, case_id: UUID, round_: int, kind: LaterKind) -> int:
        """Return how often the case was granted something in a round."""
        return await self._count(
            LaterRequestRow.case_id == case_id,
            LaterRequestRow.round == round_,
            LaterRequestRow.kind == kind,
            LaterRequestRow.state == RequestState.APPROVED,
        )

    async def extensions(
        self, begin: datetime, end: datetime, *, unit_id: UUID | None, without: UUID | None
    ) -> int:
        """Return how many extensions were asked for and not refused in a period."""
        conditions = [
            LaterRequestRow.kind == LaterKind.EXTENSION,
            LaterRequestRow.state.in_((*OPEN, RequestState.APPROVED)),
            LaterRequestRow.applied_at >= begin,
            LaterRequestRow.applied_at < end,
        ]
        if unit_id is not None:
            conditions.append(LaterRequestRow.unit_id == unit_id)
        if without is not None:
            conditions.append(LaterRequestRow.id != without)
        return await self._count(*conditions)

    async def filed(self, begin: datetime, end: datetime, *, unit_id: UUID | None) -> int:
        """Return how many cases were filed in a period, a unit's own or all."""
        query = select(func.count()).select_from(CaseRow)
        query = query.where(CaseRow.filed_at >= begin, CaseRow.filed_at < end)
        if unit_id is not None:
            query = query.where(CaseRow.unit_id == unit_id)
        return (await self._session.execute(query)).scalar_one()

    async def pool(
        self, *, district: District = None
    ) -> Sequence[tuple[CaseRow, CasePauseRow, str]]:
        """Return the problem pool: shelved cases with their pause and unit, oldest first."""
        found = await self._session.execute(
            self._paused()
            .where(CasePauseRow.kind == PauseKind.SHELVING, *in_district(district))
            .order_by(CasePauseRow.begun_at)
            .limit(PAGE)
        )
        return [(case, pause, unit) for case, pause, unit in found]

    async def resuming(self, now: datetime, *, limit: int) -> Sequence[UUID]:
        """Return the cases whose pause ends by itself by now."""
        found = await self._session.scalars(
            select(CasePauseRow.case_id)
            .where(CasePauseRow.ended_at.is_(None), CasePauseRow.until <= now)
            .order_by(CasePauseRow.until)
            .limit(limit)
        )
        return found.all()

    async def provisional(self, version: str, *, limit: int) -> Sequence[UUID]:
        """Return cases whose deadline was computed without a published calendar.

        Those that were computed with this version of the calendar are left out, and those whose
        clock is paused or is of no interest any more.
        """
        found = await self._session.scalars(
            select(CaseRow.id)
            .where(
                CaseRow.receipt["provisional"].as_boolean(),
                CaseRow.receipt["calendar"]["version"].as_string() != version,
                CaseRow.state.in_(RECKONED),
            )
            .limit(limit)
        )
        return found.all()

    async def provisional_stages(self, version: str, *, limit: int) -> Sequence[UUID]:
        """Return the cases of which the same holds of the stage clock that runs."""
        found = await self._session.scalars(
            select(CaseStageRow.case_id)
            .where(
                CaseStageRow.ended_at.is_(None),
                CaseStageRow.receipt["provisional"].as_boolean(),
                CaseStageRow.receipt["calendar"]["version"].as_string() != version,
            )
            .limit(limit)
        )
        return found.all()

    def _paused(self) -> Select[CaseRow, CasePauseRow, str]:
        return (
            select(CaseRow, CasePauseRow, func.coalesce(UnitRow.name, ""))
            .join(CasePauseRow, CasePauseRow.case_id == CaseRow.id)
            .outerjoin(UnitRow, UnitRow.id == CaseRow.unit_id)
            .where(CasePauseRow.ended_at.is_(None))
        )

    async def _count(self, *conditions: ColumnElement[bool]) -> int:
        query = select(func.count()).select_from(LaterRequestRow).where(*conditions)
        return (await self._session.execute(query)).scalar_one()
