"""All SQL about merging."""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from case_bridge.bridge.model import CaseLinkRow
from case_bridge.bridge.states import CROSSING, CrossingState, CrossingTrigger
from case_bridge.cases.model import CaseRow, ReportRow
from case_bridge.cases.reading import OPEN_STATES
from case_bridge.cases.repository import District, in_district
from case_bridge.merging.likeness import FAR, WITHIN, Likeness
from case_bridge.merging.model import CaseApartRow, CaseMergeRow, CaseProposalRow
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
        await self._session.execute(
            delete(CaseProposalRow).where(
                CaseProposalRow.first_id == first, CaseProposalRow.second_id == second
            )
        )

    async def propose(
        self, case_id: UUID, found: Sequence[tuple[UUID, Likeness]], *, now: datetime
    ) -> None:
        """Keep with which other cases one is likely one matter, in place of what was kept."""
        of_case = or_(CaseProposalRow.first_id == case_id, CaseProposalRow.second_id == case_id)
        await self._session.execute(delete(CaseProposalRow).where(of_case))
        # In one order, so that the jobs of two cases wait for each other instead of locking.
        for other_id, likeness in sorted(found, key=lambda pair: pair[0]):
            first, second = sorted((case_id, other_id))
            values = {
                "points": likeness.points,
                "reasons": likeness.to_payload(),
                "compared_at": now,
            }
            await self._session.execute(
                insert(CaseProposalRow)
                .values(first_id=first, second_id=second, **values)
                .on_conflict_do_update(index_elements=["first_id", "second_id"], set_=values)
            )

    async def proposed(
        self, case_ids: Collection[UUID], *, district: District = None
    ) -> Sequence[tuple[CaseRow, CaseRow, Likeness]]:
        """Return the kept pairs of open cases that touch any of these, within one district."""
        one, other = aliased(CaseRow), aliased(CaseRow)
        found = await self._session.execute(
            select(one, other, CaseProposalRow.reasons)
            .join(one, one.id == CaseProposalRow.first_id)
            .join(other, other.id == CaseProposalRow.second_id)
            .where(
                or_(
                    CaseProposalRow.first_id.in_(case_ids),
                    CaseProposalRow.second_id.in_(case_ids),
                ),
                one.state.in_(OPEN_STATES),
                other.state.in_(OPEN_STATES),
                *in_district(district, one),
                *in_district(district, other),
            )
            .limit(MOST)
        )
        return [(first, second, Likeness.of_payload(reasons)) for first, second, reasons in found]


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
