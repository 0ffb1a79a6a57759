"""All SQL about units and responsibilities."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.units.model import ResponsibilityRow, UnitRow
from case_bridge.units.unit import Responsibility, ResponsibilityRule, Unit
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

    async def in_force(self, on: date) -> Sequence[Responsibility]:
        """Return the matrix as it stands on a day."""
        found = await self._session.execute(
            select(ResponsibilityRow, UnitRow.name)
            .join(UnitRow, UnitRow.id == ResponsibilityRow.unit_id)
            .where(
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
                unit_name=name,
                duty=row.duty,
                valid_from=row.valid_from,
                valid_to=row.valid_to,
            )
            for row, name in found
        ]
