"""One schedule: callers, seats, a voice process and their luck, in virtual time.

The floor is the one of the product (`hotline.queues.floor`: its tables, acts and routing). What
the world adds is delay: a seat answers an offer that ended a moment ago, a hang-up overtakes an
answer, a second distributor offers what it planned a moment ago, everything stops in the middle
and comes back from what was written down.
"""

import heapq
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from benchmarks.queues.bugs import FLOORS, Planted
from benchmarks.queues.promises import broken_promises, overtakings
from hotline.kernel.errors import IllegalTransition
from hotline.kernel.ids import SeatId
from hotline.queues.floor import Floor, FloorEntry, FloorOffer, FloorSeat, Plan
from hotline.queues.returns.policy import place_of
from hotline.queues.returns.states import ReturnReason
from hotline.queues.routing import Overflow, QueueRules, Step, Strategy
from hotline.queues.states import OfferState, QueuedState, SeatState

START = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
SKILLS = ("business.gas", "dialect.min", "language.en")
QUEUES = ("hotline", "gas")
LEVEL = timedelta(minutes=5)
"""What a level of priority is worth; written out again."""

STEPS = 400
"""A schedule that has not ended by then has gone round in circles."""


class World:
    """Everything that can happen on a floor, at random instants from one seed."""

    def __init__(self, seed: int, planted: Planted | None = None) -> None:
        self.luck = Random(seed)
        self.now = START
        self.floor: Floor = FLOORS[planted](self._rules())
        self.problems: list[str] = []
        self.places: dict[UUID, datetime] = {}
        """Where everybody stands by right, kept apart from the floor."""
        self._events: list[tuple[datetime, int, Callable[[], None]]] = []
        self._count = 0
        for number in range(self.luck.randint(1, 4)):
            self._new_seat(number)
        for number in range(self.luck.randint(1, 9)):
            self._at(self.luck.uniform(0, 120), self._arrives(number))
        for _ in range(self.luck.randint(0, 2)):
            self._at(self.luck.uniform(5, 200), self._everything_restarts)

    def run(self) -> list[str]:
        """Play the schedule to its end; return every broken promise."""
        for _ in range(STEPS):
            if not self._events or self.problems:
                break
            self.now, _, act = heapq.heappop(self._events)
            # A message about what has ended meanwhile is refused, and nothing moves.
            with suppress(IllegalTransition):
                act()
            if self.luck.random() < 0.1:
                self._someone_else_plans()
            made = self.floor.distribute(self.now)
            for offer in made:
                self._rings(offer)
            self.problems += broken_promises(self.floor, self.now)
            self.problems += overtakings(self.floor, made, self.places, self.now)
        else:
            self.problems.append("the schedule does not end")
        if not self.problems:
            self.problems += self._at_the_end()
        return self.problems

    def _at_the_end(self) -> list[str]:
        ringing = [one for one in self.floor.offers if one.state is OfferState.RINGING]
        return [f"{len(ringing)} offers never end"] if ringing else []

    # what happens

    def _rules(self) -> dict[str, QueueRules]:
        relax = (Step(timedelta(seconds=20), 2), Step(timedelta(seconds=60), 9))
        return {
            "hotline": QueueRules(
                strategy=self.luck.choice(list(Strategy)),
                relax=relax,
                prefers_last_seat=self.luck.random() < 0.5,
            ),
            "gas": QueueRules(
                needs={"business.gas": self.luck.randint(1, 4)},
                relax=relax,
                overflow=(Overflow("hotline", timedelta(seconds=self.luck.choice([0, 15, 60]))),),
            ),
        }

    def _new_seat(self, number: int) -> None:
        seat = FloorSeat(
            SeatId(UUID(int=number + 1)),
            f"8{number:03}",
            self.luck.choice(QUEUES),
            self.now,
            self.now,
            skills={skill: self.luck.randint(1, 9) for skill in self.luck.sample(SKILLS, 2)},
        )
        self._at(self.luck.uniform(0, 60), lambda: self.floor.sit(seat, self.now))
        for _ in range(self.luck.randint(1, 4)):
            self._at(self.luck.uniform(0, 240), self._whim_of(seat))

    def _whim_of(self, seat: FloorSeat) -> Callable[[], None]:
        def act() -> None:
            choice = self.luck.choice(("rest", "leave", "free", "sit"))
            getattr(self.floor, choice)(seat, self.now)

        return act

    def _arrives(self, number: int) -> Callable[[], None]:
        def act() -> None:
            needs = {self.luck.choice(SKILLS): self.luck.randint(1, 9)}
            priority = self.luck.choice((0, 0, 0, 1, 9))
            self.places[UUID(int=1000 + number)] = self.now - priority * LEVEL
            entry = self.floor.arrive(
                UUID(int=1000 + number),
                self.luck.choice(QUEUES),
                self.now,
                priority=priority,
                needs=needs if self.luck.random() < 0.3 else {},
                last_seat_id=UUID(int=self.luck.randint(1, 4)),
            )
            patience = self.luck.expovariate(1 / 60)
            self._at(patience, lambda: self.floor.hang_up(entry, self.now))
            if self.luck.random() < 0.15:
                self._at(self.luck.uniform(1, 40), self._asks_for_a_call(entry))

        return act

    def _asks_for_a_call(self, entry: FloorEntry) -> Callable[[], None]:
        def act() -> None:
            self.floor.call_back(entry, self.now)
            self._at(self.luck.uniform(1, 60), self._comes_back(entry, ReturnReason.REQUESTED))

        return act

    def _comes_back(self, lost: FloorEntry, reason: ReturnReason) -> Callable[[], None]:
        def act() -> None:
            self._count += 1
            entry_id = UUID(int=5000 + self._count)
            head_start = 12 * LEVEL if reason is ReturnReason.DROPPED else timedelta(0)
            self.places[entry_id] = self.places[lost.entry_id] - head_start
            entry = self.floor.arrive(
                entry_id,
                lost.queue,
                self.now,
                rank_at=place_of(reason, lost.rank_at),
            )
            self._at(self.luck.expovariate(1 / 60), lambda: self.floor.hang_up(entry, self.now))

        return act

    def _someone_else_plans(self) -> None:
        """Another process reads the same picture, and is slow to act on it."""
        plan = self.floor.plan(self.now)
        if plan is not None:
            self._at(self.luck.uniform(0, 1), self._claims(plan))

    def _claims(self, plan: Plan) -> Callable[[], None]:
        def act() -> None:
            for offer in self.floor.claim(plan, self.now):
                self._rings(offer)

        return act

    def _rings(self, offer: FloorOffer) -> None:
        """The seat answers, lets it ring, or cannot be reached; the word takes a while."""
        luck = self.luck.random()
        if luck < 0.6:
            self._at(self.luck.uniform(0, 18), self._answers(offer))
        elif luck < 0.7:
            self._at(self.luck.uniform(0, 5), lambda: self.floor.take_back(offer, self.now))
        # Whatever was said, the limit comes too.
        self._at(20, lambda: self.floor.miss(offer, self.now))
        if self.luck.random() < 0.1:
            # The same word twice: a retry after a lost acknowledgement.
            self._at(self.luck.uniform(0, 25), self._answers(offer))

    def _answers(self, offer: FloorOffer) -> Callable[[], None]:
        def act() -> None:
            self.floor.answer(offer, self.now)
            talk = self.luck.expovariate(1 / 40)
            self._at(talk, lambda: self.floor.finish(offer, self.now))
            self._at(talk + self.luck.uniform(0, 20), lambda: self._wraps_up(offer.seat))

        return act

    def _wraps_up(self, seat: FloorSeat) -> None:
        if seat.state is SeatState.WRAP_UP:
            self.floor.free(seat, self.now)

    def _everything_restarts(self) -> None:
        """Voice dies, and all its calls; what was written down comes back in any order."""
        before = [
            [entry.entry_id for entry in entries] for entries in self.floor.waiting().values()
        ]
        self.luck.shuffle(self.floor.seats)
        self.floor.restart(self.luck.sample(self.floor.entries, len(self.floor.entries)))
        after = [[entry.entry_id for entry in entries] for entries in self.floor.waiting().values()]
        if before != after:
            self.problems.append("a restart changed the order of the callers")
        if self.luck.random() < 0.5:
            return
        for entry in list(self.floor.entries):
            is_open = entry.offer is not None or entry.state is QueuedState.WAITING
            self.floor.drop(entry, self.now)
            if is_open:
                self._at(self.luck.uniform(0, 10), self._comes_back(entry, ReturnReason.DROPPED))

    def _at(self, seconds: float, act: Callable[[], None]) -> None:
        self._count += 1
        when = self.now + timedelta(seconds=seconds)
        heapq.heappush(self._events, (when, self._count, act))
