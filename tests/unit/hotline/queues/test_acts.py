"""The rules of the floor, driven at random: every schedule keeps the four promises."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
)

from hotline.kernel.errors import IllegalTransition
from hotline.kernel.ids import SeatId, new_id
from hotline.queues.acts import ACTS, Act, carry_out
from hotline.queues.routing import Candidate, Strategy, ranked
from hotline.queues.states import (
    QUEUED,
    SEAT,
    OfferState,
    QueuedState,
    QueuedTrigger,
    SeatState,
    SeatTrigger,
)

START = datetime(2026, 3, 11, 0, 0, tzinfo=UTC)


@dataclass(eq=False)
class Seat:
    extension: str
    state: SeatState = SeatState.SIGNED_OUT
    idle_since: datetime = START
    seat_id: SeatId = field(default_factory=lambda: SeatId(new_id()))


@dataclass(eq=False)
class Caller:
    joined_at: datetime
    state: QueuedState = QueuedState.WAITING


@dataclass(eq=False)
class Offer:
    caller: Caller
    seat: Seat
    state: OfferState = OfferState.RINGING


def test_an_act_that_one_of_the_three_refuses_moves_none() -> None:
    seat, caller = Seat("8001", SeatState.OFFERED), Caller(START, QueuedState.ABANDONED)
    offer = Offer(caller, seat)

    with pytest.raises(IllegalTransition):
        carry_out(Act.ANSWER, seat=seat, entry=caller, offer=offer)

    assert (seat.state, offer.state) == (SeatState.OFFERED, OfferState.RINGING)


def test_every_act_is_in_the_table() -> None:
    assert set(ACTS) == set(Act)


class Floor(RuleBasedStateMachine):
    """Callers and seats do what they like; the distributor runs after each act."""

    seats = Bundle("seats")
    callers = Bundle("callers")

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.all_seats: list[Seat] = []
        self.all_callers: list[Caller] = []
        self.all_offers: list[Offer] = []

    def tick(self) -> None:
        self.now += timedelta(seconds=1)

    def offer_of(self, who: Seat | Caller, state: OfferState) -> Offer | None:
        for offer in self.all_offers:
            if offer.state is state and who in {offer.seat, offer.caller}:
                return offer
        return None

    def distribute(self) -> None:
        while True:
            waiting = [c for c in self.all_callers if c.state is QueuedState.WAITING]
            free = {s.seat_id: s for s in self.all_seats if s.state is SeatState.AVAILABLE}
            best = ranked(
                (Candidate(s.seat_id, s.extension, s.idle_since) for s in free.values()),
                Strategy.LONGEST_IDLE,
                self.now,
            )
            if not waiting or not best:
                return
            caller = min(waiting, key=lambda c: c.joined_at)
            offer = Offer(caller, free[best[0].candidate.seat_id])
            carry_out(Act.OFFER, seat=offer.seat, entry=offer.caller, offer=offer)
            self.all_offers.append(offer)

    def act(self, act: Act, offer: Offer | None) -> None:
        if offer is not None:
            carry_out(act, seat=offer.seat, entry=offer.caller, offer=offer)

    def move(self, seat: Seat, trigger: SeatTrigger) -> None:
        before = seat.state
        seat.state = SEAT.next(before, trigger)
        if seat.state is SeatState.AVAILABLE and before is not SeatState.AVAILABLE:
            seat.idle_since = self.now

    @rule(target=seats)
    def a_seat_signs_in(self) -> Seat:
        self.tick()
        seat = Seat(f"8{len(self.all_seats):03}")
        self.all_seats.append(seat)
        self.move(seat, SeatTrigger.SIGN_IN)
        self.distribute()
        return seat

    @rule(target=callers)
    def a_caller_joins(self) -> Caller:
        self.tick()
        caller = Caller(self.now)
        self.all_callers.append(caller)
        self.distribute()
        return caller

    @rule(seat=seats, act=st.sampled_from([Act.ANSWER, Act.MISS]))
    def a_ringing_phone_is_answered_or_not(self, seat: Seat, act: Act) -> None:
        self.tick()
        self.act(act, self.offer_of(seat, OfferState.RINGING))
        self.distribute()

    @rule(seat=seats)
    def a_seat_cannot_be_rung(self, seat: Seat) -> None:
        self.tick()
        self.act(Act.TAKE_BACK, self.offer_of(seat, OfferState.RINGING))
        self.distribute()

    @rule(seat=seats)
    def a_talk_ends(self, seat: Seat) -> None:
        self.tick()
        self.act(Act.FINISH, self.offer_of(seat, OfferState.ANSWERED))
        self.distribute()

    @rule(caller=consumes(callers), lost=st.booleans())
    def a_caller_goes(self, caller: Caller, lost: bool) -> None:
        self.tick()
        ringing = self.offer_of(caller, OfferState.RINGING)
        if ringing is not None:
            self.act(Act.DROP if lost else Act.ABANDON, ringing)
        elif caller.state is QueuedState.WAITING:
            trigger = QueuedTrigger.DROP if lost else QueuedTrigger.ABANDON
            caller.state = QUEUED.next(caller.state, trigger)
        self.distribute()

    @rule(seat=seats, leaves=st.booleans())
    def a_seat_steps_away(self, seat: Seat, leaves: bool) -> None:
        self.tick()
        ringing = self.offer_of(seat, OfferState.RINGING)
        trigger = SeatTrigger.SIGN_OUT if leaves else SeatTrigger.TAKE_BREAK
        if ringing is not None:
            self.act(Act.LEAVE if leaves else Act.BREAK_OFF, ringing)
        elif SEAT.allows(seat.state, trigger):
            self.move(seat, trigger)
        self.distribute()

    @rule(target=seats, seat=consumes(seats))
    def a_seat_comes_back(self, seat: Seat) -> Seat:
        self.tick()
        if seat.state is SeatState.SIGNED_OUT:
            self.move(seat, SeatTrigger.SIGN_IN)
        elif SEAT.allows(seat.state, SeatTrigger.MAKE_AVAILABLE):
            self.move(seat, SeatTrigger.MAKE_AVAILABLE)
        self.distribute()
        return multiple(seat)  # type: ignore[return-value]

    @invariant()
    def a_caller_is_in_one_place(self) -> None:
        for caller in self.all_callers:
            open_states = [
                offer.state
                for offer in self.all_offers
                if offer.caller is caller
                and offer.state in {OfferState.RINGING, OfferState.ANSWERED}
            ]
            expected: dict[QueuedState, list[list[OfferState]]] = {
                QueuedState.OFFERED: [[OfferState.RINGING]],
                QueuedState.ANSWERED: [[OfferState.ANSWERED], []],
            }
            assert open_states in expected.get(caller.state, [[]])

    @invariant()
    def a_seat_is_in_one_contact(self) -> None:
        for seat in self.all_seats:
            open_states = [
                offer.state
                for offer in self.all_offers
                if offer.seat is seat and offer.state in {OfferState.RINGING, OfferState.ANSWERED}
            ]
            expected = {
                SeatState.OFFERED: [OfferState.RINGING],
                SeatState.TALKING: [OfferState.ANSWERED],
            }
            assert open_states == expected.get(seat.state, [])

    @invariant()
    def nobody_waits_while_a_seat_is_available(self) -> None:
        waiting = any(c.state is QueuedState.WAITING for c in self.all_callers)
        available = any(s.state is SeatState.AVAILABLE for s in self.all_seats)
        assert not (waiting and available)

    def teardown(self) -> None:
        """Every offer ends: whatever is open can be ended by its own act."""
        for offer in self.all_offers:
            if offer.state is OfferState.RINGING:
                self.act(Act.MISS, offer)
            if offer.state is OfferState.ANSWERED:
                self.act(Act.FINISH, offer)
            assert offer.state in {
                OfferState.FINISHED, OfferState.MISSED, OfferState.WITHDRAWN
            }  # fmt: skip


Floor.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestFloor = Floor.TestCase
