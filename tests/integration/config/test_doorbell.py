"""The doorbell: rings when Redis is there, costs nothing when it is not, and loses no row."""

import asyncio
from datetime import timedelta

import pytest
from redis import Redis

from config.doorbell import CHANNEL, RedisDoorbell
from config.runtime import Runtime
from config.sweeper import sweep_outbox
from tests.conftest import FakeClock


def queued(redis: Redis) -> list[bytes]:
    return redis.lrange("rq:queue:outbox", 0, -1)


async def owe(runtime: Runtime, key: str) -> None:
    async with runtime.database.begin() as uow:
        uow.enqueue("nothing", key=key, payload={}, due_at=runtime.clock())


async def test_a_commit_rings_for_its_rows(runtime: Runtime, redis: Redis) -> None:
    await owe(runtime, "one")

    assert queued(redis) == [b"outbox-1"]


async def test_a_rolled_back_transaction_rings_nobody(runtime: Runtime, redis: Redis) -> None:
    async def fail() -> None:
        async with runtime.database.begin() as uow:
            uow.enqueue("nothing", key="one", payload={}, due_at=runtime.clock())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()

    assert queued(redis) == []


async def test_ringing_again_does_not_double_what_waits(runtime: Runtime, redis: Redis) -> None:
    await owe(runtime, "one")

    await runtime.doorbell.ring_again([1, 2])

    assert queued(redis) == [b"outbox-1", b"outbox-2"]


async def test_a_wiped_redis_loses_nothing(runtime: Runtime, redis: Redis) -> None:
    await owe(runtime, "one")
    redis.flushall()

    found = await sweep_outbox(runtime, runtime.clock())

    assert found == 1
    assert queued(redis) == [b"outbox-1"]


async def test_a_job_that_rq_believes_to_be_running_is_offered_all_the_same(
    runtime: Runtime, redis: Redis
) -> None:
    await owe(runtime, "one")
    redis.delete("rq:queue:outbox")  # a worker took it, and was killed
    redis.hset("rq:job:outbox-1", "status", "started")

    await sweep_outbox(runtime, runtime.clock())

    assert queued(redis) == [b"outbox-1"]


async def test_a_row_that_is_not_due_is_not_offered(
    runtime: Runtime, redis: Redis, clock: FakeClock
) -> None:
    async with runtime.database.begin() as uow:
        uow.enqueue("nothing", key="one", payload={}, due_at=clock() + timedelta(seconds=1))

    assert await sweep_outbox(runtime, clock()) == 0
    assert await sweep_outbox(runtime, clock.advance(timedelta(seconds=1))) == 1
    assert queued(redis) == [b"outbox-1"]


async def test_without_redis_the_row_is_kept_and_the_commit_does_not_wait(
    runtime: Runtime,
) -> None:
    dead = RedisDoorbell("unix:///nowhere/valkey.sock")
    try:
        async with asyncio.timeout(15):  # two hundred waits of any length would take longer
            for _ in range(100):
                await dead.ring([1])
                await dead.publish([("seat", {})])
    finally:
        await dead.close()


async def test_a_signal_reaches_whoever_listens_on_its_topic(runtime: Runtime) -> None:
    async with runtime.doorbell.subscribe("seat", "queue") as signals:
        await runtime.doorbell.publish(
            [("ticket", {"ticket_id": "7"}), ("seat", {"seat_id": "3"}), ("queue", {"queue": "1"})]
        )
        async with asyncio.timeout(5):
            heard = [await anext(signals), await anext(signals)]

    assert [(each.topic, each.payload) for each in heard] == [
        ("seat", {"seat_id": "3"}),
        ("queue", {"queue": "1"}),
    ]


async def test_a_listener_hears_that_redis_went_away(runtime: Runtime, redis: Redis) -> None:
    async with runtime.doorbell.subscribe("seat") as signals:
        for client in redis.client_list(_type="pubsub"):
            redis.client_kill_filter(_id=client["id"])
        with pytest.raises(ConnectionError):
            async with asyncio.timeout(5):
                await anext(signals)


async def test_listening_without_redis_is_a_connection_error() -> None:
    dead = RedisDoorbell("unix:///nowhere/valkey.sock")
    try:
        with pytest.raises(ConnectionError):
            async with dead.subscribe("seat"):
                pass
    finally:
        await dead.close()


async def test_signals_are_named_after_their_topic(runtime: Runtime, redis: Redis) -> None:
    with redis.pubsub() as listener:
        listener.subscribe(CHANNEL + "seat")
        listener.get_message(timeout=5)
        await runtime.doorbell.publish([("seat", {"seat_id": "3"})])

        message = listener.get_message(timeout=5)

    assert message is not None
    assert message["data"] == b'{"seat_id": "3"}'


@pytest.mark.parametrize("steps", range(40))
async def test_a_listener_can_be_cancelled_at_any_moment(runtime: Runtime, steps: int) -> None:
    async def listen() -> None:
        async with runtime.doorbell.subscribe("seat") as signals:
            await anext(signals)

    listening = asyncio.create_task(listen())
    for _ in range(steps):
        await asyncio.sleep(0)
    listening.cancel()
    done, _ = await asyncio.wait({listening}, timeout=5)

    assert done == {listening}
    assert listening.cancelled()
