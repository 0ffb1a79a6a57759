"""Two acts at once, each in its own transaction: exactly one state comes out."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import func, select

from hotline.kernel.db import UnitOfWork
from hotline.kernel.errors import Conflict
from hotline.kernel.ids import SeatId, UserId, new_id
from hotline.queues import service
from hotline.queues.model import OfferRow, QueueEntryRow, SeatRow
from hotline.queues.states import OfferState, QueuedState, SeatState
from hotline.queues.values import Offer
from tests.integration.hotline.queues.floor import SmallFloor

ROUNDS = 12

Deed = Callable[[UnitOfWork], Awaitable[object]]


async def attempt(floor: SmallFloor, deed: Deed) -> bool:
    try:
        async with floor.database.begin() as uow:
            await deed(uow)
    except Conflict:
        return False
    return True


async def states(floor: SmallFloor, offer: Offer) -> tuple[SeatState, QueuedState, OfferState]:
    async with floor.database.read() as session:
        seat = await session.get_one(SeatRow, offer.seat_id)
        entry = await session.get_one(QueueEntryRow, offer.entry_id)
        row = await session.get_one(OfferRow, offer.offer_id)
        return seat.state, entry.state, row.state


async def clear(floor: SmallFloor, seat: SeatId, offer: Offer) -> None:
    """Bring the seat back and the caller away, whatever the race left."""
    async with floor.database.begin() as uow:
        await service.end_contact(uow, offer.call_id, now=floor.now)
    async with floor.database.begin() as uow:
        row = await uow.session.get_one(SeatRow, seat)
        if row.state is SeatState.SIGNED_OUT:
            await service.sign_in(uow, seat, UserId(new_id()), floor.now)
        else:
            await service.make_available(uow, seat, floor.now)


ANSWERED = (SeatState.TALKING, QueuedState.ANSWERED, OfferState.ANSWERED)
ABANDONED = (SeatState.AVAILABLE, QueuedState.ABANDONED, OfferState.WITHDRAWN)
FINISHED = (SeatState.WRAP_UP, QueuedState.ANSWERED, OfferState.FINISHED)
MISSED = (SeatState.ON_BREAK, QueuedState.WAITING, OfferState.MISSED)
LEFT = (SeatState.SIGNED_OUT, QueuedState.WAITING, OfferState.WITHDRAWN)
LEFT_ALONE = (SeatState.SIGNED_OUT, QueuedState.ABANDONED, OfferState.WITHDRAWN)
MISSED_AND_LEFT = (SeatState.SIGNED_OUT, QueuedState.ABANDONED, OfferState.MISSED)
MISSED_ALONE = (SeatState.ON_BREAK, QueuedState.ABANDONED, OfferState.MISSED)


def deeds(floor: SmallFloor, offer: Offer) -> dict[str, Deed]:
    return {
        "answer": lambda uow: service.answer_offer(uow, offer.offer_id, now=floor.now),
        "miss": lambda uow: service.miss_offer(
            uow, offer.offer_id, reason="no_answer", now=floor.now
        ),
        "take_back": lambda uow: service.take_back_offer(
            uow, offer.offer_id, reason="no_port", now=floor.now
        ),
        "abandon": lambda uow: service.abandon(uow, offer.call_id, now=floor.now),
        "hang_up": lambda uow: service.end_contact(uow, offer.call_id, now=floor.now),
        "finish": lambda uow: service.finish(uow, offer.seat_id, floor.now),
        "end_wrap_up": lambda uow: service.end_wrap_up(uow, offer.seat_id, floor.now),
        "sign_out": lambda uow: service.sign_out(uow, offer.seat_id, floor.now),
    }


@pytest.mark.parametrize(
    ("names", "outcomes"),
    [
        pytest.param(("answer", "abandon"), {ANSWERED, ABANDONED}, id="answer, abandon"),
        pytest.param(("answer", "hang_up"), {FINISHED, ABANDONED}, id="answer, hang up"),
        pytest.param(("answer", "miss"), {ANSWERED, MISSED}, id="answer, offer timeout"),
        pytest.param(("answer", "sign_out"), {ANSWERED, LEFT}, id="answer, sign out"),
        pytest.param(
            ("abandon", "sign_out"), {LEFT_ALONE}, id="abandon, sign out"
        ),
        pytest.param(("abandon", "miss"), {ABANDONED, MISSED_ALONE}, id="abandon, timeout"),
        pytest.param(
            ("answer", "take_back"),
            {ANSWERED, (SeatState.AVAILABLE, QueuedState.WAITING, OfferState.WITHDRAWN)},
            id="answer, taken back",
        ),
        pytest.param(("answer", "answer"), {ANSWERED}, id="answered twice"),
        pytest.param(
            ("answer", "miss", "abandon", "sign_out"),
            {ANSWERED, LEFT_ALONE, MISSED_AND_LEFT},
            id="all at once",
        ),
    ],
)  # fmt: skip
async def test_a_race_ends_in_exactly_one_state(
    floor: SmallFloor,
    names: tuple[str, ...],
    outcomes: set[tuple[SeatState, QueuedState, OfferState]],
) -> None:
    seat = await floor.seat("8001")
    for round_number in range(ROUNDS):
        await floor.caller()
        offer = await floor.ringing()
        possible = deeds(floor, offer)
        order = names if round_number % 2 else names[::-1]

        held = await asyncio.gather(*(attempt(floor, possible[name]) for name in order))

        assert any(held)
        assert await states(floor, offer) in outcomes
        await clear(floor, seat, offer)


async def test_many_distributors_give_each_caller_one_seat(floor: SmallFloor) -> None:
    for number in range(6):
        await floor.seat(f"80{number:02}", idle=number)
    for _ in range(10):
        await floor.caller()

    async def distribute() -> list[Offer]:
        made = []
        while offer := await floor.offer():
            made.append(offer)
        return made

    made = [offer for offers in await asyncio.gather(*(distribute() for _ in range(6)))
            for offer in offers]  # fmt: skip
    made += await distribute()

    assert len(made) == 6
    assert len({offer.seat_id for offer in made}) == 6
    assert len({offer.call_id for offer in made}) == 6


async def test_a_busy_floor_ends_every_offer(floor: SmallFloor) -> None:
    seats = [await floor.seat(f"80{number:02}") for number in range(3)]
    callers = [await floor.caller() for _ in range(12)]

    async def serve() -> None:
        for _ in range(8):
            offer = await floor.offer()
            if offer is None:
                continue
            possible = deeds(floor, offer)
            if await attempt(floor, possible["answer"]):
                await attempt(floor, possible["finish"])
                await attempt(floor, possible["end_wrap_up"])

    async def give_up() -> None:
        for call_id in callers[::3]:
            async with floor.database.begin() as uow:
                await service.abandon(uow, call_id, now=floor.now)

    await asyncio.gather(serve(), serve(), serve(), give_up(), serve())
    for _ in range(12):
        await serve()

    async with floor.database.read() as session:
        board = await service.board(session)
        open_offers = await session.scalar(
            select(func.count()).where(
                OfferRow.state.in_([OfferState.RINGING, OfferState.ANSWERED])
            )
        )
    assert (board.queues, open_offers) == ((), 0)
    assert [line.state for line in board.seats] == [SeatState.AVAILABLE] * len(seats)
