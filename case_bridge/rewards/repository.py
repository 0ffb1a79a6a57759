"""All SQL about rewards."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.cases.model import CaseRow, ReportRow
from case_bridge.rewards.model import RewardRateRow, RewardRow
from case_bridge.rewards.money import Yuan
from case_bridge.rewards.rules import CITIZENS, UNTRUE, Rate
from case_bridge.rewards.states import RewardState
from hotline.kernel.errors import NotFound
from hotline.kernel.ids import new_id
from hotline.tickets.model import TicketRow


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardView:
    """One line of the register."""

    reward_id: UUID
    case_id: UUID
    case_number: str
    category_name: str
    ticket_number: str
    state: RewardState
    amount: Yuan
    rate: str
    reason: str
    proposed_at: datetime
    proposed_by: str
    decided_at: datetime | None
    decided_by: str | None
    paid_at: datetime | None
    paid_by: str | None


class Rewards:
    """Rates and rewards over one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def rates(self) -> list[Rate]:
        """Return every rate, by category and day."""
        rows = await self._session.scalars(
            select(RewardRateRow).order_by(RewardRateRow.category, RewardRateRow.valid_from)
        )
        return [Rate(row.category, Yuan(row.amount), row.valid_from) for row in rows]

    async def put_rate(self, rate: Rate, *, by: str, now: datetime) -> bool:
        """Set a rate; False if somebody was faster with one of that category and day."""
        written = await self._session.scalar(
            insert(RewardRateRow)
            .values(
                id=new_id(),
                category=rate.category,
                amount=rate.amount.amount,
                valid_from=rate.valid_from,
                added_by=by,
                added_at=now,
            )
            .on_conflict_do_nothing(index_elements=["category", "valid_from"])
            .returning(RewardRateRow.id)
        )
        return written is not None

    async def first_reports(
        self, *, case_id: UUID | None = None, limit: int = 1, lock: bool = False
    ) -> Sequence[tuple[CaseRow, ReportRow]]:
        """Return the cases without a reward whose first report is a citizen's, newest filed first.

        With `case_id` that case alone, rewarded or not.
        """
        first = (
            select(ReportRow.id)
            .where(ReportRow.case_id == CaseRow.id)
            .order_by(ReportRow.reported_at, ReportRow.id)
            .limit(1)
            .correlate(CaseRow)
            .scalar_subquery()
        )
        wanted = (
            select(CaseRow, ReportRow)
            .join(ReportRow, ReportRow.id == first)
            .where(ReportRow.ticket_id.is_not(None))
        )
        if case_id is not None:
            wanted = wanted.where(CaseRow.id == case_id)
        else:
            wanted = (
                wanted.outerjoin(RewardRow, RewardRow.case_id == CaseRow.id)
                .where(
                    RewardRow.id.is_(None),
                    CaseRow.filed_at.is_not(None),
                    CaseRow.state.not_in(UNTRUE),
                    ReportRow.source.in_(CITIZENS),
                )
                .order_by(CaseRow.filed_at.desc(), CaseRow.id)
                .limit(limit)
            )
        if lock:
            wanted = wanted.with_for_update(of=CaseRow)
        return [(case, report) for case, report in await self._session.execute(wanted)]

    async def of_case(self, case_id: UUID) -> RewardRow | None:
        """Return the reward of a case."""
        found: RewardRow | None = await self._session.scalar(
            select(RewardRow).where(RewardRow.case_id == case_id)
        )
        return found

    async def locked(self, reward_id: UUID) -> RewardRow:
        """Return a reward, locked.

        Raises:
            NotFound: if there is none of that id.
        """
        row = await self._session.get(RewardRow, reward_id, with_for_update=True)
        if row is None:
            raise NotFound("reward", reward_id)
        return row

    async def of_ticket(self, number: str) -> RewardRow | None:
        """Return the approved reward for the report of a ticket, locked."""
        found: RewardRow | None = await self._session.scalar(
            select(RewardRow)
            .join(TicketRow, TicketRow.id == RewardRow.ticket_id)
            .where(TicketRow.number == number, RewardRow.state == RewardState.APPROVED)
            .with_for_update(of=RewardRow)
        )
        return found

    async def view(self, reward_id: UUID) -> RewardView:
        """Return the line of one reward."""
        found = await self._session.execute(_lines().where(RewardRow.id == reward_id))
        return _view(*found.one())

    async def register(
        self, states: Collection[RewardState], *, limit: int
    ) -> tuple[RewardView, ...]:
        """Return the register of rewards in these states, newest first."""
        found = await self._session.execute(
            _lines().where(RewardRow.state.in_(states)).limit(limit)
        )
        return tuple(_view(*row) for row in found)


def _lines() -> Select[RewardRow, str, str | None, str]:
    return (
        select(RewardRow, CaseRow.number, CaseRow.category_name, TicketRow.number)
        .join(CaseRow, CaseRow.id == RewardRow.case_id)
        .join(TicketRow, TicketRow.id == RewardRow.ticket_id)
        .order_by(RewardRow.proposed_at.desc(), RewardRow.id)
    )


def _view(
    row: RewardRow, case_number: str, category_name: str | None, ticket_number: str
) -> RewardView:
    return RewardView(
        reward_id=row.id,
        case_id=row.case_id,
        case_number=case_number,
        category_name=category_name or "",
        ticket_number=ticket_number,
        state=row.state,
        amount=Yuan(Decimal(row.amount)),
        rate=row.rate,
        reason=row.reason,
        proposed_at=row.proposed_at,
        proposed_by=row.proposed_by,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        paid_at=row.paid_at,
        paid_by=row.paid_by,
    )
