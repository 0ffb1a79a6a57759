"""Pure: a ticket as a filing, and a platform's message as a move of the crossing."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from case_bridge.bridge.states import CrossingTrigger
from case_bridge.platform import CaseFiling, FilingAttachment, ProgressKind
from hotline.kernel.privacy import mask_text
from hotline.tickets.views import TicketView

TRIGGERS: Mapping[ProgressKind, CrossingTrigger] = MappingProxyType(
    {
        ProgressKind.FILED: CrossingTrigger.FILE,
        ProgressKind.DECLINED: CrossingTrigger.DECLINE,
        ProgressKind.DISPATCHED: CrossingTrigger.DISPATCH,
        ProgressKind.RETURNED: CrossingTrigger.RETURN,
        ProgressKind.HANDLED: CrossingTrigger.HANDLE,
        ProgressKind.REWORKED: CrossingTrigger.REWORK,
        ProgressKind.CLOSED: CrossingTrigger.CLOSE,
        ProgressKind.VOIDED: CrossingTrigger.VOID,
    }
)


def filing_of(
    ticket: TicketView,
    attachments: tuple[FilingAttachment, ...],
    *,
    line: str | None = None,
    now: datetime,
) -> CaseFiling:
    """Return the ticket's round as a case system gets it.

    Who asks is left out, and numbers and addresses in the words are masked: the unit answers
    the hotline, the hotline answers the citizen (R88). What came by telephone says by which line:
    12345, 12319 and 12369 are one house (R7).
    """
    return CaseFiling(
        ticket_id=ticket.ticket_id,
        round=ticket.round,
        ticket_number=ticket.number,
        channel=f"{ticket.channel.value}:{line}" if line else ticket.channel.value,
        subject=mask_text(ticket.subject),
        body=mask_text(ticket.body),
        place=ticket.address,
        longitude=ticket.longitude,
        latitude=ticket.latitude,
        category=ticket.category.key if ticket.category else None,
        condition=ticket.condition,
        submitted_at=now,
        attachments=attachments,
    )
