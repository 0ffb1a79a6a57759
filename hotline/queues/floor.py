"""Pure: a floor in memory, for simulations and replays.

The same tables, acts and routing as the floor in the database; what SQL does with rows and locks
is done here with objects, one act after the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from hotline.kernel.ids import SeatId
from hotline.queues.acts import Act, carry_out
from hotline.queues.routing import Candidate, Needs, QueueRules, Waiting, choose, place
from hotline.queues.states import (
    QUEUED,
    SEAT,
    OfferState,
    QueuedState,
    QueuedTrigger,
    SeatState,
    SeatTrigger,
)

PLAIN_RULES = QueueRules()

OPEN = frozenset({QueuedState.WAITING, QueuedState.OFFERED})


@dataclass(slots=True, eq=False)
class FloorSeat:
    """A seat, its person, and the offer that rings or is talked on."""

    seat_id: SeatId
    extension: str
    queue: str
    since: datetime
    idle_since: datetime
    state: SeatState = SeatState.SIGNED_OUT
    handled: int = 0
    offered_at: datetime | None = None
    skills: Needs = field(default_factory=dict)
    offer: "FloorOffer | None" = None


@dataclass(slots=True, eq=False)
class FloorEntry:
    """A caller's time in a queue."""

    entry_id: UUID
    queue: str
    enqueued_at: datetime
    rank_at: datetime
    state: QueuedState = QUEUED.initial
    needs: Needs = field(default_factory=dict)
    last_seat_id: UUID | None = None
    ended_at: datetime | None = None
    openly: list["FloorOffer"] = field(default_factory=list)
    """The offers that ring, or the one that is talked on."""

    @property
    def offer(self) -> "FloorOffer | None":
        """The first of those that are open."""
        return self.openly[0] if self.openly else None


