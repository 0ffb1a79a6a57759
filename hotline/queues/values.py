"""What crosses the boundary of the queues: offers, and what screens show."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from hotline.kernel.ids import CallId, ContactId, SeatId, UserId
from hotline.queues.estimate import Estimate
from hotline.queues.routing import QueueRules
from hotline.queues.states import OfferState, SeatState

PLAIN_RULES = QueueRules()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePolicy:
    """The limits of a queue."""

    offer_limit: timedelta = timedelta(seconds=20)
    """How long a seat may ring."""
    offer_grace: timedelta = timedelta(seconds=5)
    """After the limit the voice process ends the offer; after this too, the sweeper does."""
    wrap_up_limit: timedelta = timedelta(minutes=2)
    """After that a seat in wrap-up is available again by itself."""
    queues: Mapping[str, QueueRules] = field(default_factory=dict)
    """The rules of the queues that have some of their own."""

    def rules_of(self, queue: str) -> QueueRules:
        """Return the rules of a queue."""
        return self.queues.get(queue, PLAIN_RULES)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatDraft:
    """A seat to be made or changed; `extension` is its name towards phones."""

    name: str
    extension: str
    queue: str
    sip_ha1_md5: str
    sip_ha1_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatLogin:
    """What a seat's phone must prove to register."""

    seat_id: SeatId
    extension: str
    sip_ha1_md5: str
    sip_ha1_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneBinding:
    """Where a seat's phone can be reached (RFC 3261 10.3)."""

    contact_uri: str
    source_host: str
    source_port: int
    transport: str
    sip_call_id: str
    cseq: int
    expires_at: datetime
    path: tuple[str, ...] = ()
    """The proxies that a call to it goes through, the nearest to us first (RFC 3327)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One caller offered to one seat."""

    offer_id: UUID
    entry_id: UUID
    call_id: CallId
    queue: str
    seat_id: SeatId
    extension: str
    made_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatContact:
    """The caller whom a seat is offered, talks with, or is wrapping up."""

    offer_id: UUID
    state: OfferState
    call_id: CallId
    contact_id: ContactId | None
    number: str | None
    number_hash: str | None
    line: str
    enqueued_at: datetime
    offered_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatView:
    """What the seat's desk shows of the seat."""

    seat_id: SeatId
    name: str
    extension: str
    queue: str
    state: SeatState
    since: datetime
    break_reason: str | None
    user_id: UserId | None
    phone_until: datetime | None
    """The seat's phone is registered until then; None: it is not."""
    browser_until: datetime | None = None
    """The seat's page is its phone until then, and a SIP phone does not ring; None: it is not."""
    contact: SeatContact | None
    waiting: int
    """Callers waiting in the seat's queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What a caller who waits is told."""

    place: int
    """1 is next."""
    expected: Estimate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLine:
    """One queue on the board."""

    queue: str
    waiting: int
    longest_since: datetime | None
    """When the caller who waits longest joined."""
    expected: Estimate | None = None
    """What a caller who joins now is told of the wait; None if too little is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatLine:
    """One seat on the board."""

    seat_id: SeatId
    name: str
    extension: str
    queue: str
    state: SeatState
    since: datetime
    break_reason: str | None
    phone_until: datetime | None
    browser_until: datetime | None = None
    call_id: CallId | None = None
    """The call that the seat talks on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """All queues and seats."""

    queues: tuple[QueueLine, ...]
    seats: tuple[SeatLine, ...]
