import asyncio

import pytest

from channels.voice import waiters
from channels.voice.waiters import first_of, stop_tasks, to_its_end


async def test_the_first_thing_ends_the_wait() -> None:
    event, future = asyncio.Event(), asyncio.get_running_loop().create_future()
    event.set()

    assert await first_of(event, future)
    assert not future.done()


async def test_nothing_in_time_is_false() -> None:
    assert not await first_of(asyncio.Event(), timeout=0.01)


async def test_cancelling_the_wait_leaves_what_was_waited_for() -> None:
    future = asyncio.get_running_loop().create_future()
    waiting = asyncio.ensure_future(first_of(future))
    await asyncio.sleep(0)
    await stop_tasks(waiting)

    assert waiting.cancelled()
    assert not future.cancelled()


async def test_a_task_that_swallows_its_cancellation_is_asked_again() -> None:
    heard = 0

    async def stubborn() -> None:
        nonlocal heard
        while heard < 2:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                heard += 1

    task = asyncio.ensure_future(stubborn())
    await asyncio.sleep(0)
    await stop_tasks(task)

    assert heard == 2


async def test_stopping_finished_tasks_does_nothing() -> None:
    task = asyncio.ensure_future(asyncio.sleep(0))
    await task

    await stop_tasks(task)

    assert not task.cancelled()


async def test_a_clean_up_comes_to_its_end_however_often_it_is_cancelled() -> None:
    done: list[int] = []
    gate = asyncio.Event()

    async def clean_up() -> None:
        for step in range(3):
            await gate.wait()
            done.append(step)

    async def whoever() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await to_its_end(clean_up(), "clean up")

    task = asyncio.ensure_future(whoever())
    await asyncio.sleep(0)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
    gate.set()
    await stop_tasks(task)

    assert done == [0, 1, 2]
    assert task.cancelled()


async def test_a_clean_up_that_fails_says_so() -> None:
    async def clean_up() -> None:
        raise LookupError("what was to be cleaned up is not there")

    with pytest.raises(LookupError):
        await to_its_end(clean_up(), "clean up")


async def test_a_clean_up_that_never_ends_holds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiters, "CLEAN_UP_SECONDS", 0.01)
    never = asyncio.Event()

    async def clean_up() -> None:
        await never.wait()

    await to_its_end(clean_up(), "clean up")
