"""Which units and inspectors a level commands (R28, R29: 001 a11, a15): territory first."""

from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.model import CaseRow
from case_bridge.cases.repository import Cases
from case_bridge.field.model import InspectorRow
from case_bridge.units.model import UnitDistrictRow
from case_bridge.units.repository import Units
from hotline.accounts.model import UserRow
from hotline.kernel.errors import Forbidden
from hotline.kernel.ids import UnitId, UserId


async def district_for(session: AsyncSession, unit_id: UnitId) -> UnitId | None:
    """Return the second-level platform of a unit, None where the city has but one level."""
    if not (await Cases(session).organisation()).has_districts:
        return None
    return await Units(session).district_of(unit_id)


async def check_reach(session: AsyncSession, case: CaseRow, unit_id: UnitId) -> None:
    """Return if the unit is one that the level which holds the case commands.

    Raises:
        Forbidden: if it is a district's and the case was not handed down to it, or is not of
            the district of whoever dispatches.
    """
    district = await district_for(session, unit_id)
    holder = UnitId(case.district_id) if case.district_id else None
    if district == holder:
        return
    if holder is not None:
        raise Forbidden("a second-level platform dispatches to the units of its own district")
    raise Forbidden("the unit is a district's: hand the case down to its platform")


def inspectors_within(district: UUID | None) -> tuple[ColumnElement[bool], ...]:
    """Return the condition that keeps a list of inspectors within a district.

    An inspector is of the district whose platform commands the unit of the account.
    """
    if district is None:
        return ()
    own = (
        select(UserRow.id)
        .join(UnitDistrictRow, UnitDistrictRow.unit_id == UserRow.unit_id)
        .where(UnitDistrictRow.district_id == district)
    )
    return (InspectorRow.user_id.in_(own),)


async def require_own_inspector(
    session: AsyncSession, user_id: UserId, district: UnitId | None
) -> None:
    """Return unless somebody of a district asks for an inspector who is not of it.

    Raises:
        Forbidden: if the inspector is another district's, or the first level's.
    """
    if district is None:
        return
    own = select(InspectorRow.user_id).where(
        InspectorRow.user_id == user_id, *inspectors_within(district)
    )
    if await session.scalar(own) is None:
        raise Forbidden("the inspector is another district's, or the first level's")
