"""Whatever seats, callers and the house do, in any order: the rows of the queues stay true.

Each step is one transaction over the real SQL, as handlers and voice processes make them. What a
table forbids is refused; after each step the promises are looked up in the rows.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from config.subscriptions import SUBSCRIPTIONS
from hotline.contacts.calls import service as calls
from hotline.kernel.db import Database, UnitOfWork
from hotline.kernel.errors import Conflict, IllegalTransition
from hotline.kernel.ids import CallId, SeatId, UserId, new_id
from hotline.queues import service as queues
from hotline.queues.model import OfferRow, QueueEntryRow, SeatRow
from hotline.queues.routing import QueueRules, Strategy, can_serve
from hotline.queues.states import OfferState, QueuedState, SeatState
from hotline.queues.values import QueuePolicy
from tests.fakes.emptying import Emptier
from tests.integration.hotline.queues.floor import QUEUE, SmallFloor

BEGIN = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
OPEN = (OfferState.RINGING, OfferState.ANSWERED)
SEATS, MOST_CALLERS = 3, 6
SKILL = "business.gas"

Act = Callable[[UnitOfWork], Awaitable[object]]


class AnyOrder(RuleBasedStateMachine):
    """A floor of three seats, with a queue whose strategy is drawn."""

    runner: ClassVar[asyncio.Runner]
    database: ClassVar[Database]
    empty: ClassVar[Callable[[], None]]
    floor: ClassVar[SmallFloor]

    def __init__(self) -> None:
        super().__init__()
        self.seats: list[SeatId] = []
        self.calls: list[CallId] = []

    def does(self, act: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(act)

    @initialize(
        strategy=st.sampled_from([*Strategy, Strategy.RING_ALL]),
        skilled=st.sets(st.integers(0, SEATS - 1)),
    )
    def opens(self, strategy: Strategy, skilled: set[int]) -> None:
        self.policy = QueuePolicy(queues={QUEUE: QueueRules(strategy=strategy)})
        type(self).empty()
        type(self).floor = SmallFloor(self.database, BEGIN, new_id())
        self.does(self._open(skilled))

    async def _open(self, skilled: set[int]) -> None:
        async with self.database.begin() as uow:
            self.floor.process_id = await calls.start_process(uow, "voice", now=BEGIN)
        for number in range(SEATS):
            seat_id = await self.floor.seat(str(8001 + number))
            self.seats.append(seat_id)
            if number in skilled:
                async with self.database.begin() as uow:
                    await queues.set_skills(uow, seat_id, {SKILL: 5})

    def acts(self, act: Act) -> None:
        """Do it, unless a table forbids it: then nothing is left of it; and deal."""
        self.floor.now += timedelta(seconds=1)

        async def transaction() -> None:
            try:
                async with self.database.begin() as uow:
                    await act(uow)
            except (IllegalTransition, Conflict):
                pass

        self.does(transaction())
        self.does(self._deal())

    # what callers do

    @precondition(lambda self: len(self.calls) < MOST_CALLERS)
    @rule(priority=st.sampled_from([0, 0, 9]), is_picky=st.booleans())
    def calls_in(self, priority: int, is_picky: bool) -> None:
        call_id = self.does(self.floor.call(f"0100000{len(self.calls):04}"))
        self.calls.append(call_id)
        self.acts(
            lambda uow: queues.enqueue(
                uow,
                call_id=call_id,
                queue=QUEUE,
                number_hash=str(call_id),
                priority=priority,
                needs={SKILL: 4} if is_picky else {},
                now=self.floor.now,
            )
        )

    @precondition(lambda self: self.calls)
    @rule(pick=st.integers(0, MOST_CALLERS), how=st.sampled_from(["abandon", "time_out", "end"]))
    def leaves(self, pick: int, how: str) -> None:
        call_id = self.calls[pick % len(self.calls)]
        act: dict[str, Callable[..., Awaitable[object]]] = {
            "abandon": queues.abandon,
            "time_out": queues.time_out,
            "end": queues.end_contact,
        }
        self.acts(lambda uow: act[how](uow, call_id, now=self.floor.now))

    # what seats do

    @rule(
        pick=st.integers(0, SEATS - 1),
        what=st.sampled_from(["out", "in", "rest", "free", "free", "finish"]),
    )
    def works(self, pick: int, what: str) -> None:
        seat_id = self.seats[pick]
        now = self.floor.now
        act: dict[str, Act] = {
            "out": lambda uow: queues.sign_out(uow, seat_id, now),
            "in": lambda uow: queues.sign_in(uow, seat_id, UserId(new_id()), now),
            "rest": lambda uow: queues.take_break(uow, seat_id, "rest", now),
            "free": lambda uow: queues.make_available(uow, seat_id, now),
            "finish": lambda uow: queues.finish(uow, seat_id, now),
        }
        self.acts(act[what])

    @rule(pick=st.integers(0, 20), how=st.sampled_from(["answer", "answer", "miss", "take_back"]))
    def ends_an_offer(self, pick: int, how: str) -> None:
        """Of all offers ever made: words that come late or twice are refused."""
        offers = self.does(self._offers())
        if not offers:
            return
        offer_id = offers[pick % len(offers)]
        now = self.floor.now
        act: dict[str, Act] = {
            "answer": lambda uow: queues.answer_offer(uow, offer_id, now=now),
            "miss": lambda uow: queues.miss_offer(uow, offer_id, reason="no_answer", now=now),
            "take_back": lambda uow: queues.take_back_offer(
                uow, offer_id, reason="no_port", now=now
            ),
        }
        self.acts(act[how])

    async def _offers(self) -> list[UUID]:
        async with self.database.read() as session:
            query = select(OfferRow.id).order_by(OfferRow.made_at.desc(), OfferRow.id)
            return list(await session.scalars(query))

    # what the house does

    @rule(later=st.sampled_from([0, 30, 150]))
    def sweeps(self, later: int) -> None:
        self.floor.now += timedelta(seconds=later)
        self.acts(lambda uow: queues.sweep(uow, self.floor.now, self.policy))

    async def _deal(self) -> None:
        """Until there is nothing to do: then no caller waits whom a free seat could take."""
        while True:
            async with self.database.begin() as uow:
                done = await queues.deal(uow, QUEUE, self.floor.now, self.policy)
            assert not done.is_busy, "nobody else deals"
            if not done.goes_on:
                break
        seats, entries, _ = await self._rows()
        free = [seat for seat in seats if seat.state is SeatState.AVAILABLE]
        left = [each for each in entries if each.state is QueuedState.WAITING]
        assert not [
            (seat.extension, each.needs)
            for seat in free
            for each in left
            if can_serve(seat.skills, each.needs)
        ]

    # what must hold

    async def _rows(self) -> tuple[list[SeatRow], list[QueueEntryRow], list[OfferRow]]:
        async with self.database.read() as session:
            return (
                list(await session.scalars(select(SeatRow))),
                list(await session.scalars(select(QueueEntryRow))),
                list(await session.scalars(select(OfferRow))),
            )

    @invariant()
    def holds(self) -> None:
        if not self.seats:
            return
        seats, entries, offers = self.does(self._rows())
        openly = [each for each in offers if each.state in OPEN]
        for seat in seats:
            mine = [each for each in openly if each.seat_id == seat.id]
            busy = {
                SeatState.OFFERED: [OfferState.RINGING],
                SeatState.TALKING: [OfferState.ANSWERED],
            }.get(seat.state, [])
            assert [each.state for each in mine] == busy, seat.extension
            assert not mine or seat.offer_id == mine[0].id
            assert (seat.user_id is None) == (seat.state is SeatState.SIGNED_OUT)
        for entry in entries:
            states = {each.state for each in openly if each.entry_id == entry.id}
            if entry.state is QueuedState.OFFERED:
                assert states == {OfferState.RINGING}
            elif entry.state is QueuedState.ANSWERED:
                assert states <= {OfferState.ANSWERED}
            else:
                assert not states
            assert (entry.ended_at is None) == (
                entry.state in (QueuedState.WAITING, QueuedState.OFFERED)
            )
        for offer in offers:
            assert (offer.ended_at is None) == (offer.state in OPEN)


def test_the_rows_hold_in_any_order_of_acts(database_url: str, emptier: Emptier) -> None:
    """Issue B 4: one seat for each contact, nobody is passed over."""
    AnyOrder.empty = emptier.empty
    AnyOrder.database = Database.connect(
        database_url, clock=lambda: AnyOrder.floor.now, subscriptions=SUBSCRIPTIONS, pool_size=1
    )
    with asyncio.Runner() as AnyOrder.runner:
        run_state_machine_as_test(
            AnyOrder,
            settings=settings(
                max_examples=int(os.environ.get("HOTLINE_ANY_ORDER", "10")),
                stateful_step_count=20,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        AnyOrder.runner.run(AnyOrder.database.close())
