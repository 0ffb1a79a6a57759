"""All SQL about units and responsibilities."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from case_bridge.units.model import (
    FrontageRow,
    ResponsibilityRow,
    TerminalRow,
    UnitDistrictRow,
    UnitLookRow,
    UnitRow,
)
from case_bridge.units.unit import Responsibility, ResponsibilityRule, Unit, UnitClass
from hotline.kernel.errors import NotFound
from hotline.kernel.ids import UnitId, new_id


class Units:
    """Units and the matrix over one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, unit_id: UUID) -> UnitRow:
        """Return the unit.

        Raises:
            NotFound: if there is none.
        """
        row = await self._session.get(UnitRow, unit_id)
        if row is None:
            raise NotFound("unit", unit_id)
        return row

    async def by_code(self) -> dict[str, UnitId]:
        """Return every unit's id by its code."""
        found = await self._session.execute(select(UnitRow.code, UnitRow.id))
        return {code: UnitId(unit_id) for code, unit_id in found}

    async def names(self) -> Sequence[tuple[UnitId, str]]:
        """Return every unit's id and name, by name."""
        found = await self._session.execute(select(UnitRow.id, UnitRow.name).order_by(UnitRow.name))
        return [(UnitId(unit_id), name) for unit_id, name in found]

    async def names_of(self, unit_ids: Collection[UUID]) -> dict[UnitId, str]:
        """Return the names of some units; asks nothing about none."""
        if not unit_ids:
            return {}
        found = await self._session.execute(
            select(UnitRow.id, UnitRow.name).where(UnitRow.id.in_(unit_ids))
        )
        return {UnitId(unit_id): name for unit_id, name in found}

    async def put(self, unit: Unit) -> None:
        """Write a unit, or bring the one with the same code up to date."""
        values = {
            "name": unit.name,
            "unit_class": unit.unit_class,
            "contact_name": unit.contact_name,
            "phone": unit.phone,
            "is_utility": unit.is_utility,
            "competent_code": unit.competent_code,
        }
        await self._session.execute(
            insert(UnitRow)
            .values(id=new_id(), code=unit.code, **values)
            .on_conflict_do_update(index_elements=["code"], set_=values)
        )

    async def put_terminal(self, unit_id: UnitId, parent_id: UnitId) -> None:
        """Write that one unit is a terminal of another."""
        await self._session.execute(
            insert(TerminalRow)
            .values(unit_id=unit_id, parent_id=parent_id)
            .on_conflict_do_update(index_elements=["unit_id"], set_={"parent_id": parent_id})
        )

    async def terminals(
        self, *, district: UnitId | None = None
    ) -> Sequence[tuple[UnitRow, UnitRow]]:
        """Return every terminal with the unit that it is part of, by code of unit and terminal."""
        parent = aliased(UnitRow)
        found = await self._session.execute(
            select(parent, UnitRow)
            .join(TerminalRow, TerminalRow.unit_id == UnitRow.id)
            .join(parent, parent.id == TerminalRow.parent_id)
            .where(*_commanded(district))
            .order_by(parent.code, UnitRow.code)
        )
        return [(unit, terminal) for unit, terminal in found]

    async def put_district(self, unit_id: UnitId, district_id: UnitId | None) -> None:
        """Write which second-level platform commands a unit; None takes it back to the first."""
        if district_id is None:
            await self._session.execute(
                delete(UnitDistrictRow).where(UnitDistrictRow.unit_id == unit_id)
            )
            return
        await self._session.execute(
            insert(UnitDistrictRow)
            .values(unit_id=unit_id, district_id=district_id)
            .on_conflict_do_update(index_elements=["unit_id"], set_={"district_id": district_id})
        )

    async def district_of(self, unit_id: UUID) -> UnitId | None:
        """Return the second-level platform that commands a unit, or is it; None at the first."""
        row = await self._session.get(UnitDistrictRow, unit_id)
        return UnitId(row.district_id) if row else None

    async def districts(self) -> Sequence[tuple[UnitId, str]]:
        """Return id and name of every second-level platform, by name."""
        found = await self._session.execute(
            select(UnitRow.id, UnitRow.name)
            .join(UnitDistrictRow, UnitDistrictRow.unit_id == UnitRow.id)
            .where(UnitDistrictRow.district_id == UnitRow.id)
            .order_by(UnitRow.name)
        )
        return [(UnitId(unit_id), name) for unit_id, name in found]

    async def district_by_unit(self) -> dict[UnitId, UnitId]:
        """Return the platform of every unit that one commands."""
        found = await self._session.execute(
            select(UnitDistrictRow.unit_id, UnitDistrictRow.district_id)
        )
        return {UnitId(unit_id): UnitId(district_id) for unit_id, district_id in found}

    async def of_district(self, district_id: UUID) -> Sequence[tuple[UnitId, str]]:
        """Return id and name of the units that a platform commands, by name."""
        found = await self._session.execute(
            select(UnitRow.id, UnitRow.name)
            .join(UnitDistrictRow, UnitDistrictRow.unit_id == UnitRow.id)
            .where(UnitDistrictRow.district_id == district_id)
            .order_by(UnitRow.name)
        )
        return [(UnitId(unit_id), name) for unit_id, name in found]

    async def look(self, unit_id: UnitId, day: date, *, at: datetime, by_name: str) -> bool:
        """Note the unit's first look of a day; False if it looked before."""
        noted = await self._session.scalar(
            insert(UnitLookRow)
            .values(unit_id=unit_id, day=day, first_at=at, by_name=by_name)
            .on_conflict_do_nothing()
            .returning(UnitLookRow.day)
        )
        return noted is not None

    async def has_looked(self, unit_id: UnitId, day: date) -> bool:
        """Say whether the unit looked at its cases on a day."""
        return await self._session.get(UnitLookRow, (unit_id, day)) is not None

    async def looks(
        self, day: date, *, district: UnitId | None = None
    ) -> Sequence[tuple[UnitRow, UnitLookRow | None]]:
        """Return every class I unit with its look of the day, if it looked, by name."""
        found = await self._session.execute(
            select(UnitRow, UnitLookRow)
            .outerjoin(UnitLookRow, and_(UnitLookRow.unit_id == UnitRow.id, UnitLookRow.day == day))
            .where(UnitRow.unit_class == UnitClass.FIRST, *_commanded(district))
            .order_by(UnitRow.name)
        )
        return [(unit, look) for unit, look in found]

    async def agreement(self, number: str) -> FrontageRow | None:
        """Return the frontage agreement of this number."""
        return await self._session.scalar(select(FrontageRow).where(FrontageRow.number == number))

    async def agreements(
        self, on: date, *, district: UnitId | None = None
    ) -> Sequence[tuple[FrontageRow, UnitRow]]:
        """Return the frontage agreements in force on a day with their shops, by address."""
        found = await self._session.execute(
            select(FrontageRow, UnitRow)
            .join(UnitRow, UnitRow.id == FrontageRow.unit_id)
            .where(
                FrontageRow.signed_on <= on,
                or_(FrontageRow.ends_on.is_(None), FrontageRow.ends_on > on),
                *_commanded(district),
            )
            .order_by(FrontageRow.address)
        )
        return [(row, unit) for row, unit in found]

    async def put_rule(self, rule: ResponsibilityRule, unit_id: UnitId) -> None:
        """Write a rule, or give the same rule another end."""
        await self._session.execute(
            insert(ResponsibilityRow)
            .values(
                id=new_id(),
                scheme=rule.scheme,
                category=rule.category,
                area=rule.area,
                unit_id=unit_id,
                duty=rule.duty,
                valid_from=rule.valid_from,
                valid_to=rule.valid_to,
            )
            .on_conflict_do_update(
                constraint="uq_responsibilities_rule", set_={"valid_to": rule.valid_to}
            )
        )

    async def in_force(self, on: date, categories: Collection[str]) -> Sequence[Responsibility]:
        """Return the lines of the matrix for some categories (`kind:code`) as of a day."""
        found = await self._session.execute(
            select(
                ResponsibilityRow.scheme,
                ResponsibilityRow.category,
                ResponsibilityRow.area,
                ResponsibilityRow.unit_id,
                ResponsibilityRow.duty,
                ResponsibilityRow.valid_from,
                ResponsibilityRow.valid_to,
                UnitRow.name,
            )
            .join(UnitRow, UnitRow.id == ResponsibilityRow.unit_id)
            .where(
                ResponsibilityRow.category.in_(categories),
                ResponsibilityRow.valid_from <= on,
                or_(ResponsibilityRow.valid_to.is_(None), ResponsibilityRow.valid_to > on),
            )
        )
        return [
            Responsibility(
                scheme=row.scheme,
                category=row.category,
                area=row.area,
                unit_id=UnitId(row.unit_id),
                unit_name=row.name,
                duty=row.duty,
                valid_from=row.valid_from,
                valid_to=row.valid_to,
            )
            for row in found
        ]


def _commanded(district: UnitId | None) -> tuple[ColumnElement[bool], ...]:
    """Return the condition that keeps a list of units within a district."""
    if district is None:
        return ()
    of_district = select(UnitDistrictRow.unit_id).where(UnitDistrictRow.district_id == district)
    return (UnitRow.id.in_(of_district),)
