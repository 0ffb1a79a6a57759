"""All SQL about links, messages, alarms and reconciliations."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from case_bridge.bridge.model import (
    AlarmRow,
    CaseLinkRow,
    ProgressFate,
    ProgressRow,
    ReconciliationRow,
)
from case_bridge.bridge.states import CROSSING, CrossingState
from case_bridge.platform import CaseProgress
from hotline.kernel.errors import NotFound
from hotline.kernel.ids import TicketId, new_id
from hotline.tickets.model import TicketRow
from hotline.tickets.states import TicketState


class Links:
    """Links over one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(
        self, ticket_id: TicketId, round_: int, *, lock: bool = False
    ) -> CaseLinkRow | None:
        """Return the link of one round of a ticket."""
        return await self._session.get(
            CaseLinkRow, (ticket_id, round_), with_for_update=lock or None, populate_existing=lock
        )

    async def get(self, ticket_id: TicketId, round_: int, *, lock: bool = False) -> CaseLinkRow:
        """Return the link of one round of a ticket.

        Raises:
            NotFound: if there is none.
        """
        row = await self.find(ticket_id, round_, lock=lock)
        if row is None:
            raise NotFound("link", f"{ticket_id}/{round_}")
        return row

    async def ensure(
        self,
        ticket_id: TicketId,
        round_: int,
        *,
        platform: str,
        reopen_reason: str | None,
        now: datetime,
    ) -> None:
        """Write a pending link unless there is one."""
        await self._session.execute(
            insert(CaseLinkRow)
            .values(
                ticket_id=ticket_id,
                round=round_,
                platform=platform,
                state=CROSSING.initial,
                sequence=0,
                reopen_reason=reopen_reason,
                created_at=now,
                changed_at=now,
            )
            .on_conflict_do_nothing()
        )

    async def before(self, ticket_id: TicketId, round_: int) -> CaseLinkRow | None:
        """Return the ticket's newest earlier link that knows a case which was not voided."""
        return await self._session.scalar(
            select(CaseLinkRow)
            .where(
                CaseLinkRow.ticket_id == ticket_id,
                CaseLinkRow.round < round_,
                CaseLinkRow.case_key.is_not(None),
                CaseLinkRow.state != CrossingState.VOIDED,
            )
            .order_by(CaseLinkRow.round.desc())
            .limit(1)
        )

    async def of_case(self, case_key: str, case_round: int) -> Sequence[CaseLinkRow]:
        """Return every link to one round of a case, locked, in an order all lockers share."""
        found = await self._session.scalars(
            select(CaseLinkRow)
            .where(CaseLinkRow.case_key == case_key, CaseLinkRow.case_round == case_round)
            .order_by(CaseLinkRow.ticket_id, CaseLinkRow.round)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return found.all()

    async def of_ticket(self, ticket_id: TicketId) -> Sequence[CaseLinkRow]:
        """Return the links of a ticket, first round first."""
        found = await self._session.scalars(
            select(CaseLinkRow)
            .where(CaseLinkRow.ticket_id == ticket_id)
            .order_by(CaseLinkRow.round)
        )
        return found.all()

    async def pending_since(self, before: datetime, *, limit: int) -> Sequence[CaseLinkRow]:
        """Return links that have been waiting to be sent since before an instant."""
        found = await self._session.scalars(
            select(CaseLinkRow)
            .where(CaseLinkRow.state == CrossingState.PENDING, CaseLinkRow.changed_at < before)
            .order_by(CaseLinkRow.changed_at)
            .limit(limit)
        )
        return found.all()

    async def transferred_without_link(
        self, before: datetime, *, limit: int
    ) -> Sequence[tuple[TicketId, int]]:
        """Return tickets handed over before an instant whose round has no link that counts.

        A voided case gave its ticket back; handed over since, it needs another one.
        """
        found = await self._session.execute(
            select(TicketRow.id, TicketRow.round)
            .where(
                TicketRow.state == TicketState.TRANSFERRED,
                TicketRow.transferred_at < before,
                ~exists().where(
                    CaseLinkRow.ticket_id == TicketRow.id,
                    CaseLinkRow.round == TicketRow.round,
                    CaseLinkRow.state != CrossingState.VOIDED,
                ),
            )
            .order_by(TicketRow.transferred_at)
            .limit(limit)
        )
        return [(TicketId(ticket_id), round_) for ticket_id, round_ in found]

    async def ended_with_ticket_waiting(
        self, *, after: UUID | None, limit: int
    ) -> Sequence[CaseLinkRow]:
        """Return ended links whose ticket still waits in the same round, by ticket."""
        query = (
            select(CaseLinkRow)
            .join(
                TicketRow,
                and_(TicketRow.id == CaseLinkRow.ticket_id, TicketRow.round == CaseLinkRow.round),
            )
            .where(
                TicketRow.state == TicketState.TRANSFERRED,
                CaseLinkRow.state.in_((CrossingState.DONE, CrossingState.DECLINED)),
            )
        )
        if after is not None:
            query = query.where(CaseLinkRow.ticket_id > after)
        found = await self._session.scalars(query.order_by(CaseLinkRow.ticket_id).limit(limit))
        return found.all()

    async def failed(self, *, limit: int = 200) -> Sequence[CaseLinkRow]:
        """Return links that the platform refused, oldest first."""
        found = await self._session.scalars(
            select(CaseLinkRow)
            .where(CaseLinkRow.state == CrossingState.FAILED)
            .order_by(CaseLinkRow.changed_at)
            .limit(limit)
        )
        return found.all()


class Messages:
    """Messages of platforms, alarms and reconciliations over one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def store(self, platform: str, progress: CaseProgress, *, now: datetime) -> bool:
        """Write a message as waiting; False if it was written before."""
        statement = (
            insert(ProgressRow)
            .values(
                message_id=progress.message_id,
                platform=platform,
                case_key=progress.case_key,
                round=progress.round,
                sequence=progress.sequence,
                kind=progress.kind,
                text=progress.text,
                reason_code=progress.reason_code,
                occurred_at=progress.occurred_at,
                recorded_at=now,
                fate=ProgressFate.WAITING,
            )
            .on_conflict_do_nothing(index_elements=["message_id"])
            .returning(ProgressRow.message_id)
        )
        return (await self._session.execute(statement)).scalar_one_or_none() is not None

    async def get(self, message_id: str) -> ProgressRow:
        """Return a stored message.

        Raises:
            NotFound: if there is none.
        """
        row = await self._session.get(ProgressRow, message_id)
        if row is None:
            raise NotFound("message", message_id)
        return row

    async def knows(self, message_id: str) -> bool:
        """Say whether a message is stored."""
        found = await self._session.scalar(
            select(ProgressRow.message_id).where(ProgressRow.message_id == message_id)
        )
        return found is not None

    async def of_case(self, case_key: str, case_round: int) -> Sequence[ProgressRow]:
        """Return the messages about one round of a case, in their order."""
        found = await self._session.scalars(
            select(ProgressRow)
            .where(ProgressRow.case_key == case_key, ProgressRow.round == case_round)
            .order_by(ProgressRow.sequence, ProgressRow.message_id)
        )
        return found.all()

    async def waiting_with_link(self, *, limit: int) -> Sequence[tuple[TicketId, int]]:
        """Return links for whose case a message waits that came before the link was written."""
        message = aliased(ProgressRow)
        found = await self._session.execute(
            select(CaseLinkRow.ticket_id, CaseLinkRow.round)
            .join(
                message,
                and_(
                    message.case_key == CaseLinkRow.case_key,
                    message.round == CaseLinkRow.case_round,
                ),
            )
            .where(message.fate == ProgressFate.WAITING)
            .distinct()
            .limit(limit)
        )
        return [(TicketId(ticket_id), round_) for ticket_id, round_ in found]

    async def raise_alarm(
        self,
        *,
        key: str,
        problem: str,
        ticket_id: UUID | None,
        round_: int | None,
        case_key: str | None,
        now: datetime,
    ) -> bool:
        """Write an alarm; False if the same one was raised before."""
        statement = (
            insert(AlarmRow)
            .values(
                id=new_id(),
                key=key,
                problem=problem,
                ticket_id=ticket_id,
                round=round_,
                case_key=case_key,
                raised_at=now,
            )
            .on_conflict_do_nothing(index_elements=["key"])
            .returning(AlarmRow.id)
        )
        return (await self._session.execute(statement)).scalar_one_or_none() is not None

    async def open_alarms(self, *, limit: int = 200) -> Sequence[AlarmRow]:
        """Return alarms that nobody settled, oldest first."""
        found = await self._session.scalars(
            select(AlarmRow)
            .where(AlarmRow.settled_at.is_(None))
            .order_by(AlarmRow.raised_at, AlarmRow.id)
            .limit(limit)
        )
        return found.all()

    async def alarm(self, alarm_id: UUID) -> AlarmRow:
        """Return an alarm, locked.

        Raises:
            NotFound: if there is none.
        """
        row = await self._session.get(AlarmRow, alarm_id, with_for_update=True)
        if row is None:
            raise NotFound("alarm", alarm_id)
        return row

    async def compared_until(self, platform: str) -> datetime | None:
        """Return up to when the platform's messages were compared with ours."""
        row = await self._session.get(ReconciliationRow, platform)
        return row.compared_until if row else None

    async def set_compared_until(self, platform: str, until: datetime) -> None:
        """Note up to when the platform's messages were compared with ours."""
        await self._session.execute(
            insert(ReconciliationRow)
            .values(platform=platform, compared_until=until)
            .on_conflict_do_update(index_elements=["platform"], set_={"compared_until": until})
        )
