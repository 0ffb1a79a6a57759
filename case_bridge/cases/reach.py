"""Which units a level commands (R28, R29: 001 a11, a15): territory first."""

from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.model import CaseRow
from case_bridge.cases.repository import Cases
from case_bridge.units.repository import Units
from hotline.kernel.errors import Forbidden
from hotline.kernel.ids import UnitId


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
