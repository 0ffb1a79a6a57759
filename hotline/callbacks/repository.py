"""All SQL about callbacks."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.callbacks.model import CallbackAttemptRow, CallbackRow
from hotline.callbacks.states import CallbackState
from hotline.kernel.errors import NotFound
from hotline.kernel.ids import CallbackId, TicketId
from hotline.tickets.model import TicketRow
from hotline.tickets.repository import Tickets
from hotline.tickets.states import TicketState

ENDED = (CallbackState.ANSWERED, CallbackState.NOT_REACHED, CallbackState.CANCELLED)


class Callbacks:
    """Queries over one session."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def get(self, callback_id: CallbackId, *, lock: bool = False) -> CallbackRow:
        """Return one callback.

        Raises:
            NotFound: if there is none.
        """
        row = await self.session.get(CallbackRow, callback_id, with_for_update=lock)
        if row is None:
            raise NotFound("callback", callback_id)
        return row

    async def lock(self, callback_id: CallbackId) -> tuple[TicketRow, CallbackRow]:
        """Lock a callback after its ticket, always in this order, so that nobody deadlocks.

        Raises:
            NotFound: if there is none.
        """
        ticket_id = await self.session.scalar(
            select(CallbackRow.ticket_id).where(CallbackRow.id == callback_id)
        )
        if ticket_id is None:
            raise NotFound("callback", callback_id)
        ticket = await Tickets(self.session).get(TicketId(ticket_id), lock=True)
        row = await self.session.scalar(
            select(CallbackRow)
            .where(CallbackRow.id == callback_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        assert row is not None
        return ticket, row

    async def of_round(self, ticket_id: UUID, round_: int) -> CallbackRow | None:
        """Return the callback of one round of a ticket, or None; lock the ticket first."""
        return await self.session.scalar(
            select(CallbackRow)
            .where(CallbackRow.ticket_id == ticket_id, CallbackRow.round == round_)
            .with_for_update()
            .execution_options(populate_existing=True)
        )

    async def latest_of_ticket(self, ticket_id: TicketId) -> CallbackRow | None:
        """Return the callback of a ticket's newest round that has one, or None."""
        return await self.session.scalar(
            select(CallbackRow)
            .where(CallbackRow.ticket_id == ticket_id)
            .order_by(CallbackRow.round.desc())
            .limit(1)
        )

    async def of_ticket(self, ticket_id: TicketId) -> Sequence[CallbackRow]:
        """Return every callback of a ticket, oldest first."""
        found = await self.session.scalars(
            select(CallbackRow)
            .where(CallbackRow.ticket_id == ticket_id)
            .order_by(CallbackRow.round)
        )
        return found.all()

    async def attempts(self, callback_id: UUID) -> Sequence[CallbackAttemptRow]:
        """Return the attempts of a callback, first to last."""
        found = await self.session.scalars(
            select(CallbackAttemptRow)
            .where(CallbackAttemptRow.callback_id == callback_id)
            .order_by(CallbackAttemptRow.number)
        )
        return found.all()

    async def attempt(self, callback_id: UUID, number: int) -> CallbackAttemptRow | None:
        """Return one attempt, or None."""
        return await self.session.scalar(
            select(CallbackAttemptRow).where(
                CallbackAttemptRow.callback_id == callback_id,
                CallbackAttemptRow.number == number,
            )
        )

    async def overdue(self, *, before: datetime, limit: int) -> Sequence[CallbackRow]:
        """Return callbacks whose next step was due before an instant, the longest overdue first."""
        found = await self.session.scalars(
            select(CallbackRow)
            .where(CallbackRow.state.not_in(ENDED), CallbackRow.due_at < before)
            .order_by(CallbackRow.due_at, CallbackRow.id)
            .limit(limit)
        )
        return found.all()

    async def resolved_unasked(
        self, *, before: datetime, limit: int
    ) -> Sequence[tuple[TicketId, int]]:
        """Return ticket and round of what was resolved before an instant, and nobody is asked."""
        asked = select(CallbackRow.id).where(
            CallbackRow.ticket_id == TicketRow.id, CallbackRow.round == TicketRow.round
        )
        found = await self.session.execute(
            select(TicketRow.id, TicketRow.round)
            .where(
                TicketRow.state == TicketState.RESOLVED,
                TicketRow.resolved_at < before,
                ~asked.exists(),
            )
            .order_by(TicketRow.resolved_at, TicketRow.id)
            .limit(limit)
        )
        return [(TicketId(ticket_id), round_) for ticket_id, round_ in found]

    async def to_correct(self, *, limit: int) -> Sequence[tuple[CallbackRow, str]]:
        """Return negative ratings not dealt with, with the ticket's number, due soonest first."""
        found = await self.session.execute(
            select(CallbackRow, TicketRow.number)
            .join(TicketRow, TicketRow.id == CallbackRow.ticket_id)
            .where(CallbackRow.correct_by.is_not(None), CallbackRow.corrected_at.is_(None))
            .order_by(CallbackRow.correct_by, CallbackRow.id)
            .limit(limit)
        )
        return [(row, number) for row, number in found]
