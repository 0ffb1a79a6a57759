"""What is read of the bridge: where a ticket's case stands, what failed, what is alarming."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from case_bridge.bridge.model import CaseLinkRow
from case_bridge.bridge.repository import Links, Messages
from case_bridge.bridge.states import CrossingState
from hotline.contacts.calls.model import CallRow
from hotline.kernel.ids import CallId, TicketId


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """One round of a ticket at a case system."""

    ticket_id: TicketId
    round: int
    state: CrossingState
    case_key: str | None
    case_number: str | None
    problem: str
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmView:
    """Something that a person has to look at."""

    alarm_id: UUID
    problem: str
    ticket_id: TicketId | None
    case_key: str | None
    raised_at: datetime


async def links_of_ticket(session: AsyncSession, ticket_id: TicketId) -> tuple[LinkView, ...]:
    """Return every round of a ticket at a case system, first round first."""
    return tuple(_link(row) for row in await Links(session).of_ticket(ticket_id))


async def failed_links(session: AsyncSession) -> tuple[LinkView, ...]:
    """Return what the case system refused and a person has to mend, oldest first."""
    return tuple(_link(row) for row in await Links(session).failed())


async def open_alarms(session: AsyncSession) -> tuple[AlarmView, ...]:
    """Return what does not fit and nobody has looked after, oldest first."""
    return tuple(
        AlarmView(
            alarm_id=row.id,
            problem=row.problem,
            ticket_id=TicketId(row.ticket_id) if row.ticket_id else None,
            case_key=row.case_key,
            raised_at=row.raised_at,
        )
        for row in await Messages(session).open_alarms()
    )


def _link(row: CaseLinkRow) -> LinkView:
    return LinkView(
        ticket_id=TicketId(row.ticket_id),
        round=row.round,
        state=row.state,
        case_key=row.case_key,
        case_number=row.case_number,
        problem=row.problem or "",
        changed_at=row.changed_at,
    )


async def line_of(session: AsyncSession, call_id: CallId) -> str | None:
    """Return the number that was called, such as 12369; None if the call is forgotten (R7)."""
    found: str | None = await session.scalar(select(CallRow.line).where(CallRow.id == call_id))
    return found
