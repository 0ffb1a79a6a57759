"""Limits that several web processes count together in Valkey."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from config.shared_limits import SharedLimit
from hotline.web.rates import TooMany
from tests.conftest import FakeClock

WINDOW = timedelta(minutes=10)


@pytest.fixture
async def processes(valkey_url: str, redis: Redis) -> AsyncIterator[list[SharedLimit]]:
    """The same limit in two processes."""
    connections = [AsyncRedis.from_url(valkey_url) for _ in range(2)]
    yield [SharedLimit(each, "reports", 3, WINDOW) for each in connections]
    for each in connections:
        await each.aclose()


async def test_tries_at_either_process_count_for_both(
    processes: list[SharedLimit], clock: FakeClock
) -> None:
    one, two = processes
    for each in (one, two, one):
        await each.check("192.0.2.1", now=clock())

    with pytest.raises(TooMany):
        await two.check("192.0.2.1", now=clock())
    await two.check("192.0.2.2", now=clock())


async def test_the_oldest_try_makes_room_when_its_window_is_over(
    processes: list[SharedLimit], clock: FakeClock
) -> None:
    one, two = processes
    await one.check("192.0.2.1", now=clock())
    clock.advance(timedelta(minutes=4))
    await two.check("192.0.2.1", now=clock())
    await two.check("192.0.2.1", now=clock())

    with pytest.raises(TooMany) as refused:
        await one.check("192.0.2.1", now=clock())
    assert abs(refused.value.retry_after - timedelta(minutes=6)) < timedelta(seconds=1)

    clock.advance(timedelta(minutes=6, seconds=1))
    await one.check("192.0.2.1", now=clock())


async def test_to_peek_counts_nothing(processes: list[SharedLimit], clock: FakeClock) -> None:
    one, two = processes
    for _ in range(5):
        await one.peek("192.0.2.1", now=clock())
    for _ in range(3):
        await one.check("192.0.2.1", now=clock())

    with pytest.raises(TooMany):
        await two.peek("192.0.2.1", now=clock())


async def test_valkey_keeps_no_address_and_forgets_after_the_window(
    processes: list[SharedLimit], clock: FakeClock, redis: Redis
) -> None:
    await processes[0].check("192.0.2.1", now=clock())

    (key,) = redis.keys("*")
    assert b"192.0.2.1" not in key
    assert 0 < redis.ttl(key) <= WINDOW.total_seconds()


async def test_without_valkey_each_process_counts_for_itself(clock: FakeClock) -> None:
    limit = SharedLimit(AsyncRedis.from_url("unix:///nowhere/valkey.sock"), "reports", 1, WINDOW)

    await limit.peek("192.0.2.1", now=clock())
    await limit.check("192.0.2.1", now=clock())
    with pytest.raises(TooMany):
        await limit.check("192.0.2.1", now=clock())
