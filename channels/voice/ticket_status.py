"""The status of a ticket for a caller who keys in its number and query code (工单进度查询)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final

from hotline.kernel.clock import SHANGHAI
from hotline.kernel.db import Database
from hotline.tickets.query_code import QueryCodeOptions
from hotline.tickets.reading import public_ticket
from hotline.tickets.states import TicketState
from hotline.tickets.ticket import Outcome
from hotline.tickets.views import PublicTicket

DECLINED = "declined"
"""不予立案: however the ticket stands, that is what its citizen must hear."""

ANSWERED = "answered"
"""直接答复."""

GIVES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "ticket_state": (*(state.value for state in TicketState), DECLINED, ANSWERED),
        "opened_on": (),
        "has_due": ("0", "1"),
        "due_on": (),
    }
)
"""The variables that the lookup sets, with their values; digits where none are named."""


@dataclass(frozen=True, slots=True)
class TicketStatus:
    """The lookup `ticket` of flows."""

    codes: QueryCodeOptions = field(repr=False)

    async def __call__(
        self, database: Database, keys: Sequence[str], now: datetime
    ) -> Mapping[str, str] | None:
        """Return where a ticket stands; None if number and code do not fit.

        Wrong codes are counted as on the status page, so keys cannot be tried out.

        Raises:
            Unavailable: while the ticket is locked after too many wrong codes.
        """
        if len(keys) != 2:
            return None
        number, code = keys
        async with database.begin() as uow:
            ticket = await public_ticket(uow, number=number, code=code, options=self.codes, now=now)
        return None if ticket is None else _values(ticket)


def _values(ticket: PublicTicket) -> dict[str, str]:
    has_due = ticket.due_at is not None and ticket.state in {
        TicketState.OPEN,
        TicketState.TRANSFERRED,
    }
    due = ticket.due_at if has_due and ticket.due_at is not None else ticket.opened_at
    return {
        "ticket_state": _state(ticket),
        "opened_on": f"{ticket.opened_at.astimezone(SHANGHAI):%Y%m%d}",
        "has_due": "1" if has_due else "0",
        "due_on": f"{due.astimezone(SHANGHAI):%Y%m%d}",
    }


def _state(ticket: PublicTicket) -> str:
    """Return what is said: nothing is over before it is."""
    is_over = ticket.state in {TicketState.RESOLVED, TicketState.CLOSED}
    if is_over and ticket.outcome is Outcome.DECLINED:
        return DECLINED
    if ticket.state is TicketState.CLOSED and ticket.outcome is Outcome.ANSWERED:
        return ANSWERED
    return ticket.state.value
