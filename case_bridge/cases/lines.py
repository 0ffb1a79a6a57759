"""SQL of the lists of cases: which cases a list wants, and what it reads of each."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer, load_only
from sqlalchemy.sql.base import ExecutableOption

from case_bridge.cases.model import CaseRow
from case_bridge.cases.repository import District, in_district
from case_bridge.cases.states import CaseState
from hotline.tickets.lists import Sort, Wanted

LINE_COLUMNS: Final = (
    CaseRow.id, CaseRow.number, CaseRow.state, CaseRow.round, CaseRow.source, CaseRow.kind,
    CaseRow.category_scheme, CaseRow.category_version, CaseRow.category_code,
    CaseRow.category_name, CaseRow.condition, CaseRow.subject, CaseRow.place, CaseRow.unit_id,
    CaseRow.district_id, CaseRow.registered_at, CaseRow.due_at, CaseRow.clock_stopped_at,
    CaseRow.closed_at,
)  # fmt: skip
"""What `reading.line_of` reads; texts and receipts stay where they are."""
LINE_ONLY: Final = load_only(*LINE_COLUMNS, raiseload=True)


NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""When a case is due that has no deadline: it stands behind all that have one."""


def wanted_cases(
    states: Collection[CaseState],
    conditions: Sequence[ColumnElement[bool]],
    *,
    since: datetime | None = None,
    to: datetime | None = None,
    sort: Sort,
    after: str | None,
) -> Wanted:
    """Return what a list of cases in any of the states shows."""
    # All states are no condition: the list is then walked in its order, whatever its length.
    is_any = set(states) == set(CaseState)
    return Wanted(
        key=CaseRow.id,
        at=CaseRow.due_at if sort is Sort.DUE else CaseRow.registered_at,
        listed_at=CaseRow.registered_at,
        state=CaseRow.state,
        states=() if is_any else sorted(states),
        conditions=conditions,
        since=since,
        to=to,
        sort=sort,
        after=after,
    )


class CaseLines:
    """Cases of lists, over one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def in_states(
        self,
        states: Collection[CaseState],
        *,
        unit_id: UUID | None = None,
        district: District = None,
        sort: Sort = Sort.OLDEST,
        after: str | None = None,
        limit: int = 50,
    ) -> Sequence[CaseRow]:
        """Return cases in any of the states in their order, from behind the cursor `after`.

        Only what a line of a list shows is loaded: `LINE_COLUMNS`. `district` is a second-level
        platform, `FIRST_LEVEL` for what none holds, `DISTRICTS` for what any holds, or None for
        all.

        Raises:
            Invalid: if the cursor is not of this list.
        """
        of_unit = () if unit_id is None else (CaseRow.unit_id == unit_id,)
        wanted = wanted_cases(states, [*of_unit, *in_district(district)], sort=sort, after=after)
        if sort is Sort.DUE:
            wanted = replace(wanted, at=func.coalesce(CaseRow.due_at, NEVER))
        keys = (await self._session.scalars(wanted.first(limit))).all()
        return await self.of(keys)

    async def of(self, keys: Sequence[UUID]) -> Sequence[CaseRow]:
        """Return cases in the order of the keys, of each what a line of a list shows."""
        return await self._in_order(keys, LINE_ONLY)

    async def whole(self, keys: Sequence[UUID]) -> Sequence[CaseRow]:
        """Return cases in the order of the keys, without their receipts."""
        return await self._in_order(keys, defer(CaseRow.receipt))

    async def _in_order(self, keys: Sequence[UUID], loaded: ExecutableOption) -> Sequence[CaseRow]:
        query = select(CaseRow).options(loaded).where(CaseRow.id.in_(keys))
        found = {row.id: row for row in await self._session.scalars(query)}
        return [found[key] for key in keys]
