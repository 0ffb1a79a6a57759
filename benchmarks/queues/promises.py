"""What must hold on a floor at every moment."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from hotline.queues.floor import PLAIN_RULES, Floor, FloorEntry, FloorOffer, FloorSeat
from hotline.queues.routing import Strategy
from hotline.queues.states import OfferState, QueuedState, SeatState

OPEN = (OfferState.RINGING, OfferState.ANSWERED)
RING_LIMIT = timedelta(seconds=20)

STATES_OF = {
    OfferState.RINGING: (SeatState.OFFERED, QueuedState.OFFERED),
    OfferState.ANSWERED: (SeatState.TALKING, QueuedState.ANSWERED),
}


def broken_promises(floor: Floor, now: datetime) -> list[str]:
    """Return every promise that the floor breaks right now."""
    return [*_one_place(floor), *_offers_end(floor, now), *_nobody_waits_in_vain(floor, now)]


def _one_place(floor: Floor) -> list[str]:
    """A caller is in one place, a seat in one contact, and all three agree."""
    problems = []
    openly = [offer for offer in floor.offers if offer.state in OPEN]
    seats = Counter(offer.seat.extension for offer in openly)
    callers = Counter(
        str(offer.entry.entry_id) for offer in openly if not _rings_along(floor, offer)
    )
    rung = {str(offer.entry.entry_id) for offer in openly}
    problems += [f"seat {name} has {n} contacts" for name, n in seats.items() if n > 1]
    problems += [f"caller {name} is at {n} seats" for name, n in callers.items() if n > 1]
    for offer in openly:
        states = offer.seat.state, offer.entry.state
        if states != STATES_OF[offer.state]:
            problems.append(f"an offer is {offer.state}, but seat and caller are {states}")
    for seat in floor.seats:
        is_busy = seat.state in {SeatState.OFFERED, SeatState.TALKING}
        if is_busy and not seats[seat.extension]:
            problems.append(f"seat {seat.extension} is {seat.state} with nobody")
    for entry in floor.entries:
        if entry.state is QueuedState.OFFERED and str(entry.entry_id) not in rung:
            problems.append(f"caller {entry.entry_id} is offered to nobody")
    return problems


def _rings_along(floor: Floor, offer: FloorOffer) -> bool:
    """Say whether others may ring for the caller too: while nobody talks, in a queue of that kind.

    A seat that rings beside a talk has a caller who is elsewhere, and counts.
    """
    if offer.state is not OfferState.RINGING or offer.entry.state is not QueuedState.OFFERED:
        return False
    rules = floor.rules.get(offer.entry.queue, PLAIN_RULES)
    return rules.strategy is Strategy.RING_ALL


def _offers_end(floor: Floor, now: datetime) -> list[str]:
    return [
        f"seat {offer.seat.extension} has been ringing since {offer.made_at:%H:%M:%S}"
        for offer in floor.offers
        if offer.state is OfferState.RINGING and now - offer.made_at > RING_LIMIT
    ]


def _nobody_waits_in_vain(floor: Floor, now: datetime) -> list[str]:
    return [
        f"caller {entry.entry_id} waits while {seat.extension} is free"
        for entry in floor.entries
        if entry.state is QueuedState.WAITING
        for seat in floor.seats
        if seat.state is SeatState.AVAILABLE and _fits(floor, entry, seat, now)
    ]


def overtakings(
    floor: Floor, made: Iterable[FloorOffer], places: Mapping[UUID, datetime], now: datetime
) -> list[str]:
    """Return who was passed over for somebody behind, by the places that the world keeps itself.

    `made` are offers of this moment. Whom the seat cannot serve may be passed over.
    """
    waiting = [entry for entry in floor.entries if entry.state is QueuedState.WAITING]
    return [
        f"caller {offer.entry.entry_id} was taken before {entry.entry_id}"
        for offer in made
        for entry in waiting
        if entry.queue == offer.entry.queue
        and places[entry.entry_id] < places[offer.entry.entry_id]
        and _fits(floor, entry, offer.seat, now)
    ]


def _fits(floor: Floor, entry: FloorEntry, seat: FloorSeat, now: datetime) -> bool:
    """Written out again, and not asked of the routing: it must not be its own judge."""
    rules = floor.rules.get(entry.queue, PLAIN_RULES)
    waited = now - entry.enqueued_at
    opens = {each.to for each in rules.overflow if waited >= each.after} | {entry.queue}
    less = sum(step.by for step in rules.relax if waited >= step.after)
    return seat.queue in opens and all(
        seat.skills.get(skill, 0) >= level - less or level <= less
        for skill, level in {**rules.needs, **entry.needs}.items()
    )
