"""Identifiers: one NewType for each kind of thing, so that they cannot be mixed up."""

from typing import NewType
from uuid import UUID, uuid4

ContactId = NewType("ContactId", UUID)
CitizenId = NewType("CitizenId", UUID)
TicketId = NewType("TicketId", UUID)
CallbackId = NewType("CallbackId", UUID)
CallId = NewType("CallId", UUID)
SeatId = NewType("SeatId", UUID)
UserId = NewType("UserId", UUID)
CaseId = NewType("CaseId", UUID)
UnitId = NewType("UnitId", UUID)


def new_id() -> UUID:
    """Return an identifier that nobody else has."""
    return uuid4()
