"""All SQL about grids, names of places and components."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.places.gazetteer import NameKind, PlaceName
from case_bridge.places.geometry import Ring
from case_bridge.places.grid_index import cell_of
from case_bridge.places.model import (
    ComponentChangeRow,
    ComponentRow,
    GridImportRow,
    PlaceNameRow,
    SupervisionGridRow,
    UnitGridRow,
)
from hotline.kernel.errors import NotFound
from hotline.kernel.ids import new_id


def ring_of(row: UnitGridRow) -> Ring:
    """Return the row's line."""
    return Ring(tuple((x, y) for x, y in row.ring))


class Grids:
    """Unit grids and supervision grids over one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self) -> None:
        """Let no other import of grids run until this transaction ends."""
        await self._session.execute(select(func.pg_advisory_xact_lock(0x67726964)))

    async def in_force(self, on: date) -> Sequence[UnitGridRow]:
        """Return the unit grids of a day, by code."""
        found = await self._session.scalars(
            select(UnitGridRow).where(_holds(UnitGridRow, on)).order_by(UnitGridRow.code)
        )
        return found.all()

    async def sum_in_force(self, on: date) -> tuple[int, float]:
        """Return how many unit grids hold on a day, and their square metres."""
        count, area = (
            await self._session.execute(
                select(func.count(), func.coalesce(func.sum(UnitGridRow.area_m2), 0.0)).where(
                    _holds(UnitGridRow, on)
                )
            )
        ).one()
        return count, area

    async def page_in_force(
        self, on: date, *, begins: str, after: str, limit: int
    ) -> Sequence[UnitGridRow]:
        """Return the unit grids of a day whose codes begin so and follow `after`, by code."""
        found = await self._session.scalars(
            select(UnitGridRow)
            .where(
                _holds(UnitGridRow, on),
                UnitGridRow.code.startswith(begins, autoescape=True),
                UnitGridRow.code > after,
            )
            .order_by(UnitGridRow.code)
            .limit(limit)
        )
        return found.all()

    async def open_ended(self) -> Sequence[UnitGridRow]:
        """Return the newest row of every grid that has no end yet, in force or still to come."""
        found = await self._session.scalars(
            select(UnitGridRow).where(UnitGridRow.valid_to.is_(None)).order_by(UnitGridRow.code)
        )
        return found.all()

    async def code_at(self, longitude: float, latitude: float, on: date) -> str | None:
        """Return the code of the unit grid at a point on a day, or None."""
        found = await self._session.scalars(
            select(UnitGridRow)
            .where(UnitGridRow.cells.contains([cell_of(longitude, latitude)]))
            .where(_holds(UnitGridRow, on))
            .order_by(UnitGridRow.code)
        )
        return next((row.code for row in found if ring_of(row).contains(longitude, latitude)), None)

    async def history(self, code: str) -> Sequence[UnitGridRow]:
        """Return every shape that a grid ever had, oldest first."""
        found = await self._session.scalars(
            select(UnitGridRow).where(UnitGridRow.code == code).order_by(UnitGridRow.valid_from)
        )
        return found.all()

    async def imports(self, limit: int = 20) -> Sequence[GridImportRow]:
        """Return the latest imports, latest first."""
        found = await self._session.scalars(
            select(GridImportRow).order_by(GridImportRow.imported_at.desc()).limit(limit)
        )
        return found.all()

    async def version(self) -> tuple[int, datetime | None]:
        """Return what changes whenever the unit grids do."""
        count, latest = (
            await self._session.execute(
                select(func.count(GridImportRow.id), func.max(GridImportRow.imported_at))
            )
        ).one()
        return count, latest

    async def supervision_in_force(self, on: date) -> Sequence[SupervisionGridRow]:
        """Return the supervision grids of a day, by code."""
        found = await self._session.scalars(
            select(SupervisionGridRow)
            .where(_holds(SupervisionGridRow, on))
            .order_by(SupervisionGridRow.code)
        )
        return found.all()

    async def supervision_of(self, grid_code: str, on: date) -> str | None:
        """Return the code of the supervision grid that a unit grid belongs to on a day."""
        found: str | None = await self._session.scalar(
            select(SupervisionGridRow.code)
            .where(SupervisionGridRow.members.contains([grid_code]))
            .where(_holds(SupervisionGridRow, on))
        )
        return found


def _holds(row: type[UnitGridRow] | type[SupervisionGridRow], on: date) -> ColumnElement[bool]:
    return (row.valid_from <= on) & or_(row.valid_to.is_(None), row.valid_to > on)


class Names:
    """The gazetteer over one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def version(self) -> tuple[int, datetime | None]:
        """Return what changes whenever a name does."""
        count, latest = (
            await self._session.execute(
                select(func.count(PlaceNameRow.id), func.max(PlaceNameRow.changed_at))
            )
        ).one()
        return count, latest

    async def all(self) -> Sequence[PlaceNameRow]:
        """Return every name."""
        found = await self._session.scalars(
            select(PlaceNameRow).order_by(PlaceNameRow.kind, PlaceNameRow.name)
        )
        return found.all()

    async def of_kind(self, kind: NameKind) -> Sequence[PlaceNameRow]:
        """Return every name of a kind."""
        found = await self._session.scalars(select(PlaceNameRow).where(PlaceNameRow.kind == kind))
        return found.all()

    async def put(self, places: Iterable[PlaceName], *, now: datetime) -> int:
        """Write names, or bring them up to date; return how many changed."""
        held = {(row.kind, row.name, row.street): row for row in await self.all()}
        changed = 0
        for place in places:
            values = {
                "aliases": list(place.aliases),
                "longitude": place.position.longitude,
                "latitude": place.position.latitude,
            }
            row = held.get((place.kind, place.name, place.street))
            if row is None:
                row = PlaceNameRow(
                    id=new_id(), kind=place.kind, name=place.name, street=place.street
                )
                self._session.add(row)
            elif all(getattr(row, name) == value for name, value in values.items()):
                continue
            for name, value in values.items():
                setattr(row, name, value)
            row.changed_at = now
            changed += 1
        await self._session.flush()
        return changed


