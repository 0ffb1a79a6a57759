"""Waiting for the first of several things, leaving nothing running behind.

`asyncio.wait_for` is not used in calls: in Python 3.11 it loses a cancellation that comes in the
moment in which the thing is done, and the task then runs on for ever.
"""

import asyncio
from typing import Any

from hotline.kernel.tasks import spawn

ASK_AGAIN_SECONDS = 1.0


async def stop_tasks(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and wait until they have ended."""
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        # A library inside may still swallow a cancellation; ask again until it is heard.
        _, pending = await asyncio.wait(pending, timeout=ASK_AGAIN_SECONDS)


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
