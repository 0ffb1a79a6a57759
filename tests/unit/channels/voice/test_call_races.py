"""Moments in which two things happen to a call at once: nobody stays connected with nobody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast
from uuid import uuid4

import pytest

from channels.voice import far_end, life
from channels.voice.bringing_in import BringingIn, Host
from channels.voice.exchange import Exchange
from channels.voice.far_end import FarEnd, reach_seat
from channels.voice.ledger import Ledger
from channels.voice.leg import Leg
from channels.voice.phone_desk import PhoneDesk
from channels.voice.seat_ring import Caller
from channels.voice.sip.events import CallKey
from channels.voice.talk import TransferWish
from channels.voice.transfer import Transfer
from channels.voice.waiters import stop_tasks
from hotline.contacts.calls.states import CallEnd
from hotline.kernel.db import Database
from hotline.kernel.errors import Conflict, Unavailable
from hotline.kernel.ids import CallId, SeatId, UserId, new_id
from hotline.queues import phone_requests
from hotline.queues.control.states import TargetKind, TransferMode, TransferResult
from hotline.queues.phone_act import PhoneAct, PhoneRequest
from hotline.queues.phone_directory import Target
from hotline.queues.values import Offer
from tests.fakes.telephone import FakeMediaLeg, FakeSip

NOW = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
CALL = CallId(new_id())
SEAT, OTHER = SeatId(new_id()), SeatId(new_id())


class FakeDatabase:
    """A database in which every transaction succeeds, or none."""

    is_away = False

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[None]:
        if self.is_away:
            raise Unavailable("the database")
        yield None

    read = begin


class FakeExchange:
    """What call control uses of a voice process."""

    def __init__(self) -> None:
        self.database = FakeDatabase()
        self.ledger = Ledger(cast(Database, self.database))
        self.dropped: list[Leg] = []
        self.switchboard = self
        self.distribution = self
        self.far_legs: dict[CallId, list[Leg]] = {}
        self.alive = {CALL}
        self.process_id = uuid4()
        self.conversations: dict[CallId, object] = {}
        policy = SimpleNamespace(offer_limit=None)
        self.options = SimpleNamespace(queue_policy=policy)

    keep = Exchange.keep

    def clock(self) -> datetime:
        return NOW

    def wake(self) -> None:
        """Nobody waits."""

    def join(self, call_id: CallId, waiter: object) -> None:
        """Nobody is shown anything."""

    def leave(self, call_id: CallId) -> None:
        """Nor any more."""

    async def drop(self, leg: Leg) -> None:
        self.dropped.append(leg)
        await leg.close()


@pytest.fixture
def exchange() -> FakeExchange:
    return FakeExchange()


def as_exchange(fake: FakeExchange) -> Exchange:
    return cast(Exchange, fake)


def a_leg() -> Leg:
    return Leg(FakeSip(), CallKey(str(new_id())), FakeMediaLeg())


async def test_who_was_connected_for_a_call_is_let_go_with_it(
    exchange: FakeExchange,
) -> None:
    """Whoever carried the call was cancelled before the first word; the database is away, too."""
    exchange.database.is_away = True
    legs = [a_leg(), a_leg()]
    for leg in legs:
        as_exchange(exchange).keep(CALL, leg)

    await life.end_in_sql(as_exchange(exchange), CALL, CallEnd.CALLER_HUNG_UP)

    assert exchange.dropped == legs
    assert exchange.far_legs == {}


OFFER = Offer(
    offer_id=new_id(),
    entry_id=new_id(),
    call_id=CALL,
    queue="direct",
    seat_id=SEAT,
    extension="8001",
    made_at=NOW,
    expires_at=NOW,
)


class Written:
    """What was written down about an offer to a seat."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, leg: Leg) -> None:
        self.acts: list[str] = []
        self.leg = leg
        self.answering = asyncio.Event()
        self.may_answer = asyncio.Event()
        for name in ("call_seat", "ring_seat", "answer_call_to_seat"):
            monkeypatch.setattr(far_end, name, getattr(self, name))
        for name in ("end_call_to_seat", "release_seat"):
            monkeypatch.setattr(far_end, name, self._note(name))

    async def call_seat(self, *_: object, **__: object) -> Offer:
        return OFFER

    async def ring_seat(self, *_: object) -> Leg:
        return self.leg

    async def answer_call_to_seat(self, *_: object, **__: object) -> None:
        self.answering.set()
        await self.may_answer.wait()

    def _note(self, name: str) -> object:
        async def note(*_: object, **__: object) -> None:
            await asyncio.sleep(0)
            self.acts.append(name)

        return note


