"""All SQL about cases."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, literal, or_, select, tuple_, union_all
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from case_bridge.cases.case import EvidenceOrigin
from case_bridge.cases.model import (
    CaseDayRow,
    CaseHistoryRow,
    CaseMarksRow,
    CasePauseRow,
    CaseRow,
    CaseRulesRow,
    CaseStageRow,
    EvidenceRow,
    ReportRow,
)
from case_bridge.cases.organisation import DEFAULT, Organisation
from case_bridge.cases.rules import CaseRules
from case_bridge.cases.states import CaseState, CaseTrigger
from hotline.kernel.errors import NotFound
from hotline.kernel.ids import TicketId, UserId
from hotline.tickets.category import CategoryKind

RULES = "city"
"""The name of the one row of rules."""
ORGANISATION = "organisation"
"""The name of the row beside it."""


MOST_COUNTED: Final = 10_001
"""So far cases of a state are counted for a screen."""

FIRST_LEVEL: Final = "first"
"""Cases that no second-level platform holds."""

DISTRICTS: Final = "districts"
"""Cases that one of them holds."""

District = UUID | Literal["first", "districts"] | None


def in_district(
    district: District, case: type[CaseRow] = CaseRow
) -> tuple[ColumnElement[bool], ...]:
    """Return the condition that keeps a list within a district; `case` may be an alias."""
    if district is None:
        return ()
    if isinstance(district, UUID):
        return (case.district_id == district,)
    held = case.district_id.is_not(None)
    return (held,) if district == DISTRICTS else (~held,)


class Cases:
    """Cases over one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, case_id: UUID, *, lock: bool = False) -> CaseRow:
        """Return the case; with `lock` nobody else moves it until the transaction ends.

        Raises:
            NotFound: if there is none.
        """
        row = await self._session.get(
            CaseRow, case_id, with_for_update=lock or None, populate_existing=lock
        )
        if row is None:
            raise NotFound("case", case_id)
        return row

    async def marks(self, case_id: UUID) -> CaseMarksRow:
        """Return what is noted of a locked case; made at the first look."""
        row = await self._session.get(CaseMarksRow, case_id)
        if row is None:
            row = CaseMarksRow(case_id=case_id)
            self._session.add(row)
            await self._session.flush()
        return row

    async def noted(self, case_ids: Collection[UUID]) -> dict[UUID, CaseMarksRow]:
        """Return what is noted of each case of which something is."""
        found = await self._session.scalars(
            select(CaseMarksRow).where(CaseMarksRow.case_id.in_(case_ids))
        )
        return {row.case_id: row for row in found}

    async def returners(self, case_ids: Collection[UUID]) -> Sequence[tuple[UUID, UUID]]:
        """Return case and unit, where a unit has returned the case in its present round.

        A unit that a binding decision names since is not among them (R60).
        """
        found = await self._session.execute(
            select(CaseHistoryRow.case_id, CaseHistoryRow.unit_id)
            .join(CaseRow, CaseRow.id == CaseHistoryRow.case_id)
            .outerjoin(CaseMarksRow, CaseMarksRow.case_id == CaseRow.id)
            .where(
                CaseHistoryRow.case_id.in_(case_ids),
                CaseHistoryRow.trigger == CaseTrigger.RETURN,
                CaseHistoryRow.round == CaseRow.round,
                CaseMarksRow.binding_unit_id.is_distinct_from(CaseHistoryRow.unit_id),
            )
        )
        return [(case_id, unit_id) for case_id, unit_id in found if unit_id is not None]

    async def givers_back(self, case_ids: Collection[UUID]) -> Sequence[tuple[UUID, UUID]]:
        """Return case and second-level platform, where one has given the case back in its round."""
        district = CaseHistoryRow.detail["from_district_id"].as_string()
        found = await self._session.execute(
            select(CaseHistoryRow.case_id, district)
            .join(CaseRow, CaseRow.id == CaseHistoryRow.case_id)
            .where(
                CaseHistoryRow.case_id.in_(case_ids),
                CaseHistoryRow.trigger == CaseTrigger.HAND_UP,
                CaseHistoryRow.round == CaseRow.round,
                district.is_not(None),
            )
        )
        return [(case_id, UUID(district_id)) for case_id, district_id in found]

    async def rules(self) -> CaseRules:
        """Return the city's rules, or the defaults while none are loaded."""
        row = await self._session.get(CaseRulesRow, RULES)
        return CaseRules.from_payload(row.content) if row else CaseRules()

    async def put_rules(self, rules: CaseRules, *, now: datetime) -> None:
        """Write the city's rules."""
        await self._put(RULES, rules.to_payload(), now)

    async def organisation(self) -> Organisation:
        """Return how the city is organised, or the default while nothing is loaded."""
        row = await self._session.get(CaseRulesRow, ORGANISATION)
        return Organisation.from_payload(row.content) if row else DEFAULT

    async def put_organisation(self, organisation: Organisation, *, now: datetime) -> None:
        """Write how the city is organised."""
        await self._put(ORGANISATION, organisation.to_payload(), now)

    async def _put(self, name: str, content: dict[str, Any], now: datetime) -> None:
        values = {"content": content, "loaded_at": now}
        await self._session.execute(
            insert(CaseRulesRow)
            .values(name=name, **values)
            .on_conflict_do_update(index_elements=["name"], set_=values)
        )

    async def pauses(self, case_id: UUID) -> Sequence[CasePauseRow]:
        """Return the times in which the case's clock stood still, oldest first."""
        found = await self._session.scalars(
            select(CasePauseRow)
            .where(CasePauseRow.case_id == case_id)
            .order_by(CasePauseRow.begun_at)
        )
        return found.all()

    async def open_pause(self, case_id: UUID) -> CasePauseRow | None:
        """Return the pause that still lasts."""
        return await self._session.scalar(
            select(CasePauseRow).where(
                CasePauseRow.case_id == case_id, CasePauseRow.ended_at.is_(None)
            )
        )

    async def stages(self, case_id: UUID) -> Sequence[CaseStageRow]:
        """Return every run of a stage clock, oldest first."""
        found = await self._session.scalars(
            select(CaseStageRow)
            .where(CaseStageRow.case_id == case_id)
            .order_by(CaseStageRow.sequence)
        )
        return found.all()

    async def open_stage(self, case_id: UUID) -> CaseStageRow | None:
        """Return the stage clock that runs."""
        return await self._session.scalar(
            select(CaseStageRow).where(
                CaseStageRow.case_id == case_id, CaseStageRow.ended_at.is_(None)
            )
        )

    async def stages_due(self, case_ids: Collection[UUID]) -> dict[UUID, datetime]:
        """Return the deadlines of the stage clocks that run, by case."""
        found = await self._session.execute(
            select(CaseStageRow.case_id, CaseStageRow.due_at).where(
                CaseStageRow.case_id.in_(case_ids), CaseStageRow.ended_at.is_(None)
            )
        )
        return {row.case_id: row.due_at for row in found}

    async def next_serial(self, day: date) -> int:
        """Return the next serial of a day; waits for whoever holds the one before."""
        statement = (
            insert(CaseDayRow)
            .values(day=day, last=1)
            .on_conflict_do_update(index_elements=["day"], set_={"last": CaseDayRow.last + 1})
            .returning(CaseDayRow.last)
        )
        return (await self._session.execute(statement)).scalar_one()

    async def report_of(self, ticket_id: TicketId, round_: int) -> ReportRow | None:
        """Return the report of one round of a ticket."""
        return await self._session.scalar(
            select(ReportRow).where(ReportRow.ticket_id == ticket_id, ReportRow.round == round_)
        )

    async def reports(self, case_id: UUID) -> Sequence[ReportRow]:
        """Return the reports behind a case, first come first."""
        found = await self._session.scalars(
            select(ReportRow)
            .where(ReportRow.case_id == case_id)
            .order_by(ReportRow.reported_at, ReportRow.id)
        )
        return found.all()

    async def history(self, case_id: UUID) -> Sequence[CaseHistoryRow]:
        """Return the moves of a case in their order."""
        found = await self._session.scalars(
            select(CaseHistoryRow)
            .where(CaseHistoryRow.case_id == case_id)
            .order_by(CaseHistoryRow.sequence)
        )
        return found.all()

    async def handlers(self, case_id: UUID) -> frozenset[UserId]:
        """Return everyone who ever handled the case."""
        found = await self._session.scalars(
            select(CaseHistoryRow.actor_id).where(
                CaseHistoryRow.case_id == case_id,
                CaseHistoryRow.trigger.in_((CaseTrigger.ACCEPT, CaseTrigger.HANDLE)),
                CaseHistoryRow.actor_id.is_not(None),
            )
        )
        return frozenset(UserId(user_id) for user_id in found if user_id is not None)

    async def evidence(self, case_id: UUID) -> Sequence[EvidenceRow]:
        """Return the evidence of a case without its content, oldest first."""
        found = await self._session.scalars(
            select(EvidenceRow)
            .where(EvidenceRow.case_id == case_id)
            .order_by(EvidenceRow.sequence, EvidenceRow.recorded_at, EvidenceRow.id)
        )
        return found.all()

    async def reported_hashes(self, case_id: UUID) -> frozenset[str]:
        """Return the fingerprints of what complainants sent for a case."""
        found = await self._session.scalars(
            select(EvidenceRow.sha256).where(
                EvidenceRow.case_id == case_id, EvidenceRow.origin == EvidenceOrigin.REPORT
            )
        )
        return frozenset(found)

    async def evidence_content(self, case_id: UUID, evidence_id: UUID) -> EvidenceRow:
        """Return one piece of evidence of a case with its content.

        Raises:
            NotFound: if the case has none of that id.
        """
        row = await self._session.scalar(
            select(EvidenceRow)
            .where(EvidenceRow.case_id == case_id, EvidenceRow.id == evidence_id)
            .options(undefer(EvidenceRow.content))
        )
        if row is None:
            raise NotFound("evidence", evidence_id)
        return row

    async def under(
        self,
        scheme: str,
        version: str,
        categories: Collection[tuple[CategoryKind, str]],
        states: Collection[CaseState],
    ) -> Sequence[CaseRow]:
        """Return cases in any of the states under categories of one version, oldest first."""
        found = await self._session.scalars(
            select(CaseRow)
            .where(
                CaseRow.state.in_(states),
                CaseRow.category_scheme == scheme,
                CaseRow.category_version == version,
                tuple_(CaseRow.kind, CaseRow.category_code).in_(list(categories)),
            )
            .order_by(CaseRow.registered_at, CaseRow.number)
        )
        return found.all()

    async def counts(self, district: District = None) -> dict[CaseState, int]:
        """Return how many cases are in each state that has any, in all or in one district.

        Nobody counts beyond `MOST_COUNTED`, which then stands for "more than 10,000".
        """
        each_state = (
            select(literal(state.value), select(func.count()).select_from(some).scalar_subquery())
            for state in CaseState
            for some in [
                select(literal(1))
                .where(CaseRow.state == state, *in_district(district))
                .limit(MOST_COUNTED)
                .subquery()
            ]
        )
        found = await self._session.execute(union_all(*each_state))
        return {CaseState(state): count for state, count in found if count}

    async def by_number(self, number: str) -> CaseRow | None:
        """Return the case with this number."""
        return await self._session.scalar(select(CaseRow).where(CaseRow.number == number))

    async def messages_since(
        self,
        since: datetime,
        triggers: Collection[CaseTrigger],
        *,
        after: tuple[datetime, UUID, int] | None,
        limit: int,
    ) -> Sequence[tuple[CaseHistoryRow, str]]:
        """Return moves from `since` on with their case's number, by time, case and order."""
        key = (CaseHistoryRow.occurred_at, CaseHistoryRow.case_id, CaseHistoryRow.sequence)
        query = (
            select(CaseHistoryRow, CaseRow.number)
            .join(CaseRow, CaseRow.id == CaseHistoryRow.case_id)
            .where(CaseHistoryRow.occurred_at >= since, CaseHistoryRow.trigger.in_(triggers))
        )
        if after is not None:
            at, case_id, sequence = after
            query = query.where(
                or_(
                    key[0] > at,
                    and_(key[0] == at, key[1] > case_id),
                    and_(key[0] == at, key[1] == case_id, key[2] > sequence),
                )
            )
        found = await self._session.execute(query.order_by(*key).limit(limit))
        return [(row, number) for row, number in found]