class Components:
    """The component register over one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, code: str, *, lock: bool = False) -> ComponentRow:
        """Return the component.

        Raises:
            NotFound: if there is none.
        """
        query = select(ComponentRow).where(ComponentRow.code == code)
        row = await self._session.scalar(query.with_for_update() if lock else query)
        if row is None:
            raise NotFound("component", code)
        return row

    async def held(self, codes: Sequence[str]) -> dict[str, ComponentRow]:
        """Return those of the codes that are registered, locked."""
        found = await self._session.scalars(
            select(ComponentRow)
            .where(ComponentRow.code.in_(codes))
            .order_by(ComponentRow.code)
            .with_for_update()
        )
        return {row.code: row for row in found}

    async def page(
        self, *, words: str, department: str | None, after: str, limit: int
    ) -> Sequence[ComponentRow]:
        """Return components by code after `after`; of one department, or named like `words`."""
        query = select(ComponentRow).where(ComponentRow.code > after)
        if words:
            query = query.where(
                ComponentRow.code.startswith(words, autoescape=True)
                | ComponentRow.name.contains(words, autoescape=True)
                | ComponentRow.place.contains(words, autoescape=True)
            )
        if department is not None:
            query = query.where(
                or_(
                    ComponentRow.competent_code == department,
                    ComponentRow.owner_code == department,
                    ComponentRow.maintainer_code == department,
                )
            )
        found = await self._session.scalars(query.order_by(ComponentRow.code).limit(limit))
        return found.all()

    async def within(
        self, west: float, south: float, east: float, north: float, *, limit: int
    ) -> Sequence[ComponentRow]:
        """Return the components inside of bounds in degrees, by code."""
        found = await self._session.scalars(
            select(ComponentRow)
            .where(ComponentRow.latitude.between(south, north))
            .where(ComponentRow.longitude.between(west, east))
            .order_by(ComponentRow.code)
            .limit(limit)
        )
        return found.all()

    async def changes(self, component_id: UUID) -> Sequence[ComponentChangeRow]:
        """Return every change of a component, latest first."""
        found = await self._session.scalars(
            select(ComponentChangeRow)
            .where(ComponentChangeRow.component_id == component_id)
            .order_by(ComponentChangeRow.version.desc())
        )
        return found.all()
