"""What a shift leader and a leader watch: late cases, late stages, special classes (R62, R110)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.model import CaseMarksRow, CaseRow, CaseStageRow
from case_bridge.cases.reading import OPEN_STATES, line_of
from case_bridge.cases.repository import District, in_district
from case_bridge.cases.rules import Stage
from case_bridge.cases.states import CaseState
from case_bridge.cases.views import CaseLine
from case_bridge.units.repository import Units
from hotline.kernel.ids import CaseId, UnitId

PAGE: Final = 100

AT_WORK: Final = (CaseState.DISPATCHED, CaseState.HANDLING)
"""Where a unit can be late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LateStage:
    """A stage whose time is over and that still runs."""

    case_id: CaseId
    number: str
    subject: str
    state: CaseState
    stage: Stage
    begun_at: datetime
    due_at: datetime


async def overdue_cases(
    session: AsyncSession, *, district: District = None, now: datetime
) -> Sequence[CaseLine]:
    """Return the cases whose unit is late, the latest first."""
    rows = await session.scalars(
        select(CaseRow)
        .where(
            CaseRow.due_at < now,
            CaseRow.clock_stopped_at.is_(None),
            CaseRow.state.in_(AT_WORK),
            *in_district(district),
        )
        .order_by(CaseRow.due_at, CaseRow.number)
        .limit(PAGE)
    )
    names = dict(await Units(session).names())
    return [line_of(row, names, now) for row in rows]


async def late_stages(
    session: AsyncSession, *, district: District = None, now: datetime
) -> Sequence[LateStage]:
    """Return the stages of the centre that are late: accept, verify, dispatch, check, close."""
    found = await session.execute(
        select(CaseStageRow, CaseRow)
        .join(CaseRow, CaseRow.id == CaseStageRow.case_id)
        .where(
            CaseStageRow.ended_at.is_(None),
            CaseStageRow.due_at < now,
            CaseStageRow.stage != Stage.RETURN,
            *in_district(district),
        )
        .order_by(CaseStageRow.due_at, CaseRow.number, CaseStageRow.id)
        .limit(PAGE)
    )
    return [
        LateStage(
            case_id=CaseId(case.id),
            number=case.number,
            subject=case.subject,
            state=case.state,
            stage=stage.stage,
            begun_at=stage.begun_at,
            due_at=stage.due_at,
        )
        for stage, case in found
    ]


async def ownerless_cases(
    session: AsyncSession, *, district: District = None, now: datetime
) -> Sequence[CaseLine]:
    """Return the open cases for which nobody is responsible, a class of their own (R57)."""
    rows = await session.scalars(
        select(CaseRow)
        .join(CaseMarksRow, CaseMarksRow.case_id == CaseRow.id)
        .where(CaseMarksRow.is_ownerless, CaseRow.state.in_(OPEN_STATES), *in_district(district))
        .order_by(CaseRow.registered_at, CaseRow.number)
        .limit(PAGE)
    )
    names = dict(await Units(session).names())
    return [line_of(row, names, now) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class DistrictSummary:
    """How one second-level platform stands, as the first level inspects it (R87: 001 a18)."""

    district_id: UnitId
    name: str
    open: int
    overdue: int
    disputed: int


async def district_summaries(session: AsyncSession, *, now: datetime) -> Sequence[DistrictSummary]:
    """Return every second-level platform with its open, late and disputed cases, by name."""
    found = await session.execute(
        select(
            CaseRow.district_id,
            func.count(),
            func.count().filter(
                CaseRow.due_at < now,
                CaseRow.clock_stopped_at.is_(None),
                CaseRow.state.in_(AT_WORK),
            ),
            func.count().filter(CaseRow.state == CaseState.DISPUTED),
        )
        .where(CaseRow.district_id.is_not(None), CaseRow.state.in_(OPEN_STATES))
        .group_by(CaseRow.district_id)
    )
    counts = {district: (opened, late, disputed) for district, opened, late, disputed in found}
    return [
        DistrictSummary(
            district_id=district_id,
            name=name,
            open=counts.get(district_id, (0, 0, 0))[0],
            overdue=counts.get(district_id, (0, 0, 0))[1],
            disputed=counts.get(district_id, (0, 0, 0))[2],
        )
        for district_id, name in await Units(session).districts()
    ]
