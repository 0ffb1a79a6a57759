"""What crosses the boundary: a call to open, a call as read, an order in a process's hands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hotline.contacts.calls.states import CallDirection, CallEnd, CallState
from hotline.kernel.ids import CallId, ContactId, SeatId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDraft:
    """A call that has just begun to ring."""

    process_id: UUID
    direction: CallDirection
    line: str
    number: str | None
    number_hash: str | None
    to_number: str
    sip_call_id: str
    contact_id: ContactId | None
    flow: str | None = None
    flow_digest: str | None = None
    """Which text of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallView:
    """A call as its row stands."""

    call_id: CallId
    direction: CallDirection
    line: str
    number: str | None
    number_hash: str | None
    state: CallState
    started_at: datetime
    answered_at: datetime | None
    connected_at: datetime | None
    ended_at: datetime | None
    end: CallEnd | None
    seat_id: SeatId | None
    contact_id: ContactId | None
    notice_version: str | None
    recording_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order that one voice process has claimed."""

    order_id: UUID
    to_number: str
    flow: str
    variables: Mapping[str, str]
    reference: str
    expires_at: datetime
