"""All SQL about citizens."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.kernel.errors import NotFound
from hotline.kernel.ids import CitizenId, new_id
from hotline.people.citizen import IdentifierKind
from hotline.people.model import CitizenRow, IdentifierRow


class People:
    """Queries over one session."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def get(self, citizen_id: CitizenId, *, lock: bool = False) -> CitizenRow:
        """Return one citizen.

        Raises:
            NotFound: if there is none.
        """
        query = select(CitizenRow).where(CitizenRow.id == citizen_id)
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        row = await self.session.scalar(query)
        if row is None:
            raise NotFound("citizen", citizen_id)
        return row

    async def find(self, kind: IdentifierKind, blind_index: str) -> UUID | None:
        """Return whom an identifier belongs to, or None."""
        return await self.session.scalar(
            select(IdentifierRow.citizen_id).where(
                IdentifierRow.kind == kind, IdentifierRow.blind_index == blind_index
            )
        )

    async def add_citizen(self, *, now: datetime) -> UUID:
        """Add a citizen about whom nothing is known yet."""
        row = CitizenRow(id=new_id(), first_seen_at=now)
        self.session.add(row)
        await self.session.flush()
        return row.id

    async def remove_citizen(self, citizen_id: UUID) -> None:
        """Remove a citizen whom nothing refers to yet."""
        await self.session.execute(delete(CitizenRow).where(CitizenRow.id == citizen_id))

    async def claim_identifier(self, row: IdentifierRow) -> UUID:
        """Give an identifier to a citizen unless somebody has it; return whose it is."""
        statement = (
            insert(IdentifierRow)
            .values(
                id=new_id(),
                citizen_id=row.citizen_id,
                kind=row.kind,
                blind_index=row.blind_index,
                value=row.value,
                raw=row.raw,
                number_kind=row.number_kind,
                is_short=row.is_short,
                added_at=row.added_at,
            )
            .on_conflict_do_nothing(index_elements=["kind", "blind_index"])
        )
        await self.session.execute(statement)
        owner = await self.find(row.kind, row.blind_index)
        assert owner is not None
        return owner

    async def identifiers(self, citizen_id: CitizenId) -> Sequence[IdentifierRow]:
        """Return what identifies a citizen, in the order it became known."""
        found = await self.session.scalars(
            select(IdentifierRow)
            .where(IdentifierRow.citizen_id == citizen_id)
            .order_by(IdentifierRow.added_at, IdentifierRow.kind.desc(), IdentifierRow.id)
        )
        return found.all()
