"""Waiting for the first of several things, leaving nothing running behind."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from hotline.kernel.tasks import spawn


async def stop_tasks(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def first_of(
    *things: "asyncio.Future[Any] | asyncio.Event", timeout: float | None = None
) -> bool:
    """Wait until one of the things is done or set; False if none was within `timeout` seconds."""
    waits = [spawn(_until(thing), "wait for one of several") for thing in things]
    try:
        done, _ = await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await stop_tasks(*waits)
    return bool(done)


async def _until(thing: "asyncio.Future[Any] | asyncio.Event") -> None:
    if isinstance(thing, asyncio.Event):
        await thing.wait()
    else:
        # Not awaited itself: cancelling the wait must not cancel what is waited for.
        await asyncio.wait([thing])


async def within(seconds: float, work: Awaitable[object]) -> bool:
    """Do some work for at most so many seconds; False if it was cut short."""
    try:
        await asyncio.wait_for(work, seconds)
    except TimeoutError:
        return False
    return True
