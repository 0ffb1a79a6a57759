"""What of the city's numbers each reader is told: a district its own, a unit its cases (R28)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from case_bridge.cases.listing import Narrowing
from case_bridge.cases.model import CaseRow
from case_bridge.units.model import UnitDistrictRow, UnitRow
from case_bridge.web.requests import district_of
from hotline.accounts.roles import Role
from hotline.accounts.service import User
from hotline.kernel.ids import UnitId

Conditions = tuple[ColumnElement[bool], ...]
Reach = Callable[[Narrowing], Conditions | None]
"""What keeps a number within what its reader may see; None: the reader is not told."""


async def narrowing_of(session: AsyncSession, user: User) -> Narrowing:
    """Return what of the city a person is told."""
    if user.roles == {Role.UNIT}:
        return Narrowing(unit_id=user.unit_id or UnitId(UUID(int=0)))
    return Narrowing(district_id=await district_of(session, user))


def whole(_: Narrowing) -> Conditions:
    """Keep nothing back: standard, places and shared systems are everybody's."""
    return ()


def first_level(who: Narrowing) -> Conditions | None:
    """Tell the first level alone."""
    return () if who == Narrowing() else None


def of_cases(who: Narrowing) -> Conditions:
    """Keep a number of cases to those that the reader may list."""
    asked = ((CaseRow.unit_id, who.unit_id), (CaseRow.district_id, who.district_id))
    return tuple(column == value for column, value in asked if value is not None)


def with_cases(column: InstrumentedAttribute[Any], own: InstrumentedAttribute[Any]) -> Reach:
    """Return the reach of what belongs to cases: `column` names the case by its `own`."""

    def within(who: Narrowing) -> Conditions:
        if who == Narrowing():
            return ()
        return (column.in_(select(own).where(*of_cases(who))),)

    return within


def of_district(condition: Callable[[UnitId], Conditions]) -> Reach:
    """Return the reach of what a district has, and a unit has not."""

    def within(who: Narrowing) -> Conditions | None:
        return condition(who.district_id) if who.district_id else first_level(who)

    return within


def commanded(district: UnitId) -> Conditions:
    """Keep a number of units to those that the district's platform commands."""
    own = select(UnitDistrictRow.unit_id).where(UnitDistrictRow.district_id == district)
    return (UnitRow.id.in_(own),)
