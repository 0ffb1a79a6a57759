"""Which limit a ticket has, and when it is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hotline.sla.calendar import WorkingCalendar
from hotline.sla.deadline import DeadlineReceipt, deadline
from hotline.sla.limit import Limit
from hotline.tickets.category import ConditionLimit
from hotline.tickets.ticket import RequestKind, Urgency

URGENT_LIMIT = Limit.parse("24uh")  # same day (domain notes 6.3)

WORK_ORDER_LIMITS = {
    # Domain notes 6.3, Guangdong type: enquiry and help 3 wd, suggestion and complaint 13 wd.
    RequestKind.INQUIRY: Limit.parse("3wd"),
    RequestKind.ASSISTANCE: Limit.parse("3wd"),
    RequestKind.COMPLAINT: Limit.parse("13wd"),
    RequestKind.REPORT: Limit.parse("13wd"),
    RequestKind.SUGGESTION: Limit.parse("13wd"),
    RequestKind.PRAISE: Limit.parse("13wd"),
    RequestKind.OTHER: Limit.parse("13wd"),
}

CORRECTION_LIMIT = Limit.parse("15wd")  # GB/T 39734: a negative rating is corrected in 15 wd


@dataclass(frozen=True, slots=True)
class TicketDeadline:
    """A deadline, and why this limit: `category`, `strictest_condition` or `work_order`."""

    receipt: DeadlineReceipt
    basis: str
    condition: str

    def to_payload(self) -> dict[str, Any]:
        """Return the deadline as JSON values, for storage beside the ticket."""
        return {**self.receipt.to_payload(), "basis": self.basis, "condition": self.condition}


def ticket_deadline(
    start: datetime,
    *,
    limits: Sequence[ConditionLimit],
    condition: str | None,
    request_kind: RequestKind,
    urgency: Urgency,
    calendar: WorkingCalendar,
) -> TicketDeadline:
    """Return when a ticket that was handed on at `start` is due.

    The condition's limit counts (domain notes 0.2). When no condition is named, or several limits
    stand for one, the earliest deadline counts; a category without limits falls back to the rule
    for work orders.
    """
    named = [item for item in limits if condition and item.condition == condition]
    basis = "category" if named else "strictest_condition"
    candidates = [(Limit.parse(item.limit), item.condition) for item in named or limits]
    if not candidates:
        limit = WORK_ORDER_LIMITS[request_kind]
        candidates = [(limit if urgency is Urgency.NORMAL else URGENT_LIMIT, "")]
        basis = "work_order"
    elif len(limits) == 1 and not limits[0].condition:
        basis = "category"
    receipts = [
        (deadline(start, limit, calendar, allow_provisional=True), name)
        for limit, name in candidates
    ]
    receipt, name = min(receipts, key=lambda found: found[0].due_at)
    return TicketDeadline(receipt, basis, name)


def correction_deadline(start: datetime, calendar: WorkingCalendar) -> DeadlineReceipt:
    """Return until when a negative rating must have led to a correction (GB/T 39734, R80)."""
    return deadline(start, CORRECTION_LIMIT, calendar, allow_provisional=True)
