"""All SQL about standards."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Text, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from case_bridge.standards.model import StandardActRow, StandardRow
from case_bridge.standards.standard import Standard
from case_bridge.standards.states import StandardState
from hotline.kernel.errors import NotFound
from hotline.tickets.category import CategoryKind

ACTIVATION = 0x7374616E64
"""Advisory lock: of two activations at once the second sees what the first did."""


class Standards:
    """Standards over one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self) -> None:
        """Wait until nobody else changes what is in force."""
        await self._session.execute(select(func.pg_advisory_xact_lock(ACTIVATION)))

    async def get(self, standard_id: UUID) -> StandardRow:
        """Return a version, with its content.

        Raises:
            NotFound: if there is none.
        """
        row = await self._session.scalar(
            select(StandardRow)
            .where(StandardRow.id == standard_id)
            .options(undefer(StandardRow.content))
            .execution_options(populate_existing=True)
        )
        if row is None:
            raise NotFound("standard", standard_id)
        return row

    async def in_state(self, state: StandardState) -> StandardRow | None:
        """Return the version in force, or the one that is scheduled."""
        return await self._session.scalar(
            select(StandardRow)
            .where(StandardRow.state == state)
            .options(undefer(StandardRow.content))
            .execution_options(populate_existing=True)
        )

    async def of_version(self, scheme: str, version: str) -> StandardRow | None:
        """Return a version by its name."""
        return await self._session.scalar(
            select(StandardRow)
            .where(StandardRow.scheme == scheme, StandardRow.version == version)
            .options(undefer(StandardRow.content))
        )

    async def item(
        self, scheme: str, version: str, kind: CategoryKind, code: str
    ) -> Mapping[str, Any] | None:
        """Return what a version says of one category, without reading the whole of it."""
        path = "$.items[*] ? (@.kind == $kind && @.code == $code)"
        chosen = func.jsonb_path_query_first(
            StandardRow.content,
            cast(path, JSONPATH),
            func.jsonb_build_object("kind", cast(kind.value, Text), "code", cast(code, Text)),
            type_=JSONB,
        )
        found: Mapping[str, Any] | None = await self._session.scalar(
            select(chosen).where(StandardRow.scheme == scheme, StandardRow.version == version)
        )
        return found

    async def called(self, version: str) -> Sequence[StandardRow]:
        """Return the versions of this name, of whichever scheme."""
        found = await self._session.scalars(
            select(StandardRow)
            .where(StandardRow.version == version)
            .options(undefer(StandardRow.content))
        )
        return found.all()

    async def all(self) -> Sequence[StandardRow]:
        """Return every version, newest import first."""
        found = await self._session.scalars(
            select(StandardRow).order_by(StandardRow.imported_at.desc(), StandardRow.id)
        )
        return found.all()

    async def acts(self, *, limit: int) -> Sequence[tuple[StandardActRow, str]]:
        """Return the newest acts with the version they concern, newest first."""
        found = await self._session.execute(
            select(StandardActRow, StandardRow.version)
            .join(StandardRow, StandardRow.id == StandardActRow.standard_id)
            .order_by(StandardActRow.at.desc(), StandardActRow.id)
            .limit(limit)
        )
        return [(row, version) for row, version in found]

    async def due(self, today: date) -> StandardRow | None:
        """Return the scheduled version whose day has come."""
        return await self._session.scalar(
            select(StandardRow).where(
                StandardRow.state == StandardState.SCHEDULED, StandardRow.effective_on <= today
            )
        )


def standard_in(row: StandardRow) -> Standard:
    """Return the standard that a row holds."""
    return Standard.from_payload(row.content)