async def test_a_seat_that_answers_in_the_moment_of_giving_up_is_let_go(
    exchange: FakeExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit is under way when the citizen hangs up; stopping asks more than once."""
    written = Written(monkeypatch, a_leg())
    reaching = asyncio.ensure_future(
        reach_seat(as_exchange(exchange), CALL, SEAT, Caller("12345", None))
    )
    await written.answering.wait()
    for _ in range(3):
        reaching.cancel()
        await asyncio.sleep(0)
    await stop_tasks(reaching)

    assert exchange.dropped == [written.leg]
    assert written.acts == ["end_call_to_seat", "release_seat"]


async def test_a_seat_that_is_connected_is_handed_on_and_nothing_is_taken_back(
    exchange: FakeExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = Written(monkeypatch, a_leg())
    written.may_answer.set()

    found = await reach_seat(as_exchange(exchange), CALL, SEAT, Caller("12345", None))

    assert found == FarEnd(written.leg, SEAT)
    assert written.acts == []
    await written.leg.close()


class FakeTalk:
    """A talk into which somebody is to be brought."""

    def __init__(self, exchange: FakeExchange) -> None:
        self.exchange = as_exchange(exchange)
        self.call_id = CALL
        self.caller = Caller("12345", None)
        self.seat: Leg | None = None
        self.attends = SEAT
        self.held = 0

    def speaks(self, seat_id: SeatId) -> bool:
        return seat_id == self.attends

    async def rewire(self) -> None:
        """Nobody hears anybody."""

    async def hold(self, *, held: bool) -> None:
        self.held += held


class FakeTransfer:
    """A wish that is being written down for as long as the test likes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = asyncio.Event()
        self.is_written = asyncio.Event()
        self.ends: list[TransferResult] = []
        monkeypatch.setattr(Transfer, "begin", self._begin)

    async def _begin(self, *_: object) -> "FakeTransfer":
        self.asked.set()
        await self.is_written.wait()
        return self

    async def write_end(self, result: TransferResult) -> None:
        self.ends.append(result)


WISH = TransferWish(
    target=Target(kind=TargetKind.SEAT, key="8002", name="8002", seat_id=OTHER),
    mode=TransferMode.CONSULT,
    seat_id=SEAT,
)


@pytest.mark.parametrize("what", ["the talk ends", "another seat attends"])
async def test_whoever_is_wished_for_when_the_talk_ends_is_not_rung(
    exchange: FakeExchange, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    talk, transfer = FakeTalk(exchange), FakeTransfer(monkeypatch)
    bringing_in = BringingIn(cast(Host, talk))
    wishing = asyncio.ensure_future(bringing_in.begin(WISH))
    await transfer.asked.wait()
    if what == "the talk ends":
        await bringing_in.end(TransferResult.CITIZEN_LEFT)
    else:
        talk.attends = OTHER
    transfer.is_written.set()

    with pytest.raises(Conflict):
        await wishing
    assert bringing_in.transfer is None
    assert transfer.ends == [TransferResult.CITIZEN_LEFT]


async def test_a_request_whose_answer_cannot_be_written_is_carried_out_once(
    exchange: FakeExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At most once, although SQL shows it as pending at every further look."""
    talk = FakeTalk(exchange)
    exchange.conversations[CALL] = talk
    request = PhoneRequest(
        request_id=new_id(), call_id=CALL, user_id=UserId(new_id()), act=PhoneAct.HOLD, detail={}
    )
    looks = 0

    async def pending(*_: object) -> list[PhoneRequest]:
        nonlocal looks
        looks += 1
        return [request]

    async def finish(*_: object, **__: object) -> None:
        raise Unavailable("the database")

    monkeypatch.setattr(phone_requests, "pending", pending)
    monkeypatch.setattr(phone_requests, "finish", finish)
    desk = PhoneDesk(as_exchange(exchange))
    running = asyncio.ensure_future(desk.run())
    async with asyncio.timeout(10):
        while looks < 4:
            desk.wake()
            await asyncio.sleep(0)
    await stop_tasks(running)

    assert talk.held == 1
