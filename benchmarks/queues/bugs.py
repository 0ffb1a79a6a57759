"""Bugs that a simulator must find, planted on purpose: each was seen in a real queue engine."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from hotline.queues.floor import Floor, FloorEntry, FloorOffer, FloorSeat, Plan
from hotline.queues.states import OfferState, QueuedState, SeatState


class Planted(StrEnum):
    """What is wrong with the floor."""

    LATE_ANSWER = "late_answer"
    """An answer is taken although the offer has ended: two seats have one caller."""
    ZOMBIE = "zombie"
    """A hang-up while it rings forgets the seat: it is reserved for nobody."""
    RINGS_ON = "rings_on"
    """All seats ring, one answers, and the others go on ringing."""
    HEAD_BLOCKS = "head_blocks"
    """A caller whom nobody can serve holds up everybody behind."""
    PLACE_LOST = "place_lost"
    """Who comes back, rung as asked or after being dropped, stands at the end."""
    STALE_CLAIM = "stale_claim"
    """Of two processes that deal at once, the slow one does not look again before it offers."""


class LateAnswerFloor(Floor):
    """Takes answers to offers that have ended."""

    def answer(self, offer: FloorOffer, now: datetime) -> None:
        """Answer without asking the tables."""
        offer.state = OfferState.ANSWERED
        offer.seat.state, offer.entry.state = SeatState.TALKING, QueuedState.ANSWERED
        offer.seat.offer, offer.entry.openly = offer, [offer]
        offer.answered_at = now


class ZombieFloor(Floor):
    """Forgets the seat when a ringing caller hangs up."""

    def hang_up(self, entry: FloorEntry, now: datetime) -> None:
        """End the caller alone."""
        if entry.offer is not None and entry.offer.state is OfferState.RINGING:
            entry.offer.state = OfferState.WITHDRAWN
            entry.state = QueuedState.ABANDONED
            entry.openly.clear()
            return
        super().hang_up(entry, now)


class RingsOnFloor(Floor):
    """Tells only the seat that answered."""

    def _stop_others(self, entry: FloorEntry, taken: FloorOffer | None, now: datetime) -> None:
        """Stop nobody."""


class HeadBlocksFloor(Floor):
    """Looks at the head of each queue only."""

    def waiting(self) -> dict[str, list[FloorEntry]]:
        """Return the heads."""
        return {queue: entries[:1] for queue, entries in super().waiting().items()}


class PlaceLostFloor(Floor):
    """Forgets the place that was kept."""

    def arrive(self, entry_id: UUID, queue: str, now: datetime, **wishes: Any) -> FloorEntry:
        """Let everybody begin anew."""
        return super().arrive(entry_id, queue, now, **{**wishes, "rank_at": None})


class StaleClaimFloor(Floor):
    """Does what was planned, whatever has happened since."""

    def claim(self, plan: Plan, now: datetime) -> list[FloorOffer]:
        """Make every offer."""
        return [self._overwrite(plan, seat, now) for seat in plan.seats]

    def _overwrite(self, plan: Plan, seat: FloorSeat, now: datetime) -> FloorOffer:
        offer = FloorOffer(plan.entry, seat, now, plan.rule)
        seat.state, plan.entry.state = SeatState.OFFERED, QueuedState.OFFERED
        seat.since = seat.offered_at = now
        seat.offer = offer
        plan.entry.openly.append(offer)
        self.offers.append(offer)
        return offer


FLOORS: Mapping[Planted | None, type[Floor]] = {
    None: Floor,
    Planted.LATE_ANSWER: LateAnswerFloor,
    Planted.ZOMBIE: ZombieFloor,
    Planted.RINGS_ON: RingsOnFloor,
    Planted.HEAD_BLOCKS: HeadBlocksFloor,
    Planted.PLACE_LOST: PlaceLostFloor,
    Planted.STALE_CLAIM: StaleClaimFloor,
}
