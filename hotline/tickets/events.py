"""Facts about tickets."""

from dataclasses import dataclass

from hotline.kernel.events import Event
from hotline.kernel.ids import TicketId


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketOpened(Event):
    """A ticket exists. Job: `send_receipt`."""

    ticket_id: TicketId


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketAmended(Event):
    """The words, the place or the category of a ticket changed."""

    ticket_id: TicketId


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketTransferred(Event):
    """The city has to act; `round` counts from 1. The bridge files a case for it."""

    ticket_id: TicketId
    round: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketReminded(Event):
    """The citizen or a seat urges the work on (催办)."""

    ticket_id: TicketId
    round: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketReturned(Event):
    """The case platform gave the ticket back with a reason; a person must look."""

    ticket_id: TicketId
    round: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketAnswered(Event):
    """A seat answered directly (直办), without a case. Job: `tell_answer`."""

    ticket_id: TicketId


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketResolved(Event):
    """There is an outcome to tell. Job: `schedule_callbacks`."""

    ticket_id: TicketId
    round: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketReopened(Event):
    """A complainant says it is not solved; `round` is the new one. The bridge files again."""

    ticket_id: TicketId
    round: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketClosed(Event):
    """The ticket is archived."""

    ticket_id: TicketId
    round: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketCancelled(Event):
    """The ticket was opened by mistake. Job: `tell_cancellation`."""

    ticket_id: TicketId
