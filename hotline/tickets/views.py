"""What screens and other packages see of a ticket: values, never rows, never a full number."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hotline.contacts.contact import Channel
from hotline.kernel.ids import CallId, CitizenId, ContactId, TicketId
from hotline.tickets.category import Category, CategoryKind
from hotline.tickets.states import TicketState, TicketTrigger
from hotline.tickets.ticket import CloseReason, Outcome, RequestKind, Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketView:
    """A whole ticket. Identity is left out: what a unit may see needs no filtering (R88)."""

    ticket_id: TicketId
    number: str
    state: TicketState
    round: int
    channel: Channel
    contact_id: ContactId | None
    call_id: CallId | None
    citizen_id: CitizenId | None
    related_ticket_id: TicketId | None
    request_kind: RequestKind
    category: Category | None
    condition: str | None
    urgency: Urgency
    subject: str
    body: str
    address: str
    longitude: float | None
    latitude: float | None
    reply_channel: Channel
    reply_to_masked: str
    anonymous: bool
    confidential: bool
    opened_at: datetime
    transferred_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    due_at: datetime | None
    deadline: dict[str, Any] | None
    outcome: Outcome | None
    result: str
    close_reason: CloseReason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketLine:
    """One line of a list."""

    ticket_id: TicketId
    number: str
    state: TicketState
    round: int
    channel: Channel
    request_kind: RequestKind
    urgency: Urgency
    category_name: str
    subject: str
    address: str
    opened_at: datetime
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class TicketPage:
    """Some lines, and the cursor of the next page; None at the end."""

    lines: tuple[TicketLine, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One move of a ticket; `trigger` is None for its opening."""

    position: int
    trigger: TicketTrigger | None
    state: TicketState
    round: int
    actor: str
    detail: dict[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class PublicStep:
    """One step that a citizen sees: when, and honest words."""

    at: datetime
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicTicket:
    """What number and query code open: no person, no unit's internals."""

    ticket_id: TicketId
    number: str
    state: TicketState
    words: str
    subject: str
    category_name: str
    category_kind: CategoryKind | None
    opened_at: datetime
    due_at: datetime | None
    outcome: Outcome | None
    result: str
    round: int
    steps: tuple[PublicStep, ...]
