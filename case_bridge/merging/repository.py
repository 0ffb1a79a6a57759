"""All SQL about merging."""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.bridge.model import CaseLinkRow
from case_bridge.bridge.states import CROSSING, CrossingState, CrossingTrigger
from case_bridge.cases.model import CaseRow, ReportRow
from case_bridge.cases.reading import OPEN_STATES
from case_bridge.merging.likeness import FAR, WITHIN
from case_bridge.merging.model import CaseApartRow, CaseMergeRow
from case_bridge.places.position import degree_north_m
from hotline.kernel.ids import TicketId

MOST = 200
"""Cases that one is compared with: the newest in its neighbourhood."""
_LIVE = frozenset(
    state for state in CrossingState if CROSSING.allows(state, CrossingTrigger.RELINK)
)


class Merges:
    """Merges over one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def neighbours(self, case: CaseRow) -> Sequence[CaseRow]:
        """Return open cases of the same days that may be about the same place, newest first."""
        first, second = CaseApartRow.first_id, CaseApartRow.second_id
        apart = exists().where(
            or_(
                and_(first == case.id, second == CaseRow.id),
                and_(first == CaseRow.id, second == case.id),
            )
        )
        query = select(CaseRow).where(
            CaseRow.state.in_(OPEN_STATES),
            CaseRow.id != case.id,
            CaseRow.registered_at.between(case.registered_at - WITHIN, case.registered_at + WITHIN),
            ~apart,
        )
        if case.latitude is not None and case.longitude is not None:
            query = query.where(_near(case.longitude, case.latitude))
        query = query.order_by(CaseRow.registered_at.desc(), CaseRow.id).limit(MOST)
        return (await self._session.scalars(query)).all()

    async def cases(self, case_ids: Collection[UUID]) -> Sequence[CaseRow]:
        """Return cases by their ids, oldest first."""
        found = await self._session.scalars(
            select(CaseRow)
            .where(CaseRow.id.in_(case_ids))
            .order_by(CaseRow.registered_at, CaseRow.id)
        )
        return found.all()

    async def open_of(self, merged_id: UUID) -> CaseMergeRow | None:
        """Return the merge that a case is in."""
        return await self._session.scalar(
            select(CaseMergeRow).where(
                CaseMergeRow.merged_id == merged_id, CaseMergeRow.undone_at.is_(None)
            )
        )

    async def of_case(self, case_id: UUID) -> Sequence[CaseMergeRow]:
        """Return every merge that a case was part of, oldest first."""
        found = await self._session.scalars(
            select(CaseMergeRow)
            .where(or_(CaseMergeRow.merged_id == case_id, CaseMergeRow.kept_id == case_id))
            .order_by(CaseMergeRow.merged_at, CaseMergeRow.id)
        )
        return found.all()

    async def reports(self, case_id: UUID, case_round: int) -> Sequence[ReportRow]:
        """Return the reports behind one round of a case."""
        found = await self._session.scalars(
            select(ReportRow)
            .where(ReportRow.case_id == case_id, ReportRow.case_round == case_round)
            .order_by(ReportRow.reported_at, ReportRow.id)
        )
        return found.all()

    async def waiting(self, case_ids: Collection[UUID]) -> Mapping[UUID, int]:
        """Return how many reports are behind the present round of each case."""
        present = and_(CaseRow.id == ReportRow.case_id, CaseRow.round == ReportRow.case_round)
        query = (
            select(ReportRow.case_id, func.count())
            .join(CaseRow, present)
            .where(ReportRow.case_id.in_(case_ids))
            .group_by(ReportRow.case_id)
        )
        found = await self._session.execute(query)
        return Counter(dict(found.all()))

    async def live_links(
        self, case_id: UUID, tickets: Collection[TicketId] | None = None
    ) -> Sequence[CaseLinkRow]:
        """Return the crossings that wait for a case, locked in an order all lockers share."""
        query = select(CaseLinkRow).where(
            CaseLinkRow.case_key == str(case_id), CaseLinkRow.state.in_(_LIVE)
        )
        if tickets is not None:
            query = query.where(CaseLinkRow.ticket_id.in_(tickets))
        found = await self._session.scalars(
            query.order_by(CaseLinkRow.ticket_id, CaseLinkRow.round)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return found.all()

    async def companions(self, link: CaseLinkRow) -> Sequence[CaseLinkRow]:
        """Return the crossings of other tickets into the same round of the same case."""
        found = await self._session.scalars(
            select(CaseLinkRow)
            .where(
                CaseLinkRow.case_key == link.case_key,
                CaseLinkRow.case_round == link.case_round,
                CaseLinkRow.ticket_id != link.ticket_id,
            )
            .order_by(CaseLinkRow.ticket_id, CaseLinkRow.round)
        )
        return found.all()

    async def keep_apart(self, one: UUID, other: UUID, *, by: str, now: datetime) -> None:
        """Note that two cases are two matters; the second time changes nothing."""
        first, second = sorted((one, other))
        await self._session.execute(
            insert(CaseApartRow)
            .values(first_id=first, second_id=second, decided_by=by, decided_at=now)
            .on_conflict_do_nothing()
        )


def _near(longitude: float, latitude: float) -> ColumnElement[bool]:
    # A box twice as wide as far, for a degree of longitude is shorter than one of latitude.
    reach = FAR / degree_north_m(math.radians(latitude))
    return or_(
        CaseRow.latitude.is_(None),
        and_(
            CaseRow.latitude.between(latitude - reach, latitude + reach),
            CaseRow.longitude.between(longitude - 2 * reach, longitude + 2 * reach),
        ),
    )