@dataclass(slots=True, eq=False)
class FloorOffer:
    """A caller offered to a seat."""

    entry: FloorEntry
    seat: FloorSeat
    made_at: datetime
    rule: str
    state: OfferState = OfferState.RINGING
    answered_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a distributor means to do: let these seats ring for a caller."""

    entry: FloorEntry
    seats: tuple[FloorSeat, ...]
    rule: str


class Floor:
    """Seats and callers; each method is one act, and raises `IllegalTransition` if it may not."""

    def __init__(self, rules: Mapping[str, QueueRules] | None = None) -> None:
        self.rules = dict(rules or {})
        self.seats: list[FloorSeat] = []
        self.entries: list[FloorEntry] = []
        self.offers: list[FloorOffer] = []
        self._open: list[FloorEntry] = []

    def restart(self, entries: Sequence[FloorEntry]) -> None:
        """Everything stops and comes back from what was written down, in any order."""
        self.entries = list(entries)
        self._open = list(entries)

    # callers

    def arrive(
        self,
        entry_id: UUID,
        queue: str,
        now: datetime,
        *,
        priority: int = 0,
        rank_at: datetime | None = None,
        needs: Needs | None = None,
        last_seat_id: UUID | None = None,
    ) -> FloorEntry:
        """A caller joins a queue; with `rank_at`, at that place."""
        entry = FloorEntry(entry_id, queue, now, rank_at or place(now, priority), needs=needs or {})
        entry.last_seat_id = last_seat_id
        self.entries.append(entry)
        self._open.append(entry)
        return entry

    def hang_up(self, entry: FloorEntry, now: datetime) -> None:
        """The caller goes, wherever in the queue; nothing if the wait is over."""
        self._go(entry, Act.ABANDON, QueuedTrigger.ABANDON, now)

    def drop(self, entry: FloorEntry, now: datetime) -> None:
        """Our side loses the caller; nothing if the wait is over."""
        self._go(entry, Act.DROP, QueuedTrigger.DROP, now)

    def call_back(self, entry: FloorEntry, now: datetime) -> None:
        """The caller hangs up and keeps the place."""
        entry.state = QUEUED.next(entry.state, QueuedTrigger.CALL_BACK)
        entry.ended_at = now

    def _go(self, entry: FloorEntry, act: Act, trigger: QueuedTrigger, now: datetime) -> None:
        offer = entry.offer
        if offer is not None and offer.state is OfferState.ANSWERED:
            self.finish(offer, now)
        elif offer is not None:
            carry_out(act, seat=offer.seat, entry=entry, offer=offer)
            self._close(offer, now)
            self._stop_others(entry, None, now)
            entry.ended_at = now
        elif entry.state is QueuedState.WAITING:
            entry.state = QUEUED.next(entry.state, trigger)
            entry.ended_at = now

    # seats

    def sit(self, seat: FloorSeat, now: datetime) -> None:
        """A person signs in."""
        seat.state = SEAT.next(seat.state, SeatTrigger.SIGN_IN)
        seat.since = seat.idle_since = now
        seat.handled = 0
        if seat not in self.seats:
            self.seats.append(seat)

    def rest(self, seat: FloorSeat, now: datetime) -> None:
        """The person takes a break, also while it rings."""
        self._step_away(seat, Act.BREAK_OFF, SeatTrigger.TAKE_BREAK, now)

    def leave(self, seat: FloorSeat, now: datetime) -> None:
        """The person signs out, also while it rings."""
        self._step_away(seat, Act.LEAVE, SeatTrigger.SIGN_OUT, now)

    def _stop_others(self, entry: FloorEntry, taken: FloorOffer | None, now: datetime) -> None:
        """End what still rings for a caller who is taken, or gone."""
        for offer in [each for each in entry.openly if each is not taken]:
            carry_out(Act.STOP, seat=offer.seat, entry=entry, offer=offer)
            self._close(offer, now)

    def _step_away(self, seat: FloorSeat, act: Act, trigger: SeatTrigger, now: datetime) -> None:
        offer = seat.offer
        if seat.state is SeatState.OFFERED and offer is not None:
            self._end(act, offer, now)
        else:
            seat.state = SEAT.next(seat.state, trigger)
        seat.since = now

    def free(self, seat: FloorSeat, now: datetime) -> None:
        """The seat takes contacts again: after wrap-up or a break."""
        before = seat.state
        seat.state = SEAT.next(before, SeatTrigger.MAKE_AVAILABLE)
        if before is not SeatState.AVAILABLE:
            seat.since = seat.idle_since = now

    # offers

    def distribute(self, now: datetime) -> list[FloorOffer]:
        """Make every offer that can be made."""
        made = []
        while (plan := self.plan(now)) is not None:
            made += self.claim(plan, now)
        return made

    def plan(self, now: datetime) -> Plan | None:
        """Return the first offers that could be made; nothing is moved."""
        free = {s.seat_id: s for s in self.seats if s.state is SeatState.AVAILABLE}
        candidates = [
            Candidate(
                s.seat_id, s.extension, s.idle_since, s.queue, s.handled, s.offered_at, s.skills
            )
            for s in free.values()
        ]
        for queue, entries in self.waiting().items():
            rules = self.rules.get(queue, PLAIN_RULES)
            by_id = {entry.entry_id: entry for entry in entries}
            callers = [
                Waiting(e.entry_id, e.enqueued_at, e.rank_at, e.needs, e.last_seat_id)
                for e in entries
            ]
            choice = choose(queue, callers, candidates, rules, now)
            if choice is not None:
                entry = by_id[choice.waiting.entry_id]
                rung = tuple(free[s.candidate.seat_id] for s in choice.seats[: choice.rings])
                return Plan(entry, rung, choice.rule)
        return None

    def claim(self, plan: Plan, now: datetime) -> list[FloorOffer]:
        """Make the offers of a plan, but those whose caller or seat somebody has moved since."""
        if plan.entry.state is not QueuedState.WAITING:
            return []
        free = [seat for seat in plan.seats if seat.state is SeatState.AVAILABLE]
        return [self._make(plan.entry, seat, plan.rule, now) for seat in free]

    def waiting(self) -> dict[str, list[FloorEntry]]:
        """Return who waits in each queue by place; the queue whose head waits longest first."""
        self._open = [entry for entry in self._open if entry.state in OPEN]
        waiting = [entry for entry in self._open if entry.state is QueuedState.WAITING]
        queues: dict[str, list[FloorEntry]] = {}
        for entry in sorted(waiting, key=lambda e: (e.rank_at, e.entry_id)):
            queues.setdefault(entry.queue, []).append(entry)
        return queues

    def _make(self, entry: FloorEntry, seat: FloorSeat, rule: str, now: datetime) -> FloorOffer:
        offer = FloorOffer(entry, seat, now, rule)
        if entry.openly:
            # The caller rings already; only this seat moves.
            seat.state = SEAT.next(seat.state, SeatTrigger.OFFER)
        else:
            carry_out(Act.OFFER, seat=seat, entry=entry, offer=offer)
        seat.since, seat.offered_at = now, now
        seat.offer = offer
        entry.openly.append(offer)
        self.offers.append(offer)
        return offer

    def answer(self, offer: FloorOffer, now: datetime) -> None:
        """The seat takes the caller."""
        carry_out(Act.ANSWER, seat=offer.seat, entry=offer.entry, offer=offer)
        offer.answered_at = offer.entry.ended_at = offer.seat.since = now
        offer.seat.handled += 1
        self._stop_others(offer.entry, offer, now)

    def miss(self, offer: FloorOffer, now: datetime) -> None:
        """The seat lets it ring: the caller is next again, the seat off the rota."""
        self._end(Act.MISS, offer, now)

    def take_back(self, offer: FloorOffer, now: datetime) -> None:
        """We could not ring the seat."""
        self._end(Act.TAKE_BACK, offer, now)

    def finish(self, offer: FloorOffer, now: datetime) -> None:
        """The talk is over; the seat wraps up."""
        carry_out(Act.FINISH, seat=offer.seat, entry=offer.entry, offer=offer)
        self._close(offer, now)

    def _end(self, act: Act, offer: FloorOffer, now: datetime) -> None:
        """End one seat's ringing; the caller goes back if no other seat rings."""
        rest = [each for each in offer.entry.openly if each is not offer]
        carry_out(act, seat=offer.seat, entry=offer.entry, offer=offer, rings_elsewhere=bool(rest))
        self._close(offer, now)

    def _close(self, offer: FloorOffer, now: datetime) -> None:
        offer.ended_at = offer.seat.since = now
        offer.seat.offer = None
        if offer in offer.entry.openly:
            offer.entry.openly.remove(offer)
