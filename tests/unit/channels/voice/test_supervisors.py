"""Who may listen to a talk: races of a page that asks, asks again, leaves, and a talk's end."""

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest

from channels.voice.exchange import Exchange
from channels.voice.media.pages import PageEngine, PageSound
from channels.voice.supervisors import MAX_SUPERVISORS, Supervisors
from channels.voice.talk import Listening
from channels.voice.webrtc.leg import PageAttempt, PageLeg
from channels.voice.webrtc.path import BrowserPath
from hotline.kernel.errors import Conflict
from hotline.kernel.ids import CallId, UserId, new_id
from tests.fakes.telephone import FakeMediaLeg


class FakePath:
    """A way to a page that can be lost."""

    def __init__(self) -> None:
        self.lost = asyncio.Event()
        self.is_stopped = False

    def stop(self) -> None:
        self.is_stopped = True

    async def closed(self) -> None:
        self.is_stopped = True


class FakeAttempt:
    """A page that asks to listen; sound passes when the test says so."""

    def __init__(self) -> None:
        self.path = FakePath()
        self.media = FakeMediaLeg()
        self.connected = asyncio.Event()

    async def open_leg(self, _pages: PageEngine, name: str) -> PageLeg:
        await self.connected.wait()
        return PageLeg(name, cast(PageSound, self.media), cast(BrowserPath, self.path))


class House:
    """The supervisors of one talk, and how often who hears whom was carried out."""

    def __init__(self) -> None:
        self.rewired = 0
        exchange = cast(Exchange, SimpleNamespace(pages=object()))
        self.supervisors = Supervisors(exchange, CallId(new_id()), self._rewire)

    async def _rewire(self) -> None:
        self.rewired += 1

    def ask(self, user_id: UserId, attempt: FakeAttempt) -> "asyncio.Task[None]":
        admission = self.supervisors.admit(user_id, cast(PageAttempt, attempt))
        return asyncio.get_running_loop().create_task(admission)

    async def let_in(self, user_id: UserId) -> FakeAttempt:
        attempt = FakeAttempt()
        attempt.connected.set()
        await self.ask(user_id, attempt)
        return attempt

    @property
    def listening(self) -> list[object]:
        return list(self.supervisors.ears)


async def test_a_page_that_is_reloaded_while_its_path_is_built_listens_once() -> None:
    house, leader = House(), UserId(new_id())
    first, second = FakeAttempt(), FakeAttempt()
    earlier = house.ask(leader, first)
    await asyncio.sleep(0)
    later = house.ask(leader, second)
    await asyncio.sleep(0)
    second.connected.set()
    await later
    first.connected.set()

    with pytest.raises(Conflict):
        await earlier
    assert house.listening == [second.media]
    assert first.media.is_closed
    await house.supervisors.end()


async def test_a_reloaded_page_takes_the_place_of_the_old_one() -> None:
    house, leader = House(), UserId(new_id())
    old = await house.let_in(leader)
    new = await house.let_in(leader)

    assert house.listening == [new.media]
    assert old.media.is_closed
    await house.supervisors.end()


async def test_a_page_that_goes_is_forgotten_and_who_hears_whom_is_carried_out_again() -> None:
    house = House()
    gone = await house.let_in(UserId(new_id()))
    before = house.rewired
    gone.path.lost.set()
    async with asyncio.timeout(10):
        while not gone.media.is_closed:
            await asyncio.sleep(0.01)

    assert house.listening == []
    assert house.rewired == before + 1


async def test_nobody_is_let_in_to_a_talk_that_ended_meanwhile() -> None:
    house, attempt = House(), FakeAttempt()
    asking = house.ask(UserId(new_id()), attempt)
    await asyncio.sleep(0)
    await house.supervisors.end()
    attempt.connected.set()

    with pytest.raises(Conflict):
        await asking
    assert attempt.media.is_closed
    assert house.listening == []


async def test_who_leaves_before_the_path_is_there_does_not_come_in_afterwards() -> None:
    house, leader, attempt = House(), UserId(new_id()), FakeAttempt()
    asking = house.ask(leader, attempt)
    await asyncio.sleep(0)
    await house.supervisors.dismiss(leader)
    attempt.connected.set()

    with pytest.raises(Conflict):
        await asking
    assert attempt.media.is_closed


async def test_those_whose_path_is_being_built_count_among_the_listeners() -> None:
    house = House()
    attempts = [FakeAttempt() for _ in range(MAX_SUPERVISORS)]
    asking = [house.ask(UserId(new_id()), attempt) for attempt in attempts]
    await asyncio.sleep(0)
    one_too_many = FakeAttempt()
    with pytest.raises(Conflict):
        await house.ask(UserId(new_id()), one_too_many)
    for attempt in attempts:
        attempt.connected.set()
    await asyncio.gather(*asking)

    assert one_too_many.path.is_stopped
    assert len(house.listening) == MAX_SUPERVISORS
    await house.supervisors.end()


async def test_who_takes_over_is_no_supervisor_any_more_and_keeps_the_leg() -> None:
    house, leader = House(), UserId(new_id())
    attempt = await house.let_in(leader)
    await house.supervisors.set_listening(leader, Listening.BARGE)

    leg = house.supervisors.promote(leader)

    assert cast(object, leg.media) is attempt.media
    assert house.supervisors.voices(Listening.BARGE) == []
    with pytest.raises(Conflict):
        house.supervisors.promote(leader)
    await house.supervisors.end()
    assert not attempt.media.is_closed
    await leg.close()
