"""Pure: an act moves seat, caller and offer together, or moves none of them.

Three tables that are each right can still disagree (a seat rings, its caller is gone). Every
act on a contact is therefore one row of `ACTS`, and `carry_out` asks all tables before it
changes anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from hotline.queues.states import (
    OFFER,
    QUEUED,
    SEAT,
    OfferState,
    OfferTrigger,
    QueuedState,
    QueuedTrigger,
    SeatState,
    SeatTrigger,
)


class Act(StrEnum):
    """What can happen between a caller and the seat the caller was offered to."""

    OFFER = "offer"
    ANSWER = "answer"
    MISS = "miss"
    """The seat did not answer, was busy, or could not be reached."""
    TAKE_BACK = "take_back"
    """We could not ring the seat, for reasons of our own."""
    BREAK_OFF = "break_off"
    """The seat takes a break while it rings."""
    LEAVE = "leave"
    """The seat signs out while it rings."""
    ABANDON = "abandon"
    """The caller hangs up while a seat rings."""
    DROP = "drop"
    """Our side lost the caller while a seat rang."""
    STOP = "stop"
    """Another seat took the caller, or the caller went: this one stops ringing."""
    FINISH = "finish"


@dataclass(frozen=True, slots=True)
class Moves:
    """The trigger each of the three gets; None leaves it as it is."""

    seat: SeatTrigger
    entry: QueuedTrigger | None
    offer: OfferTrigger | None


ACTS: Mapping[Act, Moves] = {
    Act.OFFER: Moves(SeatTrigger.OFFER, QueuedTrigger.OFFER, None),
    Act.ANSWER: Moves(SeatTrigger.ANSWER, QueuedTrigger.ANSWER, OfferTrigger.ANSWER),
    Act.MISS: Moves(SeatTrigger.MISS, QueuedTrigger.RETURN, OfferTrigger.MISS),
    Act.TAKE_BACK: Moves(SeatTrigger.WITHDRAW, QueuedTrigger.RETURN, OfferTrigger.WITHDRAW),
    Act.BREAK_OFF: Moves(SeatTrigger.TAKE_BREAK, QueuedTrigger.RETURN, OfferTrigger.WITHDRAW),
    Act.LEAVE: Moves(SeatTrigger.SIGN_OUT, QueuedTrigger.RETURN, OfferTrigger.WITHDRAW),
    Act.ABANDON: Moves(SeatTrigger.WITHDRAW, QueuedTrigger.ABANDON, OfferTrigger.WITHDRAW),
    Act.DROP: Moves(SeatTrigger.WITHDRAW, QueuedTrigger.DROP, OfferTrigger.WITHDRAW),
    Act.STOP: Moves(SeatTrigger.WITHDRAW, None, OfferTrigger.WITHDRAW),
    Act.FINISH: Moves(SeatTrigger.FINISH, None, OfferTrigger.FINISH),
}


class HasSeatState(Protocol):
    """Anything with a seat's state."""

    state: SeatState


class HasQueuedState(Protocol):
    """Anything with a waiting caller's state."""

    state: QueuedState


class HasOfferState(Protocol):
    """Anything with an offer's state."""

    state: OfferState


def carry_out(
    act: Act,
    *,
    seat: HasSeatState,
    entry: HasQueuedState,
    offer: HasOfferState,
    rings_elsewhere: bool = False,
) -> None:
    """Move all that the act moves; a caller who still rings at another seat does not go back.

    Raises:
        IllegalTransition: if one of the three may not; then none has moved.
    """
    moves = ACTS[act]
    seat_state = SEAT.next(seat.state, moves.seat)
    entry_state = entry.state
    if moves.entry is not None and not (rings_elsewhere and moves.entry is QueuedTrigger.RETURN):
        entry_state = QUEUED.next(entry.state, moves.entry)
    offer_state = OFFER.next(offer.state, moves.offer) if moves.offer else offer.state
    seat.state, entry.state, offer.state = seat_state, entry_state, offer_state
