"""Facts about callbacks."""

from dataclasses import dataclass

from hotline.kernel.events import Event
from hotline.kernel.ids import CallbackId, TicketId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackAnswered(Event):
    """A complainant said whether it is solved."""

    callback_id: CallbackId
    ticket_id: TicketId
    is_solved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackNotReached(Event):
    """The ladder is at its end, and nobody answered."""

    callback_id: CallbackId
    ticket_id: TicketId


@dataclass(frozen=True, slots=True, kw_only=True)
class NegativeRatingGiven(Event):
    """A complainant is dissatisfied; to be corrected within 15 working days (GB/T 39734)."""

    callback_id: CallbackId
    ticket_id: TicketId
    satisfaction: int
