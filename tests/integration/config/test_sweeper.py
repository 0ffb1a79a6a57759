"""The sweeper: makes its rounds in time, and no fault in one keeps the others waiting."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from redis import Redis
from sqlalchemy import text

from config import sweeper
from config.runtime import Runtime
from config.schedule import SCHEDULE, Round
from config.settings import SweeperSettings
from config.sweeper import sweep, sweep_outbox
from hotline.contacts.contact import Channel, InboundContact
from hotline.intake.service import store
from hotline.kernel.errors import Unavailable
from tests.conftest import FakeClock


@pytest.fixture
def brisk(runtime: Runtime) -> Runtime:
    """The runtime with a sweeper that does not rest; its clock stands still."""
    settings = runtime.settings.model_copy(
        update={"sweeper": SweeperSettings(interval=timedelta(milliseconds=5))}
    )
    fields = {name: getattr(runtime, name) for name in runtime.__dataclass_fields__}
    return Runtime(**{**fields, "settings": settings})


async def sweep_until(runtime: Runtime, holds: Callable[[], bool]) -> None:
    stop = asyncio.Event()
    sweeping = asyncio.create_task(sweep(runtime, stop))
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.01)
        stop.set()
        await sweeping


def counting(name: str, made: list[str], error: Exception | None = None) -> Round:
    async def make(_runtime: Runtime, _now: datetime) -> int:
        made.append(name)
        if error:
            raise error
        return 0

    return Round(name, timedelta(seconds=30), make)


async def test_a_round_is_made_at_once_and_again_when_its_time_has_come(
    brisk: Runtime, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    monkeypatch.setattr(sweeper, "SCHEDULE", (counting("one", made),))

    await sweep_until(brisk, lambda: made == ["one"])
    stop = asyncio.Event()
    sweeping = asyncio.create_task(sweep(brisk, stop))
    async with asyncio.timeout(10):
        while len(made) < 2:
            await asyncio.sleep(0.01)
        before = len(made)
        await asyncio.sleep(0.1)
        unchanged = len(made)
        clock.advance(timedelta(seconds=30))
        while len(made) == before:
            await asyncio.sleep(0.01)
        stop.set()
        await sweeping

    assert unchanged == before == 2
    assert len(made) == 3


@pytest.mark.parametrize("error", [Unavailable("the database"), RuntimeError("a bug")])
async def test_a_round_that_fails_does_not_keep_the_next_from_its_turn(
    brisk: Runtime, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    made: list[str] = []
    rounds = (counting("broken", made, error), counting("sound", made))
    monkeypatch.setattr(sweeper, "SCHEDULE", rounds)

    await sweep_until(brisk, lambda: "sound" in made)

    assert made[:2] == ["broken", "sound"]


async def test_rows_are_offered_every_interval(
    brisk: Runtime, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper, "SCHEDULE", ())
    async with brisk.database.begin() as uow:
        uow.enqueue("nothing", key="one", payload={}, due_at=brisk.clock())
    redis.flushall()

    await sweep_until(brisk, lambda: redis.llen("rq:queue:outbox") == 1)

    assert redis.lrange("rq:queue:outbox", 0, -1) == [b"outbox-1"]


@pytest.mark.parametrize("each", SCHEDULE, ids=[each.name for each in SCHEDULE])
async def test_a_round_finds_nothing_where_it_has_just_been(runtime: Runtime, each: Round) -> None:
    await each.make(runtime, runtime.clock())

    assert await each.make(runtime, runtime.clock()) == 0


async def test_a_contact_whose_job_was_lost_is_owed_again(
    runtime: Runtime, clock: FakeClock
) -> None:
    contact = InboundContact(Channel.MAIL, "lost", clock(), b"Subject: lamp")
    await store(runtime.database, contact)
    async with runtime.database.begin() as uow:
        await uow.session.execute(text("UPDATE outbox SET state = 'dead'"))
    contacts = next(each for each in SCHEDULE if each.name == "contacts")

    found = await contacts.make(runtime, clock.advance(timedelta(minutes=1)))

    assert found == 1
    assert await sweep_outbox(runtime, clock()) == 1
