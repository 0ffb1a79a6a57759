"""JSON bodies that the desk sends. A field left out of an amendment is unchanged."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from hotline.contacts.contact import Channel
from hotline.tickets.checks import ADDRESS_LIMIT, BODY_LIMIT, SUBJECT_LIMIT, TEXT_LIMIT
from hotline.tickets.ticket import RequestKind, TicketAmendment, Urgency
from hotline.web.labels import BreakReason
from hotline.web.schemas import Body

Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=2, max_length=TEXT_LIMIT)
]
Subject = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=SUBJECT_LIMIT)
]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=BODY_LIMIT)]
Place = Annotated[str, StringConstraints(strip_whitespace=True, max_length=ADDRESS_LIMIT)]
ReplyTo = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Latitude = Annotated[float, Field(ge=-90, le=90)]


class SeatAct(StrEnum):
    """What a person at a seat may do by hand."""

    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    AVAILABLE = "available"
    BREAK = "break"
    END_WRAP_UP = "end_wrap_up"


class StateBody(Body):
    """POST /desk/state."""

    act: SeatAct
    reason: BreakReason | None = None
    """Asked for with `break`."""


class NewTicketBody(Body):
    """POST /desk/tickets."""

    draft_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{8,64}$")]
    """Chosen by the desk; sent again, it is the same ticket."""
    call_id: UUID | None = None
    """The call that the ticket is about; fills in number and citizen."""
    request_kind: RequestKind
    category_code: str | None = Field(default=None, max_length=120)
    condition: str | None = Field(default=None, max_length=40)
    subject: Subject
    body: Text = ""
    address: Place = ""
    longitude: Longitude | None = None
    latitude: Latitude | None = None
    reply_channel: Channel = Channel.VOICE
    reply_to: ReplyTo | None = None
    """Left out with a call: the number that called."""
    anonymous: bool = False
    confidential: bool = False
    urgency: Urgency = Urgency.NORMAL


class AmendTicketBody(Body):
    """PUT /desk/tickets/{ticket_id}."""

    request_kind: RequestKind | None = None
    category_code: str | None = Field(default=None, max_length=120)
    condition: str | None = Field(default=None, max_length=40)
    subject: Subject | None = None
    body: Text | None = None
    address: Place | None = None
    longitude: Longitude | None = None
    latitude: Latitude | None = None
    drops_position: bool = False
    """The position is that of another address; a null would leave it as it is."""
    reply_channel: Channel | None = None
    reply_to: ReplyTo | None = None
    confidential: bool | None = None
    urgency: Urgency | None = None

    def as_amendment(self) -> TicketAmendment:
        """Return the value that the tickets' service takes."""
        return TicketAmendment(**self.model_dump())


class AnswerBody(Body):
    """POST /desk/tickets/{ticket_id}/answer."""

    answer: Reason


class ReasonBody(Body):
    """An act that needs a reason: cancel, remind, unmask."""

    reason: Reason
